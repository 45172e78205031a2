-- title = "Zeek: conn, ssl, dns, http and quic logs (TSV and JSON)"
-- vendor = "https://docs.zeek.org/en/current/logs/index.html"
-- order = 30
-- view = "the sensor between client and server: payload bytes of both directions, without packet headers"
-- claims = ["name (SNI, HTTP host, certificate)", "client and server, address and port", "bytes up", "bytes down", "method and URL of plain HTTP", "DNS answers"]
-- cannot = ["allowed or denied", "the program", "method and URL inside of TLS"]
-- [[records]]
-- shape = "table"
-- columns = ["#fields"]
-- [[records]]
-- shape = "json"
-- match = { uid = "^[A-Za-z0-9]+$", orig_h = "." }
-- [[records]]
-- shape = "json"
-- match = { _path = "^[a-z_0-9]+$", ts = "^[0-9]" }
-- [[records]]
-- shape = "json"
-- match = { other = ".", ts = "^[0-9]" }
-- [fields]
-- _path = "_path"
-- ts = "ts"
-- uid = "uid"
-- orig_h = ['"id.orig_h"', "id.orig_h"]
-- orig_p = ['"id.orig_p"', "id.orig_p"]
-- resp_h = ['"id.resp_h"', "id.resp_h"]
-- resp_p = ['"id.resp_p"', "id.resp_p"]
-- other = ['"certificate.version"', "fuid", "uids"]
-- proto = "proto"
-- service = "service"
-- duration = "duration"
-- conn_state = "conn_state"
-- missed_bytes = "missed_bytes"
-- orig_bytes = "orig_bytes"
-- resp_bytes = "resp_bytes"
-- orig_pkts = "orig_pkts"
-- resp_pkts = "resp_pkts"
-- orig_ip_bytes = "orig_ip_bytes"
-- resp_ip_bytes = "resp_ip_bytes"
-- version = "version"
-- cipher = "cipher"
-- server_name = "server_name"
-- subject = "subject"
-- established = "established"
-- next_protocol = "next_protocol"
-- scid = "server_scid"
-- dcid = "client_initial_dcid"
-- trans_id = "trans_id"
-- rtt = "rtt"
-- query = "query"
-- qtype = "qtype"
-- qtype_name = "qtype_name"
-- rcode = "rcode"
-- rcode_name = "rcode_name"
-- answers = "answers"
-- ttls = "TTLs"
-- trans_depth = "trans_depth"
-- method = "method"
-- host = "host"
-- uri = "uri"
-- request_body_len = "request_body_len"
-- response_body_len = "response_body_len"
-- status_code = "status_code"
-- sensor = "_system_name"
WITH told AS NOT MATERIALIZED (
    -- Which log it is: the columns say it, a name that somebody gave to the file does not.
    SELECT *, CASE
            WHEN conn_state IS NOT NULL THEN 'conn'
            WHEN trans_id IS NOT NULL OR _path = 'dns' THEN 'dns'
            WHEN trans_depth IS NOT NULL AND coalesce(method, status_code, host) IS NOT NULL THEN 'http'
            WHEN coalesce(scid, dcid) IS NOT NULL OR _path = 'quic' THEN 'quic'
            WHEN established IS NOT NULL OR cipher IS NOT NULL OR _path = 'ssl' THEN 'ssl'
        END AS log,
        -- Seconds (TSV, JSON), milliseconds or ISO 8601 (LogAscii::json_timestamps), microseconds
        -- at best: what a double holds exactly.
        CASE WHEN ts[5:5] = '-' THEN iso_ns(ts) ELSE 1000::HUGEINT * try_cast(
            round(try_cast(ts AS DOUBLE) * CASE WHEN ts[11:11] BETWEEN '0' AND '9' THEN 1e3 ELSE 1e6 END)
            AS BIGINT) END AS began
    FROM records
), numbered AS NOT MATERIALIZED (
    SELECT *, coalesce(try_cast(missed_bytes AS HUGEINT), 0) AS missed,
        CASE proto WHEN 'tcp' THEN 40 WHEN 'udp' THEN 28 ELSE 20 END
            + CASE WHEN contains(orig_h, ':') THEN 20 ELSE 0 END AS headers,
        try_cast(orig_bytes AS HUGEINT) AS up, try_cast(orig_ip_bytes AS HUGEINT) AS ip_up,
        try_cast(resp_bytes AS HUGEINT) AS down, try_cast(resp_ip_bytes AS HUGEINT) AS ip_down
    FROM told WHERE log = 'conn'
), asked AS NOT MATERIALIZED (
    -- TSV separates by a comma (one in a value is \x2c), JSON has a list.
    SELECT *,
        CASE WHEN answers IS NULL THEN []
            WHEN answers[1:1] = '[' THEN TRY(CAST(CAST(answers AS JSON) AS VARCHAR[]))
            ELSE string_split(answers, ',') END AS values_,
        CASE WHEN ttls IS NULL THEN []
            WHEN ttls[1:1] = '[' THEN TRY(CAST(CAST(ttls AS JSON) AS VARCHAR[]))
            ELSE string_split(ttls, ',') END AS ttls_
    FROM told WHERE log = 'dns' AND query IS NOT NULL
)
SELECT
    line_no AS line, 'flow' AS kind, began AS ts_ns, began + seconds_ns(duration) AS end_ns,
    orig_h AS client_ip, resp_h AS server_ip,
    -- The "ports" of ICMP are its type and code.
    CASE WHEN proto IS DISTINCT FROM 'icmp' THEN orig_p END AS client_port,
    CASE WHEN proto IS DISTINCT FROM 'icmp' THEN resp_p END AS server_port,
    nullif(proto, 'unknown_transport') AS proto,
    CASE WHEN contains(service, 'quic') THEN 'quic' WHEN contains(service, 'ssl') THEN 'tls'
        ELSE split_part(service, ',', 1) END AS app,
    uid AS session,
    -- A sequence number that jumps makes them absurd: more than the packets held and were missed.
    CASE WHEN up > ip_up + missed THEN greatest(ip_up - headers * whole(orig_pkts), 0) ELSE up END
        AS bytes_up,
    CASE WHEN down > ip_down + missed THEN greatest(ip_down - headers * whole(resp_pkts), 0) ELSE down END
        AS bytes_down,
    orig_pkts AS pkts_up, resp_pkts AS pkts_down, missed_bytes,
    CASE WHEN up IS NOT NULL OR down IS NOT NULL THEN 'payload' END AS bytes_kind,
    CASE WHEN coalesce(up, down) IS NULL AND orig_pkts IS NULL THEN NULL
        WHEN _path = 'conn_long' THEN 'cumulative' ELSE 'total' END AS counter,
    sensor AS vantage
