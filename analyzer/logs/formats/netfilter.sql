-- title = "Linux netfilter LOG lines (iptables, nftables, UFW)"
-- vendor = "https://man7.org/linux/man-pages/man8/iptables-extensions.8.html"
-- order = 78
-- view = "no byte counters: a line is one packet"
-- claims = ["client address and port", "server address and port", "allowed or denied, where the prefix says so"]
-- cannot = ["names", "bytes of a connection", "who opened a connection, but for TCP packets with SYN", "the year and zone of its clock (--log-year, --log-timezone)"]
-- others = "ignored"
-- [[records]]
-- shape = "text"
-- pattern = '''\bIN=\S* OUT=\S* .*\bSRC=[0-9a-fA-F.:]+ DST=[0-9a-fA-F.:]+ .*\bPROTO='''
WITH parsed AS MATERIALIZED (
    -- The first of each counts: an ICMP error quotes behind it the packet that it is about, in brackets.
    SELECT line_no, line, outer_time,
        regexp_extract(line, ' SRC=([0-9a-fA-F.:]+) DST=([0-9a-fA-F.:]+) ', ['src', 'dst']) AS a,
        regexp_extract(line, ' PROTO=(\S+)(?: SPT=([0-9]+) DPT=([0-9]+))?', ['proto', 'sport', 'dport']) AS p,
        left(line, strpos(line, 'IN=') - 1) AS head,
        contains(line, ' ACK ') AS acked, contains(line, ' SYN ') AS syn
    FROM records
), flagged AS MATERIALIZED (
    SELECT line_no, line, outer_time, a, p, acked, syn AND p.proto = 'TCP' AS opened,
        -- What stands between the head of syslog and IN= is the prefix that the rule states.
        trim(CASE WHEN contains(head, 'kernel: ') THEN
                regexp_extract(head, 'kernel: *(?:\[ *[0-9]+[.][0-9]+\] *)?(?:[A-Z][a-z]{2} +[0-9]+ [0-9:]{8} )?(.*)$', 1)
            ELSE regexp_extract(head,
                '^ *(?:<[0-9]+>)?(?:[0-9]{4}-[0-9T:.+Z-]+ |[A-Z][a-z]{2} +[0-9]+(?: [0-9]{4})? [0-9:]+ )?(?:\S+ ulogd(?:\[[0-9]+\])?: *)?(?:\[ *[0-9]+[.][0-9]+\] *)?(.*)$', 1)
            END) AS prefix
    FROM parsed
), told AS (
    -- A packet of TCP without SYN, or of UDP, may go either way: the lower port, if it is a service's, serves.
    SELECT *, p.sport <> '' AND NOT (opened AND NOT acked)
        AND ((opened AND acked) OR (try_cast(p.sport AS INTEGER) < 1024 AND try_cast(p.dport AS INTEGER) >= 1024)) AS backward
    FROM flagged
)
SELECT
    line_no AS line, 'flow' AS kind,
    CASE WHEN outer_time <> '' THEN zoned_ns(outer_time) ELSE syslog_ns(line) END AS ts_ns,
    CASE WHEN backward THEN a.dst ELSE a.src END AS client_ip, CASE WHEN backward THEN p.dport ELSE nullif(p.sport, '') END AS client_port,
    CASE WHEN backward THEN a.src ELSE a.dst END AS server_ip, CASE WHEN backward THEN p.sport ELSE nullif(p.dport, '') END AS server_port,
    CASE lower(p.proto) WHEN 'icmpv6' THEN 'icmp6' ELSE lower(p.proto) END AS proto,
    CASE WHEN opened AND NOT acked THEN true END AS begins,
    CASE WHEN regexp_matches(upper(prefix), '\b(DROP|DROPPED|DENY|DENIED|REJECT|REJECTED|BLOCK|BLOCKED)|(DROP|DENY|REJECT|BLOCK)\b|-[DR]\]') THEN 'deny'
        WHEN regexp_matches(upper(prefix), '\b(ACCEPT|ACCEPTED|ALLOW|ALLOWED|PERMIT|PASS)|(ACCEPT|ALLOW)\b|-A\]') THEN 'allow' END AS action,
    filled(rtrim(trim(prefix, '[] '), ': ')) AS rule,
    CASE WHEN coalesce(outer_time, '') = '' THEN syslog_problem(line) END AS problem
FROM told
