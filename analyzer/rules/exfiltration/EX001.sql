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
-- why = "A firewall rule that permits *.blob.core.windows.net, or any other wildcard over a store, permits every account in it. An account takes minutes to open and needs nobody's consent, so the hole that lets layers in lets data out."
-- arithmetic = "All flows of the agent to the name together. Wire bytes of upload turns (at least upload_turn_bytes sent and more than came back, or at least upload_turn_always_bytes whatever came back): medium from medium_upload_bytes, high from high_upload_bytes. Wire bytes of drips (drip_bytes to upload_turn_bytes sent, less received) and wide requests (more than wide_request_bytes) without such a turn: medium from medium_drip_sum_bytes. Counters of a log take part for days (UTC) with at least counted_storage_bytes sent and more than half of what was received. Anything less is low; the amount is stated always."
-- false_positives = [
--   "Accounts of our own that no inventory, --own or --approve names.",
--   "Uploads that a build is meant to make, such as artifacts, caches, logs and crash reports to an account of a supplier.",
--   "Reads whose requests are long: signed addresses and big tokens make wide requests, which add up over many reads.",
--   "Accounts of the platform: they are recognised by name alone, and a new pattern is not known.",
-- ]
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
