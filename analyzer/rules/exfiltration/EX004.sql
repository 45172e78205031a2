-- id = "EX004"
-- title = "Upload to a destination that contradicts the announced name"
-- stream = "exfiltration"
-- order = 1
-- severity = "low"
-- ladder = [
--   { figure = "upload_bytes", at_least = "upload_turn_bytes", severity = "critical" },
--   { figure = "write_bytes", at_least = "medium_write_bytes", severity = "critical" },
--   { figure = "small_bytes", at_least = "medium_drip_sum_bytes", severity = "medium" },
-- ]
-- attack = ["T1090.004", "T1036.005"]
-- why = "A firewall that trusts the name in the handshake lets anything pass that writes a permitted name there. DNS in the same input says whose address it was."
-- arithmetic = "Flows whose announced name DNS contradicts (docs/architecture.md) and that show an upload. Wire bytes of upload turns: critical from upload_turn_bytes, which is any such turn; body bytes of writes read in clear: critical from medium_write_bytes; drips and wide requests: medium from medium_drip_sum_bytes, low below. Counters of a log take part for days (UTC) as at the name that DNS gives the address."
-- false_positives = [
--   "A transparent proxy or a load balancer that serves the announced name at its own address.",
--   "An answer that is not in the input, because it came from a cache, a hosts file or a resolver that was not captured.",
--   "Two services of one company behind one address whose records changed during the capture.",
-- ]
-- explanation = "{agent} announced {claimed} but sent its data to {target}: {contradictions}. An allow-list that trusts the announced name would have let this pass."
-- clears = [
--   "Resolve the announced name as the agent does (dig +short {_claimed_arg}) and show that {addresses} was among its addresses at that time; then re-run with a capture that holds that DNS answer.",
--   "A transparent proxy or a private endpoint that serves {claimed} at {addresses}: name it with --agent, or record on its upstream side.",
-- ]
SELECT
    agent,
    endpoint,
    list(flow_id ORDER BY flow_id) AS flow_ids,
    CASE WHEN bool_or(denied) THEN ['denied'] ELSE []::VARCHAR[] END AS modifiers,
    {
        'claimed': list(DISTINCT coalesce(claimed_name, 'another name')
            ORDER BY coalesce(claimed_name, 'another name')),
        '_claimed_arg': '''' || replace(min(coalesce(claimed_name, 'NAME')), '''', '') || '''',
        'contradictions': list(DISTINCT contradiction ORDER BY contradiction),
        'addresses': list(DISTINCT resp_ip ORDER BY resp_ip) FILTER (WHERE resp_ip IS NOT NULL)
    } AS facts
FROM evidence_flows
WHERE contradiction IS NOT NULL
  AND carried
GROUP BY agent, endpoint, CASE WHEN endpoint IS NULL THEN resp_ip END
ORDER BY agent, endpoint NULLS LAST, min(flow_id)
