-- A user delegation signature names the tenant that issued it (sktid): another one than ours is the
-- hardest proof there is, whatever rule made the finding.
UPDATE hits SET modifiers = list_append(modifiers, 'foreign-tenant')
WHERE stream = 'exfiltration' AND hit IN (
    SELECT h.hit
    FROM (SELECT hit, unnest(flow_ids) AS flow_id FROM hits) AS h
    JOIN http AS r ON r.flow_id = h.flow_id
    WHERE lower(regexp_extract(r.target, '(?i)[?&]sktid=([0-9a-f-]{36})(?:[&#]|$)', 1))
        NOT IN ('', getvariable('tenant'))
);

-- Of DNS messages only those that carry a finding become rows. The name was read in clear, so far as the
-- look-up is concerned; there are no bytes to count.
INSERT INTO looked_up BY NAME
WITH named AS (
    SELECT DISTINCT unnest(flow_ids) AS flow_id FROM hits WHERE flow_ids[1] < 0
)
SELECT n.flow_id, d.input_id, coalesce(c.agent, d.client_ip) AS agent, d.client_ip AS agent_ip,
    d.server_ip AS resp_ip, 53 AS resp_port, coalesce(d.transport, 'udp') AS proto, 'dns' AS app,
    coalesce(s.scope, 'unknown') AS scope, d.ts_ns AS start_ns, d.ts_ns AS end_ns,
    d.qname AS endpoint, 'A1' AS name_grade, 'dns' AS name_source, 0 AS ambiguous_names,
    false AS name_hidden, e.service, coalesce(e.role, 'unknown') AS role, e.owner,
    coalesce(e.ownership, 'unknown') AS ownership, e.direction, e.imitates, false AS has_turns,
    0 AS write_requests, d.packet AS first_packet, d.packet AS last_packet,
    CASE WHEN split_part(i.format, '+', 1) NOT IN ('pcap', 'pcapng') THEN 'log' END AS orientation
FROM named AS n
JOIN dns AS d ON d.dns_id = -1 - n.flow_id
LEFT JOIN addresses AS c ON c.addr = d.client_ip
LEFT JOIN addresses AS s ON s.addr = d.server_ip
LEFT JOIN endpoints AS e ON e.name = d.qname
LEFT JOIN inputs AS i ON i.input_id = d.input_id
WHERE n.flow_id < 0;

-- One finding per (stream, agent, endpoint or address): the hits of all rules meet here.
-- `accused` has each finding's flows per rule (place 1, 2, ...) and once over all rules (place 0).
CREATE OR REPLACE TEMP TABLE accused_hits AS
SELECT
    h.hit, h.rule, h.place, h.stream, h.agent, h.endpoint,
    CASE WHEN h.endpoint IS NULL THEN a.resp_ip END AS address,
    h.flow_id
FROM (SELECT hit, rule, place, stream, agent, endpoint, unnest(flow_ids) AS flow_id FROM hits) AS h
JOIN (
    SELECT flow_id, resp_ip FROM attributed UNION ALL SELECT flow_id, resp_ip FROM looked_up
) AS a ON a.flow_id = h.flow_id;

CREATE OR REPLACE TEMP TABLE accusations AS
SELECT
    row_number() OVER (
        ORDER BY stream, agent, endpoint NULLS LAST, address NULLS LAST
    ) AS finding,
    stream, agent, endpoint, address
FROM (SELECT DISTINCT stream, agent, endpoint, address FROM accused_hits);

CREATE OR REPLACE TEMP TABLE accused AS
SELECT DISTINCT s.finding, h.place, h.rule, h.hit, h.flow_id
FROM accused_hits AS h
JOIN accusations AS s
    ON s.stream = h.stream
    AND s.agent = h.agent
    AND s.endpoint IS NOT DISTINCT FROM h.endpoint
    AND s.address IS NOT DISTINCT FROM h.address;

INSERT INTO accused SELECT DISTINCT finding, 0, NULL, NULL, flow_id FROM accused;

CREATE OR REPLACE TEMP TABLE accused_flows AS
SELECT
    -- Not all columns: a log may have millions of flows to one endpoint.
    a.flow_id, a.input_id, a.agent_ip, a.resp_ip, a.start_ns, a.end_ns, a.endpoint, a.name_grade,
    a.name_hidden, a.ambiguous_names, a.service, a.role, a.owner, a.ownership, a.technique,
    a.has_turns, a.orig_bytes, a.resp_bytes, a.orig_missed_bytes, a.upload_turns, a.upload_bytes,
    a.small_turns, a.small_bytes, a.write_requests, a.write_bytes, a.write_line,
    a.direction_evidence, a.action, a.orientation, a.bytes_grade, a.uploaded
FROM all_seen AS a
WHERE a.flow_id IN (SELECT flow_id FROM accused);
