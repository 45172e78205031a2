-- title = "OCSF: network, HTTP and DNS activity (Amazon Security Lake and others)"
-- vendor = "https://schema.ocsf.io/"
-- order = 81
-- view = "the reporting product's: bytes_out is what the source sent; Amazon VPC counts one direction a record"
-- claims = ["name where the product knows it", "bytes up and down where counted", "client port", "server address", "allowed or denied", "URL and method of HTTP activity", "DNS answers", "program where known"]
-- cannot = ["more than the product behind the schema logged", "which direction a lone total counts", "events of other classes"]
-- [[records]]
-- shape = "json"
-- match = { class_uid = "^[0-9]+$", category_uid = "^[0-9]+$" }
-- [fields]
-- class_uid = "class_uid"
-- category_uid = "category_uid"
-- product = "metadata.product.name"
-- start = ["start_time", "time", "start_time_dt", "time_dt"]
-- finish = ["end_time", "end_time_dt"]
-- status_code = "status_code"
-- src_ip = "src_endpoint.ip"
-- src_port = "src_endpoint.port"
-- dst_ip = "dst_endpoint.ip"
-- dst_port = "dst_endpoint.port"
-- dst_name = ["dst_endpoint.hostname", "dst_endpoint.domain"]
-- sni = "tls.sni"
-- proto = ["connection_info.protocol_name", "connection_info.protocol_num"]
-- app = "app_name"
-- session = ["connection_info.uid", "connection_info.session.uid"]
-- bytes_out = "traffic.bytes_out"
-- bytes_in = "traffic.bytes_in"
-- bytes_one = "traffic.bytes"
-- packets_out = "traffic.packets_out"
-- packets_in = "traffic.packets_in"
-- packets_one = "traffic.packets"
-- action = "action"
-- action_id = "action_id"
-- disposition = "disposition"
-- activity = "activity_name"
-- rule = ["firewall_rule.name", "firewall_rule.uid"]
-- process = ["actor.process.name", "process.name"]
-- method = "http_request.http_method"
-- url_text = "http_request.url.url_string"
-- url_host = "http_request.url.hostname"
-- url_path = "http_request.url.path"
-- status = ["http_response.code", "http_status"]
-- query_name = "query.hostname"
-- query_type = "query.type"
-- query_id = "query.packet_uid"
-- rcode = ["rcode", "rcode_id"]
-- answers = "answers"
WITH told AS (
    SELECT * REPLACE (filled(src_ip) AS src_ip, filled(dst_ip) AS dst_ip, filled(dst_name) AS dst_name),
        class_uid = '4003' AS asked,
        -- A VPC flow record counts one direction; its sender may be the server.
        coalesce(product = 'Amazon VPC', false) AND bytes_out IS NULL AS one_way,
        one_way AND coalesce(whole(src_port) < 32768 AND whole(dst_port) >= 32768, false) AS back
    FROM records
)
SELECT
    line_no AS line,
    CASE WHEN asked THEN 'dns' ELSE 'flow' END AS kind,
    -- Milliseconds by the schema; seconds and text occur.
    CASE WHEN regexp_matches(start, '^[0-9]+$') THEN epoch_ns_of(start)
        WHEN regexp_matches(start, '^[0-9]+[.]') THEN epoch_s_ns(start) ELSE any_ns(start) END AS ts_ns,
    CASE WHEN asked THEN NULL WHEN regexp_matches(finish, '^[0-9]+$') THEN epoch_ns_of(finish)
        ELSE any_ns(finish) END AS end_ns,
    CASE WHEN back THEN dst_ip ELSE src_ip END AS client_ip,
    CASE WHEN back THEN dst_port ELSE src_port END AS client_port,
    CASE WHEN back THEN src_ip ELSE dst_ip END AS server_ip,
    CASE WHEN back THEN src_port ELSE dst_port END AS server_port,
    coalesce(proto, CASE WHEN class_uid = '4002' THEN 'tcp' END) AS proto,
    CASE WHEN asked THEN NULL WHEN sni IS NOT NULL THEN 'tls' ELSE lower(app) END AS app,
    session,
    CASE WHEN asked THEN query_name
        ELSE coalesce(sni, CASE WHEN class_uid = '4002' THEN url_host END, dst_name) END AS name,
    CASE WHEN asked OR name IS NULL THEN NULL WHEN sni IS NOT NULL THEN 'sni'
        WHEN class_uid = '4002' AND url_host IS NOT NULL THEN 'http_host' ELSE 'log_fqdn' END AS name_kind,
    CASE WHEN asked THEN NULL WHEN one_way THEN CASE WHEN NOT back THEN bytes_one END
        ELSE bytes_out END AS bytes_up,
    CASE WHEN asked THEN NULL WHEN one_way THEN CASE WHEN back THEN bytes_one END
        ELSE bytes_in END AS bytes_down,
    CASE WHEN asked THEN NULL WHEN one_way THEN CASE WHEN NOT back THEN packets_one END
        ELSE packets_out END AS pkts_up,
    CASE WHEN asked THEN NULL WHEN one_way THEN CASE WHEN back THEN packets_one END
        ELSE packets_in END AS pkts_down,
    CASE WHEN coalesce(whole(bytes_up), whole(bytes_down), whole(pkts_up), whole(pkts_down)) IS NULL
            THEN NULL
        WHEN product = 'Amazon VPC' THEN 'delta' ELSE 'total' END AS counter,
    CASE WHEN counter IS NOT NULL THEN 'headers' END AS bytes_kind,
    coalesce(decision(action), CASE action_id WHEN '1' THEN 'allow' WHEN '2' THEN 'deny' END,
        decision(disposition), CASE activity WHEN 'Refuse' THEN 'deny' END) AS action,
    rule, process, method,
    coalesce(url_text, CASE WHEN url_host IS NOT NULL THEN url_host || coalesce(url_path, '')
        ELSE url_path END) AS url,
    status, query_id AS txid, query_type AS qtype,
    CASE WHEN asked THEN rcode END AS rcode,
    CASE WHEN asked THEN rcode IS NOT NULL OR answers IS NOT NULL END AS is_response,
    CASE WHEN asked THEN nullif([{
            'owner': NULL::VARCHAR, 'type': a.type, 'value': rtrim(a.rdata, '.'),
            'ttl': try_cast(a.ttl AS BIGINT)
        } FOR a IN TRY(from_json(answers, '[{"type":"VARCHAR","rdata":"VARCHAR","ttl":"VARCHAR"}]'))
            IF a.rdata IS NOT NULL], []) END AS answers
FROM told
WHERE class_uid IN ('4001', '4002', '4003') AND coalesce(status_code, '') NOT IN ('NODATA', 'SKIPDATA')
