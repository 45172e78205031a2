-- At most 50 flows per finding, largest upload first; fewer, but at least one, where findings are
-- so many that the document would pass 10,000 flows.
CREATE OR REPLACE TEMP TABLE shown AS
WITH placed AS (
    SELECT
        c.finding, j.flow_id, j.uploaded,
        row_number() OVER (
            PARTITION BY c.finding
            ORDER BY coalesce(j.uploaded, 0) DESC, coalesce(j.orig_bytes, 0) DESC,
                abs(j.flow_id)
        ) AS place
    FROM accused AS c
    JOIN accused_flows AS j ON j.flow_id = c.flow_id
    WHERE c.place = 0
),
first AS (
    SELECT * FROM placed
    WHERE place <= greatest(1, least(50, 10000 // (SELECT greatest(count(*), 1) FROM accusations)))
)
SELECT p.finding, p.place, s.*
FROM first AS p
JOIN all_seen AS s ON s.flow_id = p.flow_id;

-- The same two ports in another conversation: only a time range tells the two apart.
CREATE OR REPLACE TEMP TABLE reused AS
SELECT DISTINCT flow_id FROM (
    SELECT s.flow_id
    FROM shown AS s
    JOIN attributed AS a
        ON a.proto = s.proto AND a.agent_ip = s.agent_ip AND a.agent_port = s.agent_port
        AND a.resp_ip = s.resp_ip AND a.resp_port = s.resp_port
    WHERE a.flow_id <> s.flow_id
    UNION ALL
    SELECT s.flow_id
    FROM shown AS s
    JOIN attributed AS a
        ON a.proto = s.proto AND a.agent_ip = s.resp_ip AND a.agent_port = s.resp_port
        AND a.resp_ip = s.agent_ip AND a.resp_port = s.agent_port
    WHERE a.flow_id <> s.flow_id
);

CREATE OR REPLACE TEMP TABLE chains AS
SELECT s.finding, s.flow_id, min(n.chain) AS chain
FROM shown AS s
JOIN names AS n
    ON n.kind = 'dns' AND n.name = s.endpoint AND n.addr = s.resp_ip AND n.chain IS NOT NULL
WHERE s.flow_id >= 0
GROUP BY s.finding, s.flow_id
UNION ALL
-- A look-up's own answers.
SELECT s.finding, s.flow_id, min(coalesce(n.chain, n.name)) || ': '
    || array_to_string(list(DISTINCT n.addr ORDER BY n.addr)[1:8], ', ') AS chain
FROM shown AS s
JOIN names AS n
    ON n.kind = 'dns' AND n.input_id = s.input_id AND n.packet = s.first_packet
    AND n.name = s.endpoint AND n.addr IS NOT NULL
WHERE s.flow_id < 0
GROUP BY s.finding, s.flow_id;

-- The first line of a log that names a flow: its own, or one that was joined to it.
CREATE OR REPLACE TEMP TABLE told_by AS
WITH logs AS (
    SELECT input_id FROM inputs WHERE split_part(format, '+', 1) NOT IN ('pcap', 'pcapng')
),
lines AS (
    SELECT n.flow_id, n.input_id, n.packet AS line
    FROM names AS n JOIN logs USING (input_id) WHERE n.packet IS NOT NULL
    UNION ALL
    SELECT h.flow_id, h.input_id, h.packet
    FROM http AS h JOIN logs USING (input_id) WHERE h.packet IS NOT NULL
)
SELECT l.flow_id, min((l.input_id, l.line)) AS place
FROM lines AS l
WHERE l.flow_id IN (SELECT flow_id FROM shown)
GROUP BY l.flow_id;

SELECT
    s.finding, s.flow_id, s.community_id, s.input_id, s.first_packet, s.last_packet,
    s.start_ns, s.end_ns, s.proto, s.agent_ip, s.agent_port, s.resp_ip, s.resp_port,
    s.endpoint, s.claimed_name, s.name_source, s.orig_bytes, s.resp_bytes, s.uploaded,
    s.upload_turns, s.upload_bytes, s.small_turns, s.small_bytes, s.write_line, s.contradiction,
    s.ambiguous_names, s.proxy_leg, s.name_hidden, s.write_requests > 0 AS writes, s.write_requests,
    coalesce(f.duplicate_pkts, 0) > 0 AS duplicates,
    f.encapsulation IS NOT NULL AS tunnelled, f.encapsulation, f.outer_orig_ip, f.outer_resp_ip,
    s.flow_id IN (SELECT flow_id FROM reused) AS reused,
    s.orientation IS NOT DISTINCT FROM 'log' AS logged,
    CASE WHEN s.orientation = 'log' THEN s.input_id ELSE t.place[1] END AS log_input,
    CASE WHEN s.orientation = 'log' THEN s.first_packet ELSE t.place[2] END AS log_line,
    CASE WHEN s.orientation = 'log' THEN s.last_packet ELSE t.place[2] END AS log_last_line,
    CASE WHEN s.orientation = 'log' AND t.place[1] = s.input_id THEN t.place[2] END AS name_line,
    CASE WHEN s.orientation = 'log' AND t.place[1] <> s.input_id THEN t.place[1] END AS named_input,
    CASE WHEN s.orientation = 'log' AND t.place[1] <> s.input_id THEN t.place[2] END AS named_line,
    f.records, f.action, f.rule, f.process, s.bytes_grade,
    NOT s.has_turns AND s.upload_bytes IS NOT NULL AS counted,
    c.chain
FROM shown AS s
LEFT JOIN flows AS f ON f.flow_id = s.flow_id
LEFT JOIN told_by AS t ON t.flow_id = s.flow_id
LEFT JOIN chains AS c ON c.finding = s.finding AND c.flow_id = s.flow_id
ORDER BY s.finding, s.place;
