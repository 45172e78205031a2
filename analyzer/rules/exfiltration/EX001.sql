-- id = "EX001"
-- title = "Upload to storage, or another service named after its owner, that is not ours"
-- stream = "exfiltration"
-- order = 6
-- severity = "low"
-- ladder = [
--   { figure = "upload_bytes", at_least = "high_upload_bytes", severity = "high" },
--   { figure = "upload_bytes", at_least = "medium_upload_bytes", severity = "medium" },
--   { figure = "small_bytes", at_least = "medium_drip_sum_bytes", severity = "medium" },
-- ]
-- attack = ["T1567.002", "T1537"]
-- explanation = "{agent} {sent} {target}, {_what}, which is neither declared as ours nor approved."
-- clears = [
--   "If it is ours: --own {own_arg}",
--   "If somebody approved it: --approve {target_arg}",
--   { roles = ["storage-account"], text = "If the account is in your subscription, declare all of them at once: az storage account list -o json > storage.json, then --inventory storage.json; the account's resource logs (StorageWrite) show what arrived." },
--   { roles = ["azure-service"], text = "If it is in your subscription: az resource list --name {label} -o table shows it." },
-- ]
-- [modifiers.owner-undecidable]
-- effect = "note"
-- reason = "all customers of this store share one host name, so the owner cannot be told"
SELECT
    agent,
    endpoint,
    list(flow_id ORDER BY flow_id) AS flow_ids,
    CASE WHEN bool_or(ownership = 'undecidable') THEN ['owner-undecidable']
        ELSE []::VARCHAR[] END
    || CASE WHEN bool_or(ownership = 'platform-claimed') THEN ['platform-claimed']
        ELSE []::VARCHAR[] END
    || CASE WHEN bool_or(ownership = 'platform') THEN ['platform'] ELSE []::VARCHAR[] END
    || CASE WHEN bool_or(denied) THEN ['denied'] ELSE []::VARCHAR[] END AS modifiers,
    {
        '_what': CASE min(role)
            WHEN 'storage-account' THEN 'a storage account'
            WHEN 'object-store' THEN 'an object store'
            WHEN 'storage-infra' THEN 'a storage front end that many accounts share'
            ELSE 'an Azure service whose name carries its owner'
        END
    } AS facts
FROM evidence_flows
WHERE carried
  AND (
      role IN ('storage-account', 'object-store', 'storage-infra')
      -- Every request to these carries a token, so that small turns are no evidence.
      OR (
          role = 'azure-service' AND ownership <> 'undecidable'
          AND (uploads OR writes OR counted)
      )
  )
  AND ownership NOT IN ('ours', 'approved')
GROUP BY agent, endpoint
ORDER BY agent, endpoint
