-- title = "Cisco ASA and Secure Firewall (FTD) syslog: connections, denials, connection events"
-- vendor = "https://www.cisco.com/c/en/us/td/docs/security/asa/syslog/asa-syslog.html"
-- order = 74
-- view = "ASA counts one total for both directions, which proves no upload; FTD counts the initiator's and the responder's bytes, heads included"
-- claims = ["client address and port", "server address and port", "allowed or denied", "FTD: bytes up, bytes down, server name and URL"]
-- cannot = ["ASA: bytes of either direction, names", "the year where the device does not log it (--log-year), the zone of its clock (--log-timezone)"]
-- others = "ignored"
-- decides = true
-- [[records]]
-- shape = "text"
-- pattern = '''%(?:ASA|FTD|PIX|FWSM|NGIPS)-(?:[a-z]+-)?[0-7]-[0-9]{6}\b'''
WITH parsed AS MATERIALIZED (
    SELECT line_no, line, outer_time, left(line, strpos(line, '%') - 1) AS head, regexp_extract(line,
        '%(?:ASA|FTD|PIX|FWSM|NGIPS)-(?:[a-z]+-)?[0-7]-([0-9]{6})(?:: ?| )(.*)$', ['id', 'said']) AS m
    FROM records
), timed AS MATERIALIZED (
    -- A stamp of the device with its year goes before that of a relay without one.
    SELECT line_no, m.id AS id, m.said AS said,
        regexp_extract(head, '[0-9]{2}:[0-9]{2}:[0-9]{2}\S*(?: [0-9]{4}\b)? ([A-Za-z0-9_.:-]*[A-Za-z0-9_-])(?:[: ]|$)', 1) AS host,
        CASE WHEN own.year <> '' THEN local_ns(try_strptime(concat_ws(' ', own.year, own.month, own.day, own.clock), '%Y %b %d %H:%M:%S'))
            WHEN outer_time <> '' THEN zoned_ns(outer_time) ELSE syslog_ns(head) END AS ts_ns,
        CASE WHEN own.year = '' AND coalesce(outer_time, '') = '' THEN syslog_problem(head) END AS problem
    FROM (SELECT *, regexp_extract(head, '([A-Z][a-z]{2}) +([0-9]{1,2}) ([0-9]{4}) ([0-9]{2}:[0-9]{2}:[0-9]{2})',
        ['month', 'day', 'year', 'clock']) AS own FROM parsed
        WHERE m.id IN ('302013', '302014', '302015', '302016', '106001', '106006', '106007', '106023', '106100', '430002', '430003'))
), connections AS MATERIALIZED (
    SELECT line_no, host, ts_ns, problem, id IN ('302014', '302016') AS ends, regexp_extract(said,
        '^(?:Built|Teardown) ?(inbound|outbound)? ([A-Z]+) connection ([0-9]+) for [^ ]*?:([0-9a-fA-F.:]+)/([0-9]+)(?: ?\([^)]*\))* to [^ ]*?:([0-9a-fA-F.:]+)/([0-9]+)(?: ?\([^)]*\))*(?: duration ([0-9]+):([0-9]{2}):([0-9]{2}) bytes)?',
        ['way', 'proto', 'number', 'a', 'ap', 'b', 'bp', 'h', 'm', 's']) AS c
    FROM timed WHERE id LIKE '3020%'
), directed AS (
    -- "for" is the side of lower security: outbound means that the other one opened the connection. Only
    -- the Built line says so and decides for the others of its connection; without it the lower port serves.
    SELECT *, CASE WHEN c.way = 'inbound' THEN true WHEN c.way = 'outbound' THEN false
        ELSE try_cast(c.ap AS INTEGER) > try_cast(c.bp AS INTEGER) END AS for_is_client
    FROM connections WHERE c.number <> ''
), denials AS MATERIALIZED (
    SELECT line_no, ts_ns, problem, id, regexp_extract(said,
        '^(?:Deny (?:protocol )?(\S+) src [^ ]*?:([0-9a-fA-F.:]+)(?:/([0-9]+))?(?:\([^)]*\))? dst [^ ]*?:([0-9a-fA-F.:]+)(?:/([0-9]+))?(?:\([^)]*\))?(?: \([^)]*\))? by access-group "([^"]*)"'
        || '|(?:Inbound|Deny inbound) (TCP|UDP)(?: connection denied)? from ([0-9a-fA-F.:]+)/([0-9]+) to ([0-9a-fA-F.:]+)/([0-9]+)'
        || '|access-list (\S+) (permitted|denied|est-allowed) (\S+) [^/ ]+/([0-9a-fA-F.:]+)\(([0-9]+)\)(?:\([^)]*\))? -> [^/ ]+/([0-9a-fA-F.:]+)\(([0-9]+)\))',
        ['proto', 'src', 'sport', 'dst', 'dport', 'list', 'proto2', 'src2', 'sport2', 'dst2', 'dport2', 'list3', 'verdict3', 'proto3', 'src3', 'sport3', 'dst3', 'dport3']) AS d
    FROM timed WHERE id LIKE '106%'
), events AS MATERIALIZED (
    SELECT line_no, id, ts_ns AS written, problem, ftd(said, 'FirstPacketSecond') AS began, ftd(said, 'ConnectionDuration') AS duration,
        ftd(said, 'SrcIP') AS src, ftd(said, 'SrcPort') AS sport, ftd(said, 'DstIP') AS dst, ftd(said, 'DstPort') AS dport,
        lower(ftd(said, 'Protocol')) AS proto, lower(ftd(said, 'ApplicationProtocol')) AS app,
        concat_ws('/', ftd(said, 'DeviceUUID'), ftd(said, 'InstanceID'), ftd(said, 'ConnectionID'), ftd(said, 'FirstPacketSecond')) AS session,
        lower(ftd(said, 'AccessControlRuleAction')) AS act, ftd(said, 'AccessControlRuleName') AS rule,
        ftd(said, 'SSLServerName') AS sni, ftd(said, 'ReferencedHost') AS host_field, ftd(said, 'URL') AS url,
        ftd(said, 'InitiatorBytes') AS up, ftd(said, 'ResponderBytes') AS down,
        ftd(said, 'InitiatorPackets') AS pup, ftd(said, 'ResponderPackets') AS pdown,
        ftd(said, 'DNSQuery') AS question, ftd(said, 'DNSRecordType') AS record_type, ftd(said, 'DNSResponseType') AS response_type
    FROM timed WHERE id LIKE '4300%'
)
SELECT line_no AS line, 'flow' AS kind,
    CASE WHEN ends THEN ts_ns - (try_cast(c.h AS HUGEINT) * 3600 + try_cast(c.m AS HUGEINT) * 60 + try_cast(c.s AS HUGEINT)) * 1000000000
        ELSE ts_ns END AS ts_ns,
    CASE WHEN ends THEN ts_ns END AS end_ns,
    CASE WHEN for_is_client THEN c.a ELSE c.b END AS client_ip, CASE WHEN for_is_client THEN c.ap ELSE c.bp END AS client_port,
    CASE WHEN for_is_client THEN c.b ELSE c.a END AS server_ip, CASE WHEN for_is_client THEN c.bp ELSE c.ap END AS server_port,
    c.proto AS proto, NULL AS app, concat_ws('/', nullif(host, ''), c.number) AS session, CASE WHEN NOT ends THEN true END AS begins,
    NULL AS name, NULL AS name_kind, NULL AS bytes_up, NULL AS bytes_down, NULL AS pkts_up, NULL AS pkts_down, NULL AS bytes_kind,
    NULL AS counter, 'allow' AS action, NULL AS rule, NULL AS url, NULL AS qtype, NULL AS rcode, NULL::BOOLEAN AS is_response, problem
