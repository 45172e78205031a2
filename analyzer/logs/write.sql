-- Connections into `flows`, and what binds names to them into `names` and `http`.
--
-- `placed`: the flow of each connection. What was found in a capture's flow is that flow, what was
-- found in another connection is that connection's, the rest are flows of their own, numbered from
-- 2^62 by input and line.

CREATE OR REPLACE TEMP TABLE placed AS
WITH own AS (
    SELECT connection, 4611686018427387904 + row_number() OVER (
        ORDER BY first_place, connection
    ) - 1 AS flow_id
    FROM connections WHERE connection NOT IN (SELECT connection FROM found)
)
SELECT connection, flow_id, true AS is_own FROM own
UNION ALL
SELECT f.connection, CASE WHEN f.target >= 0 THEN f.target ELSE o.flow_id END, false
FROM found f LEFT JOIN own o ON o.connection = -f.target;

CREATE OR REPLACE TEMP TABLE added AS
SELECT p.flow_id, sum(c.records) AS records, min(c.action) AS action,
    arg_min(c.rule, c.connection) AS rule, arg_min(c.process, c.connection) AS process,
    arg_min(c.app, c.connection) AS app, min(c.server_ip) AS server_ip
FROM placed p JOIN connections c USING (connection) WHERE NOT p.is_own GROUP BY p.flow_id;

UPDATE flows SET records = added.records, action = added.action, rule = added.rule,
    process = coalesce(flows.process, added.process)
FROM added WHERE added.flow_id = flows.flow_id;

INSERT INTO flows BY NAME
SELECT p.flow_id, input_of(c.first_place) AS input_id, c.start_ns, c.end_ns, c.proto,
    c.client_ip AS orig_ip, c.client_port AS orig_port,
    coalesce(c.server_ip, a.server_ip) AS resp_ip, c.server_port AS resp_port, 'log' AS orientation,
    without_headers(c.bytes_up, c.pkts_up, c.bytes_kind, c.client_ip) AS orig_bytes,
    without_headers(c.bytes_down, c.pkts_down, c.bytes_kind, c.client_ip) AS resp_bytes,
    c.pkts_up AS orig_pkts, c.pkts_down AS resp_pkts, c.missed_bytes,
    coalesce(c.app, a.app) AS app, false AS open_at_start, false AS open_at_end,
    coalesce(c.action, a.action) AS action, coalesce(c.process, a.process) AS process,
    CASE c.grade WHEN 4 THEN 'absent' WHEN 3 THEN 'estimated' WHEN 1 THEN 'measured' ELSE 'wire' END
        AS bytes_grade,
    coalesce(c.rule, a.rule) AS rule, c.records + coalesce(a.records, 0) AS records,
    line_of(c.first_place) AS first_packet,
    CASE WHEN input_of(c.last_place) = input_of(c.first_place) THEN line_of(c.last_place) END
        AS last_packet
FROM placed p JOIN connections c USING (connection) LEFT JOIN added a USING (flow_id)
WHERE p.is_own;

-- A name that a flow's rows state once needs no comparison: a hash of both tells it.
CREATE OR REPLACE TEMP TABLE named AS
SELECT o.obs, p.flow_id, hash(p.flow_id, o.name, o.name_kind) AS key
FROM once o JOIN membership m USING (obs) JOIN placed p USING (connection)
WHERE o.name IS NOT NULL AND o.name_kind IN ('sni', 'quic_sni', 'http_host', 'connect', 'log_fqdn');

CREATE OR REPLACE TEMP TABLE again AS SELECT key FROM named GROUP BY key HAVING count(*) > 1;

INSERT INTO names BY NAME
SELECT o.ts_ns, o.client_ip, n.flow_id, o.server_ip AS addr, o.server_port AS port, o.name, o.name_kind AS kind,
    o.line AS packet, o.input_id
FROM once o JOIN named n USING (obs) ANTI JOIN again USING (key);

INSERT INTO names BY NAME
SELECT min(o.ts_ns) AS ts_ns, arg_min(o.client_ip, o.obs) AS client_ip, n.flow_id,
    arg_min(o.server_ip, o.obs) AS addr, arg_min(o.server_port, o.obs) AS port, o.name,
    o.name_kind AS kind, arg_min(o.line, o.obs) AS packet, arg_min(o.input_id, o.obs) AS input_id
FROM once o JOIN named n USING (obs) SEMI JOIN again USING (key)
GROUP BY n.flow_id, o.name, o.name_kind;

DROP TABLE named;
DROP TABLE again;

CREATE OR REPLACE TEMP TABLE requests AS
SELECT o.obs, p.flow_id, coalesce(m.sensor, hash(o.format)) AS place, o.request_bytes
FROM once o JOIN membership m USING (obs) JOIN placed p USING (connection)
WHERE o.method IS NOT NULL OR writes_blocks(o.url);

-- Requests of a connection that several logs or sensors read are stated by one: the one that has the most of
-- them (a capture before a log that has no more), then the one that knows most of their sizes.
CREATE OR REPLACE TEMP TABLE readers AS
WITH contested AS (
    SELECT flow_id FROM requests GROUP BY flow_id HAVING min(place) <> max(place)
    UNION SELECT flow_id FROM requests SEMI JOIN http USING (flow_id)
),
counted AS (
    SELECT flow_id, place, count(*) AS requests, count(request_bytes) AS sized, min(obs) AS first_obs
    FROM requests SEMI JOIN contested USING (flow_id) GROUP BY flow_id, place
)
SELECT c.flow_id,
    arg_max(c.place, (c.requests, c.sized, -c.first_obs)) FILTER (c.requests > coalesce(h.read, 0)) AS place
FROM counted c LEFT JOIN (SELECT flow_id, count(*) AS read FROM http GROUP BY flow_id) h USING (flow_id)
GROUP BY c.flow_id;

-- A write of blocks is a PUT, whether the log names the method or not.
INSERT INTO http BY NAME
SELECT q.flow_id, o.ts_ns, o.line AS packet, o.input_id,
    coalesce(upper(o.method), CASE WHEN writes_blocks(o.url) THEN 'PUT' END) AS method,
    CASE WHEN o.name_kind IN ('http_host', 'connect', 'log_fqdn') THEN o.name END AS host,
    coalesce(r.shown, o.url) AS target, o.request_bytes AS content_length,
    o.request_bytes AS body_bytes, o.status, o.response_bytes AS response_length
FROM once o
JOIN requests q USING (obs)
LEFT JOIN readers b ON b.flow_id = q.flow_id
LEFT JOIN redacted r ON r.url = o.url
WHERE b.flow_id IS NULL OR b.place = q.place;

DROP TABLE requests;

INSERT INTO joins
SELECT c.format, f.source,
    CASE WHEN bool_and(f.by_address) THEN 'client address and port, server address and port'
        ELSE 'client address and port, server port' END,
    300, CASE WHEN bool_and(f.by_address) THEN 'high' ELSE 'medium' END,
    count(*), count(*) FILTER (f.ambiguous),
    (SELECT coalesce(sum(u.records), 0)::BIGINT FROM connections u WHERE u.format = c.format
        AND u.connection NOT IN (SELECT connection FROM found))
FROM found f JOIN connections c USING (connection)
GROUP BY c.format, f.source ORDER BY c.format, f.source;
