-- What a push carries beyond its requests. At login servers and token services every request has a token,
-- of 1 KB or of 8, so a turn is evidence only where it is big (attribute.sql). Where an agent sent such a
-- turn to an endpoint, two things follow for all its conversations with it:
--
-- * the ordinary request of this agent there (the median over all conversations: most clients open one per
--   request, so a conversation's own median says nothing) is taken off each turn that counts;
-- * smaller turns count as well where they exceed the ordinary request by what an upload turn has at
--   least (upload_turn_bytes): small layers, config blobs.
--
-- The engine keeps turns in classes (`kinds`, by their least bytes), so a class stands for each of its turns with their mean.
-- Requests below 512 bytes, or below 2 KiB with a bigger answer, are in none: they are counted (all turns but
-- the handshake and its last flight) and weigh as 0. Where requests were read, their heads are known.

UPDATE attributed SET
    upload_turns = p.turns, upload_bytes = p.wire, upload_app_bytes = p.app,
    direction_evidence = CASE WHEN p.wire >= 1048576 THEN 'W3' ELSE 'W2' END
FROM (
    WITH pushed AS (
        SELECT DISTINCT agent, endpoint FROM attributed
        WHERE upload_turns > 0 AND endpoint IS NOT NULL
            AND role IN ('registry-login', 'registry-regional', 'auth', 'other-registry',
                'platform-registry')
    ),
    there AS (
        SELECT a.flow_id, a.agent, a.endpoint,
            -- The class from which attribute.sql counts in this conversation.
            CASE WHEN l.login_factor * coalesce(f.median_request, 0) > 32768 THEN 65536
                WHEN l.login_factor * coalesce(f.median_request, 0) > 16384 THEN 32768
                ELSE 16384 END AS counted_from,
            f.turns, f.app, f.drip_turns, f.drip_bytes, f.wide_requests, f.wide_bytes,
            f.small_app_bytes, f.upload_turns, f.upload_bytes, f.upload_app_bytes,
            f.big16_turns, f.big16_bytes, f.big16_app_bytes,
            f.big32_turns, f.big32_bytes, f.big32_app_bytes,
            f.big64_turns, f.big64_bytes, f.big64_app_bytes
        FROM attributed a
        JOIN pushed p ON p.agent = a.agent AND p.endpoint = a.endpoint
        JOIN flows f ON f.flow_id = a.flow_id
        CROSS JOIN limits l
        WHERE f.turns IS NOT NULL AND a.flow_id NOT IN (SELECT flow_id FROM requests)
    ),
    kinds AS (
        SELECT flow_id, agent, endpoint, counted_from, k.*
        FROM (
            SELECT *, unnest([
                {'least_bytes': 512, 'turns': drip_turns + wide_requests,
                    'wire': drip_bytes + wide_bytes, 'app': small_app_bytes},
                {'least_bytes': 4096, 'turns': upload_turns - big16_turns,
                    'wire': upload_bytes - big16_bytes, 'app': upload_app_bytes - big16_app_bytes},
                {'least_bytes': 16384, 'turns': big16_turns - big32_turns,
                    'wire': big16_bytes - big32_bytes, 'app': big16_app_bytes - big32_app_bytes},
                {'least_bytes': 32768, 'turns': big32_turns - big64_turns,
                    'wire': big32_bytes - big64_bytes, 'app': big32_app_bytes - big64_app_bytes},
                {'least_bytes': 65536, 'turns': big64_turns,
                    'wire': big64_bytes, 'app': big64_app_bytes}
            ]) AS k
            FROM there
        )
        WHERE k.turns > 0 AND k.wire > 0
    ),
    requests_of AS (
        SELECT agent, endpoint, turns AS weight, wire // turns AS wire, app // turns AS app
        FROM kinds WHERE least_bytes < 16384
        UNION ALL
        SELECT agent, endpoint,
            greatest(turns - CASE WHEN app = 'tls' THEN 2 ELSE 0 END
                - drip_turns - wide_requests - upload_turns, 0),
            0, 0
        FROM there
    ),
    placed AS (
        SELECT agent, endpoint, wire, app,
            sum(weight) OVER (
                PARTITION BY agent, endpoint ORDER BY wire, app, weight
                ROWS UNBOUNDED PRECEDING
            ) AS below,
            sum(weight) OVER (PARTITION BY agent, endpoint) AS weights
        FROM requests_of WHERE weight > 0
    ),
    ordinary AS (
        SELECT agent, endpoint, min((wire, app)) AS request
        FROM placed WHERE 2 * below >= weights GROUP BY agent, endpoint
    ),
    standing AS (
        SELECT k.flow_id, k.turns, k.wire, k.app,
            coalesce(o.request[1], 0) AS ordinary_wire, coalesce(o.request[2], 0) AS ordinary_app
        FROM kinds k
        LEFT JOIN ordinary o ON o.agent = k.agent AND o.endpoint = k.endpoint
        CROSS JOIN limits l
        WHERE k.least_bytes >= 4096 AND (
            k.wire // k.turns >= ordinary_wire + l.upload_turn
            -- What was counted stays, however big the ordinary request is.
            OR k.least_bytes >= k.counted_from
        )
    )
    SELECT flow_id, sum(turns)::BIGINT AS turns, sum(wire)::BIGINT AS wire,
        sum(greatest(app - turns * ordinary_app, 0))::BIGINT AS app
    FROM standing GROUP BY flow_id
) AS p
WHERE attributed.flow_id = p.flow_id;
