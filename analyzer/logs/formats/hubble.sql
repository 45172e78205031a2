-- title = "Cilium Hubble flow export"
-- vendor = "https://docs.cilium.io/en/stable/observability/hubble/configuration/export/"
-- order = 79
-- view = "no byte counters: a line is one packet or one layer-7 event, seen where Cilium looks"
-- claims = ["client address and port", "server address and port", "pod", "allowed or denied", "names where Cilium's DNS proxy is on", "HTTP requests where layer 7 is inspected"]
-- cannot = ["bytes", "names without the DNS proxy"]
-- [[records]]
-- shape = "json"
-- match = { verdict = "^[A-Z_]+$", src = "^[0-9a-fA-F.:]+$" }
-- [fields]
-- verdict = ["flow.verdict", "verdict"]
-- src = ["flow.IP.source", "IP.source"]
-- dst = ["flow.IP.destination", "IP.destination"]
-- time = ["flow.time", "time"]
-- tcp_sport = ["flow.l4.TCP.source_port", "l4.TCP.source_port"]
-- tcp_dport = ["flow.l4.TCP.destination_port", "l4.TCP.destination_port"]
-- udp_sport = ["flow.l4.UDP.source_port", "l4.UDP.source_port"]
-- udp_dport = ["flow.l4.UDP.destination_port", "l4.UDP.destination_port"]
-- syn = ["flow.l4.TCP.flags.SYN", "l4.TCP.flags.SYN"]
-- ack = ["flow.l4.TCP.flags.ACK", "l4.TCP.flags.ACK"]
-- l4 = ["flow.l4", "l4"]
-- is_reply = ["flow.is_reply", "is_reply", "flow.reply", "reply"]
-- names = ["flow.destination_names", "destination_names"]
-- pod = ["flow.source.pod_name", "source.pod_name"]
-- namespace = ["flow.source.namespace", "source.namespace"]
-- pod_to = ["flow.destination.pod_name", "destination.pod_name"]
-- namespace_to = ["flow.destination.namespace", "destination.namespace"]
-- drop_reason = ["flow.drop_reason_desc", "drop_reason_desc"]
-- l7_type = ["flow.l7.type", "l7.type"]
-- dns_query = ["flow.l7.dns.query", "l7.dns.query"]
-- dns_ips = ["flow.l7.dns.ips", "l7.dns.ips"]
-- dns_types = ["flow.l7.dns.qtypes", "l7.dns.qtypes"]
-- dns_rcode = ["flow.l7.dns.rcode", "l7.dns.rcode"]
-- dns_cnames = ["flow.l7.dns.cnames", "l7.dns.cnames"]
-- http_method = ["flow.l7.http.method", "l7.http.method"]
-- http_url = ["flow.l7.http.url", "l7.http.url"]
-- http_code = ["flow.l7.http.code", "l7.http.code"]
WITH read AS (
    SELECT *, coalesce(l7_type, '') = 'RESPONSE' OR coalesce(is_reply, 'false') = 'true' AS back,
        dns_query IS NOT NULL AS is_dns,
        TRY(json_extract_string(dns_ips, '$[*]')) AS ips, TRY(json_extract_string(dns_cnames, '$[*]')) AS aliases,
        TRY(json_extract_string(names, '$[0]')) AS first_name,
        coalesce(tcp_sport, udp_sport) AS sport, coalesce(tcp_dport, udp_dport) AS dport
    FROM records
)
SELECT
    line_no AS line,
    CASE WHEN is_dns THEN 'dns' WHEN http_url IS NOT NULL THEN 'http' ELSE 'flow' END AS kind,
    iso_ns(time) AS ts_ns,
    CASE WHEN back THEN dst ELSE src END AS client_ip, CASE WHEN back THEN dport ELSE sport END AS client_port,
    CASE WHEN back THEN src ELSE dst END AS server_ip, CASE WHEN back THEN sport ELSE dport END AS server_port,
    CASE WHEN tcp_dport IS NOT NULL THEN 'tcp' WHEN udp_dport IS NOT NULL THEN 'udp' WHEN l4 LIKE '{"ICMPv4%' THEN 'icmp'
        WHEN l4 LIKE '{"ICMPv6%' THEN 'icmp6' WHEN l4 LIKE '{"SCTP%' THEN 'sctp' END AS proto,
    CASE WHEN is_dns THEN 'dns' WHEN http_url IS NOT NULL THEN 'http' END AS app,
    CASE WHEN syn = 'true' AND coalesce(ack, 'false') <> 'true' THEN true END AS begins,
    CASE WHEN is_dns THEN dns_query WHEN http_url IS NOT NULL THEN coalesce(url_host(nullif(regexp_extract(http_url, '^[a-z]+://.*'), '')), first_name)
        ELSE first_name END AS name,
    CASE WHEN is_dns THEN NULL WHEN http_url IS NOT NULL THEN 'http_host' WHEN first_name IS NOT NULL THEN 'log_fqdn' END AS name_kind,
    CASE WHEN verdict IN ('FORWARDED', 'REDIRECTED', 'AUDIT', 'TRANSLATED', 'TRACED') THEN 'allow' WHEN verdict = 'DROPPED' THEN 'deny' END AS action,
    drop_reason AS rule,
    nullif(concat_ws('/', CASE WHEN back THEN namespace_to ELSE namespace END, CASE WHEN back THEN pod_to ELSE pod END), '') AS process,
    http_method AS method, http_url AS url, nullif(http_code, '0') AS status,
    CASE WHEN is_dns THEN back END AS is_response,
    CASE WHEN is_dns THEN TRY(json_extract_string(dns_types, '$[0]')) END AS qtype,
    CASE WHEN is_dns AND back THEN CASE coalesce(dns_rcode, '0') WHEN '0' THEN 'NOERROR' ELSE dns_rcode END END AS rcode,
    CASE WHEN is_dns AND len(ips) > 0 THEN list_concat(
        list_transform(coalesce(aliases, []), lambda a, i: {owner: CASE WHEN i > 1 THEN rtrim(aliases[i - 1], '.') END, type: 'CNAME', value: rtrim(a, '.'), ttl: NULL::BIGINT}),
        list_transform(ips, lambda a: {owner: rtrim(aliases[-1], '.'), type: CASE WHEN contains(a, ':') THEN 'AAAA' ELSE 'A' END, value: a, ttl: NULL::BIGINT}))
        END AS answers
FROM read
-- Packets of answers repeat what the packets of questions say.
WHERE is_dns OR http_url IS NOT NULL OR NOT back
