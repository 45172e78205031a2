-- Observations into connections, one source at a time.
--
-- `once`: each event once. The same event in two schemas of a vendor, in two exports or at both ends
-- is told by equal time (to the millisecond), client, server, name, action and counters; what one input
-- states twice in one format is two events.
-- `connections`: rows of one connection together. With the device's own key (`session`) by that and
-- the addresses; deltas of one 5-tuple until a gap of 15 minutes or its next beginning. Rows with
-- neither a key nor counters (`bare`) are a connection each; what becomes of them, say join.sql and
-- contacts.sql.
-- Counters: totals and deltas add up, of cumulative ones the largest counts: at each place that counted
-- (`place_of`: two interfaces, or two kinds of flow logs, may have seen the same packets); of several
-- places the one that counted most counts, for each direction. A connection begins where the place of
-- its first row says so; the others say it again.
-- `first_place` and `last_place` are the lines that state the bytes: those with counters, of a cumulative
-- counter the one that counts, of several places those of the one that counted most upwards. They are
-- input and line in one number, so the smallest is the first.

CREATE OR REPLACE TEMP TABLE numbered AS
SELECT *, family_of(format) AS family, row_number() OVER (ORDER BY input_id, line, kind, ts_ns, name,
    server_ip, server_port, client_port, bytes_up, bytes_down) AS obs
FROM logs.observations;

CREATE OR REPLACE TEMP TABLE doubles AS
WITH keyed AS (
    SELECT obs, input_id, format, hash(kind, ts_ns // 1000000, client_ip, client_port, server_port, name,
        url, action, session, bytes_up, bytes_down, pkts_up, pkts_down, txid, qtype, is_response,
        CASE WHEN name IS NULL THEN server_ip END, family) AS key
    FROM numbered
),
several AS (
    SELECT key FROM keyed GROUP BY key
    HAVING min((input_id, format)) <> max((input_id, format))
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

CREATE OR REPLACE TEMP TABLE membership AS
WITH grouped AS (
    SELECT obs, ts_ns, begins, session, counter, action, family, place_of(format, vantage) AS place,
        coalesce(session, '') AS s, client_ip, client_port, server_ip, server_port,
        CASE WHEN session IS NULL THEN proto END AS p
    FROM once WHERE kind <> 'dns' AND (session IS NOT NULL OR counter IS NOT NULL OR begins)
),
marked AS (
    SELECT *, CASE
        WHEN begins AND session IS NULL AND place = first_value(place) OVER whole THEN 1
        WHEN ts_ns - lag(ts_ns) OVER whole <= CASE
            WHEN session IS NOT NULL THEN 86400000000000
            WHEN counter = 'total' THEN -1  -- a line each
            ELSE 900000000000 END THEN 0
        ELSE 1 END AS starts
    FROM grouped
    WINDOW whole AS (PARTITION BY family, s, client_ip, client_port, server_ip, server_port, p
        ORDER BY ts_ns, obs)
),
run AS (
    SELECT *, sum(starts) OVER (PARTITION BY family, s, client_ip, client_port, server_ip, server_port,
        p ORDER BY ts_ns, obs ROWS UNBOUNDED PRECEDING) AS run
    FROM marked
)
SELECT obs, min(obs) OVER (PARTITION BY family, s, client_ip, client_port, server_ip, server_port, p,
    run) AS connection
FROM run;

CREATE OR REPLACE TEMP TABLE connections AS
WITH joined AS (
    SELECT o.*, m.connection, line_at(input_id, line) AS spot,
        CASE WHEN counter IS NOT NULL THEN place_of(format, vantage) END AS place
    FROM once o JOIN membership m USING (obs)
),
summed AS (
SELECT
    connection, min(format) AS format, min(family) AS family,
    bool_or(session IS NOT NULL) AS keyed,
    first_stated(spot, counter, bytes_up) AS first_place, last_stated(spot, counter, bytes_up) AS last_place,
    min(place) <> max(place) AS several_places,
    count(*) AS records,
    min(ts_ns) AS start_ns, max(coalesce(end_ns, ts_ns)) AS end_ns,
    arg_min(client_ip, obs) AS client_ip, arg_min(client_port, obs) AS client_port,
    arg_min(server_ip, obs) AS server_ip, arg_min(server_port, obs) AS server_port,
    coalesce(arg_min(proto, obs), 'tcp') AS proto, arg_min(app, obs) AS app,
    amount_of(bytes_up, counter) AS bytes_up,
    amount_of(bytes_down, counter) AS bytes_down,
    amount_of(pkts_up, counter) AS pkts_up,
    amount_of(pkts_down, counter) AS pkts_down,
    max(missed_bytes) AS missed_bytes, max(bytes_kind) AS bytes_kind,
    bool_or(counter = 'sampled') AS sampled,
    -- A connection that was allowed once was not denied.
    min(action) AS action, arg_min(rule, obs) AS rule, arg_min(process, obs) AS process
FROM joined GROUP BY connection
)
SELECT *, CASE WHEN bytes_up IS NULL AND bytes_down IS NULL THEN 4 WHEN sampled THEN 3
    WHEN bytes_kind = 'payload' THEN 1 ELSE 2 END AS grade
FROM summed;

-- Few connections are seen from several places; only theirs are added up again.
UPDATE connections AS c SET
    bytes_up = b.up.bytes, pkts_up = b.up.pkts, bytes_down = b.down.bytes, pkts_down = b.down.pkts,
    first_place = -b.up.before, last_place = b.up.last
FROM (
    SELECT connection,
        max({counts: coalesce(bytes_up, -1), before: -first_place, last: last_place, bytes: bytes_up,
            pkts: pkts_up}) AS up,
        max({counts: coalesce(bytes_down, -1), before: -first_place, bytes: bytes_down,
            pkts: pkts_down}) AS down
    FROM (
        SELECT m.connection, place_of(format, vantage) AS place,
            amount_of(bytes_up, counter) AS bytes_up, amount_of(bytes_down, counter) AS bytes_down,
            amount_of(pkts_up, counter) AS pkts_up, amount_of(pkts_down, counter) AS pkts_down,
            first_stated(line_at(input_id, line), counter, bytes_up) AS first_place,
            last_stated(line_at(input_id, line), counter, bytes_up) AS last_place
        FROM once o JOIN membership m USING (obs)
        WHERE o.counter IS NOT NULL
            AND m.connection IN (SELECT connection FROM connections WHERE several_places)
        GROUP BY m.connection, place_of(format, vantage)
    )
    GROUP BY connection
) AS b WHERE b.connection = c.connection;

CREATE OR REPLACE TEMP TABLE bare AS
SELECT * FROM once WHERE kind <> 'dns' AND session IS NULL AND counter IS NULL
    AND begins IS DISTINCT FROM true;
