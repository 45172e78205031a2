-- title = "Suricata EVE JSON: flow, netflow, tls, quic, dns, http, alert and drop"
-- vendor = "https://docs.suricata.io/en/latest/output/eve/eve-json-format.html"
-- order = 31
-- view = "the sensor between client and server: totals of both directions at the flow's end, packet headers included"
-- claims = ["name (SNI, HTTP host, certificate)", "client and server, address and port", "bytes up", "bytes down", "method and URL of plain HTTP", "DNS answers", "denied, where Suricata is inline"]
-- cannot = ["the program", "method and URL inside of TLS", "how long a request's body was"]
-- [[records]]
-- shape = "json"
-- match = { event_type = "^[a-z0-9_]+$", timestamp = "^[0-9]{4}-" }
-- [[records]]
-- shape = "json"
-- match = { flow_id = "^[0-9]+$", src_ip = ".", dest_ip = "." }
-- [fields]
-- event_type = "event_type"
-- timestamp = "timestamp"
-- flow_id = "flow_id"
-- src_ip = "src_ip"
-- src_port = "src_port"
-- dest_ip = "dest_ip"
-- dest_port = "dest_port"
-- proto = "proto"
-- app_proto = "app_proto"
-- direction = "direction"
-- flow = "flow"
-- netflow = "netflow"
-- tls = "tls"
-- quic = "quic"
-- http = "http"
-- dns = "dns"
-- alert = "alert"
-- dropped = "drop"
-- sensor = "host"
WITH told AS NOT MATERIALIZED (
    SELECT * REPLACE (
            coalesce(event_type, CASE WHEN alert IS NOT NULL THEN 'alert' END) AS event_type,
            CASE lower(proto) WHEN 'ipv6-icmp' THEN 'icmp6' ELSE proto END AS proto),
        CASE lower(app_proto) WHEN 'failed' THEN NULL WHEN 'unknown' THEN NULL
            WHEN 'http1' THEN 'http' WHEN 'http2' THEN 'http' ELSE lower(app_proto) END AS app,
        iso_ns(timestamp) AS seen
    FROM records
), flows AS NOT MATERIALIZED (
    SELECT *, TRY(json_extract_string(flow, ['$.start', '$.end', '$.bytes_toserver',
        '$.bytes_toclient', '$.pkts_toserver', '$.pkts_toclient', '$.action'])) AS f
    FROM told WHERE event_type = 'flow'
), halves AS NOT MATERIALIZED (
    -- One record a direction: the first of a flow is the client's unless its ports say otherwise,
    -- what runs against it is the server's.
    SELECT *, TRY(json_extract_string(netflow, ['$.start', '$.end', '$.bytes', '$.pkts'])) AS f,
        (concat_ws(' ', src_ip, src_port) <> first_value(concat_ws(' ', src_ip, src_port)) OVER one)
            <> (first_value(whole(src_port) < 1024 AND whole(dest_port) >= 1024) OVER one IS TRUE)
            AS back
    FROM told WHERE event_type = 'netflow'
    WINDOW one AS (PARTITION BY flow_id ORDER BY line_no)
), decided AS NOT MATERIALIZED (
    -- An alert shows the packet that matched: its source may be the server.
    SELECT *,
        TRY(json_extract_string(flow, ['$.src_ip', '$.src_port', '$.dest_ip', '$.dest_port'])) AS f,
        TRY(json_extract_string(alert, ['$.action', '$.signature'])) AS a,
        TRY(json_extract_string(dropped, ['$.reason'])) AS d,
        TRY(json_extract_string(tls, ['$.sni'])) AS t,
        TRY(json_extract_string(http, ['$.hostname', '$.url', '$.http_method', '$.status'])) AS h,
        CASE direction WHEN 'to_client' THEN true WHEN 'to_server' THEN false
            ELSE whole(src_port) < 1024 AND whole(dest_port) >= 1024 END IS TRUE AS back
    FROM told WHERE event_type IN ('alert', 'drop')
), named AS NOT MATERIALIZED (
    SELECT *, TRY(json_extract_string(coalesce(quic, tls), ['$.sni', '$.subject'])) AS n,
        event_type = 'quic' AND whole(src_port) < whole(dest_port) IS TRUE AS back
    FROM told WHERE event_type IN ('tls', 'quic')
), common AS NOT MATERIALIZED (
    SELECT *, nullif(lower(regexp_extract(n[2],
        '(?:^|, ?)CN=([*A-Za-z0-9_-]+(?:[.][A-Za-z0-9_-]+)+)(?:,|$)', 1)), '') AS common_name
    FROM named
), requests AS NOT MATERIALIZED (
    SELECT *, TRY(json_extract_string(http,
        ['$.hostname', '$.url', '$.http_method', '$.status', '$.length'])) AS h
    FROM told WHERE event_type = 'http'
), lookups AS NOT MATERIALIZED (
    -- Versions 1 (a record an answer), 2 (a list of answers) and 3 (the question in a list, too).
    SELECT *, TRY(json_extract_string(dns, ['$.type', '$.id', '$.rrname', '$.rrtype', '$.rcode',
        '$.rdata', '$.ttl', '$.answers', '$.grouped', '$.queries[0].rrname',
        '$.queries[0].rrtype'])) AS q
    FROM told WHERE event_type = 'dns'
), asked AS NOT MATERIALIZED (
    SELECT *, q[1] IN ('answer', 'response') AS answered,
        -- Some versions turn the addresses of an answer around, some do not.
        q[1] IN ('answer', 'response') AND whole(src_port) <= whole(dest_port) IS TRUE AS back,
        TRY(from_json(q[8], '[{"rrname":"VARCHAR","rrtype":"VARCHAR","ttl":"VARCHAR","rdata":"VARCHAR","srv":{"name":"VARCHAR"}}]')) AS listed,
        TRY(from_json(q[9], '{"A":["VARCHAR"],"AAAA":["VARCHAR"],"CNAME":["VARCHAR"]}')) AS grouped
    FROM lookups
)
SELECT
    line_no AS line, 'flow' AS kind, coalesce(iso_ns(f[1]), seen) AS ts_ns, iso_ns(f[2]) AS end_ns,
    src_ip AS client_ip, src_port AS client_port, dest_ip AS server_ip, dest_port AS server_port,
    proto, app, flow_id AS session, f[3] AS bytes_up, f[4] AS bytes_down, f[5] AS pkts_up,
    f[6] AS pkts_down, CASE WHEN coalesce(f[3], f[4]) IS NOT NULL THEN 'headers' END AS bytes_kind,
    CASE WHEN coalesce(f[3], f[4], f[5], f[6]) IS NOT NULL THEN 'total' END AS counter, sensor AS vantage,
    decision(f[7]) AS action
