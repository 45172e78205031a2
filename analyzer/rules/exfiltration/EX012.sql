-- id = "EX012"
-- title = "Upload to a destination that nobody classified"
-- stream = "exfiltration"
-- order = 23
-- severity = "low"
-- ladder = [
--   { figure = "upload_bytes", at_least = "medium_unclassified_bytes", severity = "medium" },
--   { figure = "write_bytes", at_least = "medium_unclassified_bytes", severity = "medium" },
-- ]
-- attack = ["T1567", "T1048"]
-- explanation = "{agent} {sent} {target}, a name that neither the catalogue nor the declarations know ({shape})."
-- why = "A catalogue can never know every place that takes data: a server of the attacker's own under any name will do. Builds upload to few places; each that is not known should become known, as ours, approved or neither."
-- arithmetic = "Wire bytes of upload turns, body bytes of writes read in clear, or what counters of a log show as an upload (W4), over all flows of the agent to the name. Silent below upload_turn_bytes (medium_write_bytes of body), low from there on, medium from medium_unclassified_bytes, critical from critical_upload_bytes as everywhere. Drips alone are EX009's."
-- false_positives = ["Sites with forms, searches and audits that post a few kilobytes.", "Package publishing, mail, video calls and remote shells to hosts that nobody declared.", "Internal servers reached through a name: info where the address is not globally routable."]
-- clears = [
--   "If it is ours: --own {own_arg}",
--   "If somebody approved it: --approve {target_arg}",
--   "If it is a service that the catalogue should know, describe it in a catalogue file (docs/endpoints.md, Adding an entry): acrtrace endpoints explain {target_arg}",
-- ]
-- [modifiers.not-routable]
-- effect = "cap"
-- severity = "info"
-- reason = "the address is not globally routable, so the data stays in the network"
-- [modifiers.unclassified]
-- effect = "cap"
-- severity = "medium"
-- reason = "nothing is known against the destination but that nobody declared it"
-- [modifiers.deny-listed]
-- effect = "at-least"
-- severity = "medium"
-- reason = "the name is on the list of what is denied"
SELECT
    agent,
    endpoint,
    list(flow_id ORDER BY flow_id) AS flow_ids,
    CASE WHEN bool_or(ownership = 'denied') THEN ['deny-listed']
        WHEN sum(upload_bytes) >= (SELECT critical_upload_bytes FROM thresholds)
        THEN []::VARCHAR[] ELSE ['unclassified'] END
    -- Of a proxy's client leg the address is the proxy's.
    || CASE WHEN bool_and(scope <> 'global' AND proxy_leg IS NULL AND resp_ip IS NOT NULL)
        THEN ['not-routable'] ELSE []::VARCHAR[] END
    || CASE WHEN bool_or(denied) THEN ['denied'] ELSE []::VARCHAR[] END AS modifiers,
    {
        'shape': list(DISTINCT upper(coalesce(app, proto)) || ' to port '
                || coalesce(resp_port::VARCHAR, 'not logged')
            ORDER BY upper(coalesce(app, proto)) || ' to port '
                || coalesce(resp_port::VARCHAR, 'not logged'))
    } AS facts
FROM evidence_flows
WHERE role = 'unknown'
  AND imitates IS NULL
  AND endpoint IS NOT NULL
  AND contradiction IS NULL
  AND NOT name_hidden
  AND ownership NOT IN ('ours', 'approved')
  AND scope NOT IN ('loopback', 'multicast')
  AND (uploads OR counted OR writes)
GROUP BY agent, endpoint
HAVING coalesce(sum(upload_bytes), 0) >= (SELECT upload_turn_bytes FROM thresholds)
    OR coalesce(sum(write_bytes), 0) >= (SELECT medium_write_bytes FROM thresholds)
ORDER BY agent, endpoint
