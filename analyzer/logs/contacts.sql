-- Rows without counters that are found in no better source: contacts. How much went over them nobody
-- knows, so nothing is lost when those of one hour with equal client, server, name, decision and program
-- become one flow: `records` says how many there were. A row without a name stays alone, because the
-- answer that names it depends on its time.
-- `connections` gets them as connections of grade 4; `membership` says which rows they hold.

CREATE OR REPLACE TEMP VIEW loose AS
SELECT *, ts_ns // 3600000000000 AS hour,
    CASE WHEN name IS NULL AND action IS DISTINCT FROM 'deny' THEN obs END AS alone
FROM bare WHERE obs NOT IN (SELECT connection FROM found);

CREATE OR REPLACE TEMP TABLE contacts AS
SELECT client_ip, server_ip, server_port, proto, app, name, action, rule, process, hour, alone,
    min(obs) AS connection, min(code) AS code, min(line_at(input_id, line)) AS first_place,
    max(line_at(input_id, line)) AS last_place, count(*) AS records, min(ts_ns) AS start_ns,
    max(coalesce(end_ns, ts_ns)) AS end_ns,
    CASE WHEN min(client_port) = max(client_port) AND count(client_port) = count(*)
        THEN min(client_port) END AS client_port
FROM loose
GROUP BY client_ip, server_ip, server_port, proto, app, name, action, rule, process, hour, alone;

INSERT INTO connections BY NAME
SELECT c.* EXCLUDE (name, hour, alone, code) REPLACE (coalesce(c.proto, 'tcp') AS proto), a.format, a.family,
    4 AS grade
FROM contacts c JOIN any_family a USING (code);

INSERT INTO connections BY NAME
SELECT b.obs AS connection, b.format, b.family, line_at(b.input_id, b.line) AS first_place,
    line_at(b.input_id, b.line) AS last_place, 1 AS records, b.ts_ns AS start_ns, coalesce(b.end_ns, b.ts_ns) AS end_ns,
    b.client_ip, b.client_port, b.server_ip, b.server_port, coalesce(b.proto, 'tcp') AS proto, b.app,
    b.action, b.rule, b.process, 4 AS grade
FROM bare b WHERE b.obs IN (SELECT connection FROM found);

INSERT INTO membership
SELECT obs, obs, true, NULL FROM loose WHERE alone IS NOT NULL
UNION ALL SELECT l.obs, c.connection, false, NULL
FROM loose l JOIN contacts c ON l.hour = c.hour AND l.client_ip IS NOT DISTINCT FROM c.client_ip
    AND l.server_ip IS NOT DISTINCT FROM c.server_ip AND l.server_port IS NOT DISTINCT FROM c.server_port
    AND l.proto IS NOT DISTINCT FROM c.proto AND l.app IS NOT DISTINCT FROM c.app
    AND l.name IS NOT DISTINCT FROM c.name AND l.action IS NOT DISTINCT FROM c.action
    AND l.rule IS NOT DISTINCT FROM c.rule AND l.process IS NOT DISTINCT FROM c.process
WHERE l.alone IS NULL AND c.alone IS NULL
UNION ALL SELECT obs, obs, true, NULL FROM bare WHERE obs IN (SELECT connection FROM found);
