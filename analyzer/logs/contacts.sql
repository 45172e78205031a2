-- Rows without counters that are found in no better source: contacts. How much went over them nobody
-- knows, so nothing is lost when those of one hour with equal client, server, name, decision and program
-- become one flow: `records` says how many there were. A row without a name stays alone, because the
-- answer that names it depends on its time.
-- `connections` gets them as connections of grade 4; `membership` says which rows they hold.

CREATE OR REPLACE TEMP TABLE contacts AS
SELECT obs, min(obs) OVER (PARTITION BY client_ip, server_ip, server_port, proto, app, name, action,
    rule, process, ts_ns // 3600000000000,
    CASE WHEN name IS NULL AND action IS DISTINCT FROM 'deny' THEN obs END) AS connection
FROM bare WHERE obs NOT IN (SELECT connection FROM found);

INSERT INTO connections BY NAME
SELECT c.connection, min(b.format) AS format, min(b.family) AS family,
    min(line_at(b.input_id, b.line)) AS first_place, max(line_at(b.input_id, b.line)) AS last_place,
    count(*) AS records,
    min(b.ts_ns) AS start_ns, max(coalesce(b.end_ns, b.ts_ns)) AS end_ns,
    min(b.client_ip) AS client_ip,
    CASE WHEN min(b.client_port) = max(b.client_port) AND count(b.client_port) = count(*)
        THEN min(b.client_port) END AS client_port,
    min(b.server_ip) AS server_ip, min(b.server_port) AS server_port,
    coalesce(min(b.proto), 'tcp') AS proto, min(b.app) AS app, min(b.action) AS action,
    min(b.rule) AS rule, min(b.process) AS process, 4 AS grade
FROM contacts c JOIN bare b USING (obs)
GROUP BY c.connection;

INSERT INTO connections BY NAME
SELECT b.obs AS connection, b.format, b.family, line_at(b.input_id, b.line) AS first_place,
    line_at(b.input_id, b.line) AS last_place, 1 AS records, b.ts_ns AS start_ns, coalesce(b.end_ns, b.ts_ns) AS end_ns,
    b.client_ip, b.client_port, b.server_ip, b.server_port, coalesce(b.proto, 'tcp') AS proto, b.app,
    b.action, b.rule, b.process, 4 AS grade
FROM bare b WHERE b.obs IN (SELECT connection FROM found);

INSERT INTO membership
SELECT obs, connection, NULL FROM contacts
UNION ALL SELECT obs, obs, NULL FROM bare WHERE obs IN (SELECT connection FROM found);
