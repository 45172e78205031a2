-- title = "CoreDNS query log (plugin log)"
-- vendor = "https://coredns.io/plugins/log/"
-- order = 60
-- view = "no byte counters: the resolver logs who asked for which name, and the outcome"
-- claims = ["name asked for", "client address and port", "response code"]
-- cannot = ["what the answer was", "bytes", "the time, where no container runtime wrote one in front"]
-- others = "ignored"
-- [[records]]
-- shape = "text"
-- pattern = '''\[INFO\] (?:\[[0-9a-fA-F:.%]+\]|[0-9a-fA-F.:]+):[0-9]+ - [0-9]+ "[A-Z0-9]+ [A-Z0-9]+ (?:[^"\\]|\\.)+ (?:udp|tcp|tls|https|quic|grpc|dns|doq|doh) '''
WITH parsed AS MATERIALIZED (
    SELECT line_no, line, outer_time, regexp_extract(line,
        '\[INFO\] \[?([^ \]]+)\]?:([0-9]+) - ([0-9]+) "([A-Z0-9]+) [A-Z0-9]+ ((?:[^"\\]|\\.)+) ([a-z]+) [0-9]+ (?:true|false) [0-9]+" ([A-Z0-9]+|-) ',
        ['client', 'port', 'id', 'qtype', 'name', 'transport', 'rcode']) AS p
    FROM records
)
SELECT
    line_no AS line, 'dns' AS kind,
    CASE WHEN outer_time <> '' THEN zoned_ns(outer_time) ELSE syslog_ns(line) END AS ts_ns,
    p.client AS client_ip, p.port AS client_port, 53 AS server_port,
    CASE WHEN p.transport = 'udp' THEN 'udp' ELSE 'tcp' END AS proto, 'dns' AS app,
    p.name AS name, p.id AS txid, true AS is_response, p.qtype AS qtype, filled(p.rcode) AS rcode,
    CASE WHEN coalesce(outer_time, '') = '' AND line[1] = '['
        THEN 'no time: keep what the container runtime writes in front of a line' ELSE syslog_problem(line) END
        AS problem
FROM parsed
