-- title = "Microsoft Sentinel ASIM: network sessions, web sessions, DNS"
-- vendor = "https://learn.microsoft.com/azure/sentinel/normalization-about-schemas"
-- order = 80
-- view = "the reporting device's: SrcBytes is what the source sent; whether headers count differs"
-- claims = ["name where the device knows it", "bytes up and down where counted", "client port", "server address", "allowed or denied", "URL and method of web sessions", "DNS answers that are addresses"]
-- cannot = ["more than the device behind the schema logged", "whether packet headers are in the bytes"]
-- [[records]]
-- shape = "json"
-- match = { EventSchema = "^(NetworkSession|WebSession|Dns)$" }
-- [[records]]
-- shape = "json"
-- match = { Type = "^(ASim|_Im_|im)(NetworkSession|WebSession|Dns)" }
-- [[records]]
-- shape = "table"
-- columns = ["SrcIpAddr", "DstIpAddr", "DvcAction"]
-- [[records]]
-- shape = "table"
-- columns = ["SrcIpAddr", "DnsQuery"]
-- [[records]]
-- shape = "table"
-- columns = ["SrcIpAddr", "Url", "EventSchema"]
-- [fields]
-- Type = "Type"
-- EventSchema = "EventSchema"
-- start = ["EventStartTime", '"EventStartTime [UTC]"', "TimeGenerated", '"TimeGenerated [UTC]"']
-- finish = ["EventEndTime", '"EventEndTime [UTC]"']
-- SrcIpAddr = "SrcIpAddr"
-- SrcPortNumber = "SrcPortNumber"
-- DstIpAddr = "DstIpAddr"
-- DstPortNumber = "DstPortNumber"
-- DstFQDN = "DstFQDN"
-- DstHostname = "DstHostname"
-- DstDomain = "DstDomain"
-- HttpHost = "HttpHost"
-- NetworkProtocol = "NetworkProtocol"
-- NetworkApplicationProtocol = "NetworkApplicationProtocol"
-- NetworkDirection = "NetworkDirection"
-- NetworkSessionId = "NetworkSessionId"
-- EventSubType = "EventSubType"
-- SrcBytes = "SrcBytes"
-- DstBytes = "DstBytes"
-- SrcPackets = "SrcPackets"
-- DstPackets = "DstPackets"
-- DvcAction = "DvcAction"
-- rule = ["RuleName", "NetworkRuleName", "Rule", "RuleNumber", "NetworkRuleNumber"]
-- process = ["SrcProcessName", "ProcessName", "Process"]
-- Url = "Url"
-- HttpRequestMethod = "HttpRequestMethod"
-- HttpStatusCode = "HttpStatusCode"
-- EventResultDetails = "EventResultDetails"
-- DnsQuery = "DnsQuery"
-- qtype = ["DnsQueryTypeName", "DnsQueryType"]
-- rcode = ["DnsResponseCodeName", "DnsResponseCode"]
-- DnsResponseName = "DnsResponseName"
WITH told AS (
    SELECT *,
        coalesce(EventSchema = 'Dns' OR Type LIKE '%Dns%', DnsQuery IS NOT NULL) AS asked,
        coalesce(EventSchema = 'WebSession' OR Type LIKE '%WebSession%', Url IS NOT NULL) AS web,
        lower(EventSubType) AS sub_type,
        regexp_extract(Url, '^(?:[A-Za-z][A-Za-z0-9+.-]*://)?(?:[^/?#@]*@)?([^/:?#]+)', 1) AS url_host
    FROM records
)
SELECT
    line_no AS line,
    CASE WHEN asked THEN 'dns' ELSE 'flow' END AS kind,
    any_ns(start) AS ts_ns, CASE WHEN NOT asked THEN any_ns(finish) END AS end_ns,
    SrcIpAddr AS client_ip, SrcPortNumber AS client_port,
    DstIpAddr AS server_ip, DstPortNumber AS server_port,
    coalesce(NetworkProtocol, CASE WHEN web THEN 'tcp' END) AS proto,
    lower(CASE WHEN asked THEN NULL
        WHEN upper(NetworkApplicationProtocol) IN ('HTTPS', 'SSL', 'TLS') OR Url ILIKE 'https://%'
            THEN 'tls'
        ELSE NetworkApplicationProtocol END) AS app,
    NetworkSessionId AS session,
    -- DstHostname should be the name without its domain; some devices put all of it there.
    CASE WHEN asked THEN DnsQuery ELSE coalesce(DstFQDN, HttpHost,
        CASE WHEN NOT suffix(lower(DstHostname), '.' || lower(DstDomain))
            THEN DstHostname || '.' || DstDomain END,
        CASE WHEN DstHostname LIKE '%.%' THEN DstHostname END, nullif(url_host, '')) END AS name,
    CASE WHEN asked OR name IS NULL THEN NULL WHEN name = HttpHost THEN 'http_host'
        ELSE 'log_fqdn' END AS name_kind,
    CASE WHEN NOT asked THEN SrcBytes END AS bytes_up,
    CASE WHEN NOT asked THEN DstBytes END AS bytes_down,
    CASE WHEN NOT asked THEN SrcPackets END AS pkts_up,
    CASE WHEN NOT asked THEN DstPackets END AS pkts_down,
    CASE WHEN coalesce(whole(bytes_up), whole(bytes_down), whole(pkts_up), whole(pkts_down)) IS NOT NULL
        THEN 'total' END AS counter,
    CASE WHEN counter IS NULL THEN NULL WHEN web THEN 'payload' ELSE 'headers' END AS bytes_kind,
    CASE WHEN DvcAction ILIKE 'drop%' THEN 'deny' ELSE decision(DvcAction) END AS action,
    rule, process, HttpRequestMethod AS method, Url AS url,
    coalesce(HttpStatusCode, CASE WHEN web THEN EventResultDetails END) AS status,
    CASE WHEN asked THEN qtype END AS qtype,
    CASE WHEN asked THEN coalesce(rcode, CASE WHEN sub_type = 'response' THEN EventResultDetails END)
        END AS rcode,
    CASE WHEN asked THEN rcode IS NOT NULL OR DnsResponseName IS NOT NULL
        OR coalesce(sub_type = 'response', false) END AS is_response,
    -- What devices put here has no common form: addresses are what can be told.
    CASE WHEN asked THEN nullif([{
            'owner': NULL::VARCHAR, 'type': CASE WHEN contains(w, ':') THEN 'AAAA' ELSE 'A' END,
            'value': w, 'ttl': NULL::BIGINT
        } FOR w IN regexp_extract_all(DnsResponseName, '[0-9A-Fa-f:.]*[.:][0-9A-Fa-f:.]+')
            IF is_addr(w)], []) END AS answers
FROM told
WHERE coalesce(NetworkDirection, '') <> 'Listen'
