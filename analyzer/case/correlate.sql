-- What only several flows together tell: the two legs of a proxied transfer, and whose layers a
-- managed-storage account serves.

-- The proxy's own leg: a flow from the proxy to the same endpoint, begun while a client's leg of
-- nearly equal size was under way. Sizes match when their buckets of 5 % (of the size plus 64 KiB,
-- which covers the CONNECT head) are equal or neighbours. A client's leg begins first, so two legs
-- can never mark each other.
UPDATE attributed SET proxy_leg = 'upstream'
WHERE flow_id IN (
    WITH sized AS NOT MATERIALIZED (
        SELECT a.flow_id, a.agent, a.proxy_leg, a.start_ns, a.end_ns, p.agent AS responder,
            floor(ln(a.orig_bytes + 65536) / 0.05) AS bucket,
            coalesce(a.endpoint, j.target_addr, a.resp_ip) AS destination
        FROM attributed a
        JOIN judged j USING (flow_id)
        JOIN addresses p ON p.addr = a.resp_ip
        WHERE a.orig_bytes IS NOT NULL
    ),
    client_legs AS (
        SELECT responder AS proxy, destination, bucket, start_ns, max(end_ns) OVER (
            PARTITION BY responder, destination, bucket ORDER BY start_ns
        ) AS until_ns
        FROM sized WHERE proxy_leg = 'client' AND agent <> responder
    ),
    proxy_legs AS (
        SELECT flow_id, agent AS proxy, destination, start_ns,
            bucket + unnest([-1.0, 0.0, 1.0]) AS bucket
        FROM sized WHERE agent IN (SELECT proxy FROM client_legs)
    )
    SELECT p.flow_id
    FROM proxy_legs p
    ASOF JOIN client_legs c ON c.proxy = p.proxy AND c.destination = p.destination
        AND c.bucket = p.bucket AND p.start_ns > c.start_ns
    WHERE c.until_ns >= p.start_ns
);

-- Managed storage. An account is registry-managed storage of registry X for an agent when the
-- account is only read in this case (no write, upload turn or wide request by anybody, more down
-- than up) and the agent was in contact with X's login server at most 30 minutes before. In the
-- first 30 minutes of a capture that contact may lie before it: there, for want of a contact in
-- time, the registries that the agent contacts at any time are candidates. At most 32 registries
-- per agent are considered, those that can clear first. Only a registry that is ours or approved
-- clears.
CREATE OR REPLACE TEMP TABLE managed AS
-- A log has counters at best, and none at worst: without turns, more down than up is read-shaped;
-- without bytes the account may still be X's (readiness wants to know), but nothing clears it.
WITH read_only AS (
    SELECT a.endpoint, coalesce(sum(a.resp_bytes) > sum(a.orig_bytes), false) AS shaped
    FROM attributed a JOIN flows f USING (flow_id)
    WHERE a.role = 'managed-storage-candidate' AND a.proxy_leg IS DISTINCT FROM 'upstream'
    GROUP BY a.endpoint
    HAVING coalesce(sum(f.upload_turns), 0) = 0 AND coalesce(sum(f.wide_requests), 0) = 0
        AND sum(a.write_requests) = 0 AND coalesce(sum(a.resp_bytes) > sum(a.orig_bytes), true)
        AND bool_and(f.turns IS NOT NULL OR f.orientation = 'log')
),
reads AS (
    SELECT a.flow_id, a.agent, a.start_ns, r.shaped
    FROM attributed a JOIN read_only r ON r.endpoint = a.endpoint
    WHERE a.role = 'managed-storage-candidate' AND a.name_grade < 'A5'
        AND a.contradiction IS NULL AND a.proxy_leg IS DISTINCT FROM 'upstream'
),
registries AS (
    SELECT agent, login_server, min(ownership) AS ownership
    FROM logins WHERE agent IN (SELECT agent FROM reads)
    GROUP BY agent, login_server
    QUALIFY row_number() OVER (
        PARTITION BY agent ORDER BY ownership_rank(min(ownership)), login_server
    ) <= 32
),
touched AS (
    SELECT agent, login_server, start_ns, max(end_ns) OVER (
        PARTITION BY agent, login_server ORDER BY start_ns
    ) AS until_ns
    FROM logins WHERE agent IN (SELECT agent FROM reads)
),
pairs AS (
    SELECT r.flow_id, r.start_ns, r.agent, r.shaped, g.login_server, g.ownership
    FROM reads r JOIN registries g ON g.agent = r.agent
),
timed AS (
    SELECT p.flow_id, p.shaped, p.login_server, p.ownership,
        coalesce(t.until_ns >= p.start_ns - l.correlation_ns, false) AS in_time,
        p.start_ns - s.began_ns < l.correlation_ns AS early
    FROM pairs p
    ASOF LEFT JOIN touched t ON t.agent = p.agent AND t.login_server = p.login_server
        AND p.start_ns >= t.start_ns
    CROSS JOIN limits l
    CROSS JOIN (SELECT min(start_ns) AS began_ns FROM flows) s
),
kept AS (
    SELECT *, bool_or(in_time) OVER (PARTITION BY flow_id) AS any_in_time FROM timed
)
SELECT flow_id, string_agg(login_server, ',' ORDER BY login_server) AS managed_of,
    bool_or(shaped AND ownership IN ('ours', 'approved')) AS clears
FROM kept WHERE in_time OR (early AND NOT any_in_time)
GROUP BY flow_id;

UPDATE attributed SET
    managed_of = managed.managed_of,
    ownership = CASE WHEN managed.clears AND attributed.ownership = 'foreign'
        THEN 'platform' ELSE attributed.ownership END
FROM managed WHERE managed.flow_id = attributed.flow_id;
