-- title = "Google Cloud VPC Flow Logs"
-- vendor = "https://cloud.google.com/vpc/docs/about-flow-logs-records"
-- order = 46
-- family = "gcp"
-- view = "a virtual machine: each record estimates one direction of a window from a sample of its packets; the bytes are those of user payload, without packet headers"
-- claims = ["client and server, address and port", "bytes up (an estimate)", "bytes down (an estimate)"]
-- cannot = ["name", "method and URL", "the program", "exact bytes: packets are sampled", "allowed or denied", "which side opened the connection, where ports do not tell"]
-- [[records]]
-- shape = "json"
-- match = { src_ip = ".", dest_ip = ".", reporter = "." }
-- [fields]
-- src_ip = ["jsonPayload.connection.src_ip", "connection.src_ip"]
-- src_port = ["jsonPayload.connection.src_port", "connection.src_port"]
-- dest_ip = ["jsonPayload.connection.dest_ip", "connection.dest_ip"]
-- dest_port = ["jsonPayload.connection.dest_port", "connection.dest_port"]
-- protocol = ["jsonPayload.connection.protocol", "connection.protocol"]
-- bytes_sent = ["jsonPayload.bytes_sent", "bytes_sent"]
-- packets_sent = ["jsonPayload.packets_sent", "packets_sent"]
-- start_time = ["jsonPayload.start_time", "start_time"]
-- end_time = ["jsonPayload.end_time", "end_time"]
-- reporter = ["jsonPayload.reporter", "reporter"]
-- src_vm = ["jsonPayload.src_instance.vm_name", "src_instance.vm_name"]
-- timestamp = "timestamp"
WITH told AS NOT MATERIALIZED (
    SELECT *, whole(protocol) IN (6, 17, 132) IS TRUE AS has_ports,
        (whole(src_port) < whole(dest_port) AND whole(protocol) IN (6, 17)) IS TRUE AS back,
        -- Between two machines of the project both report the same packets: the sender's counts.
        reporter <> 'DEST' OR src_vm IS NULL AS counted
    FROM records
)
SELECT
    line_no AS line, 'flow' AS kind, coalesce(iso_ns(start_time), iso_ns(timestamp)) AS ts_ns,
    iso_ns(end_time) AS end_ns,
    CASE WHEN back THEN dest_ip ELSE src_ip END AS client_ip,
    CASE WHEN back THEN src_ip ELSE dest_ip END AS server_ip,
    CASE WHEN has_ports THEN CASE WHEN back THEN dest_port ELSE src_port END END AS client_port,
    CASE WHEN has_ports THEN CASE WHEN back THEN src_port ELSE dest_port END END AS server_port,
    protocol AS proto,
    CASE WHEN counted AND NOT back THEN bytes_sent END AS bytes_up,
    CASE WHEN counted AND back THEN bytes_sent END AS bytes_down,
    CASE WHEN counted AND NOT back THEN packets_sent END AS pkts_up,
    CASE WHEN counted AND back THEN packets_sent END AS pkts_down,
    CASE WHEN counted AND bytes_sent IS NOT NULL THEN 'payload' END AS bytes_kind,
    CASE WHEN counted AND bytes_sent IS NOT NULL THEN 'sampled' END AS counter
FROM told
