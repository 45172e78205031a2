-- id = "EX006"
-- title = "Upload without any name"
-- stream = "exfiltration"
-- order = 7
-- severity = "medium"
-- ladder = [
--   { figure = "upload_bytes", at_least = "high_unnamed_bytes", severity = "high" },
-- ]
-- attack = ["T1048", "T1567"]
-- why = "Whoever wants to hide where data goes leaves the name away: an address in the command, an encrypted ClientHello, a port that firewalls let through. Without a name nothing can be declared as harmless by looking at it."
-- arithmetic = "Flows to one address without a name (or behind an encrypted ClientHello with a public outer name) that look like TLS or HTTP or go to port 443, 80, 22 or 445, and show an upload turn, counters of a log that are an upload (counted_other_bytes a day and more than was received), or a written body of medium_write_bytes. Medium for any of these, high from high_unnamed_bytes in upload turns. Drips are no evidence here."
-- false_positives = [
--   "A conversation that began before the capture did: its name was in the part that is missing.",
--   "DNS that was encrypted, cached or not captured.",
--   "Backups, remote shells and file shares that are addressed by number; info where the address is not globally routable.",
--   "Virtual private networks over port 443.",
-- ]
-- explanation = "{agent} {sent} {target}. {_why} The conversation is {shape}."
-- clears = [
--   "Find who runs the address (whois {addresses}) and what the agent runs against it; capture from before the client's DNS query so that the name is in the input.",
--   "If somebody approved the address: --approve {target_arg}",
--   "If it is a proxy: capture on its client side with the CONNECT requests in clear, so that the destinations behind it are followed.",
-- ]
-- [modifiers.not-routable]
-- effect = "cap"
-- severity = "info"
-- reason = "the address is not globally routable, so the data stays in the network"
-- [modifiers.name-hidden]
-- effect = "note"
-- reason = "encrypted ClientHello hides the name; this lowers the confidence, not the severity"
SELECT
    agent,
    CAST(NULL AS VARCHAR) AS endpoint,
    list(flow_id ORDER BY flow_id) AS flow_ids,
    CASE WHEN bool_or(name_hidden) THEN ['name-hidden'] ELSE []::VARCHAR[] END
    || CASE WHEN bool_and(scope <> 'global') THEN ['not-routable'] ELSE []::VARCHAR[] END
    || CASE WHEN bool_or(platform_address) THEN ['platform-address']
        ELSE []::VARCHAR[] END
    || CASE WHEN bool_or(denied) THEN ['denied'] ELSE []::VARCHAR[] END AS modifiers,
    {
        '_why': CASE
            WHEN bool_and(name_hidden)
                THEN 'The client hid the name with an encrypted ClientHello (outer name '
                    || coalesce(min(endpoint), 'none') || ').'
            ELSE 'No handshake, request or DNS answer in the input gives this destination a name that a host can have.'
        END,
        'shape': list(DISTINCT upper(coalesce(app, proto)) || ' to port '
                || coalesce(resp_port::VARCHAR, 'not logged')
            ORDER BY upper(coalesce(app, proto)) || ' to port '
                || coalesce(resp_port::VARCHAR, 'not logged')),
        'addresses': list(DISTINCT resp_ip ORDER BY resp_ip),
        'scope': min(scope)
    } AS facts
FROM evidence_flows
-- Approving an address clears it; approving an outer name would clear all that hides behind it.
WHERE (name_hidden OR (endpoint IS NULL AND ownership NOT IN ('ours', 'approved')))
  AND (app IN ('tls', 'http') OR resp_port IN (443, 80, 22, 445))
  AND scope NOT IN ('loopback', 'multicast')
  AND resp_ip IS NOT NULL
  AND (
      uploads
      OR counted
      OR (writes AND write_bytes >= (SELECT medium_write_bytes FROM thresholds))
  )
GROUP BY agent, resp_ip
ORDER BY agent, resp_ip
