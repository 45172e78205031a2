-- Connections that two sensors counted, each under its own key: two Zeeks or Suricatas on one way. `membership`
-- makes one connection of them; `sensor` keeps apart what each counted.
--
-- Key: all addresses and ports and the protocol, which is what a Community ID is made of. Window: they overlap, or
-- lie within two seconds (clocks): on the wire a 5-tuple is one connection at a time, so a port that is used
-- again begins behind the end of the connection before. Where every sensor saw several in such a stretch (a port
-- used again at once), the first belong together, then the second. Otherwise one of them cut a connection in
-- pieces, which add up.
-- A sensor is a format, an input and a place that the lines name.

CREATE OR REPLACE TEMP TABLE spans AS
WITH counted AS (
    SELECT m.connection, min(o.code) AS code,
        hash(min(o.code), min(o.input_id), min(hash(o.vantage)) FILTER (o.vantage IS NOT NULL)) AS sensor,
        CASE WHEN bool_or(o.bytes_kind = 'payload') THEN 1 ELSE 2 END AS grade,
        min(o.ts_ns) AS start_ns, max(coalesce(o.end_ns, o.ts_ns)) AS end_ns
    FROM once o JOIN membership m USING (obs)
    WHERE o.session IS NOT NULL
    GROUP BY m.connection
    HAVING bool_or(o.counter IN ('total', 'cumulative'))
)
SELECT c.*, f.client_ip, f.client_port, f.server_ip, f.server_port, coalesce(f.proto, 'tcp') AS proto
FROM counted c JOIN once f ON f.obs = c.connection;

CREATE OR REPLACE TEMP TABLE twins AS
WITH shared AS (
    SELECT * FROM spans
    WHERE client_ip IS NOT NULL AND client_port IS NOT NULL AND server_ip IS NOT NULL
        AND server_port IS NOT NULL
    WINDOW whole AS (PARTITION BY grade, client_ip, client_port, server_ip, server_port, proto)
    QUALIFY min(sensor) OVER whole <> max(sensor) OVER whole
),
marked AS (
    SELECT *, CASE WHEN start_ns <= 2000000000 + max(end_ns) OVER (
            PARTITION BY grade, client_ip, client_port, server_ip, server_port, proto
            ORDER BY start_ns, connection ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
        THEN 0 ELSE 1 END AS starts
    FROM shared
),
run AS (
    SELECT *, sum(starts) OVER (PARTITION BY grade, client_ip, client_port, server_ip, server_port, proto
        ORDER BY start_ns, connection ROWS UNBOUNDED PRECEDING) AS run
    FROM marked
),
sized AS (
    SELECT *, count(*) OVER each AS pieces, row_number() OVER (each ORDER BY start_ns, connection) AS nth
    FROM run
    WINDOW each AS (PARTITION BY grade, client_ip, client_port, server_ip, server_port, proto, run, sensor)
),
paired AS (
    SELECT *, max(pieces) OVER together AS most,
        CASE WHEN min(pieces) OVER together = max(pieces) OVER together THEN nth ELSE 0 END AS turn
    FROM sized
    WINDOW together AS (PARTITION BY grade, client_ip, client_port, server_ip, server_port, proto, run)
)
SELECT connection, sensor, code, min(connection) OVER one AS whole, most > 1 AS ambiguous
FROM paired
WINDOW one AS (PARTITION BY grade, client_ip, client_port, server_ip, server_port, proto, run, turn)
QUALIFY min(sensor) OVER one <> max(sensor) OVER one;

CREATE OR REPLACE TEMP TABLE membership AS
SELECT m.obs, coalesce(t.whole, m.connection) AS connection, m.alone AND t.whole IS NULL AS alone, t.sensor
FROM membership m LEFT JOIN twins t USING (connection);

INSERT INTO joins
SELECT a.format, b.format, 'client and server, address and port, protocol; another sensor', 2, 'high', count(*),
    count(*) FILTER (t.ambiguous), max(o.others)
FROM twins t JOIN twins w ON w.connection = t.whole JOIN any_family a ON a.code = t.code
    JOIN any_family b ON b.code = w.code JOIN (
        SELECT code, count(*) FILTER (connection NOT IN (SELECT connection FROM twins)) AS others
        FROM spans GROUP BY code
    ) o ON o.code = t.code
WHERE t.connection <> t.whole
GROUP BY a.format, b.format ORDER BY a.format, b.format;
