-- The captured conversations of each finding that its evidence does not list (`shown`, evidence.sql), a text each:
-- protocol, originator, responder, times of the first and the last packet, input, first packet.
SELECT
    c.finding,
    list(concat_ws(' ', s.proto,
        CASE WHEN contains(s.agent_ip, ':') THEN '[' || s.agent_ip || ']' ELSE s.agent_ip END || ':' || s.agent_port,
        CASE WHEN contains(s.resp_ip, ':') THEN '[' || s.resp_ip || ']' ELSE s.resp_ip END || ':' || s.resp_port,
        s.start_ns, s.end_ns, s.input_id, s.first_packet) ORDER BY s.start_ns, s.flow_id) AS conversations
FROM accused AS c
JOIN all_seen AS s ON s.flow_id = c.flow_id
WHERE c.place = 0 AND s.flow_id >= 0 AND s.orientation IS DISTINCT FROM 'log' AND s.first_packet IS NOT NULL
    AND (c.finding, c.flow_id) NOT IN (SELECT finding, flow_id FROM shown)
GROUP BY c.finding;
