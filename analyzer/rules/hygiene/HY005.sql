-- id = "HY005"
-- title = "Foreign storage was read"
-- stream = "hygiene"
-- order = 8
-- severity = "info"
-- attack = []
-- why = "Downloads from somebody else's storage are ordinary (packages, release files), but each such account needs the wildcard that an upload would use as well, and what a build takes from there is code that somebody else can change."
-- arithmetic = "Flows to storage accounts and object stores that are neither ours nor approved and that show no upload at all, with more down than up. Where the same agent uploads to the same name, the exfiltration finding speaks."
-- false_positives = [
--   "Package mirrors, release files and other registries' layers, which redirect to buckets and accounts of all kinds. That is why it is info.",
-- ]
-- explanation = "{agent} read {bytes} bytes from {target}, which is neither declared as ours nor approved. Nothing here shows an upload."
-- clears = [
--   "If it is ours: --own {own_arg}",
--   "If builds are meant to read it: --approve {target_arg}",
-- ]
SELECT
    a.agent,
    a.endpoint,
    list(a.flow_id ORDER BY a.flow_id) AS flow_ids,
    []::VARCHAR[] AS modifiers,
    { 'bytes': sum(a.resp_bytes)::BIGINT } AS facts
FROM attributed AS a
WHERE a.endpoint IS NOT NULL
  AND a.proxy_leg IS DISTINCT FROM 'upstream'
  AND a.ownership IN ('foreign', 'undecidable', 'denied')
  AND a.imitates IS NULL
  AND (
      a.role IN ('storage-account', 'object-store')
      OR (a.role = 'managed-storage-candidate' AND a.managed_of IS NULL)
  )
  AND a.resp_bytes > a.orig_bytes
  AND (a.agent, a.endpoint) NOT IN (
      SELECT (agent, endpoint) FROM evidence_flows WHERE carried AND endpoint IS NOT NULL
  )
GROUP BY a.agent, a.endpoint
ORDER BY a.agent, a.endpoint
