-- id = "EX007"
-- title = "Write request to a storage host, read in clear"
-- stream = "exfiltration"
-- order = 2
-- severity = "low"
-- ladder = [
--   { figure = "upload_bytes", at_least = "high_upload_bytes", severity = "high" },
--   { figure = "write_bytes", at_least = "high_upload_bytes", severity = "high" },
--   { figure = "upload_bytes", at_least = "medium_upload_bytes", severity = "medium" },
--   { figure = "write_bytes", at_least = "medium_write_bytes", severity = "medium" },
--   { figure = "small_bytes", at_least = "medium_drip_sum_bytes", severity = "medium" },
-- ]
-- attack = ["T1567.002"]
-- why = "A write request that was read in clear is the strongest evidence that there is: the method, the path and often the body are in the input, and nothing has to be concluded from shapes."
-- arithmetic = "PUT, POST and PATCH requests of the agent to the name that were read in clear. Body bytes of these: medium from medium_write_bytes, high from high_upload_bytes. Wire bytes of upload turns of the same flows: medium from medium_upload_bytes, high from high_upload_bytes; drips and wide requests: medium from medium_drip_sum_bytes, low below. A write that a log names without its size is at least medium. A write that the server refused counts: its bytes have left."
-- false_positives = [
--   "Accounts of our own that no inventory names.",
--   "POST requests that only ask: batch reads and queries of some stores are POSTs with a body.",
--   "Health reports and status files that agents of the platform write, under names that are not known as theirs.",
-- ]
-- explanation = "{agent} wrote to {target}, a storage host that is neither declared as ours nor approved: the request itself was readable{_where}."
-- clears = [
--   "If it is ours: --own {own_arg}",
--   "If somebody approved it: --approve {target_arg}",
--   "Read what was written: a capture holds the body (see the display filter, then Follow, HTTP Stream); a log has the request alone.",
-- ]
-- [modifiers.size-unknown]
-- effect = "at-least"
-- severity = "medium"
-- reason = "a write was logged without its size"
SELECT
    agent,
    endpoint,
    list(flow_id ORDER BY flow_id) AS flow_ids,
    CASE WHEN bool_or(
            ownership = 'platform-claimed'
            AND role NOT IN ('managed-storage-candidate', 'registry-managed-storage')
            OR role IN ('ci-platform', 'registry-task-staging', 'storage-system')
        ) THEN ['platform-claimed'] ELSE []::VARCHAR[] END
    || CASE WHEN bool_or(ownership = 'platform') THEN ['platform'] ELSE []::VARCHAR[] END
    || CASE WHEN bool_or(write_bytes IS NULL AND orig_bytes IS NULL)
        THEN ['size-unknown'] ELSE []::VARCHAR[] END
    || CASE WHEN bool_or(denied) THEN ['denied'] ELSE []::VARCHAR[] END AS modifiers,
    {
        '_where': CASE WHEN bool_and(orientation = 'log') THEN ' to the device that logged it'
            ELSE ' in the capture' END,
        'first_write': arg_min(write_line, flow_id),
        'requests': sum(write_requests)::BIGINT,
        'refused': coalesce(sum(refused), 0)::BIGINT
    } AS facts
FROM evidence_flows
LEFT JOIN (
    SELECT flow_id, count(*) AS refused
    FROM http
    WHERE method IN ('PUT', 'POST', 'PATCH') AND status >= 400
    GROUP BY flow_id
) USING (flow_id)
WHERE writes
  AND ownership NOT IN ('ours', 'approved')
  AND role IN (
      'storage-account', 'object-store', 'managed-storage-candidate', 'registry-managed-storage',
      'storage-infra', 'registry-data', 'registry-task-staging', 'ci-platform', 'storage-system'
  )
GROUP BY agent, endpoint
ORDER BY agent, endpoint
