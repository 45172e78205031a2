-- id = "EX015"
-- title = "Contact with storage, a registry or a drop service that is not ours, amount unknown"
-- stream = "exfiltration"
-- order = 9
-- shows = "contact"
-- severity = "low"
-- attack = ["T1567"]
-- why = "Many logs say who was contacted and not how much went there, or count one way alone. Such a contact proves no upload, and its silence must not pass for innocence either."
-- arithmetic = "No bytes: flows that only a log has, that no device denied and of which it does not count both ways, per agent and name. Low for any number of them. Where any source counts both ways of the same agent and name those figures speak instead."
-- false_positives = [
--   "Downloads from a public bucket, release page or registry.",
--   "Accounts of our own that no inventory names.",
--   "Names that a device logged for a connection that it never let through, without saying so.",
-- ]
-- explanation = "{agent} contacted {target}, {_what} ({contacts} connection(s), {allowed} of them logged as allowed{_asked}; programs: {processes}). {_counts} It may have been a download, or anything else."
-- clears = [
--   "Add what counts the bytes of both ways for that time: VNet flow logs, a capture, or a proxy's log of the same agent.",
--   "If it is ours: --own {own_arg}",
--   "If somebody approved it: --approve {target_arg}",
-- ]
SELECT
    agent,
    endpoint,
    list(flow_id ORDER BY flow_id) AS flow_ids,
    []::VARCHAR[] AS modifiers,
    {
        '_what': CASE
            WHEN min(imitates) IS NOT NULL THEN 'a name that imitates ' || min(imitates)
            WHEN bool_or(role IN ('drop-service', 'webhook', 'tunnel'))
                THEN 'which takes data from anybody'
            WHEN bool_or(role IN ('registry-login', 'registry-regional', 'other-registry'))
                THEN 'a registry that is neither declared as ours nor approved'
            ELSE 'storage that is neither declared as ours nor approved'
        END,
        '_counts': CASE
            WHEN count(orig_bytes) = 0 AND count(resp_bytes) = 0
                THEN 'No source in the input counts bytes of this contact.'
            WHEN count(orig_bytes) = 0
                THEN 'No source in the input counts what was sent there.'
            ELSE 'No source in the input counts both ways of this contact: no direction shows.'
        END,
        'contacts': count(*),
        'challenged': count(*) FILTER (WHERE challenged),
        '_asked': CASE WHEN bool_or(challenged) THEN ', ' || count(*) FILTER (WHERE challenged)
            || ' only asked by the proxy to authenticate (407)' ELSE '' END,
        'allowed': count(*) FILTER (WHERE action = 'allow'),
        'processes': coalesce(list(DISTINCT process ORDER BY process)
            FILTER (WHERE process IS NOT NULL), ['not logged'])
    } AS facts
FROM evidence_flows AS e
JOIN (SELECT flow_id, process FROM flows) USING (flow_id)
WHERE contact
  AND ownership NOT IN ('ours', 'approved', 'platform')
  AND (
      imitates IS NOT NULL
      OR (
          ownership <> 'platform-claimed'
          AND role IN ('storage-account', 'object-store', 'drop-service', 'webhook', 'tunnel')
      )
      OR (
          ownership <> 'platform-claimed'
          AND role IN ('registry-login', 'registry-regional', 'other-registry')
          AND direction IS DISTINCT FROM 'download-only'
      )
      -- What may be a registry's layers is a matter of readiness.
      OR (
          role IN ('managed-storage-candidate', 'registry-managed-storage')
          AND managed_of IS NULL
      )
  )
  -- Where the same contact is counted as well, those figures speak; but never for bytes that another
  -- connection is known to have sent.
  AND (e.orig_bytes IS NOT NULL AND NOT e.challenged OR NOT EXISTS (
      SELECT 1 FROM seen AS a
      WHERE a.agent = e.agent AND a.endpoint IS NOT DISTINCT FROM e.endpoint
        AND a.orig_bytes IS NOT NULL AND NOT a.challenged
        AND (a.orientation IS DISTINCT FROM 'log' OR a.resp_bytes IS NOT NULL)
  ))
GROUP BY agent, endpoint
ORDER BY agent, endpoint
