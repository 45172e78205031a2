-- How many uploaded (or, without uploads, sent) bytes each name grade stands behind. The outer
-- name of an encrypted hello names nobody.
SELECT
    c.finding,
    CASE WHEN j.name_hidden THEN 'A6' ELSE j.name_grade END AS name_grade,
    sum(coalesce(j.uploaded, 0))::BIGINT AS uploaded,
    sum(coalesce(j.orig_bytes, 0))::BIGINT AS sent
FROM accused AS c
JOIN accused_flows AS j ON j.flow_id = c.flow_id
WHERE c.place = 0
GROUP BY c.finding, CASE WHEN j.name_hidden THEN 'A6' ELSE j.name_grade END
ORDER BY c.finding, uploaded DESC, sent DESC, name_grade;
