-- id = "EX002"
-- title = "Push to a registry that is not ours"
-- stream = "exfiltration"
-- order = 5
-- severity = "low"
-- without_inventory = "medium"
-- ladder = [
--   { figure = "upload_bytes", at_least = "high_upload_bytes", severity = "high" },
--   { figure = "write_bytes", at_least = "high_upload_bytes", severity = "high" },
--   { figure = "upload_bytes", at_least = "medium_upload_bytes", severity = "medium" },
--   { figure = "write_bytes", at_least = "medium_write_bytes", severity = "medium" },
-- ]
-- attack = ["T1537", "T1567.002"]
-- why = "A registry stores any bytes as layers, not images alone. A push to a stranger's registry looks like the build's own work and passes every rule that permits the registry service as a whole."
-- arithmetic = "Wire bytes of upload turns of all flows of the agent to the name, or body bytes of writes read in clear: medium from medium_upload_bytes (bodies: medium_write_bytes), high from high_upload_bytes. Each request to a login server carries a token, so a turn counts there only from login_turn_bytes on and from login_turn_median_factor times the flow's median request; drips and wide requests are no evidence. A request that was read (in clear, or in a log) counts by what it is: PUT or PATCH, or POST to /v2/NAME/blobs/uploads/, with a body or one whose length nobody stated, and any other POST with a body of login_turn_bytes or more; below that it asks for a token. Counters of a log take part for days (UTC) with at least counted_other_bytes sent and more than was received."
-- false_positives = [
--   "Registries of our own that no inventory names; while no registry is declared at all, nothing is above medium.",
--   "Tokens or signed requests of more than login_turn_bytes.",
--   "Pushes to a public registry that the project publishes to: approve exactly that name.",
--   "Hosts of a registry that serve its web page, API or build service as well.",
-- ]
-- explanation = "{agent} {sent} {target}, a registry that is neither declared as ours nor approved. A registry takes any blob from anybody who holds an account there."
-- clears = [
--   { roles = ["registry-login", "registry-regional"], text = "If the registry is ours: --own {own_arg}, or az acr show-endpoints --name {label} > endpoints.json and --inventory endpoints.json" },
--   "If somebody approved pushes to it: --approve {target_arg}",
--   { roles = ["registry-login", "registry-regional"], text = "With access to that registry, list what arrived: az acr repository list --name {label}" },
-- ]
-- [modifiers.owner-undecidable]
-- effect = "note"
-- reason = "all customers of this registry share one host name, so the owner cannot be told"
SELECT
    agent,
    endpoint,
    list(flow_id ORDER BY flow_id) AS flow_ids,
    CASE WHEN bool_or(ownership = 'undecidable') THEN ['owner-undecidable']
        ELSE []::VARCHAR[] END
    || CASE WHEN bool_or(ownership IN ('platform', 'platform-claimed')) THEN ['platform']
        ELSE []::VARCHAR[] END
    || CASE WHEN bool_or(denied) THEN ['denied'] ELSE []::VARCHAR[] END AS modifiers,
    { 'registry_service': min(service) } AS facts
FROM evidence_flows
WHERE role IN (
      'registry-login', 'registry-regional', 'registry-infra', 'other-registry', 'platform-registry'
  )
  AND ownership NOT IN ('ours', 'approved')
  -- Small turns are no evidence here: every request carries a token.
  AND (uploads OR counted OR pushes)
GROUP BY agent, endpoint
ORDER BY agent, endpoint
