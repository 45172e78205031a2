-- title = "Azure Firewall, structured logs (resource-specific tables)"
-- vendor = "https://learn.microsoft.com/azure/firewall/monitor-firewall-reference"
-- order = 10
-- family = "azure"
-- others = "ignored"
-- view = "no byte counters: the firewall logs who asked for which name, before SNAT; behind DNAT the server is the translated address"
-- claims = ["name", "client address and port", "allowed or denied", "URL of HTTP and inspected TLS"]
-- cannot = [
--   "how many bytes went either way (the rates of AZFWFatFlow name neither client nor sum and are left out)",
--   "the HTTP method",
--   "the server's address of most rows",
--   "DNS answers",
--   "lookups that the firewall makes for its own rules (AZFWFqdnResolveFailure), rule statistics and DNS flow traces: they name no client and are left out",
-- ]
-- [[records]]
-- shape = "json"
-- match = { category = "^AZFW" }
-- [[records]]
-- shape = "json"
-- match = { Fqdn = "[.]", SourceIp = "^[0-9a-fA-F.:\\[\\]]+$", Action = "^(?i:allow|deny|alert|drop)$" }
-- [[records]]
-- shape = "json"
-- match = { QueryName = "[.]", SourceIp = "^[0-9a-fA-F.:\\[\\]]+$", QueryType = "^[A-Z0-9]+:?$" }
-- [[records]]
-- shape = "json"
-- match = { SourceIp = "^[0-9a-fA-F.:\\[\\]]+$", DestinationIp = "^[0-9a-fA-F.:\\[\\]]+$", Action = "^(Allow|Deny)$", Protocol = "^(TCP|UDP|ICMP)" }
-- [[records]]
-- shape = "table"
-- columns = ["SourceIp", "Fqdn", "SourcePort"]
-- match = { category = "^AZFW" }
-- [[records]]
-- shape = "table"
-- columns = ["QueryName", "QueryType", "SourceIp"]
-- match = { category = "^AZFW" }
-- [[records]]
-- shape = "table"
-- columns = ["SourceIp", "DestinationIp", "DestinationPort", "Protocol", "Action"]
-- match = { category = "^AZFW" }
-- [[records]]
-- shape = "table"
-- columns = ["SourceIp", "DestinationIp", "FlowRate"]
-- match = { category = "^AZFW" }
-- [[records]]
-- shape = "table"
-- columns = ["Fqdn", "SourceIp", "Action"]
-- match = { category = "^AZFW" }
-- [fields]
-- category = ["category", "Type"]
-- time = ["time", "TimeGenerated", '"TimeGenerated [UTC]"']
-- local_time = ['"TimeGenerated [Local Time]"']
-- SourceIp = ["properties.SourceIp", "SourceIp"]
-- SourcePort = ["properties.SourcePort", "SourcePort"]
-- DestinationIp = ["properties.DestinationIp", "DestinationIp"]
-- DestinationPort = ["properties.DestinationPort", "DestinationPort"]
-- TranslatedIp = ["properties.TranslatedIp", "TranslatedIp"]
-- TranslatedPort = ["properties.TranslatedPort", "TranslatedPort"]
-- Protocol = ["properties.Protocol", "Protocol"]
-- Fqdn = ["properties.Fqdn", "Fqdn"]
-- TargetUrl = ["properties.TargetUrl", "TargetUrl", "properties.Url", "Url"]
-- IsTlsInspected = ["properties.IsTlsInspected", "IsTlsInspected"]
-- IsExplicitProxyRequest = ["properties.IsExplicitProxyRequest", "IsExplicitProxyRequest"]
-- Action = ["properties.Action", "Action"]
-- ActionReason = ["properties.ActionReason", "ActionReason"]
-- RuleCollectionGroup = ["properties.RuleCollectionGroup", "RuleCollectionGroup"]
-- RuleCollection = ["properties.RuleCollection", "RuleCollection"]
-- Rule = ["properties.Rule", "Rule"]
-- QueryName = ["properties.QueryName", "QueryName"]
-- QueryType = ["properties.QueryType", "QueryType"]
-- QueryId = ["properties.QueryId", "QueryId"]
-- ResponseCode = ["properties.ResponseCode", "ResponseCode"]
-- ErrorMessage = ["properties.ErrorMessage", "ErrorMessage"]
-- ThreatDescription = ["properties.ThreatDescription", "ThreatDescription"]
-- SignatureId = ["properties.SignatureId", "SignatureId"]
-- Description = ["properties.Description", "Description"]
-- Flag = ["properties.Flag", "Flag"]
-- FlowRate = ["properties.FlowRate", "FlowRate"]
WITH given AS (
    -- "None" is how the az command line writes null.
    SELECT line_no, line, nullif(COLUMNS(* EXCLUDE (line_no, line)), 'None') FROM records
), told AS (
    SELECT * EXCLUDE (Protocol), upper(filled(Protocol)) AS protocol,
        -- Columns that an export left out do not tell the table; those that it kept do.
        CASE WHEN category LIKE 'AZFW%' THEN category
            WHEN QueryName IS NOT NULL THEN 'AZFWDnsQuery'
            WHEN FlowRate IS NOT NULL THEN 'AZFWFatFlow'
            WHEN TranslatedIp IS NOT NULL THEN 'AZFWNatRule'
            WHEN SignatureId IS NOT NULL THEN 'AZFWIdpsSignature'
            WHEN Flag IS NOT NULL THEN 'AZFWFlowTrace'
            WHEN ThreatDescription IS NOT NULL THEN 'AZFWThreatIntel'
            WHEN Fqdn IS NOT NULL OR TargetUrl IS NOT NULL THEN 'AZFWApplicationRule'
            ELSE 'AZFWNetworkRule' END AS table_name
    FROM given
), seen AS (
    SELECT *, table_name = 'AZFWDnsQuery' AS is_dns,
        coalesce(protocol, '') LIKE 'ICMP%' AS is_icmp,
        -- A lookup that failed is written with a colon behind its type, and zeros for what is not known.
        ErrorMessage IS NOT NULL OR QueryType LIKE '%:' AS failed,
        -- Signatures match packets of either direction, and the second packet of a handshake is the
        -- server's.
        CASE WHEN table_name = 'AZFWFlowTrace' THEN Flag = 'SYN-ACK'
            WHEN table_name = 'AZFWIdpsSignature'
                THEN coalesce(whole(SourcePort) < 1024 AND whole(DestinationPort) >= 1024, false)
            ELSE false END AS answers_back,
        coalesce(Fqdn,
            -- RFC 3986 3.2: an authority, perhaps behind a scheme and a name of a user.
            nullif(regexp_extract(TargetUrl,
                '^(?:[A-Za-z][A-Za-z0-9+.-]*://)?(?:[^/?#@]*@)?(\[[^\]/]*\]|[^/?#:@]+)', 1), '')) AS host
    FROM told
)
SELECT
    line_no AS line,
    CASE WHEN is_dns THEN 'dns' ELSE 'flow' END AS kind,
    CASE WHEN time IS NOT NULL THEN any_ns(time)
        ELSE local_ns(make_timestamp(try_cast(any_ns(local_time) // 1000 AS BIGINT))) + any_ns(local_time) % 1000 END AS ts_ns,
    CASE WHEN answers_back THEN DestinationIp ELSE SourceIp END AS client_ip,
    CASE WHEN is_icmp THEN NULL WHEN answers_back THEN DestinationPort ELSE SourcePort END AS client_port,
    CASE WHEN is_dns THEN NULL WHEN answers_back THEN SourceIp
        ELSE coalesce(TranslatedIp, DestinationIp) END AS server_ip,
    CASE WHEN is_dns THEN '53' WHEN is_icmp THEN NULL WHEN answers_back THEN SourcePort
        ELSE coalesce(TranslatedPort, DestinationPort) END AS server_port,
    CASE WHEN protocol IN ('TCP', 'UDP') THEN protocol
        WHEN protocol LIKE 'ICMPV6%' THEN 'icmp6' WHEN is_icmp THEN 'icmp'
        WHEN table_name = 'AZFWApplicationRule' OR protocol LIKE 'HTTP%' OR protocol = 'MSSQL' THEN 'tcp'
        END AS proto,
    CASE WHEN is_dns THEN NULL
        WHEN lower(IsTlsInspected) IN ('true', '1') OR protocol LIKE 'HTTPS%' THEN 'tls'
        WHEN protocol LIKE 'HTTP%' THEN 'http' END AS app,
    CASE WHEN is_dns THEN QueryName ELSE host END AS name,
    CASE WHEN is_dns OR host IS NULL THEN NULL
        WHEN lower(IsExplicitProxyRequest) IN ('true', '1') AND protocol LIKE 'HTTPS%' THEN 'connect'
        WHEN Fqdn IS NULL THEN 'http_host' ELSE 'log_fqdn' END AS name_kind,
    CASE WHEN table_name = 'AZFWNatRule' THEN 'allow' WHEN NOT is_dns THEN decision(Action) END AS action,
    coalesce(nullif(concat_ws('/', RuleCollection, Rule), ''), RuleCollectionGroup, ThreatDescription,
        nullif(concat_ws(': ', SignatureId, Description), ''),
        CASE WHEN table_name <> 'AZFWFlowTrace' THEN ActionReason END) AS rule,
    table_name = 'AZFWFlowTrace' AND Flag = 'SYN' OR NULL AS begins,
    TargetUrl AS url,
    CASE WHEN is_dns AND NOT failed THEN QueryId END AS txid,
    CASE WHEN is_dns THEN rtrim(QueryType, ':') END AS qtype,
    CASE WHEN is_dns AND NOT failed THEN ResponseCode
        WHEN is_dns THEN nullif(ResponseCode, '0') END AS rcode,
    CASE WHEN is_dns THEN NOT failed END AS is_response
FROM seen
WHERE (table_name IN ('AZFWApplicationRule', 'AZFWNetworkRule', 'AZFWDnsQuery', 'AZFWNatRule', 'AZFWThreatIntel',
        'AZFWIdpsSignature')
    -- Which side a later packet comes from, nothing tells.
    OR table_name = 'AZFWFlowTrace' AND Flag IN ('SYN', 'SYN-ACK'))
    -- A client that names nobody is turned away: there is no server to speak of.
    AND NOT (host IS NULL AND DestinationIp IS NULL AND NOT is_dns AND coalesce(ActionReason, '') ILIKE '%SNI%')
