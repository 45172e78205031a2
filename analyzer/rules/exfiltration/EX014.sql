-- id = "EX014"
-- title = "Tunnel or relay: a long conversation that sends more than it gets"
-- stream = "exfiltration"
-- order = 14
-- severity = "medium"
-- attack = ["T1572", "T1090"]
-- why = "A tunnel carries other conversations inside of one: a shell for somebody outside, or files that leave in pieces that look like nothing. No single turn of it is an upload of any size; what gives it away is that it stays open, goes to and fro, and adds up."
-- arithmetic = "Per flow, by its turns: at least tunnel_seconds long, tunnel_turns turns and tunnel_bytes sent, to a globally routable address or through a proxy. Low where less was sent than received, and where no turn shows an upload. Registries, storage, code hosts, CI services, telemetry, chats and what else another rule judges by name are left out, and so is what is ours or approved. Logs have no turns: none of it shows there."
-- false_positives = [
--   "The API server of your own AKS cluster, a remote build cache or a message broker: declare it with --own or --approve.",
--   "A VPN or bastion that the operator runs; backups and log shippers of a product that the catalogue does not know.",
-- ]
-- explanation = "{agent} kept a conversation with {target} open for {_longest} minutes: {turns} turns, {sent_bytes} bytes sent and {received_bytes} received in {flows_over_limits} flow(s). It has the shape of a tunnel or relay ({shape})."
-- clears = [
--   "If it is ours (the API server of your own AKS cluster, for example): --own {own_arg}",
--   "Name the program that holds it open, then approve exactly this name: --approve {target_arg}",
-- ]
-- [modifiers.mostly-received]
-- effect = "cap"
-- severity = "low"
-- reason = "less was sent than received"
SELECT
    agent,
    CASE WHEN name_hidden THEN NULL ELSE endpoint END AS endpoint,
    list(flow_id ORDER BY flow_id) AS flow_ids,
    CASE WHEN sum(resp_bytes) >= sum(orig_bytes) AND bool_and(role <> 'tunnel')
        THEN ['mostly-received'] ELSE []::VARCHAR[] END
    || CASE WHEN bool_or(ownership = 'platform-claimed') THEN ['platform-claimed']
        ELSE []::VARCHAR[] END AS modifiers,
    {
        '_longest': max(end_ns - start_ns) // 60000000000,
        'turns': sum(turns)::BIGINT,
        'sent_bytes': sum(orig_bytes)::BIGINT,
        'received_bytes': sum(resp_bytes)::BIGINT,
        'flows_over_limits': count(*),
        'shape': list(DISTINCT upper(coalesce(app, proto)) || ' to port ' || resp_port
            ORDER BY upper(coalesce(app, proto)) || ' to port ' || resp_port)
    } AS facts
FROM attributed
WHERE proxy_leg IS DISTINCT FROM 'upstream'
  AND end_ns - start_ns >= (SELECT tunnel_seconds FROM thresholds)::BIGINT * 1000000000
  AND turns >= (SELECT tunnel_turns FROM thresholds)
  AND orig_bytes >= (SELECT tunnel_bytes FROM thresholds)
  AND (scope = 'global' OR proxy_leg = 'client')
  AND app IS DISTINCT FROM 'dns'
  AND ownership NOT IN ('ours', 'approved', 'platform')
  AND role IN ('unknown', 'tunnel', 'azure-service', 'ech-public')
GROUP BY agent, CASE WHEN name_hidden THEN NULL ELSE endpoint END,
    CASE WHEN name_hidden OR endpoint IS NULL THEN resp_ip END
ORDER BY agent, endpoint NULLS LAST, min(flow_id)
