-- title = "Unbound query and reply log (log-queries, log-replies, log-local-actions)"
-- vendor = "https://unbound.docs.nlnetlabs.nl/en/latest/manpages/unbound.conf.html"
-- order = 62
-- view = "no byte counters: the resolver logs who asked for which name"
-- claims = ["name asked for", "client address", "response code where replies are logged"]
-- cannot = ["what the answer was", "bytes", "the client's port, but for local actions"]
-- others = "ignored"
-- [[records]]
-- shape = "text"
-- pattern = '''(?:\bunbound(?:\[[0-9]+\])?: |unbound)?\[[0-9]+:[0-9a-f]+\] (?:info|query|reply|error|notice|warning|debug): '''
WITH parsed AS MATERIALIZED (
    -- "query: client name type class", "reply: ... rcode seconds cached bytes", and of a local zone
    -- "info: zone action client@port name type class".
    SELECT line_no, line, outer_time, regexp_extract(line,
        '\[[0-9]+:[0-9a-f]+\] (info|query|reply): (?:(?:[^ ]+ )?([a-z_]+) )?([0-9a-fA-F.:]+[.:][0-9a-fA-F.:]*)(?:@([0-9]+))? ([^ ]+) ([A-Z0-9]+) (?:IN|CH|HS|ANY|CLASS[0-9]+)(?: ([A-Z0-9]+) [0-9.]+ [01] [0-9]+)?',
        ['tag', 'local_action', 'client', 'port', 'name', 'qtype', 'rcode']) AS p
    FROM records
)
SELECT
    line_no AS line, 'dns' AS kind,
    CASE WHEN line[1] = '[' THEN epoch_s_ns(regexp_extract(line, '^\[([0-9]{9,10})\]', 1))
        WHEN outer_time <> '' THEN zoned_ns(outer_time) ELSE syslog_ns(line) END AS ts_ns,
    p.client AS client_ip, nullif(p.port, '') AS client_port, 53 AS server_port, 'dns' AS app, p.name AS name,
    CASE WHEN p.local_action IN ('deny', 'refuse', 'always_deny', 'always_refuse', 'always_nxdomain', 'always_null',
            'inform_deny', 'block_a', 'static') THEN 'deny'
        WHEN p.local_action IN ('transparent', 'typetransparent', 'redirect', 'inform', 'inform_redirect', 'always_transparent')
            THEN 'allow' END AS action,
    nullif(p.local_action, '') AS rule,
    p.tag = 'reply' OR p.rcode <> '' AS is_response, p.qtype AS qtype, nullif(p.rcode, '') AS rcode,
    CASE WHEN line[1] <> '[' AND coalesce(outer_time, '') = '' THEN syslog_problem(line) END AS problem
FROM parsed
WHERE p.name <> ''
