-- Observations of one source into connections: `membership`.
--
-- Rows of one connection together: with the device's own key (`session`) by that and the addresses; deltas of
-- one 5-tuple until a gap of 15 minutes or its next beginning. A connection begins where the place of its first
-- row says so (`place_of`: two interfaces, or two kinds of flow logs, may have seen the same packets); the others
-- say it again. `sensor` is for sensors.sql.
-- Rows with neither a key nor counters (`bare`) are a connection each; what becomes of them, say join.sql and
-- contacts.sql.

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
    run) AS connection, NULL::UBIGINT AS sensor
FROM run;

CREATE OR REPLACE TEMP VIEW bare AS
SELECT * FROM once WHERE kind <> 'dns' AND session IS NULL AND counter IS NULL
    AND begins IS DISTINCT FROM true;
