-- One row per agent and endpoint (or bare address), with the findings about it.
SELECT
    a.agent,
    a.endpoint,
    coalesce(list(DISTINCT a.resp_ip ORDER BY a.resp_ip) FILTER (WHERE a.resp_ip IS NOT NULL), [])
        [1:20] AS addresses,
    min(a.service) AS service,
    min(a.role) AS role,
    min(a.owner) AS owner,
    min(a.ownership) AS ownership,
    min(a.name_grade) AS name_grade,
    count(*) AS flows,
    sum(a.orig_bytes)::BIGINT AS orig_bytes,
    sum(a.resp_bytes)::BIGINT AS resp_bytes,
    sum(a.upload_turns)::BIGINT AS upload_turns,
    sum(a.upload_app_bytes)::BIGINT AS uploaded,
    list(DISTINCT c.finding ORDER BY c.finding) FILTER (WHERE c.finding IS NOT NULL) AS findings
FROM (
    SELECT *, CASE WHEN endpoint IS NULL THEN resp_ip END AS address
    FROM attributed
    WHERE proxy_leg IS DISTINCT FROM 'upstream'
) AS a
LEFT JOIN accused AS c ON c.flow_id = a.flow_id AND c.place = 0
GROUP BY a.agent, a.endpoint, a.address
ORDER BY
    uploaded DESC NULLS LAST, orig_bytes DESC NULLS LAST, a.agent,
    a.endpoint NULLS LAST, a.address NULLS LAST;
