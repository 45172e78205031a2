-- title = "Azure VNet flow logs (v4) and NSG flow logs (v1, v2), Traffic Analytics"
-- vendor = "https://learn.microsoft.com/azure/network-watcher/vnet-flow-logs-overview"
-- order = 12
-- family = "azure"
-- others = "ignored"
-- view = "who opened the connection is the source; bytes include packet headers; each tuple counts what passed since the one before"
-- claims = ["bytes up", "bytes down", "client address and port", "server address", "allowed or denied"]
-- cannot = [
--   "names",
--   "the client's port (Traffic Analytics)",
--   "bytes of inbound Internet flows (Traffic Analytics)",
-- ]
-- whole = ["one"]
-- [[records]]
-- shape = "json"
-- match = { category = "^(FlowLogFlowEvent|NetworkSecurityGroupFlowEvent)s?$" }
-- [[records]]
-- shape = "json"
-- match = { category = "^NTANetAnalytics$" }
-- [[records]]
-- shape = "json"
-- match = { FlowDirection = "^(In|Out)bound$", L4Protocol = ".", DestPort = "^[0-9]+$", FlowStatus = "." }
-- [[records]]
-- shape = "table"
-- columns = ["FlowDirection", "FlowStatus", "L4Protocol", "DestPort", "SrcIp", "DestIp"]
-- [fields]
-- category = ["category", "operationName", "Type"]
-- vnet = ["flowRecords", "properties.flowRecords"]
-- nsg = ["properties.flows", "flows"]
-- one = ['"flow.0"']
-- rule = ["AclRule"]
-- SrcIp = ["SrcIp"]
-- DestIp = ["DestIp"]
-- SrcPublicIps = ["SrcPublicIps"]
-- DestPublicIps = ["DestPublicIps"]
-- DestPort = ["DestPort"]
-- L4Protocol = ["L4Protocol"]
-- FlowDirection = ["FlowDirection"]
-- FlowStatus = ["FlowStatus"]
-- begin = ["FlowStartTime", '"FlowStartTime [UTC]"', "TimeGenerated", '"TimeGenerated [UTC]"']
-- finish = ["FlowEndTime", '"FlowEndTime [UTC]"']
-- up = ["BytesSrcToDest"]
-- down = ["BytesDestToSrc"]
-- pkts_up = ["PacketsSrcToDest"]
-- pkts_down = ["PacketsDestToSrc"]
WITH given AS (
    -- "None" is how the az command line writes null.
    SELECT line_no, line, nullif(COLUMNS(* EXCLUDE (line_no, line)), 'None') FROM records
), flows AS (
    SELECT line_no, unnest(TRY(from_json(vnet,
        '{"flows":[{"flowGroups":[{"rule":"VARCHAR","flowTuples":["VARCHAR"]}]}]}')).flows) AS held
    FROM given WHERE vnet IS NOT NULL
), groups AS (
    SELECT line_no, unnest(held.flowGroups) AS held FROM flows
), rules AS (
    SELECT line_no, unnest(TRY(from_json(nsg, '[{"rule":"VARCHAR","flows":[{"flowTuples":["VARCHAR"]}]}]'))) AS held
    FROM given WHERE nsg IS NOT NULL
), macs AS (
    SELECT line_no, held.rule AS rule, unnest(held.flows) AS held FROM rules
), texts AS (
    SELECT line_no, held.rule AS rule, unnest(held.flowTuples) AS tuple FROM groups
    UNION ALL SELECT line_no, rule, unnest(held.flowTuples) FROM macs
    UNION ALL SELECT line_no, TRY(json_extract_string(line, '$.rule')), one FROM given WHERE one IS NOT NULL
), tuples AS (
    SELECT line_no, rule, string_split(tuple, ',') AS t FROM texts
), told AS (
    -- NSG: time, src, dst, ports, T|U, I|O, A|D, and from version 2 on the state and four counters.
    -- VNet: time, src, dst, ports, number of the protocol, I|O, state, encryption, four counters.
    SELECT line_no, rule, t, t[6] IN ('T', 'U') AS is_nsg,
        CASE WHEN t[6] IN ('T', 'U') THEN filled(t[9]) ELSE t[8] END AS state,
        t[6] IN ('1', '58') AS is_icmp
    FROM tuples
), counted AS (
    -- A tuple that begins a flow, or denies it, counts nothing yet, whether it says so or writes zeros.
    SELECT *, state IN ('C', 'E') AS counts FROM told
), packed AS (
    -- Traffic Analytics gathers public addresses: "ip|begun|ended|packets out|packets in|bytes out|bytes in ip|...".
    SELECT *, unnest(CASE WHEN DestIp IS NULL AND DestPublicIps IS NOT NULL THEN string_split(trim(DestPublicIps), ' ')
        WHEN SrcIp IS NULL AND SrcPublicIps IS NOT NULL THEN string_split(trim(SrcPublicIps), ' ')
        ELSE [NULL] END) AS packed_ip
    FROM given WHERE FlowStatus IS NOT NULL
), gathered AS (
    SELECT *, string_split(packed_ip, '|') AS p,
        CASE WHEN packed_ip IS NULL THEN 'plain' WHEN DestIp IS NULL THEN 'out' ELSE 'in' END AS packing
    FROM packed
)
SELECT
    line_no AS line, 'flow' AS kind, epoch_ns_of(t[1]) AS ts_ns,
    CASE WHEN counts THEN epoch_ns_of(t[1]) END AS end_ns,
    t[2] AS client_ip, CASE WHEN NOT is_icmp THEN t[4] END AS client_port,
    t[3] AS server_ip, CASE WHEN NOT is_icmp THEN t[5] END AS server_port,
    t[6] AS proto, CASE WHEN state IN ('B', 'C', 'E') THEN state = 'B' END AS begins,
    CASE WHEN counts THEN t[10] END AS pkts_up, CASE WHEN counts THEN t[11] END AS bytes_up,
    CASE WHEN counts THEN t[12] END AS pkts_down, CASE WHEN counts THEN t[13] END AS bytes_down,
    CASE WHEN counts THEN 'headers' END AS bytes_kind, CASE WHEN counts THEN 'delta' END AS counter,
    CASE WHEN is_nsg THEN decision(t[8]) WHEN state = 'D' THEN 'deny' ELSE 'allow' END AS action, rule,
    CASE WHEN len(t) NOT IN (8, 13) OR t[7] NOT IN ('I', 'O') OR is_nsg AND t[8] NOT IN ('A', 'D')
            OR state NOT IN ('B', 'C', 'E', 'D') OR NOT is_nsg AND len(t) < 13
            OR counts AND (whole(t[11]) IS NULL OR whole(t[13]) IS NULL)
        THEN 'a flow tuple that is not understood' END AS problem
FROM counted
UNION ALL
SELECT
    line_no, 'flow', any_ns(begin), any_ns(finish),
    CASE packing WHEN 'in' THEN p[1] ELSE SrcIp END, NULL,
    CASE packing WHEN 'out' THEN p[1] ELSE DestIp END, DestPort,
    L4Protocol, NULL,
    CASE packing WHEN 'plain' THEN pkts_up WHEN 'out' THEN p[4] END,
    CASE packing WHEN 'plain' THEN up WHEN 'out' THEN p[6] END,
    CASE packing WHEN 'plain' THEN pkts_down WHEN 'out' THEN p[5] END,
    CASE packing WHEN 'plain' THEN down WHEN 'out' THEN p[7] END,
    CASE WHEN packing = 'out' OR packing = 'plain' AND up IS NOT NULL THEN 'headers' END,
    CASE WHEN packing = 'out' OR packing = 'plain' AND up IS NOT NULL THEN 'delta' END,
    decision(FlowStatus), rule, NULL
FROM gathered