FROM flows
UNION ALL BY NAME
SELECT
    line_no AS line, 'flow' AS kind, coalesce(iso_ns(f[1]), seen) AS ts_ns, iso_ns(f[2]) AS end_ns,
    CASE WHEN back THEN dest_ip ELSE src_ip END AS client_ip,
    CASE WHEN back THEN dest_port ELSE src_port END AS client_port,
    CASE WHEN back THEN src_ip ELSE dest_ip END AS server_ip,
    CASE WHEN back THEN src_port ELSE dest_port END AS server_port,
    proto, app, flow_id AS session,
    CASE WHEN NOT back THEN f[3] END AS bytes_up, CASE WHEN back THEN f[3] END AS bytes_down,
    CASE WHEN NOT back THEN f[4] END AS pkts_up, CASE WHEN back THEN f[4] END AS pkts_down,
    CASE WHEN f[3] IS NOT NULL THEN 'headers' END AS bytes_kind,
    CASE WHEN coalesce(f[3], f[4]) IS NOT NULL THEN 'total' END AS counter, sensor AS vantage
FROM halves
UNION ALL BY NAME
SELECT
    line_no AS line, 'flow' AS kind, seen AS ts_ns,
    coalesce(f[1], CASE WHEN back THEN dest_ip ELSE src_ip END) AS client_ip,
    coalesce(f[2], CASE WHEN back THEN dest_port ELSE src_port END) AS client_port,
    coalesce(f[3], CASE WHEN back THEN src_ip ELSE dest_ip END) AS server_ip,
    coalesce(f[4], CASE WHEN back THEN src_port ELSE dest_port END) AS server_port,
    proto, app, flow_id AS session,
    coalesce(nullif(t[1], ''), host_part(nullif(h[1], ''))) AS name,
    CASE WHEN nullif(t[1], '') IS NOT NULL THEN 'sni'
        WHEN nullif(h[1], '') IS NOT NULL THEN CASE h[3] WHEN 'CONNECT' THEN 'connect' ELSE 'http_host' END
    END AS name_kind,
    h[3] AS method, h[2] AS url, h[4] AS status,
    CASE WHEN event_type = 'drop' THEN 'deny' ELSE decision(a[1]) END AS action,
    coalesce(a[2], d[1]) AS rule
