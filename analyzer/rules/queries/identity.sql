-- Who and what a finding is about. A role comes from the flows to the endpoint itself; where the
-- finding is about another name (a registry whose layers came from elsewhere, a domain whose names a
-- resolver was asked for), from that name.
SELECT
    s.finding,
    s.stream,
    s.agent,
    s.endpoint,
    s.address,
    list(DISTINCT j.agent_ip ORDER BY j.agent_ip) AS agent_addresses,
    coalesce(list(DISTINCT j.resp_ip ORDER BY j.resp_ip) FILTER (WHERE j.resp_ip IS NOT NULL), [])
        AS addresses,
    coalesce(
        min(j.role) FILTER (WHERE j.endpoint IS NOT DISTINCT FROM s.endpoint),
        min(e.role), 'unknown'
    ) AS role,
    coalesce(
        min(j.ownership) FILTER (WHERE j.endpoint IS NOT DISTINCT FROM s.endpoint),
        min(e.ownership), 'unknown'
    ) AS ownership,
    coalesce(
        min(j.service) FILTER (WHERE j.endpoint IS NOT DISTINCT FROM s.endpoint), min(e.service)
    ) AS service,
    coalesce(
        min(j.owner) FILTER (WHERE j.endpoint IS NOT DISTINCT FROM s.endpoint), min(e.owner)
    ) AS owner,
    list(DISTINCT j.technique ORDER BY j.technique)
        FILTER (WHERE j.technique IS NOT NULL) AS techniques
FROM accusations AS s
JOIN accused AS c ON c.finding = s.finding AND c.place = 0
JOIN accused_flows AS j ON j.flow_id = c.flow_id
LEFT JOIN endpoints AS e ON e.name = s.endpoint
GROUP BY s.finding, s.stream, s.agent, s.endpoint, s.address
ORDER BY s.finding;
