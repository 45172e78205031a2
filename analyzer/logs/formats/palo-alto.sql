-- title = "Palo Alto Networks firewall, TRAFFIC and THREAT/url (syslog CSV, CEF, Cortex JSON)"
-- vendor = "https://docs.paloaltonetworks.com/pan-os/11-1/pan-os-admin/monitoring/use-syslog-for-monitoring/syslog-field-descriptions"
-- order = 50
-- view = "client: bytes sent are those of who opened the session, Ethernet and IP heads included"
-- claims = ["client address and port", "server address and port", "bytes up", "bytes down", "allowed or denied", "name and URL from the URL log"]
-- cannot = ["the name of a session without a URL log", "the request inside of TLS that is not decrypted", "the zone of its clock before PAN-OS 10 (--log-timezone says it)"]
-- [[records]]
-- shape = "text"
-- pattern = '''^[^,"{]*,[^,]*,[^,]*,(?:TRAFFIC|THREAT|SYSTEM|CONFIG|USERID|HIPMATCH|HIP-MATCH|GLOBALPROTECT|DECRYPTION|AUTHENTICATION|AUTH|GTP|SCTP|CORRELATION|IPTAG|TUNNEL|AUDIT|URL|DATA|WILDFIRE),|CEF:[0-9]\|Palo Alto Networks\|'''
-- [[records]]
-- shape = "json"
-- match = { type = "^[A-Z]+$", version = "^[0-9]" }
-- [fields]
-- type = "LogType"
-- version = ["ConfigVersion", "LogTime", "TimeReceived"]
-- subtype = "Subtype"
-- serial = ["DeviceSN", "LogSourceID"]
-- src = ["SourceAddress", "SourceIP"]
-- dst = ["DestinationAddress", "DestinationIP"]
-- sport = "SourcePort"
-- dport = "DestinationPort"
-- proto = "Protocol"
-- app = "Application"
-- act = "Action"
-- rule_name = "Rule"
-- sid = "SessionID"
-- sent = "BytesSent"
-- received = "BytesReceived"
-- psent = "PacketsSent"
-- preceived = "PacketsReceived"
-- began = "SessionStartTime"
-- told = ["TimeGeneratedHighResolution", "TimeGenerated"]
-- uri = ["URL", "FileName"]
-- http_method = "HTTPMethod"
WITH shaped AS MATERIALIZED (
    SELECT *, CASE WHEN type IS NOT NULL THEN 'json' WHEN regexp_matches(line, 'CEF:[0-9]\|') THEN 'cef'
        ELSE 'csv' END AS shape
    FROM records
), csv_cells AS MATERIALIZED (
    -- Rows by index from the left; a cell may be quoted, its quotes doubled or behind a backslash.
    SELECT line_no, CASE WHEN contains(line, '"') THEN regexp_extract_all(line,
        '("(?:[^"\\]|""|\\.)*"|\\"(?:[^"\\]|\\[^"])*\\"|[^,]*)(?:,|$)', 1)
        ELSE string_split(line, ',') END AS f
    FROM shaped WHERE shape = 'csv' AND regexp_matches(line,
        '^[^,"]*,[^,]*,[^,]*,(?:TRAFFIC,(?:start|end|drop|deny)|THREAT,url),')
), csv_timed AS (
    -- Only columns that the device fills itself can be the high-resolution time.
    SELECT *, CASE WHEN len(f) > 75 THEN list_filter(f[60:],
        lambda c: regexp_full_match(c, '[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}[.][0-9]{3}(Z|[+-][0-9]{2}:[0-9]{2})'))[1]
        END AS fine
    FROM csv_cells
), csv AS MATERIALIZED (
    SELECT line_no, f[4] AS type, f[5] AS subtype, f[3] AS serial, f[8] AS src, f[9] AS dst,
        f[25] AS sport, f[26] AS dport, f[30] AS proto, f[15] AS app, f[31] AS act, f[12] AS rule_name,
        f[23] AS sid, f[33] AS sent, f[34] AS received, f[45] AS psent, f[46] AS preceived,
        f[36] AS began, f[32] AS uri, f[64] AS http_method,
        coalesce(regexp_extract(fine, '(Z|[+-][0-9]{2}:[0-9]{2})$', 1), '') AS zone,
        -- Panorama and spreadsheets rewrite the times: all three ways are read.
        try_strptime(f[7], ['%Y/%m/%d %H:%M:%S', '%m/%d/%y %H:%M', '%m/%d/%Y %H:%M']) AS told,
        CASE WHEN type = 'TRAFFIC' THEN try_strptime(f[36],
            ['%Y/%m/%d %H:%M:%S', '%m/%d/%y %H:%M', '%m/%d/%Y %H:%M']) END AS start,
        iso_ns(fine) AS fine_ns
    FROM csv_timed
), cef_parts AS (
    SELECT line_no, regexp_matches(line, '\|TRAFFIC\|') AS is_traffic,
        regexp_extract(line, '\|(start|end|drop|deny|url)\|', 1) AS subtype,
        cef_part(line, 1) AS k, cef_part(line, 2) AS v
    FROM shaped WHERE shape = 'cef'
        AND regexp_matches(line, '\|TRAFFIC\|(start|end|drop|deny)\||\|(start|end|drop|deny)\|TRAFFIC\||\|THREAT\|url\||\|url\|THREAT\|')
), cef AS (
    SELECT line_no, CASE WHEN is_traffic THEN 'TRAFFIC' ELSE 'THREAT' END AS type, subtype,
        of_key(k, v, 'deviceExternalId') AS serial, of_key(k, v, 'src') AS src, of_key(k, v, 'dst') AS dst,
        of_key(k, v, 'spt') AS sport, of_key(k, v, 'dpt') AS dport, of_key(k, v, 'proto') AS proto,
        of_key(k, v, 'app') AS app, of_key(k, v, 'act') AS act,
        CASE WHEN of_key(k, v, 'cs1Label') = 'Rule' THEN of_key(k, v, 'cs1') END AS rule_name,
        CASE WHEN of_key(k, v, 'cn1Label') IN ('SessionID', 'Session ID') THEN of_key(k, v, 'cn1') END AS sid,
        of_key(k, v, 'out') AS sent, of_key(k, v, 'in') AS received,
        coalesce(of_key(k, v, 'PanOSPacketsSent'), of_key(k, v, 'PANOSPacketsSent')) AS psent,
        coalesce(of_key(k, v, 'PanOSPacketsReceived'), of_key(k, v, 'PANOSPacketsReceived')) AS preceived,
        of_key(k, v, 'PanOSSessionStartTime') AS began, of_key(k, v, 'request') AS uri,
        of_key(k, v, 'requestMethod') AS http_method,
        coalesce(of_key(k, v, 'start'), of_key(k, v, 'rt')) AS told, of_key(k, v, 'dtz') AS dtz
    FROM cef_parts
), each AS MATERIALIZED (
    SELECT line_no, type, subtype, serial, src, dst, sport, dport, proto, app, act, rule_name, sid, sent,
        received, psent, preceived, began, uri, http_method,
        CASE WHEN zone <> '' THEN iso_ns(start::VARCHAR || zone) ELSE local_ns(start) END AS began_ns,
        coalesce(fine_ns, local_ns(told)) AS told_ns
    FROM csv
    UNION ALL BY NAME
    SELECT line_no, type, subtype, serial, src, dst, sport, dport, proto, app, act, rule_name, sid, sent,
        received, psent, preceived, began, uri, http_method,
        CASE WHEN coalesce(dtz, '') IN ('UTC', 'GMT') THEN
            epoch_us(try_strptime(began, '%b %d %Y %H:%M:%S'))::HUGEINT * 1000
            ELSE local_ns(try_strptime(began, '%b %d %Y %H:%M:%S')) END AS began_ns,
        CASE WHEN coalesce(dtz, '') IN ('UTC', 'GMT') THEN
            epoch_us(try_strptime(told, '%b %d %Y %H:%M:%S'))::HUGEINT * 1000
            ELSE local_ns(try_strptime(told, '%b %d %Y %H:%M:%S')) END AS told_ns
    FROM cef
    UNION ALL BY NAME
    SELECT line_no, type, subtype, serial, src, dst, sport, dport, proto, app, act, rule_name, sid, sent,
        received, psent, preceived, began, uri, http_method, zoned_ns(began) AS began_ns,
        zoned_ns(told) AS told_ns
    FROM shaped WHERE shape = 'json' AND (type = 'TRAFFIC' AND subtype IN ('start', 'end', 'drop', 'deny')
        OR type = 'THREAT' AND subtype = 'url')
), read AS (
    SELECT *, type = 'TRAFFIC' AS is_traffic, CASE WHEN uri[1:1] = '"' THEN
        replace(replace(uri[2:length(uri) - 1], '""', '"'), '\"', '"') ELSE filled(uri) END AS uri_read,
        CASE WHEN rule_name[1:1] = '"' THEN replace(rule_name[2:length(rule_name) - 1], '""', '"')
            WHEN rule_name[1:2] = '\"' THEN rule_name[3:length(rule_name) - 2] ELSE filled(rule_name) END AS rule_read,
        -- Undecrypted TLS has no request: what the URL log calls a URL is the name alone.
        coalesce(http_method, '') = '' AND lower(app) IN ('ssl', 'quic') AS name_alone
    FROM each
)
SELECT
    line_no AS line,
    CASE WHEN is_traffic THEN 'flow' WHEN name_alone THEN 'name' ELSE 'http' END AS kind,
    CASE WHEN is_traffic THEN coalesce(began_ns, told_ns) ELSE told_ns END AS ts_ns,
    CASE WHEN is_traffic AND subtype <> 'start' AND told_ns >= began_ns THEN told_ns END AS end_ns,
    src AS client_ip, CASE WHEN lower(proto) NOT LIKE '%icmp%' THEN sport END AS client_port,
    dst AS server_ip, CASE WHEN lower(proto) NOT LIKE '%icmp%' THEN dport END AS server_port,
    lower(proto) AS proto,
    CASE lower(app) WHEN 'ssl' THEN 'tls' WHEN 'web-browsing' THEN 'http'
        ELSE nullif(filled(lower(app)), 'incomplete') END AS app,
    CASE WHEN is_traffic AND sid IS NOT NULL THEN concat_ws('/', serial, sid, began) END AS session,
    CASE WHEN is_traffic AND subtype = 'start' THEN true END AS begins,
    CASE WHEN NOT is_traffic THEN url_host(uri_read) END AS name,
    CASE WHEN NOT is_traffic THEN CASE WHEN name_alone THEN 'log_fqdn' ELSE 'http_host' END END AS name_kind,
    -- The counters of start lines are those of the first packets, of denied sessions of none.
    CASE WHEN is_traffic AND subtype = 'end' THEN sent END AS bytes_up,
    CASE WHEN is_traffic AND subtype = 'end' THEN received END AS bytes_down,
    CASE WHEN is_traffic AND subtype = 'end' THEN psent END AS pkts_up,
    CASE WHEN is_traffic AND subtype = 'end' THEN preceived END AS pkts_down,
    CASE WHEN is_traffic AND subtype = 'end' THEN 'headers' END AS bytes_kind,
    CASE WHEN is_traffic AND subtype = 'end' THEN 'cumulative' END AS counter,
    CASE WHEN regexp_matches(lower(act), '^(allow|alert|continue|override|syncookie.*)$') THEN 'allow'
        WHEN regexp_matches(lower(act), '^(deny|drop|reset|block|sinkhole)') THEN 'deny' END AS action,
    rule_read AS rule,
    CASE WHEN NOT is_traffic THEN upper(filled(http_method)) END AS method,
    CASE WHEN NOT is_traffic AND NOT name_alone THEN uri_read END AS url
FROM read
