-- What the client itself says it talks to, in clear: Host lines, CONNECT lines and SNI.
--
-- `spoken`: per conversation the names it carries. The first SNI counts, the first CONNECT line or
-- SOCKS request (all that follows is inside the tunnel), and among several Hosts of one connection the one that
-- most was written to: a harmless first request must not name the upload behind it.
-- `voiced`: per flow who speaks, whether to a proxy, and the announced name.
--
-- Texts that no host can have (`no_hosts`) name nobody.
--
-- When a tunnel's CONNECT line and the TLS inside it name different hosts, the name inside decides
-- as long as both are one service (shared front ends route by it) and it is not one of ours that
-- an SNI claims in a tunnel to somebody else's, and where the CONNECT line
-- names one of ours. Otherwise the proxy connects to where the CONNECT line says, and a catalogued
-- SNI inside is a false claim.

CREATE OR REPLACE TEMP TABLE hosts AS
WITH per_host AS (
    SELECT coalesce(c.conversation, h.flow_id) AS conversation, h.host,
        sum(CASE WHEN h.method IN ('PUT', 'POST', 'PATCH')
            THEN 1 + greatest(coalesce(h.body_bytes, h.content_length, 0), 0)::HUGEINT
            ELSE 0 END) AS written,
        min(h.ts_ns) AS first_ns
    FROM http h LEFT JOIN conversations c USING (flow_id)
    WHERE h.method <> 'CONNECT' AND h.host <> '' AND h.host NOT IN (SELECT name FROM no_hosts)
    GROUP BY coalesce(c.conversation, h.flow_id), h.host
)
SELECT conversation,
    arg_min(host, (-written, first_ns, host)) AS http_host,
    min(first_ns) AS http_ns
FROM per_host GROUP BY conversation;

-- Most conversations have one name: only where there are more is there anything to choose.
CREATE OR REPLACE TEMP TABLE spoken AS
WITH said AS NOT MATERIALIZED (
    SELECT coalesce(c.conversation, n.flow_id) AS conversation, n.ts_ns, n.name,
        -- A device's word (log_fqdn) is an SNI or a Host that it read: as good as an SNI, no better.
        CASE n.kind WHEN 'quic_sni' THEN 'sni' WHEN 'log_fqdn' THEN 'sni' WHEN 'socks' THEN 'connect'
            ELSE n.kind END AS kind,
        n.kind = 'log_fqdn' AS logged, n.packet
    FROM names n LEFT JOIN conversations c USING (flow_id)
    WHERE n.flow_id IS NOT NULL AND n.name <> '' AND n.name NOT IN (SELECT name FROM no_hosts)
),
several AS (
    SELECT conversation FROM (
        SELECT coalesce(c.conversation, n.flow_id) AS conversation
        FROM names n LEFT JOIN conversations c USING (flow_id) WHERE n.flow_id IS NOT NULL
    )
    GROUP BY conversation HAVING count(*) > 1
),
placed AS (
    SELECT *, (logged, ts_ns, coalesce(packet, 0), name) AS place FROM said
    WHERE conversation IN (SELECT conversation FROM several)
)
SELECT s.conversation,
    CASE WHEN s.kind = 'sni' AND l.addr IS NULL THEN s.name END AS sni,
    CASE WHEN s.kind = 'sni' AND l.addr IS NULL THEN s.ts_ns END AS sni_ns,
    CASE WHEN s.kind = 'sni' AND l.addr IS NULL THEN s.logged END AS sni_logged,
    CASE WHEN s.kind = 'connect' THEN s.name END AS connect_host,
    -- A source without request rows (a log) still names hosts.
    CASE WHEN s.kind = 'http_host' THEN s.name END AS http_host,
    CASE WHEN s.kind = 'http_host' THEN s.ts_ns END AS http_ns
FROM said s LEFT JOIN literals l ON l.name = s.name
WHERE s.conversation NOT IN (SELECT conversation FROM several)
UNION ALL
SELECT s.conversation,
    arg_min(s.name, s.place) FILTER (s.kind = 'sni' AND l.addr IS NULL),
    min(s.ts_ns) FILTER (s.kind = 'sni' AND l.addr IS NULL),
    bool_and(s.logged) FILTER (s.kind = 'sni' AND l.addr IS NULL),
    arg_min(s.name, s.place) FILTER (s.kind = 'connect'),
    arg_min(s.name, s.place) FILTER (s.kind = 'http_host'),
    min(s.ts_ns) FILTER (s.kind = 'http_host')
FROM placed s LEFT JOIN literals l ON l.name = s.name
GROUP BY s.conversation;

-- Where CONNECT lines, SOCKS requests and requests with an absolute target go is a proxy, and so
-- is what was declared.
CREATE OR REPLACE TEMP TABLE proxy_talk AS
SELECT DISTINCT flow_id FROM (
    SELECT flow_id FROM names WHERE kind IN ('connect', 'socks') AND flow_id IS NOT NULL
    UNION ALL
    SELECT flow_id FROM http
    WHERE method = 'CONNECT' OR lower(target[:7]) = 'http://' OR lower(target[:8]) = 'https://'
);

-- A proxy's own log has requests with absolute targets, too; there the responder is the origin.
CREATE OR REPLACE TEMP TABLE proxies AS
SELECT DISTINCT f.resp_ip, f.resp_port FROM flows f JOIN proxy_talk USING (flow_id)
WHERE f.orientation <> 'log';