FROM directed
UNION ALL BY NAME
SELECT line_no AS line, 'flow' AS kind, ts_ns,
    concat(d.src, d.src2, d.src3) AS client_ip, nullif(concat(d.sport, d.sport2, d.sport3), '') AS client_port,
    concat(d.dst, d.dst2, d.dst3) AS server_ip, nullif(concat(d.dport, d.dport2, d.dport3), '') AS server_port,
    concat(d.proto, d.proto2, d.proto3) AS proto,
    CASE WHEN d.verdict3 IN ('permitted', 'est-allowed') THEN 'allow' ELSE 'deny' END AS action,
    nullif(concat(d.list, d.list3), '') AS rule, problem
FROM denials WHERE concat(d.src, d.src2, d.src3) <> ''
UNION ALL BY NAME
SELECT line_no AS line, 'flow' AS kind, coalesce(iso_ns(began), written) AS ts_ns,
    CASE WHEN id = '430003' THEN iso_ns(began) + whole(duration)::HUGEINT * 1000000000 END AS end_ns,
    src AS client_ip, sport AS client_port, dst AS server_ip, dport AS server_port, proto,
    CASE app WHEN 'https' THEN 'tls' WHEN 'ssl' THEN 'tls' ELSE app END AS app, session,
    CASE WHEN id = '430002' THEN true END AS begins,
    CASE WHEN question IS NULL THEN coalesce(sni, host_field, url_host(url)) END AS name,
    CASE WHEN question IS NOT NULL THEN NULL WHEN sni IS NOT NULL THEN 'sni' WHEN host_field IS NOT NULL OR url LIKE 'http://%' THEN 'http_host'
        WHEN url IS NOT NULL THEN 'log_fqdn' END AS name_kind,
    CASE WHEN id = '430003' THEN up END AS bytes_up, CASE WHEN id = '430003' THEN down END AS bytes_down,
    CASE WHEN id = '430003' THEN pup END AS pkts_up, CASE WHEN id = '430003' THEN pdown END AS pkts_down,
    CASE WHEN id = '430003' AND up IS NOT NULL THEN 'headers' END AS bytes_kind,
    CASE WHEN id = '430003' AND up IS NOT NULL THEN 'total' END AS counter,
    CASE WHEN contains(act, 'block') THEN 'deny' WHEN regexp_matches(act, 'allow|trust|monitor|fastpath') THEN 'allow' END AS action,
    rule, CASE WHEN url LIKE 'http://%' THEN url END AS url, CASE WHEN began IS NULL THEN problem END AS problem
FROM events
UNION ALL BY NAME
SELECT line_no AS line, 'dns' AS kind, coalesce(iso_ns(began), written) AS ts_ns, src AS client_ip, sport AS client_port,
    dst AS server_ip, dport AS server_port, proto, 'dns' AS app, session, question AS name, CASE lower(record_type) WHEN 'a host address' THEN 'A' WHEN 'ip6 address' THEN 'AAAA' ELSE record_type END AS qtype,
    CASE lower(response_type) WHEN 'no error' THEN 'NOERROR' WHEN 'non-existent domain' THEN 'NXDOMAIN' ELSE response_type END AS rcode,
    response_type IS NOT NULL AS is_response, CASE WHEN began IS NULL THEN problem END AS problem
FROM events WHERE question IS NOT NULL
