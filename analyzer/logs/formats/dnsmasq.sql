-- title = "dnsmasq query log, Pi-hole (log-queries, log-queries=extra)"
-- vendor = "https://thekelleys.org.uk/dnsmasq/docs/dnsmasq-man.html"
-- order = 63
-- view = "no byte counters: the resolver logs who asked for which name and what it was told"
-- claims = ["name asked for", "client address", "answers", "blocked by Pi-hole"]
-- cannot = ["the year and zone of its clock (--log-year, --log-timezone)", "bytes", "which of two clients that asked at once an answer was for, without log-queries=extra"]
-- others = "ignored"
-- neighbours = 16384
-- [[records]]
-- shape = "text"
-- pattern = '''(?:^|[ /])dnsmasq(?:\[[0-9]+\])?: (?:[0-9]+ [0-9a-fA-F.:]+/[0-9]+ )?[a-z/]'''
WITH parsed AS MATERIALIZED (
    SELECT line_no, line, outer_time, regexp_extract(line,
        'dnsmasq(?:\[([0-9]+)\])?: (?:([0-9]+) ([0-9a-fA-F.:]+)/([0-9]+) )?'
        || '(?:query\[(?:type=)?([^\]]+)\] (.+) from ([0-9a-fA-F.:]+)(?:%[^ ]*)? *$|(/[^ ]+|[a-z-]+(?: [a-z-]+)?) ([^ ]+) is (.+)$)',
        ['pid', 'serial', 'peer', 'peer_port', 'qtype', 'asked', 'client', 'verb', 'name', 'value']) AS p
    FROM records
), lines AS MATERIALIZED (
    SELECT line_no, p, p.asked <> '' AS is_query, concat_ws('#', p.pid, nullif(p.serial, '')) AS serial,
        CASE WHEN outer_time <> '' THEN zoned_ns(outer_time) ELSE syslog_ns(line) END AS ts_ns,
        CASE WHEN coalesce(outer_time, '') = '' THEN syslog_problem(line) END AS problem,
        trim(p.value) AS value
    -- What an address is called (PTR) says nothing about who was asked for.
    FROM parsed WHERE p.asked <> '' OR p.name <> '' AND NOT is_addr(p.name)
), replies AS (
    -- A run of answers, written at once: the name that was asked for, then whatever its CNAMEs lead to.
    SELECT * FROM (
        SELECT *, CASE WHEN NOT lag(is_query) OVER w
                AND (lag(value) OVER w = '<CNAME>' OR lag(p.name) OVER w = p.name) THEN 0 ELSE 1 END AS starts,
            lead(CASE WHEN NOT is_query THEN p.name END) OVER w AS following
        FROM (SELECT * FROM lines WHERE p.serial = '')
        WINDOW w AS (PARTITION BY p.pid ORDER BY line_no)
    ) WHERE NOT is_query
    UNION ALL
    SELECT *, CASE WHEN lag(line_no) OVER s IS NULL THEN 1 ELSE 0 END AS starts, lead(p.name) OVER s AS following
    FROM (SELECT * FROM lines WHERE NOT is_query AND p.serial <> '')
    WINDOW s AS (PARTITION BY serial ORDER BY line_no)
), numbered AS (
    SELECT *, sum(starts) OVER (PARTITION BY p.pid, p.serial ORDER BY line_no) AS run FROM replies
), runs AS (
    SELECT p.pid AS pid, p.serial AS serial_no, min(serial) AS serial, arg_min(p.name, line_no) AS name,
        min(line_no) AS line_no, min(ts_ns) AS ts_ns, min(problem) AS problem, min(p.peer) AS peer,
        min(p.peer_port) AS peer_port,
        arg_min(p.verb, line_no) AS verb,
        -- IPv4 or IPv6 tells which of two questions for one name it answers.
        max(CASE WHEN value LIKE '%:%' OR value = 'NODATA-IPv6' THEN 'AAAA'
            WHEN regexp_matches(value, '^[0-9.]+$') OR value = 'NODATA-IPv4' THEN 'A' END) AS family,
        max(CASE WHEN value IN ('NXDOMAIN', 'SERVFAIL', 'REFUSED') THEN value
            WHEN value LIKE 'NODATA%' THEN 'NOERROR' END) AS rcode,
        list({owner: p.name, type: CASE WHEN value = '<CNAME>' THEN 'CNAME' WHEN value LIKE '%:%' THEN 'AAAA'
                WHEN regexp_matches(value, '^[0-9]+([.][0-9]+){3}$') THEN 'A' ELSE 'PTR' END,
            value: CASE WHEN value = '<CNAME>' THEN following ELSE value END, ttl: NULL::BIGINT} ORDER BY line_no)
            FILTER (WHERE NOT regexp_matches(value, '^(NODATA.*|NXDOMAIN|SERVFAIL|REFUSED|<[A-Z0-9]+>)$')
                OR value = '<CNAME>' AND following IS NOT NULL) AS answers
    FROM numbered GROUP BY p.pid, p.serial, run
), queries AS (
    SELECT line_no, p.pid AS pid, p.serial AS serial_no, serial, p.asked AS name, p.qtype AS qtype,
        p.client AS client, nullif(p.peer_port, '') AS client_port, ts_ns, problem
    FROM lines WHERE is_query
), answered AS (
    SELECT r.line_no AS run_line, q.line_no AS query_line
    FROM (SELECT * FROM runs WHERE serial_no <> '') r JOIN (SELECT * FROM queries WHERE serial_no <> '') q
        ON q.serial = r.serial
    UNION ALL
    SELECT r.line_no, q.line_no
    FROM (SELECT * FROM runs WHERE serial_no = '' AND family IS NOT NULL) r
    ASOF JOIN (SELECT * FROM queries WHERE serial_no = '') q
        ON q.pid = r.pid AND q.name = r.name AND q.qtype = r.family AND r.line_no > q.line_no
    UNION ALL
    SELECT r.line_no, q.line_no
    FROM (SELECT * FROM runs WHERE serial_no = '' AND family IS NULL) r
    ASOF JOIN (SELECT * FROM queries WHERE serial_no = '') q
        ON q.pid = r.pid AND q.name = r.name AND r.line_no > q.line_no
), near AS (
    -- Whatever a block holds, a line is explained by its neighbours alone.
    SELECT * FROM answered WHERE run_line - query_line BETWEEN 0 AND 16384
), best AS (
    SELECT query_line, min(run_line) AS run_line FROM near GROUP BY query_line
), told AS (
    SELECT q.line_no AS line, 'dns' AS kind, q.ts_ns, q.client AS client_ip, q.client_port, 53 AS server_port,
        'dns' AS app, q.name, regexp_matches(r.verb, 'blocked|denied') AS blocked,
        q.qtype, r.line_no IS NOT NULL AS is_response, r.rcode, r.answers, r.verb, q.problem
    FROM queries q LEFT JOIN best b ON b.query_line = q.line_no LEFT JOIN runs r ON r.line_no = b.run_line
    UNION ALL
    SELECT r.line_no, 'dns', r.ts_ns, nullif(r.peer, ''), nullif(r.peer_port, ''), 53, 'dns', r.name,
        regexp_matches(r.verb, 'blocked|denied'), r.family, true, r.rcode, r.answers, r.verb, r.problem
    FROM runs r LEFT JOIN near a ON a.run_line = r.line_no WHERE a.run_line IS NULL
)
SELECT line, kind, ts_ns, client_ip, client_port, server_port, app, name, qtype, is_response,
    CASE WHEN blocked THEN 'deny' END AS action, CASE WHEN blocked THEN verb END AS rule,
    CASE WHEN NOT is_response THEN NULL WHEN rcode IS NOT NULL THEN rcode WHEN answers IS NOT NULL THEN 'NOERROR' END AS rcode,
    -- What a filter made up is no address of the name.
    CASE WHEN NOT coalesce(blocked, false) THEN answers END AS answers,
    problem
FROM told
