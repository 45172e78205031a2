-- title = "StepSecurity Harden-Runner: agent.log, or the job log of GitHub Actions that holds it"
-- vendor = "https://docs.stepsecurity.io/harden-runner"
-- order = 40
-- view = "no byte counters: the agent on the runner logs calls and lookups"
-- claims = ["name", "server address and port", "DNS answers", "the program", "denied calls (StepSecurity's sinkhole)"]
-- cannot = ["bytes", "the client's address and port", "which of two names of one address was meant: they come from DNS", "method and URL"]
-- others = "ignored"
-- [[records]]
-- shape = "text"
-- pattern = '''(?:^|Z )[A-Z][a-z][a-z], [0-9]{2} [A-Z][a-z][a-z] [0-9]{4} [0-9:]{8} GMT: ?(?:endpoint called ip address:port |domain resolved: |unable to resolve domain: )'''
WITH taken AS NOT MATERIALIZED (
    -- The time is the agent's, not the one that GitHub puts in front when the log is flushed. The
    -- name of a program may hold dots and spaces: it is the rest of the line.
    SELECT line_no, regexp_extract(line,
        '([0-9]{2} [A-Z][a-z][a-z] [0-9]{4} [0-9:]{8}) GMT: ?(?:'
        || 'endpoint called ip address:port ([^, ]+), domain: ([^, ]*), pid: [0-9]*, process: (.*?)[. ]*$'
        || '|domain resolved: ([^, ]+), ip address: ([^, ]+)(?:, TTL: ([0-9]+))?'
        || '|unable to resolve domain: ([^, ]+)(?: .*?(?:status ([0-9]+))? *)?$)',
        ['time', 'server', 'domain', 'process', 'resolved', 'address', 'ttl', 'failed', 'status']) AS f
    FROM records
)
SELECT
    line_no AS line, CASE f.server WHEN '' THEN 'dns' ELSE 'flow' END AS kind,
    epoch_us(try_strptime(f.time, '%d %b %Y %H:%M:%S')) * 1000::HUGEINT AS ts_ns,
    'runner' AS client_ip,
    nullif(host_part(f.server), '') AS server_ip, port_part(f.server) AS server_port,
    concat(f.domain, f.resolved, f.failed) AS name,
    CASE WHEN f.domain <> '' THEN 'log_fqdn' END AS name_kind,
    -- Where calls are blocked, names resolve to this address of StepSecurity.
    CASE WHEN '54.185.253.63' IN (host_part(f.server), f.address) THEN 'deny' END AS action,
    nullif(f.process, '') AS process,
    CASE f.server WHEN '' THEN true END AS is_response,
    nullif(f.status, '') AS rcode,
    CASE WHEN f.address <> '' THEN [{'owner': NULL::VARCHAR,
        'type': CASE WHEN contains(f.address, ':') THEN 'AAAA' ELSE 'A' END,
        'value': f.address, 'ttl': whole(f.ttl)}] END AS answers,
    CASE f.time WHEN '' THEN 'a line of the agent that is cut' END AS problem
FROM taken
