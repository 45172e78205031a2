-- Every contact, with the findings about it.
SELECT r.* REPLACE (r.addresses[1:20] AS addresses), f.findings
FROM reached AS r
LEFT JOIN (
    SELECT a.agent, a.endpoint, CASE WHEN a.endpoint IS NULL THEN a.resp_ip END AS address,
        list(DISTINCT c.finding ORDER BY c.finding) AS findings
    FROM accused AS c JOIN attributed AS a ON a.flow_id = c.flow_id
    WHERE c.place = 0
    GROUP BY ALL
) AS f
    ON f.agent = r.agent AND f.endpoint IS NOT DISTINCT FROM r.endpoint
    AND f.address IS NOT DISTINCT FROM r.address
ORDER BY
    r.uploaded DESC NULLS LAST, r.orig_bytes DESC NULLS LAST, r.agent,
    r.endpoint NULLS LAST, r.address NULLS LAST;
