-- One step of the join: connections of grade $1 that format $2 states, found in better sources, and in sources of
-- the same grade that had their turn before.
--
-- Equal: client address and port, server port, protocol; server address where both state one (between two
-- that count alike, both do). The
-- later source may lie up to five minutes outside of the conversation (clocks differ, a firewall logs when
-- a connection opens, a flow log when its window closes). A port is used again: of several
-- conversations that fit, the one in whose time the line lies, else the nearest, counts. What was counted is not
-- given away lightly: of several connections of one log, those more than a minute outside of a conversation
-- are others, but for the nearest.
INSERT INTO found
WITH candidates AS (
    SELECT c.connection, t.target, t.source, c.format, c.grade,
        c.server_ip IS NOT NULL AND t.resp_ip IS NOT NULL AS by_address,
        greatest(t.start_ns - c.start_ns, c.start_ns - t.end_ns, 0) AS outside,
        abs(c.start_ns - t.start_ns) AS apart
    FROM connections c
    JOIN targets t ON t.orig_ip = c.client_ip AND t.orig_port = c.client_port
        AND t.resp_port = c.server_port AND t.proto = c.proto
    WHERE c.grade = $1 AND c.format = $2
        AND (t.grade < $1 OR t.grade = $1 AND t.source <> c.format AND c.server_ip = t.resp_ip)
        -- Two keys of one device are two connections, whatever else is equal.
        AND NOT (c.keyed AND t.source = c.format)
        AND (c.server_ip IS NULL OR t.resp_ip IS NULL OR c.server_ip = t.resp_ip)
        AND c.start_ns BETWEEN t.start_ns - 300000000000 AND t.end_ns + 300000000000
),
chosen AS (
    SELECT *, count(*) OVER (PARTITION BY connection) > 1 AS ambiguous
    FROM candidates
    QUALIFY row_number() OVER (PARTITION BY connection ORDER BY outside, apart, target) = 1
)
SELECT connection, target, source, by_address, ambiguous
FROM chosen
QUALIFY grade = 4 OR outside <= 60000000000
    OR row_number() OVER (PARTITION BY target, format ORDER BY outside, apart, connection) = 1;

INSERT INTO targets
SELECT -connection, format, grade, client_ip, client_port, server_ip, server_port, proto, start_ns,
    end_ns
FROM connections
WHERE grade = $1 AND format = $2 AND $1 < 4 AND connection NOT IN (SELECT connection FROM found);
