-- What was counted of each connection: `connections`.
--
-- Counters: totals and deltas add up, of cumulative ones the largest counts: at each place that counted
-- (`place_of`, or a sensor); of several places the one that counted most counts, for each direction.
-- `first_place` and `last_place` are the lines that state the bytes: those with counters, of a cumulative
-- counter the one that counts, of several places those of the one that counted most upwards. They are
-- input and line in one number, so the smallest is the first.

-- The texts of a connection are those of its first row, whose number it has: texts in the states of an
-- aggregate cannot leave memory. A step at a time, so that each has all of it.
CREATE OR REPLACE TEMP TABLE summed AS
WITH joined AS (
    SELECT o.*, m.connection, line_at(input_id, line) AS spot,
        CASE WHEN counter IS NOT NULL THEN coalesce(m.sensor, place_of(format, vantage)) END AS place
    FROM once o JOIN membership m USING (obs) WHERE NOT m.alone
)
SELECT
    connection, min(code) AS code,
    bool_or(session IS NOT NULL) AS keyed,
    first_stated(spot, counter, bytes_up) AS first_place, last_stated(spot, counter, bytes_up) AS last_place,
    min(place) <> max(place) AS several_places,
    count(*) AS records,
    min(ts_ns) AS start_ns, max(coalesce(end_ns, ts_ns)) AS end_ns,
    amount_of(bytes_up, counter) AS bytes_up,
    amount_of(bytes_down, counter) AS bytes_down,
    amount_of(pkts_up, counter) AS pkts_up,
    amount_of(pkts_down, counter) AS pkts_down,
    max(missed_bytes) AS missed_bytes, max(bytes_kind) AS bytes_kind,
    bool_or(counter = 'sampled') AS sampled,
    -- A connection that was allowed once was not denied.
    min(action) AS action,
    bool_or(proto IS NOT NULL) AS has_proto, bool_or(app IS NOT NULL) AS has_app,
    bool_or(rule IS NOT NULL) AS has_rule, bool_or(process IS NOT NULL) AS has_process
FROM joined GROUP BY connection;

CREATE OR REPLACE TEMP TABLE connections AS
SELECT s.* EXCLUDE (code, has_proto, has_app, has_rule, has_process), a.format, a.family,
    f.client_ip, f.client_port, f.server_ip, f.server_port,
    CASE WHEN s.has_proto THEN f.proto ELSE 'tcp' END AS proto, f.app, f.rule, f.process,
    s.has_proto AND f.proto IS NULL OR s.has_app AND f.app IS NULL OR s.has_rule AND f.rule IS NULL
        OR s.has_process AND f.process IS NULL AS later,
    CASE WHEN s.bytes_up IS NULL AND s.bytes_down IS NULL THEN 4 WHEN sampled THEN 3
        WHEN s.bytes_kind = 'payload' THEN 1 ELSE 2 END AS grade
FROM summed s JOIN once f ON f.obs = s.connection JOIN any_family a ON a.code = s.code;

DROP TABLE summed;

-- A row that is alone is its connection: there is nothing to add up.
INSERT INTO connections BY NAME
SELECT obs AS connection, session IS NOT NULL AS keyed, line_at(input_id, line) AS first_place,
    line_at(input_id, line) AS last_place, 1 AS records, ts_ns AS start_ns, coalesce(end_ns, ts_ns) AS end_ns,
    counted_bytes(bytes_up, NULL) AS bytes_up, counted_bytes(bytes_down, NULL) AS bytes_down,
    counted_bytes(pkts_up, NULL) AS pkts_up, counted_bytes(pkts_down, NULL) AS pkts_down, missed_bytes, bytes_kind,
    counter = 'sampled' AS sampled, action, o.format, o.family, client_ip, client_port, server_ip, server_port,
    coalesce(proto, 'tcp') AS proto, app, rule, process, false AS later,
    CASE WHEN bytes_up IS NULL AND bytes_down IS NULL THEN 4 WHEN counter = 'sampled' THEN 3
        WHEN bytes_kind = 'payload' THEN 1 ELSE 2 END AS grade
FROM once o WHERE obs IN (SELECT obs FROM membership WHERE alone);

-- What its first row does not say, the first one that does.
UPDATE connections AS c SET proto = coalesce(c.proto, b.proto), app = coalesce(c.app, b.app),
    rule = coalesce(c.rule, b.rule), process = coalesce(c.process, b.process)
FROM (
    SELECT m.connection, arg_min(proto, obs) AS proto, arg_min(app, obs) AS app, arg_min(rule, obs) AS rule,
        arg_min(process, obs) AS process
    FROM once JOIN membership m USING (obs)
    WHERE m.connection IN (SELECT connection FROM connections WHERE later)
    GROUP BY m.connection
) AS b WHERE b.connection = c.connection AND c.later;

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
        SELECT m.connection, coalesce(m.sensor, place_of(format, vantage)) AS place,
            amount_of(bytes_up, counter) AS bytes_up, amount_of(bytes_down, counter) AS bytes_down,
            amount_of(pkts_up, counter) AS pkts_up, amount_of(pkts_down, counter) AS pkts_down,
            first_stated(line_at(input_id, line), counter, bytes_up) AS first_place,
            last_stated(line_at(input_id, line), counter, bytes_up) AS last_place
        FROM once o JOIN membership m USING (obs)
        WHERE o.counter IS NOT NULL
            AND m.connection IN (SELECT connection FROM connections WHERE several_places)
        GROUP BY ALL
    )
    GROUP BY connection
) AS b WHERE b.connection = c.connection;
