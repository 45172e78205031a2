-- title = "Google Cloud DNS query logs"
-- vendor = "https://cloud.google.com/dns/docs/monitoring"
-- order = 47
-- family = "gcp"
-- view = "no byte counters: the resolver logs who asked for which name"
-- claims = ["name that was asked for", "client address", "DNS answers"]
-- cannot = ["whether anything was sent", "bytes", "the client's port"]
-- [[records]]
-- shape = "json"
-- match = { queryName = ".", queryType = "." }
-- [fields]
-- queryName = ["jsonPayload.queryName", "queryName"]
-- queryType = ["jsonPayload.queryType", "queryType"]
-- responseCode = ["jsonPayload.responseCode", "responseCode"]
-- rdata = ["jsonPayload.rdata", "rdata"]
-- sourceIP = ["jsonPayload.sourceIP", "sourceIP"]
-- dns_protocol = ["jsonPayload.protocol", "protocol"]
-- dns_time = "timestamp"
SELECT
    line_no AS line, 'dns' AS kind, iso_ns(dns_time) AS ts_ns,
    sourceIP AS client_ip, '53' AS server_port, lower(dns_protocol) AS proto, 'dns' AS app,
    queryName AS name, true AS is_response, queryType AS qtype, responseCode AS rcode,
    -- A record a line: owner, TTL, class, type, value.
    list_transform(list_filter(string_split(coalesce(rdata, ''), chr(10)), lambda l: l <> ''),
        lambda l: {
            'owner': rtrim(split_part(l, chr(9), 1), '.'), 'type': upper(split_part(l, chr(9), 4)),
            'value': rtrim(CASE upper(split_part(l, chr(9), 4))
                WHEN 'MX' THEN split_part(split_part(l, chr(9), 5), ' ', 2)
                ELSE split_part(l, chr(9), 5) END, '.'),
            'ttl': whole(split_part(l, chr(9), 2))}) AS answers
FROM records
