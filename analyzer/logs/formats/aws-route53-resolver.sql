-- title = "AWS Route 53 Resolver query logs"
-- vendor = "https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resolver-query-logs-format.html"
-- order = 45
-- view = "no byte counters: the resolver logs who asked for which name"
-- claims = ["name that was asked for", "client address and port", "DNS answers", "answers that DNS Firewall blocked"]
-- cannot = ["whether anything was sent", "bytes", "TTLs of answers"]
-- [[records]]
-- shape = "json"
-- match = { query_timestamp = "^[0-9]{4}-", query_name = ".", srcaddr = "." }
-- [fields]
-- query_timestamp = "query_timestamp"
-- query_name = "query_name"
-- query_type = "query_type"
-- rcode = "rcode"
-- answers = "answers"
-- srcaddr = "srcaddr"
-- srcport = "srcport"
-- transport = "transport"
-- firewall_rule_action = "firewall_rule_action"
-- firewall_rule_group_id = "firewall_rule_group_id"
SELECT
    line_no AS line, 'dns' AS kind, iso_ns(query_timestamp) AS ts_ns,
    srcaddr AS client_ip, srcport AS client_port, '53' AS server_port, lower(transport) AS proto,
    'dns' AS app, query_name AS name, true AS is_response, query_type AS qtype, rcode,
    CASE firewall_rule_action WHEN 'BLOCK' THEN 'deny' WHEN 'ALLOW' THEN 'allow'
        WHEN 'ALERT' THEN 'allow' END AS action,
    firewall_rule_group_id AS rule,
    list_transform(
        TRY(from_json(answers, '[{"Rdata":"VARCHAR","Type":"VARCHAR","Class":"VARCHAR"}]')),
        lambda r: {'owner': NULL::VARCHAR, 'type': r.Type, 'value': rtrim(r.Rdata, '.'), 'ttl': NULL::BIGINT}) AS answers
FROM records
