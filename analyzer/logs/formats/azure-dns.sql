-- title = "Azure DNS security policy and DNS Private Resolver (DNSQueryLogs)"
-- vendor = "https://learn.microsoft.com/azure/azure-monitor/reference/tables/dnsquerylogs"
-- order = 13
-- family = "azure"
-- others = "ignored"
-- view = "no byte counters: who asked for which name and what was answered"
-- claims = ["name", "client address", "DNS answers", "allowed or denied"]
-- cannot = ["whether a connection followed", "how many bytes went either way"]
-- whole = true
-- [[records]]
-- shape = "json"
-- match = { category = "^(DnsResponse|DNSQueryLogs)$" }
-- [[records]]
-- shape = "json"
-- match = { ResolutionPath = ".", QueryName = "." }
-- [[records]]
-- shape = "table"
-- columns = ["QueryName", "ResolutionPath"]
-- match = { category = "^DNSQueryLogs$" }
-- [[records]]
-- shape = "table"
-- columns = ["QueryName", "QueryType", "SourceIpAddress"]
-- match = { category = "^DNSQueryLogs$" }
-- [fields]
-- category = ["category", "Type"]
-- time = ["time", "TimeGenerated", '"TimeGenerated [UTC]"']
-- local_time = ['"TimeGenerated [Local Time]"']
-- QueryName = ["properties.query_name", "QueryName", "properties.QueryName"]
-- QueryType = ["properties.query_type", "QueryType", "properties.QueryType"]
-- ResponseCode = ["properties.response_code", "ResponseCode", "properties.ResponseCode"]
-- SourceIp = ["properties.srcipaddr", "SourceIpAddress", "properties.SourceIpAddress"]
-- SourcePort = ["properties.srcport", "SourcePort", "properties.SourcePort"]
-- DestinationIp = ["properties.dstipaddr", "DestinationIpAddress", "properties.DestinationIpAddress"]
-- DestinationPort = ["properties.dstport", "DestinationPort", "properties.DestinationPort"]
-- Transport = ["properties.transport", "Transport"]
-- Answer = ["properties.answer", "Answer"]
-- ResolutionPath = ["properties.resolution_path", "ResolutionPath", "properties.ResolutionPath"]
-- Decision = ["properties.resolverpolicy_rule_action", "ResolverPolicyRuleAction", "properties.ResolverPolicyRuleAction"]
-- Policy = ["properties.resolverpolicy_id", "ResolverPolicyId", "properties.ResolverPolicyId"]
-- DomainList = ["properties.resolverpolicy_domainlist_id", "ResolverPolicyDomainListId", "properties.ResolverPolicyDomainListId"]
WITH given AS (
    -- "None" is how the az command line writes null.
    SELECT line_no, line, nullif(COLUMNS(* EXCLUDE (line_no, line)), 'None') FROM records
), spelled AS (
    -- Keys in camel case are told from those in Pascal case only here, where the others are missing.
    SELECT *, CASE WHEN QueryName IS NULL OR Answer IS NULL AND line <> '' THEN TRY(json_extract_string(line,
        ['$.properties.queryName', '$.properties.queryType', '$.properties.responseCode',
         '$.properties.sourceIpAddress', '$.properties.sourcePort', '$.properties.destinationIpAddress',
         '$.properties.destinationPort', '$.properties.Transport', '$.properties.Answer'])) END AS c
    FROM given
), answered AS (
    SELECT line_no, time, local_time, Decision, Policy, DomainList,
        coalesce(QueryName, c[1]) AS QueryName, coalesce(QueryType, c[2]) AS QueryType,
        coalesce(ResponseCode, c[3]) AS ResponseCode, coalesce(SourceIp, c[4]) AS SourceIp,
        coalesce(SourcePort, c[5]) AS SourcePort, coalesce(DestinationIp, c[6]) AS DestinationIp,
        coalesce(DestinationPort, c[7]) AS DestinationPort, coalesce(Transport, c[8]) AS Transport,
        list_transform(TRY(from_json(coalesce(Answer, c[9]), '["JSON"]')), lambda a: json_extract_string(a,
            ['$.Type', '$.type', '$.RData', '$.rData', '$.rdata', '$.TTL', '$.Ttl', '$.ttl'])) AS found
    FROM spelled
)
SELECT
    line_no AS line, 'dns' AS kind,
    CASE WHEN time IS NOT NULL THEN any_ns(time)
        ELSE local_ns(make_timestamp(try_cast(any_ns(local_time) // 1000 AS BIGINT))) + any_ns(local_time) % 1000 END AS ts_ns,
    SourceIp AS client_ip, SourcePort AS client_port,
    DestinationIp AS server_ip, coalesce(DestinationPort, '53') AS server_port,
    Transport AS proto, QueryName AS name, decision(Decision) AS action,
    nullif(regexp_extract(coalesce(DomainList, Policy), '[^/]*$'), '') AS rule,
    true AS is_response, QueryType AS qtype, ResponseCode AS rcode,
    list_transform(
        list_filter(found, lambda a: coalesce(a[3], a[4], a[5]) IS NOT NULL),
        lambda a: {
            'owner': NULL::VARCHAR, 'type': upper(coalesce(a[1], a[2])),
            'value': CASE WHEN upper(coalesce(a[1], a[2])) IN ('CNAME', 'NS', 'PTR')
                THEN rtrim(coalesce(a[3], a[4], a[5]), '.') ELSE coalesce(a[3], a[4], a[5]) END,
            'ttl': whole(coalesce(a[6], a[7], a[8]))}) AS answers
FROM answered
