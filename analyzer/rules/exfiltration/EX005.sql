-- id = "EX005"
-- title = "Upload to a drop service, paste site, webhook or tunnel"
-- stream = "exfiltration"
-- order = 4
-- severity = "low"
-- ladder = [
--   { figure = "upload_bytes", at_least = "high_upload_bytes", severity = "high" },
--   { figure = "write_bytes", at_least = "high_upload_bytes", severity = "high" },
--   { figure = "upload_bytes", at_least = "medium_upload_bytes", severity = "medium" },
--   { figure = "write_bytes", at_least = "medium_write_bytes", severity = "medium" },
--   { figure = "small_bytes", at_least = "medium_drip_sum_bytes", severity = "medium" },
-- ]
-- attack = ["T1567"]
-- why = "Drop services, paste sites, webhooks and tunnels take data from anybody, often without an account, and hand it to whoever has the link. For a build they are rarely needed and for a thief they are the shortest way out."
-- arithmetic = "All flows of the agent to the name together. Wire bytes of upload turns, or body bytes of writes read in clear: high from high_upload_bytes, medium from medium_upload_bytes (bodies: medium_write_bytes). Wire bytes of drips and wide requests: medium from medium_drip_sum_bytes, low below. Chats and webhooks are one step lower, never below low. Counters of a log take part for days (UTC) with at least counted_storage_bytes sent and more than half of what was received."
-- false_positives = [
--   "Notifications of builds to chats and webhooks.",
--   "Tests that publish coverage, screenshots or previews to such a service on purpose.",
--   "A tunnel that developers use with consent: approve exactly that name.",
-- ]
-- explanation = "{agent} {sent} {target} ({service}), which takes data from anybody and passes it on to whoever holds the link or the account."
-- clears = [
--   "Name the job that uses it, then approve exactly this name: --approve {target_arg}",
--   "Ask the service for the object's log, or fetch it and compare with what the agent held.",
-- ]
-- [modifiers.chat-or-webhook]
-- effect = "step-down"
-- reason = "build jobs often notify chats and webhooks"
SELECT
    agent,
    endpoint,
    list(flow_id ORDER BY flow_id) AS flow_ids,
    CASE WHEN bool_or(role = 'webhook') THEN ['chat-or-webhook'] ELSE []::VARCHAR[] END
    || CASE WHEN bool_or(denied) THEN ['denied'] ELSE []::VARCHAR[] END AS modifiers,
    { 'role': min(role) } AS facts
FROM evidence_flows
WHERE carried
  AND role IN ('drop-service', 'webhook', 'tunnel')
  -- Slack's shared hosts have a budget (EX011).
  AND NOT (service IS NOT DISTINCT FROM 'slack' AND ownership = 'undecidable')
  AND ownership NOT IN ('ours', 'approved')
GROUP BY agent, endpoint
ORDER BY agent, endpoint
