-- title = "Google Cloud firewall rules logging"
-- vendor = "https://cloud.google.com/firewall/docs/firewall-rules-logging"
-- order = 48
-- family = "gcp"
-- view = "no byte counters: the firewall logs a connection when it begins"
-- claims = ["client and server, address and port", "allowed or denied", "the rule"]
-- cannot = ["name", "bytes", "method and URL", "the program"]
-- [[records]]
-- shape = "json"
-- match = { src = ".", dest = ".", disposition = "^(ALLOWED|DENIED)$" }
-- [fields]
-- src = ["jsonPayload.connection.src_ip", "connection.src_ip"]
-- sport = ["jsonPayload.connection.src_port", "connection.src_port"]
-- dest = ["jsonPayload.connection.dest_ip", "connection.dest_ip"]
-- dport = ["jsonPayload.connection.dest_port", "connection.dest_port"]
-- number = ["jsonPayload.connection.protocol", "connection.protocol"]
-- disposition = ["jsonPayload.disposition", "disposition"]
-- reference = ["jsonPayload.rule_details.reference", "rule_details.reference"]
-- logged = "timestamp"
SELECT
    line_no AS line, 'flow' AS kind, iso_ns(logged) AS ts_ns,
    -- Rules are logged for the packet that opens a connection: its source is the client.
    src AS client_ip, sport AS client_port, dest AS server_ip, dport AS server_port,
    number AS proto, decision(disposition) AS action, reference AS rule
FROM records
