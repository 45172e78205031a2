-- Observations of one source into connections: `membership`.
--
-- Rows of one connection together: with the device's own key (`session`) by that and the addresses; deltas of
-- one 5-tuple until a gap of 15 minutes or its next beginning. A connection begins where the place of its first
-- row says so (`place_of`: two interfaces, or two kinds of flow logs, may have seen the same packets); the others
-- say it again. `sensor` is for sensors.sql.
-- Sorting all rows by their keys is what would take longest, and few need it. A hash of the key tells those that
-- share it with no other row, or that are a connection each whatever they share (`alone`), and the rows of one
-- key of a device within a day (`near`), of which one comparison each tells that their keys are equal and not
-- only the hashes. The rest is sorted.
-- Rows with neither a key nor counters (`bare`) are a connection each; what becomes of them, say join.sql and
-- contacts.sql.

CREATE OR REPLACE TEMP TABLE keyed AS
SELECT obs, ts_ns, session IS NOT NULL AS keyed, session IS NULL AND coalesce(counter = 'total', false) AS each,
    hash(family, session, client_ip, client_port, server_ip, server_port,
        CASE WHEN session IS NULL THEN proto END) AS key
FROM once WHERE kind <> 'dns' AND (session IS NOT NULL OR counter IS NOT NULL OR begins);

CREATE OR REPLACE TEMP TABLE shared AS
SELECT key, min(obs) AS connection, bool_and(keyed) AND max(ts_ns) - min(ts_ns) <= 86400000000000 AS near
FROM keyed GROUP BY key HAVING count(*) > 1 AND NOT bool_and(each);

CREATE OR REPLACE TEMP TABLE near AS
SELECT k.obs, k.key, g.connection, o.family = f.family AND o.session = f.session
    AND o.client_ip IS NOT DISTINCT FROM f.client_ip AND o.client_port IS NOT DISTINCT FROM f.client_port
    AND o.server_ip IS NOT DISTINCT FROM f.server_ip AND o.server_port IS NOT DISTINCT FROM f.server_port AS equal
FROM keyed k JOIN shared g USING (key) JOIN once o USING (obs) JOIN once f ON f.obs = g.connection
WHERE g.near;

CREATE OR REPLACE TEMP TABLE sorted AS
SELECT key FROM shared WHERE NOT near UNION SELECT key FROM near WHERE NOT equal;

CREATE OR REPLACE TEMP TABLE membership AS
WITH grouped AS (
    SELECT obs, ts_ns, begins, session, counter, action, family, place_of(format, vantage) AS place,
        coalesce(session, '') AS s, client_ip, client_port, server_ip, server_port,
        CASE WHEN session IS NULL THEN proto END AS p
    FROM once WHERE obs IN (SELECT obs FROM keyed SEMI JOIN sorted USING (key))
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
    run) AS connection, false AS alone, NULL::UBIGINT AS sensor
FROM run
UNION ALL
SELECT obs, connection, false, NULL FROM near ANTI JOIN sorted USING (key)
UNION ALL
SELECT obs, obs, true, NULL FROM keyed ANTI JOIN shared USING (key);

DROP TABLE keyed;
DROP TABLE shared;
DROP TABLE near;
DROP TABLE sorted;

CREATE OR REPLACE TEMP VIEW bare AS
SELECT * FROM once WHERE kind <> 'dns' AND session IS NULL AND counter IS NULL
    AND begins IS DISTINCT FROM true;
