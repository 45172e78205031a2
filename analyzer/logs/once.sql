-- Each event once: `once`. The same event in two schemas of a vendor, in two exports or at both ends is told by
-- equal time (to the millisecond), client, server, name, action and counters; what one input states twice in one
-- format is two events. `repeated` are the families that several inputs or schemas state.

CREATE OR REPLACE TEMP TABLE doubles AS
WITH keyed AS (
    SELECT obs, input_id, format, (input_id::BIGINT << 16) | code AS part,
        hash(kind, ts_ns // 1000000, client_ip, client_port, server_port, name, url, action, session,
            bytes_up, bytes_down, pkts_up, pkts_down, txid, qtype, is_response,
            CASE WHEN name IS NULL THEN server_ip END, family) AS key
    FROM numbered WHERE family IN (SELECT family FROM repeated)
),
several AS (
    SELECT key FROM keyed GROUP BY key HAVING min(part) <> max(part)
),
counted AS (
    SELECT k.obs, k.input_id, k.format, n.kind, n.ts_ns // 1000000 AS ms, n.client_ip, n.client_port,
        n.server_port, n.name, n.url, n.action, n.session, n.bytes_up, n.bytes_down, n.pkts_up,
        n.pkts_down, n.txid, n.qtype, n.is_response,
        CASE WHEN n.name IS NULL THEN n.server_ip END AS server_ip, n.family
    FROM keyed k JOIN several USING (key) JOIN numbered n USING (obs)
),
placed AS (
    SELECT *, row_number() OVER (PARTITION BY input_id, format, kind, ms, client_ip, client_port,
        server_port, name, url, action, session, bytes_up, bytes_down, pkts_up, pkts_down, txid, qtype,
        is_response, server_ip, family ORDER BY obs) AS place
    FROM counted
)
SELECT obs FROM placed
QUALIFY row_number() OVER (PARTITION BY place, kind, ms, client_ip, client_port,
    server_port, name, url, action, session, bytes_up, bytes_down, pkts_up, pkts_down, txid, qtype,
    is_response, server_ip, family ORDER BY obs) > 1;

CREATE OR REPLACE TEMP TABLE once AS
SELECT * FROM numbered WHERE obs NOT IN (SELECT obs FROM doubles);

DROP TABLE numbered;