-- As in attribute.sql, joins are done as they are written: what stands second is kept in memory, and it is
-- short but for the names.
SET disabled_optimizers = 'statistics_propagation,join_order,build_side_probe_side';

CREATE OR REPLACE TEMP TABLE voiced AS
WITH heard AS (
    SELECT f.flow_id, f.orig_ip, f.resp_ip, coalesce(c.began_ns, f.start_ns) AS began_ns,
        p.resp_ip IS NOT NULL OR f.resp_ip IN (SELECT addr FROM declared_proxies) AS via_proxy,
        f.ech, s.sni, s.sni_ns, s.sni_logged, s.connect_host,
        coalesce(h.http_host, CASE WHEN s.connect_host IS NULL THEN s.http_host END) AS http_host,
        coalesce(h.http_ns, s.http_ns) AS http_ns
    FROM flows f
    LEFT JOIN conversations c ON c.flow_id = f.flow_id
    LEFT JOIN spoken s ON s.conversation = coalesce(c.conversation, f.flow_id)
    LEFT JOIN hosts h ON h.conversation = coalesce(c.conversation, f.flow_id)
    LEFT JOIN proxies p ON p.resp_ip = f.resp_ip AND p.resp_port = f.resp_port
),
layered AS (
    SELECT h.* EXCLUDE (connect_host, http_host),
        CASE WHEN hl.addr IS NULL THEN h.http_host END AS http_host,
        CASE WHEN cl.addr IS NULL THEN h.connect_host END AS connect_host,
        CASE WHEN h.via_proxy THEN coalesce(cl.addr, hl.addr) END AS target_addr,
        -- A Host that follows a ClientHello was read inside the TLS.
        h.http_host IS NOT NULL AND hl.addr IS NULL
            AND (h.sni IS NULL OR h.http_ns > h.sni_ns) AS host_inside
    FROM heard h
    LEFT JOIN literals hl ON hl.name = h.http_host
    LEFT JOIN literals cl ON cl.name = h.connect_host
),
nested AS (
    SELECT *,
        CASE WHEN host_inside THEN http_host ELSE sni END AS inner_name,
        CASE WHEN host_inside THEN coalesce(sni, connect_host) ELSE connect_host END AS outer_name,
        CASE WHEN host_inside THEN 'http_host' ELSE 'sni' END AS inner_source,
        CASE WHEN host_inside AND sni IS NOT NULL THEN 'sni' ELSE 'connect' END AS outer_source,
        -- Only of two names has one to be weighed against the other.
        CASE WHEN inner_name IS NOT NULL THEN outer_name END AS outer_key,
        CASE WHEN outer_name IS NOT NULL THEN inner_name END AS inner_key
    FROM layered
),
weighed AS (
    SELECT n.*, o.ownership AS outer_ownership, i.ownership AS inner_ownership,
        CASE
            WHEN n.inner_name IS NULL OR n.outer_name IS NULL OR n.inner_name = n.outer_name
                THEN 'agree'
            -- An SNI costs nothing to write: one of ours does not clear a tunnel to somebody else's
            -- account. A Host that was read inside does.
            WHEN cleared(i.ownership) AND (cleared(o.ownership) OR (o.service = i.service
                AND NOT (n.outer_source = 'connect' AND n.inner_source = 'sni'))) THEN 'agree'
            WHEN n.outer_source = 'connect' AND NOT cleared(o.ownership)
                AND (o.service IS DISTINCT FROM i.service
                    OR (cleared(i.ownership) AND n.inner_source = 'sni'))
                AND (i.service IS NOT NULL OR cleared(i.ownership)) THEN 'outer'
            WHEN cleared(o.ownership) AND NOT cleared(i.ownership) THEN 'inner'
            ELSE 'agree'
        END AS truth
    FROM nested n
    LEFT JOIN endpoints o ON o.name = n.outer_key
    LEFT JOIN endpoints i ON i.name = n.inner_key
)
SELECT w.flow_id, a.agent, w.resp_ip, coalesce(r.scope, 'unknown') AS scope, w.began_ns, w.via_proxy, w.ech, w.sni,
    w.target_addr, t.scope AS target_scope,
    CASE WHEN w.truth = 'outer' THEN w.outer_name
        ELSE coalesce(w.inner_name, w.outer_name) END AS announced,
    CASE
        WHEN w.truth = 'outer' OR w.inner_name IS NULL THEN w.outer_source
        WHEN w.inner_name = w.outer_name AND w.outer_source = 'connect' THEN 'connect'
        WHEN w.inner_source = 'sni' AND w.sni_logged THEN 'log_fqdn'
        ELSE w.inner_source
    END AS source,
    CASE w.truth WHEN 'outer' THEN w.inner_name WHEN 'inner' THEN w.outer_name END AS claimed_name,
    CASE w.truth
        WHEN 'outer' THEN 'the CONNECT request names ' || w.outer_name
            || ', but the name inside the tunnel is ' || w.inner_name
        WHEN 'inner' THEN CASE w.outer_source WHEN 'sni' THEN 'the SNI is '
                ELSE 'the CONNECT request names ' END || w.outer_name
            || ', but the name inside is ' || w.inner_name
    END AS contradiction
FROM weighed w
JOIN addresses a ON a.addr = w.orig_ip
LEFT JOIN addresses r ON r.addr = w.resp_ip
LEFT JOIN addresses t ON t.addr = w.target_addr;

SET disabled_optimizers = 'statistics_propagation';

-- A million conversations need the room.
DROP TABLE hosts;
DROP TABLE spoken;
DROP TABLE proxy_talk;
DROP TABLE proxies;
