-- title = "Azure Firewall, AzureDiagnostics (messages)"
-- vendor = "https://learn.microsoft.com/azure/firewall/diagnostic-logs"
-- order = 11
-- family = "azure"
-- others = "ignored"
-- view = "no byte counters: the firewall logs who asked for which name, before SNAT; behind DNAT the server is the translated address"
-- claims = ["name", "client address and port", "allowed or denied", "URL of HTTP and inspected TLS"]
-- cannot = [
--   "how many bytes went either way",
--   "the HTTP method",
--   "the server's address of application rules",
--   "DNS answers",
--   "whom a client without SNI wanted (denied, left out)",
-- ]
-- [[records]]
-- shape = "json"
-- match = { category = "^AzureFirewall" }
-- [[records]]
-- shape = "json"
-- match = { msg = "^(HTTPS?|MSSQL|TCP|UDP|ICMP(v6)?( Type=[0-9]+)?) +request from |^DNS Request: " }
-- [[records]]
-- shape = "table"
-- columns = ["msg_s"]
-- match = { category = "^AzureFirewall", type = "^AzureDiagnostics$" }
-- [[records]]
-- shape = "text"
-- pattern = '''^([0-9][0-9TZ:./+-]{7,34}([, ]+[0-9]{1,2}:[0-9:.]+)?(.?[AP]M)?[\t ,;]+)?"?((HTTPS?|MSSQL|TCP|UDP|ICMP(v6)?( Type=[0-9]+)?) +request from [0-9\[]|DNS Request: [0-9\[]\S+ - [0-9])'''
-- [fields]
-- category = ["category"]
-- type = ["Type"]
-- time = ["time", "TimeGenerated", '"TimeGenerated [UTC]"']
-- local_time = ['"TimeGenerated [Local Time]"']
-- msg = ["properties.msg", "msg_s", "properties.msg_s", "msg"]
WITH bare AS (
    SELECT *,
        -- A line of its own: the message behind a time, if it has one.
        CASE WHEN msg IS NULL AND category IS NULL AND type IS NULL AND left(line, 1) <> '{' THEN regexp_extract(line,
            '^([0-9][0-9TZ:./+-]{7,34}(?:[, ]+[0-9]{1,2}:[0-9:.]+)?(?:.?[AP]M)?)?[\t ,;]*"?(.*?)"?$',
            ['time', 'msg']) END AS parts
    FROM records
    WHERE category IS NULL OR category LIKE 'AzureFirewall%'
), told AS (
    SELECT line_no, local_time, coalesce(time, filled(parts.time)) AS time, coalesce(msg, parts.msg) AS msg
    FROM bare
    -- A client that names nobody is turned away: there is no server to speak of.
    WHERE NOT coalesce(regexp_matches(coalesce(msg, parts.msg), '^HTTPS +request from \S+ (Action: |was ).*SNI'), false)
), begun AS (
    SELECT *, strpos(msg, ' request from ') AS found_at,
        CASE WHEN starts_with(msg, 'DNS Request: ') THEN string_split(rtrim(msg), ' ') END AS d,
        -- What CoreDNS says when no server answers: "Error: 2 name. A: read udp ...: i/o timeout".
        CASE WHEN starts_with(msg, 'Error: ') OR starts_with(msg, 'DNS Error: ') THEN regexp_extract(msg, '^(?:DNS )?Error: ([0-9]+) (\S+) ([A-Z0-9]+): ',
            ['rcode', 'name', 'type']) END AS e
    FROM told
), parted AS (
    SELECT * EXCLUDE (found_at), found_at BETWEEN 2 AND 30 AS is_flow, rtrim(left(msg, found_at - 1)) AS protocol,
        substr(msg, found_at + 14) AS rest,
        string_split(substr(msg, found_at + 14), '. Action: ') AS parts,
        -- {remote}:{port} - {id} {type} {class} {name} {proto} {size} {do} {bufsize} {rcode} {flags} {size} {time}s
        d[4] = '-' AND d[-8] IN ('udp', 'tcp') AS is_dns
    FROM begun
), sides AS (
    -- A client may write ". Action: " into a URL; the firewall's is the last.
    SELECT * EXCLUDE (parts), string_split(parts[1], ' ') AS h, CASE WHEN len(parts) > 1 THEN parts[-1] END AS decided
    FROM parted
), ends AS (
    SELECT *, rtrim(CASE WHEN is_dns THEN d[3] ELSE h[1] END, '.') AS src,
        rtrim(CASE WHEN h[2] = 'to' THEN CASE WHEN h[5] = 'DNAT''ed' THEN h[7] ELSE h[3] END END, '.') AS dst,
        CASE WHEN decided IS NOT NULL THEN split_part(split_part(decided, '.', 1), ' ', 1)
            WHEN h[2] = 'was' THEN rtrim(h[3], '.')
            WHEN h[5] = 'DNAT''ed' THEN 'allow' END AS action,
        coalesce(decided, rest) AS tail,
        protocol LIKE 'ICMP%' AS is_icmp
    FROM sides
), hosts AS (
    -- Addresses of version 6 stand in brackets. An ICMP row has a colon and no port, or neither.
    SELECT *,
        CASE WHEN starts_with(src, '[') THEN split_part(substr(src, 2), ']', 1) ELSE split_part(src, ':', 1) END AS a,
        CASE WHEN starts_with(src, '[') THEN split_part(src, ']:', 2) ELSE split_part(src, ':', 2) END AS a_port,
        CASE WHEN starts_with(dst, '[') THEN split_part(substr(dst, 2), ']', 1) ELSE split_part(dst, ':', 1) END AS b,
        CASE WHEN starts_with(dst, '[') THEN split_part(dst, ']:', 2) ELSE split_part(dst, ':', 2) END AS b_port,
        split_part(split_part(tail, 'Rule Collection: ', 2), '. Rule: ', 1) AS collection,
        split_part(split_part(split_part(tail, 'Rule Collection: ', 2), '. Rule: ', 2), '. Web Category: ', 1)
            AS rule_name,
        CASE WHEN h[4] = 'Url:' THEN regexp_extract(left(rest, length(rest) - length(coalesce(decided, '')) - 10),
            '(?s)^\S+ to \S+ Url: (.*)$', 1) END AS url
    FROM ends
), turned AS (
    -- A signature matches packets of either direction.
    SELECT *, is_addr(b) AS is_address,
        collection = '' AND contains(tail, 'Signature: ') AND coalesce(whole(a_port) < 1024 AND whole(b_port) >= 1024, false) AS answers_back
    FROM hosts
)
SELECT
    line_no AS line,
    CASE WHEN is_flow THEN 'flow' ELSE 'dns' END AS kind,
    CASE WHEN time IS NOT NULL THEN any_ns(time)
        ELSE local_ns(make_timestamp(try_cast(any_ns(local_time) // 1000 AS BIGINT))) + any_ns(local_time) % 1000 END AS ts_ns,
    CASE WHEN answers_back THEN b WHEN is_flow OR is_dns THEN a END AS client_ip,
    CASE WHEN is_icmp THEN NULL WHEN answers_back THEN b_port WHEN is_flow OR is_dns THEN a_port END AS client_port,
    CASE WHEN answers_back THEN a WHEN is_address THEN b END AS server_ip,
    CASE WHEN NOT is_flow THEN '53' WHEN is_icmp THEN NULL WHEN answers_back THEN a_port ELSE b_port END
        AS server_port,
    CASE WHEN is_dns THEN d[-8] WHEN NOT is_flow THEN NULL WHEN protocol LIKE 'ICMPv6%' THEN 'icmp6'
        WHEN is_icmp THEN 'icmp' WHEN protocol IN ('HTTP', 'HTTPS', 'MSSQL') OR protocol LIKE 'HTTP/%' THEN 'tcp'
        ELSE protocol END AS proto,
    CASE WHEN NOT is_flow THEN NULL WHEN protocol LIKE 'HTTPS%' THEN 'tls'
        WHEN protocol LIKE 'HTTP%' THEN 'http' END AS app,
    CASE WHEN is_dns THEN array_to_string(d[8:-9], ' ') WHEN NOT is_flow THEN e.name
        WHEN NOT is_address THEN filled(b) END AS name,
    CASE WHEN is_flow AND NOT is_address AND b <> '' THEN 'log_fqdn' END AS name_kind,
    CASE WHEN is_flow THEN decision(action) END AS action,
    CASE WHEN is_flow THEN coalesce(nullif(concat_ws('/', filled(collection), filled(rule_name)), ''),
        filled(left(rtrim(ltrim(substr(decided, length(action) + 1), '. '), '. '), 300))) END AS rule,
    filled(url) AS url,
    CASE WHEN is_dns THEN d[5] END AS txid,
    CASE WHEN is_dns THEN d[6] ELSE filled(e.type) END AS qtype,
    CASE WHEN is_dns THEN filled(d[-4]) ELSE filled(e.rcode) END AS rcode,
    CASE WHEN NOT is_flow THEN coalesce(is_dns, false) END AS is_response,
    CASE WHEN msg IS NULL THEN 'no message'
        WHEN NOT coalesce(is_flow OR is_dns OR e.name <> '', false) THEN 'a message that is not understood'
        END AS problem
FROM turned
