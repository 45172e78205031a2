-- `attributed`: one row per flow, with the name, its grade, what the name means and the upload
-- figures by the role's thresholds.
--
-- Registry login servers and token services receive a token of 1-2 KB with each request: drips are
-- ordinary there, and an upload turn needs max(16 KiB, 4 x the flow's median request). The engine
-- counts turns above three limits, and the smallest that is not below that threshold is used. What such an
-- upload is worth, and which smaller turns belong to it, is settled over all conversations (pushes.sql).
-- A wide request (more than 2 KiB up, answered with more) is evidence where plain reads stay small:
-- at storage. Elsewhere it is browsing; but at drop services, webhooks and tunnels, in a conversation that
-- shows an upload turn, it is a part of the same upload: over HTTP/2 the answers of other streams come in
-- between and end turns early.
-- Where the requests are readable, their heads are known exactly: the payload is what remains.
-- Where an engine has decrypted them and counted their bodies, that is the payload, unless the turns
-- show clearly more: then not all that was sent was a request that it could read.
--
-- Runs once for each part of the flows (`part` of `parts`, from 0): what it looks up for all flows of a large case at
-- once would not fit into memory.

-- Without statistics DuckDB would keep the wide side of equally long ones in memory: the order of joins is
-- the one that is written, and what stands second is what is kept.
SET disabled_optimizers = 'statistics_propagation,join_order,build_side_probe_side';

INSERT INTO attributed BY NAME
WITH meanings AS (
    SELECT *,
        role IN ('registry-login', 'registry-regional', 'auth', 'other-registry',
            'platform-registry') AS login,
        role IN ('storage-account', 'managed-storage-candidate', 'registry-task-staging',
            'object-store', 'registry-data', 'storage-system') AS stores,
        role IN ('drop-service', 'webhook', 'tunnel') AS drops
    FROM (
        SELECT name, NULL AS addr, service, role, owner, ownership, direction, technique, imitates
        FROM endpoints
        UNION ALL
        SELECT NULL, addr, service, role, owner, ownership, direction, technique, NULL
        FROM address_matches
    )
),
named AS (
    SELECT j.*, f.* EXCLUDE (flow_id), coalesce(e.service, m.service) AS service,
        coalesce(e.role, m.role, 'unknown') AS role, coalesce(e.login, m.login, false) AS login,
        coalesce(e.stores, m.stores, false) AS stores, coalesce(e.drops, m.drops, false) AS drops,
        coalesce(e.owner, m.owner) AS owner,
        coalesce(e.ownership, m.ownership, 'unknown') AS ownership,
        coalesce(e.direction, m.direction) AS direction,
        coalesce(e.technique, m.technique) AS technique, e.imitates,
        coalesce(j.ech_name, false) AND coalesce(e.role = 'ech-public', false) AS name_hidden,
        q.writes, q.announced_bytes, q.unsized, q.write_line, q.head_bytes,
        CASE WHEN q.uncounted = 0 AND q.counted_bytes > 0 AND NOT q.tunnel THEN q.counted_bytes END
            AS counted_bytes,
        f.app = 'http' AND q.flow_id IS NOT NULL AND NOT q.tunnel AS readable
    FROM (SELECT * FROM flows WHERE in_part(flow_id)) f
    JOIN (SELECT * FROM judged WHERE in_part(flow_id)) j ON j.flow_id = f.flow_id
    LEFT JOIN (SELECT * FROM meanings WHERE addr IS NULL) e ON e.name = j.endpoint
    LEFT JOIN (SELECT * FROM meanings WHERE name IS NULL) m ON m.addr = j.known_addr
    LEFT JOIN (SELECT * FROM requests WHERE in_part(flow_id)) q ON q.flow_id = j.flow_id
),
classed_roles AS (
    SELECT n.*, n.stores OR (n.drops AND n.upload_turns > 0) AS wide,
        greatest(l.login_turn, l.login_factor * coalesce(n.median_request, 0)) AS threshold
    FROM named n CROSS JOIN limits l
),
measured AS (
    SELECT c.* EXCLUDE (upload_turns, upload_bytes, upload_app_bytes, small_app_bytes),
        CASE WHEN NOT login THEN upload_turns WHEN threshold <= 16384 THEN big16_turns
            WHEN threshold <= 32768 THEN big32_turns ELSE big64_turns END AS upload_turns,
        CASE WHEN NOT login THEN upload_bytes WHEN threshold <= 16384 THEN big16_bytes
            WHEN threshold <= 32768 THEN big32_bytes ELSE big64_bytes END AS upload_bytes,
        CASE WHEN NOT login THEN upload_app_bytes WHEN threshold <= 16384 THEN big16_app_bytes
            WHEN threshold <= 32768 THEN big32_app_bytes ELSE big64_app_bytes END
            AS upload_app_bytes,
        CASE WHEN turns IS NULL THEN NULL WHEN login THEN 0
            ELSE drip_turns + CASE WHEN wide THEN wide_requests ELSE 0 END END AS small_turns,
        CASE WHEN turns IS NULL THEN NULL WHEN login THEN 0
            ELSE drip_bytes + CASE WHEN wide THEN wide_bytes ELSE 0 END END AS small_bytes,
        -- The engine estimates drips and wide requests together; the drips' part goes by wire
        -- bytes.
        CASE WHEN turns IS NULL THEN NULL WHEN login THEN 0 WHEN wide THEN small_app_bytes
            ELSE small_app_bytes::HUGEINT * drip_bytes // greatest(drip_bytes + wide_bytes, 1) END
            AS small_app_bytes,
        CASE WHEN readable AND orig_bytes IS NOT NULL
            THEN greatest(orig_bytes + coalesce(orig_missed_bytes, 0) - head_bytes, 0)
            WHEN app = 'tls' AND c.upload_app_bytes + c.small_app_bytes
                <= counted_bytes + counted_bytes // 50 + 2 * head_bytes + 1000
            THEN counted_bytes
            END AS body_bytes,
        CASE
            WHEN coalesce(writes, 0) = 0 THEN NULL
            WHEN orig_bytes IS NULL THEN CASE WHEN unsized = 0 THEN announced_bytes END
            WHEN unsized > 0 THEN greatest(orig_bytes - head_bytes, 0)
            ELSE least(announced_bytes, greatest(orig_bytes - head_bytes, 0))
        END AS write_bytes
    FROM classed_roles c
)
SELECT flow_id, input_id, community_id, agent, orig_ip AS agent_ip, orig_port AS agent_port,
    resp_ip, resp_port, proto, app, scope, start_ns, end_ns, endpoint, claimed_name, contradiction,
    name_grade, name_source, ambiguous_names, proxy_leg, name_hidden, service, role, owner,
    ownership, direction, technique, imitates, turns IS NOT NULL AS has_turns, orig_bytes,
    resp_bytes, orig_missed_bytes, turns, upload_turns, upload_bytes,
    CASE WHEN body_bytes IS NULL THEN upload_app_bytes
        ELSE least(upload_bytes, body_bytes) END AS upload_app_bytes,
    small_turns, small_bytes,
    CASE WHEN body_bytes IS NULL THEN small_app_bytes
        ELSE least(small_bytes, body_bytes - least(upload_bytes, body_bytes)) END
        AS small_app_bytes,
    coalesce(writes, 0) AS write_requests, write_bytes, write_line,
    CASE
        WHEN writes > 0 THEN 'W1'
        WHEN turns IS NULL OR orig_bytes IS NULL THEN 'W5'
        WHEN upload_bytes >= 1048576 THEN 'W3'
        WHEN upload_turns > 0 OR small_turns > 0 THEN 'W2'
    END AS direction_evidence,
    first_packet, last_packet, orientation, action, bytes_grade, missed_bytes, one_sided, ech,
    open_at_start, open_at_end
FROM measured;

SET disabled_optimizers = 'statistics_propagation';
SET VARIABLE part = getvariable('part') + 1;
