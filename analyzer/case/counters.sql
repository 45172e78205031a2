-- W4: what byte counters of a log alone show, judged per agent, endpoint and day (UTC), because a single
-- line proves little and a slow drip hides in many. Storage-class destinations: at least 64 KiB up and
-- more than half of what came down; all others: at least 1 MiB up and more up than down (a push or a
-- token is ordinary at a registry). Packet headers are off already, where packets are counted.
-- A connection of which only one way is counted shows no direction, whatever went up: it is a contact.
-- A write that was read stays W1, with these sizes. The counters of a denied attempt are those of the attempt
-- itself (SYNs, a hello) until they hold more than that could be.
UPDATE attributed SET upload_bytes = orig_bytes, upload_app_bytes = orig_bytes,
    direction_evidence = CASE WHEN write_requests > 0 THEN 'W1' ELSE 'W4' END
WHERE flow_id IN (
    WITH counted AS (
        SELECT a.flow_id, a.role, a.orig_bytes, a.resp_bytes,
            (a.agent, a.endpoint IS NULL, coalesce(a.endpoint, a.resp_ip),
                a.start_ns // 86400000000000) AS day
        FROM attributed a
        WHERE a.orientation = 'log' AND a.orig_bytes IS NOT NULL AND a.resp_bytes IS NOT NULL
            AND (a.action IS DISTINCT FROM 'deny' OR a.orig_bytes >= 4096)
            AND coalesce(a.endpoint, a.resp_ip) IS NOT NULL
            AND a.proxy_leg IS DISTINCT FROM 'upstream'
    ),
    days AS (
        SELECT day, sum(orig_bytes) AS up, sum(resp_bytes) AS down,
            bool_and(role IN ('storage-account', 'managed-storage-candidate', 'object-store',
                'registry-data', 'registry-managed-storage', 'registry-task-staging', 'ci-platform',
                'storage-system', 'storage-infra', 'drop-service', 'webhook', 'tunnel')) AS storage
        FROM counted GROUP BY day
    )
    SELECT c.flow_id
    FROM counted c JOIN days d USING (day) CROSS JOIN limits l
    WHERE c.orig_bytes > 0 AND CASE WHEN d.storage
        THEN d.up >= l.counted_storage AND 2 * d.up > d.down
        ELSE d.up >= l.counted_other AND d.up > d.down END
);
