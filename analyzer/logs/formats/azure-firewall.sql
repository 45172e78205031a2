-- title = "Azure Firewall, structured logs (resource-specific tables)"
-- vendor = "https://learn.microsoft.com/azure/firewall/monitor-firewall-reference"
-- order = 10
-- family = "azure"
-- view = "no byte counters: the firewall logs who asked for which name, before SNAT"
-- claims = ["name", "client address and port", "allowed or denied", "URL of HTTP and inspected TLS"]
-- cannot = ["how many bytes went either way", "the HTTP method", "the server's address of most rows", "DNS answers"]
-- [[records]]
-- shape = "json"
-- match = { category = "^AZFW" }
-- [[records]]
-- shape = "table"
-- columns = ["SourceIp", "Fqdn", "SourcePort"]
-- [[records]]
-- shape = "table"
-- columns = ["QueryName", "QueryType", "ResponseFlags", "SourceIp"]
-- [[records]]
-- shape = "table"
-- columns = ["SourceIp", "DestinationIp", "DestinationPort", "ActionReason"]
-- [[records]]
-- shape = "table"
-- columns = ["TimeGenerated", "Fqdn", "SourceIp", "Action"]
-- [fields]
-- category = ["category", "Type"]
-- time = ["time", "TimeGenerated", '"TimeGenerated [UTC]"']
-- SourceIp = ["properties.SourceIp", "SourceIp"]
-- SourcePort = ["properties.SourcePort", "SourcePort"]
-- DestinationIp = ["properties.DestinationIp", "DestinationIp"]
-- DestinationPort = ["properties.DestinationPort", "DestinationPort"]
-- Protocol = ["properties.Protocol", "Protocol"]
-- Fqdn = ["properties.Fqdn", "Fqdn"]
-- TargetUrl = ["properties.TargetUrl", "TargetUrl", "properties.Url", "Url"]
-- Action = ["properties.Action", "Action"]
-- ActionReason = ["properties.ActionReason", "ActionReason"]
-- RuleCollection = ["properties.RuleCollection", "RuleCollection"]
-- Rule = ["properties.Rule", "Rule"]
-- QueryName = ["properties.QueryName", "QueryName"]
-- QueryType = ["properties.QueryType", "QueryType"]
-- QueryId = ["properties.QueryId", "QueryId"]
-- ResponseCode = ["properties.ResponseCode", "ResponseCode"]
-- ThreatDescription = ["properties.ThreatDescription", "ThreatDescription"]
-- FlowRate = ["properties.FlowRate", "FlowRate"]
WITH told AS (
    SELECT *, coalesce(category, CASE WHEN QueryName IS NOT NULL THEN 'AZFWDnsQuery'
        WHEN Fqdn IS NOT NULL THEN 'AZFWApplicationRule' ELSE 'AZFWNetworkRule' END) AS table_name
    FROM records
)
SELECT
    line_no AS line,
    CASE WHEN table_name = 'AZFWDnsQuery' THEN 'dns' ELSE 'flow' END AS kind,
    any_ns(time) AS ts_ns,
    SourceIp AS client_ip, SourcePort AS client_port,
    CASE WHEN table_name <> 'AZFWDnsQuery' THEN DestinationIp END AS server_ip,
    CASE WHEN table_name = 'AZFWDnsQuery' THEN '53' ELSE DestinationPort END AS server_port,
    CASE WHEN Protocol LIKE 'ICMP%' THEN 'icmp'
        WHEN upper(Protocol) IN ('TCP', 'UDP') THEN Protocol ELSE 'tcp' END AS proto,
    CASE WHEN upper(Protocol) LIKE 'HTTPS%' THEN 'tls' WHEN upper(Protocol) LIKE 'HTTP%' THEN 'http'
    END AS app,
    CASE WHEN table_name = 'AZFWDnsQuery' THEN QueryName ELSE Fqdn END AS name,
    CASE WHEN table_name <> 'AZFWDnsQuery' AND Fqdn IS NOT NULL THEN 'log_fqdn' END AS name_kind,
    decision(Action) AS action,
    coalesce(nullif(concat_ws('/', RuleCollection, Rule), ''), ActionReason, ThreatDescription) AS rule,
    TargetUrl AS url,
    QueryId AS txid, rtrim(QueryType, ':') AS qtype, ResponseCode AS rcode,
    CASE WHEN table_name = 'AZFWDnsQuery' THEN true END AS is_response
FROM told
WHERE table_name IN ('AZFWApplicationRule', 'AZFWNetworkRule', 'AZFWDnsQuery', 'AZFWNatRule', 'AZFWThreatIntel')
