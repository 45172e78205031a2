-- What each flow's name is and how well it is known (`judged`), and what its requests say (`requests`):
-- one row per flow each, for attribute.sql.

CREATE OR REPLACE TEMP TABLE requests AS
SELECT flow_id, coalesce(sum(greatest(head_bytes, 0)), 0) AS head_bytes,
    count(*) FILTER (method IN ('PUT', 'POST', 'PATCH')) AS writes,
    -- Body bytes that were sent, chunked or not. A Content-Length alone (a log) is the sender's
    -- word: what it claims may exceed any integer.
    least(sum(greatest(coalesce(body_bytes, content_length), 0))
        FILTER (method IN ('PUT', 'POST', 'PATCH')), 9223372036854775807) AS announced_bytes,
    count(*) FILTER (method IN ('PUT', 'POST', 'PATCH')
        AND body_bytes IS NULL AND content_length IS NULL) AS unsized,
    arg_min(
        method || ' ' || coalesce(target, '?')
            || CASE WHEN l.flow_id IS NULL THEN ' (packet ' ELSE ' (line ' END || packet || ')'
            || CASE WHEN status >= 400 THEN ', refused with ' || status
                WHEN status IS NOT NULL THEN ', answered ' || status ELSE '' END,
        (ts_ns, packet, method, coalesce(target, ''))
    ) FILTER (method IN ('PUT', 'POST', 'PATCH')) AS write_line,
    bool_or(method = 'CONNECT') AS tunnel,
    sum(greatest(body_bytes, 0)) AS counted_bytes,
    count(*) FILTER (body_bytes IS NULL) AS uncounted
FROM http LEFT JOIN (SELECT flow_id FROM flows WHERE orientation = 'log') l USING (flow_id)
GROUP BY flow_id;

CREATE OR REPLACE TEMP TABLE judged AS
SELECT v.flow_id, v.agent, v.target_addr, coalesce(v.target_scope, v.scope) AS scope,
    coalesce(c.endpoint, v.announced, r.name) AS endpoint,
    coalesce(c.claimed_name, v.claimed_name) AS claimed_name,
    coalesce(c.contradiction, v.contradiction) AS contradiction,
    CASE
        WHEN c.flow_id IS NOT NULL THEN 'A4'
        WHEN v.announced IS NOT NULL AND v.source NOT IN ('sni', 'log_fqdn') THEN 'A1'
        WHEN v.announced IS NOT NULL AND k.flow_id IS NOT NULL THEN 'A2'
        WHEN v.announced IS NOT NULL THEN 'A3'
        WHEN r.by_own THEN 'A4'
        WHEN r.name IS NOT NULL OR m.service IS NOT NULL THEN 'A5'
        ELSE 'A6'
    END AS name_grade,
    CASE WHEN c.flow_id IS NULL AND v.announced IS NOT NULL THEN v.source
        WHEN c.flow_id IS NOT NULL THEN 'dns' WHEN r.noted THEN 'nrb'
        WHEN r.name IS NOT NULL THEN 'dns' END AS name_source,
    coalesce(r.others, 0) AS ambiguous_names,
    CASE WHEN v.via_proxy THEN 'client' END AS proxy_leg,
    v.ech = 'offered' AND v.sni = coalesce(c.endpoint, v.announced) AS ech_name,
    -- What an address means by itself counts only where no name speaks.
    CASE WHEN coalesce(c.endpoint, v.announced, r.name) IS NULL THEN m.addr END AS known_addr
FROM voiced v
LEFT JOIN confirmed k ON k.flow_id = v.flow_id
LEFT JOIN contradictions c ON c.flow_id = v.flow_id
LEFT JOIN resolved r ON r.flow_id = v.flow_id
LEFT JOIN address_matches m ON m.addr = coalesce(v.target_addr, v.resp_ip);

-- The widest step comes next: what it does not read makes room for it.
DROP TABLE voiced;
DROP TABLE told;
DROP TABLE confirmed;
DROP TABLE sought;
DROP TABLE fitting;
DROP TABLE claims;
DROP TABLE bound;
DROP TABLE contradictions;
DROP TABLE resolved;
DELETE FROM attributed;
