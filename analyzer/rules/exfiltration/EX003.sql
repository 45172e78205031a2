-- id = "EX003"
-- title = "Upload where registry clients only download, or to a look-alike"
-- stream = "exfiltration"
-- order = 3
-- severity = "low"
-- ladder = [
--   { figure = "upload_bytes", at_least = "high_upload_bytes", severity = "high" },
--   { figure = "write_bytes", at_least = "high_upload_bytes", severity = "high" },
--   { figure = "upload_bytes", at_least = "medium_upload_bytes", severity = "medium" },
--   { figure = "write_bytes", at_least = "medium_write_bytes", severity = "medium" },
--   { figure = "small_bytes", at_least = "medium_drip_sum_bytes", severity = "medium" },
-- ]
-- attack = ["T1567.002", "T1036.005"]
-- why = "Some hosts only ever serve downloads to a registry's clients: data endpoints, managed storage, download hosts. Names that imitate a registry have no business at all. An upload to any of them has no ordinary explanation, and an allow-list often names them."
-- arithmetic = "All flows of the agent to the name together. Wire bytes of upload turns, or body bytes of writes read in clear: high from high_upload_bytes, medium from medium_upload_bytes (bodies: medium_write_bytes). Wire bytes of drips and wide requests: medium from medium_drip_sum_bytes, low below. At our own data endpoint small requests of at most wide_request_bytes on average stay low. Counters of a log take part for days (UTC) with at least counted_storage_bytes sent and more than half of what was received (counted_other_bytes, and more than was received, at other registries and unknown names)."
-- false_positives = [
--   "A connected registry that synchronises writes to the data endpoint.",
--   "Downloads whose requests are long, such as signed addresses beside big tokens: they are wide requests.",
--   "A name that resembles a registry's by chance, or that belongs to a partner: approve that very name.",
--   "An account of somebody else's, named like managed storage by chance.",
-- ]
-- explanation = "{agent} {sent} {target}. {_why}"
-- clears = [
--   { roles = ["registry-data"], text = "A connected registry synchronises with the data endpoint: az acr connected-registry list --registry {label} shows whether one runs on this agent." },
--   { roles = ["managed-storage-candidate", "registry-managed-storage", "unknown", "storage-account", "object-store", "registry-login", "registry-regional", "other-registry", "platform-registry"], text = "If somebody approved this very name: --approve {target_arg}" },
--   { roles = ["managed-storage-candidate", "registry-managed-storage"], text = "Ask the registry's owner which pulls ran then; no pull explains an upload." },
-- ]
-- [modifiers.own-data-reads]
-- effect = "cap"
-- severity = "low"
-- reason = "our own data endpoint, and requests no larger than a download's with a long URL"
-- [modifiers.look-alike]
-- effect = "note"
-- reason = "the name imitates a registry, its suffix or one of our names"
SELECT
    agent,
    endpoint,
    list(flow_id ORDER BY flow_id) AS flow_ids,
    CASE WHEN bool_or(imitates IS NOT NULL) THEN ['look-alike'] ELSE []::VARCHAR[] END
    || CASE WHEN bool_and(
            role = 'registry-data' AND ownership IN ('ours', 'approved')
            AND NOT uploads AND NOT writes AND NOT counted
        ) AND sum(small_bytes) <= (SELECT wide_request_bytes FROM thresholds) * sum(small_turns)
        THEN ['own-data-reads'] ELSE []::VARCHAR[] END
    || CASE WHEN bool_or(ownership = 'platform' AND role <> 'registry-data')
        THEN ['platform'] ELSE []::VARCHAR[] END
    || CASE WHEN bool_or(denied) THEN ['denied'] ELSE []::VARCHAR[] END AS modifiers,
    {
        '_why': CASE
            WHEN min(imitates) IS NOT NULL
                THEN 'The name imitates ' || min(imitates) || ' but is another name.'
            WHEN bool_or(role = 'registry-data')
                THEN 'A registry''s data endpoint only serves layer downloads: pushes, manifests '
                    || 'and tokens all go to the login server, so an upload here is never '
                    || 'registry traffic.'
            WHEN bool_or(role IN ('managed-storage-candidate', 'registry-managed-storage'))
                THEN 'The account is named like registry-managed storage, a pattern that anybody '
                    || 'can register; real managed storage only serves layer downloads after a '
                    || 'contact with the registry''s login server, so an upload to it is never '
                    || 'registry traffic.'
            ELSE 'This host of a registry only serves downloads, so an upload to it is never '
                || 'registry traffic.'
        END,
        'imitates': min(imitates)
    } AS facts
FROM evidence_flows
WHERE carried
  AND (
      role = 'registry-data'
      OR (
          ownership NOT IN ('ours', 'approved')
          AND (
              imitates IS NOT NULL
              -- Read-shaped managed storage of a registry that is ours is cleared.
              OR (
                  role IN ('managed-storage-candidate', 'registry-managed-storage')
                  AND (
                      uploads OR writes OR counted OR managed_of IS NULL
                      OR NOT list_has_any(
                          string_split(managed_of, ','),
                          (
                              SELECT coalesce(list(name ORDER BY name), []::VARCHAR[])
                              FROM endpoints WHERE ownership IN ('ours', 'approved')
                          )
                      )
                  )
              )
              OR (
                  role IN ('other-registry', 'platform-registry')
                  AND direction IS NOT DISTINCT FROM 'download-only'
                  AND (uploads OR counted OR pushes)
              )
          )
      )
  )
GROUP BY agent, endpoint
ORDER BY agent, endpoint
