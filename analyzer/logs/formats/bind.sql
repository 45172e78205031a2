-- title = "BIND 9 query log (queries, responses, query errors)"
-- vendor = "https://bind9.readthedocs.io/en/stable/reference.html#the-query-log-categories"
-- order = 61
-- view = "no byte counters: the resolver logs who asked for which name"
-- claims = ["name asked for", "client address and port", "response code where responses are logged"]
-- cannot = ["what the answer was", "bytes", "the zone of its clock (--log-timezone says it)"]
-- others = "ignored"
-- [[records]]
-- shape = "text"
-- pattern = '''client (?:@0x[0-9a-fA-F]+ )?[0-9a-fA-F.:]+(?:%[^# ]*)?#[0-9]+(?: \([^)]*\))?: (?:view [^ ]+: )?(?:query|answer|response|query failed [^:]*|query \(cache\)|query failed)\b'''
WITH parsed AS MATERIALIZED (
    SELECT line_no, line, outer_time, regexp_extract(line,
        '\bclient (?:@0x[0-9a-fA-F]+ )?([0-9a-fA-F.:]+)(?:%[^# ]*)?#([0-9]+)(?: \([^)]*\))?: (?:view [^ ]+: )?'
        || '(?:(query|answer|response): ([^ ]+) [A-Z0-9]+ ([A-Z0-9]+)(?: ([A-Z]+))? ?([+-][^ ]*)?(?: \(([0-9a-fA-F.:]+)\))?(?: -> ([A-Z]+))?'
        || '|query failed \(([^)]*)\) for ([^/ ]+)/[^/ ]+/([A-Z0-9]+)|query \(cache\) .([^/ ]+)/([A-Z0-9]+)/[A-Z]+. (denied))',
        ['client', 'port', 'what', 'name', 'qtype', 'rcode', 'flags', 'server', 'outcome',
         'failure', 'failed', 'failed_type', 'refused', 'refused_type', 'denied']) AS p
    FROM records
), timed AS (
    SELECT *, regexp_extract(line, '^([0-9]{2}-[A-Z][a-z]{2}-[0-9]{4} [0-9:]{8})(?:[.]([0-9]{3}))?', ['t', 'ms']) AS own
    FROM parsed
)
SELECT
    line_no AS line, 'dns' AS kind,
    CASE WHEN own.t <> '' THEN local_ns(try_strptime(own.t, '%d-%b-%Y %H:%M:%S'))
            + coalesce(try_cast(own.ms AS BIGINT), 0) * 1000000
        WHEN outer_time <> '' THEN zoned_ns(outer_time) ELSE syslog_ns(line) END AS ts_ns,
    p.client AS client_ip, p.port AS client_port, p.server AS server_ip, 53 AS server_port,
    CASE WHEN p.what <> '' THEN CASE WHEN contains(p.flags, 'T') THEN 'tcp' ELSE 'udp' END END AS proto, 'dns' AS app,
    coalesce(nullif(p.name, ''), nullif(p.failed, ''), p.refused) AS name,
    CASE WHEN p.denied <> '' THEN 'deny' END AS action,
    NOT (p.what = 'query') AS is_response,
    coalesce(nullif(p.qtype, ''), nullif(p.failed_type, ''), p.refused_type) AS qtype,
    CASE WHEN p.failure <> '' THEN 'SERVFAIL' WHEN p.denied <> '' THEN 'REFUSED'
        ELSE coalesce(nullif(p.outcome, ''), nullif(p.rcode, '')) END AS rcode,
    CASE WHEN own.t = '' AND coalesce(outer_time, '') = '' THEN syslog_problem(line) END AS problem
FROM timed