FROM numbered
UNION ALL BY NAME
SELECT
    line_no AS line, 'name' AS kind, began AS ts_ns,
    orig_h AS client_ip, orig_p AS client_port, resp_h AS server_ip, resp_p AS server_port,
    CASE WHEN log = 'quic' OR version LIKE 'DTLS%' OR next_protocol LIKE 'h3%' THEN 'udp' ELSE 'tcp' END AS proto,
    CASE WHEN log = 'quic' OR next_protocol LIKE 'h3%' THEN 'quic' ELSE 'tls' END AS app,
    uid AS session,
    coalesce(text_of(server_name), common_name) AS name,
    CASE WHEN server_name IS NULL AND common_name IS NOT NULL THEN 'cert'
        WHEN server_name IS NULL THEN NULL
        WHEN log = 'quic' OR next_protocol LIKE 'h3%' THEN 'quic_sni' ELSE 'sni' END AS name_kind
FROM (SELECT *, nullif(lower(regexp_extract(subject,
        '(?:^|,)CN=([*A-Za-z0-9_-]+(?:[.][A-Za-z0-9_-]+)+)(?:,|$)', 1)), '') AS common_name
    FROM told WHERE log IN ('ssl', 'quic'))
UNION ALL BY NAME
SELECT
    line_no AS line, 'http' AS kind, began AS ts_ns,
    orig_h AS client_ip, orig_p AS client_port, resp_h AS server_ip, resp_p AS server_port,
    'tcp' AS proto, 'http' AS app, uid AS session,
    host_part(CASE WHEN method = 'CONNECT' THEN uri ELSE text_of(host) END) AS name,
    CASE WHEN method = 'CONNECT' AND uri IS NOT NULL THEN 'connect'
        WHEN host IS NOT NULL THEN 'http_host' END AS name_kind,
    method, text_of(uri) AS url, status_code AS status,
    request_body_len AS request_bytes, response_body_len AS response_bytes
FROM told WHERE log = 'http'
UNION ALL BY NAME
SELECT
    line_no AS line, 'dns' AS kind, began AS ts_ns, began + seconds_ns(rtt) AS end_ns,
    orig_h AS client_ip, orig_p AS client_port, resp_h AS server_ip, resp_p AS server_port,
    proto, 'dns' AS app, uid AS session, text_of(query) AS name, trans_id AS txid,
    coalesce(rcode_name, rcode) IS NOT NULL AS is_response,
    coalesce(qtype_name, qtype) AS qtype, coalesce(rcode_name, rcode) AS rcode,
    -- The types of answers are not logged: addresses have their looks, other names of a host that
    -- was asked for an address are its aliases, the rest is what was asked for.
    CASE WHEN coalesce(rcode_name, rcode) IS NOT NULL THEN list_transform(values_, lambda v, i: {
        'owner': NULL::VARCHAR,
        'type': CASE WHEN regexp_matches(v, '^[0-9]{1,3}([.][0-9]{1,3}){3}$') THEN 'A'
            WHEN regexp_matches(v, '^[0-9a-fA-F.]*:[0-9a-fA-F:.]*:[0-9a-fA-F:.]*$') THEN 'AAAA'
            WHEN regexp_matches(v, '^TXT [0-9]+ ') THEN 'TXT'
            WHEN qtype_name IN ('A', 'AAAA', 'HTTPS') THEN 'CNAME'
            ELSE coalesce(qtype_name, qtype) END,
        'value': text_of(regexp_replace(v, '^TXT [0-9]+ ', '')),
        'ttl': TRY(CAST(floor(try_cast(ttls_[i] AS DOUBLE)) AS BIGINT))
    }) END AS answers
FROM asked