FROM decided
UNION ALL BY NAME
SELECT
    line_no AS line, 'name' AS kind, seen AS ts_ns,
    CASE WHEN back THEN dest_ip ELSE src_ip END AS client_ip,
    CASE WHEN back THEN dest_port ELSE src_port END AS client_port,
    CASE WHEN back THEN src_ip ELSE dest_ip END AS server_ip,
    CASE WHEN back THEN src_port ELSE dest_port END AS server_port,
    proto, event_type AS app, flow_id AS session,
    coalesce(nullif(n[1], ''), common_name) AS name,
    CASE WHEN nullif(n[1], '') IS NOT NULL THEN CASE event_type WHEN 'quic' THEN 'quic_sni' ELSE 'sni' END
        WHEN common_name IS NOT NULL THEN 'cert' END AS name_kind
FROM common
UNION ALL BY NAME
SELECT
    line_no AS line, 'http' AS kind, seen AS ts_ns,
    src_ip AS client_ip, src_port AS client_port, dest_ip AS server_ip, dest_port AS server_port,
    proto, 'http' AS app, flow_id AS session, host_part(nullif(h[1], '')) AS name,
    CASE WHEN nullif(h[1], '') IS NULL THEN NULL WHEN h[3] = 'CONNECT' THEN 'connect' ELSE 'http_host' END
        AS name_kind,
    h[3] AS method, CASE WHEN NOT starts_with(h[2], '/libhtp::') THEN h[2] END AS url, h[4] AS status,
    h[5] AS response_bytes
FROM requests
UNION ALL BY NAME
SELECT
    line_no AS line, 'dns' AS kind, seen AS ts_ns,
    CASE WHEN back THEN dest_ip ELSE src_ip END AS client_ip,
    CASE WHEN back THEN dest_port ELSE src_port END AS client_port,
    CASE WHEN back THEN src_ip ELSE dest_ip END AS server_ip,
    CASE WHEN back THEN src_port ELSE dest_port END AS server_port,
    proto, 'dns' AS app, flow_id AS session, coalesce(q[10], q[3]) AS name, q[2] AS txid,
    answered AS is_response,
    -- Version 1 says the type of the answer there, not of the question.
    coalesce(q[11], CASE WHEN q[6] IS NULL THEN q[4] END) AS qtype, q[5] AS rcode,
    CASE WHEN NOT answered THEN NULL
        WHEN listed IS NOT NULL THEN list_transform(listed, lambda r: {
            'owner': r.rrname, 'type': r.rrtype, 'value': coalesce(r.rdata, r.srv.name),
            'ttl': whole(r.ttl)})
        WHEN q[6] IS NOT NULL THEN [{'owner': q[3], 'type': q[4], 'value': q[6], 'ttl': whole(q[7])}]
        WHEN grouped IS NOT NULL THEN
            list_transform(coalesce(grouped.CNAME, []), lambda v: {
                'owner': NULL::VARCHAR, 'type': 'CNAME', 'value': v, 'ttl': NULL::BIGINT})
            || list_transform(coalesce(grouped.A, []), lambda v: {
                'owner': NULL::VARCHAR, 'type': 'A', 'value': v, 'ttl': NULL::BIGINT})
            || list_transform(coalesce(grouped.AAAA, []), lambda v: {
                'owner': NULL::VARCHAR, 'type': 'AAAA', 'value': v, 'ttl': NULL::BIGINT})
        ELSE [] END AS answers
FROM asked WHERE coalesce(q[10], q[3], '') <> ''
