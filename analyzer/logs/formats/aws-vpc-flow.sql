-- title = "AWS VPC Flow Logs: text (any fields, under their header), CloudWatch and Athena"
-- vendor = "https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html"
-- order = 44
-- view = "the network interface: each record counts one direction of a window, IP headers included (a packet of NTP counts 76 bytes)"
-- claims = ["client and server, address and port", "bytes up", "bytes down", "allowed or denied"]
-- cannot = ["name", "method and URL", "the program", "which side opened the connection, where ports and TCP flags do not tell"]
-- [[records]]
-- shape = "text"
-- pattern = '''^(?:[0-9]{4}-\S+ )?[0-9]+ \S+ \S+ (?:[0-9a-fA-F:.]+ [0-9a-fA-F:.]+ [0-9]+ [0-9]+ [0-9]+ [0-9]+ [0-9]+|- - - - - - -) [0-9]{9,11} [0-9]{9,11} (?:ACCEPT|REJECT|-) (?:OK|NODATA|SKIPDATA)(?: |$)'''
-- [[records]]
-- shape = "table"
-- columns = ["srcaddr", "dstaddr", "start", "bytes"]
-- [[records]]
-- shape = "table"
-- columns = ["pkt-srcaddr", "pkt-dstaddr", "start", "bytes"]
-- [[records]]
-- shape = "json"
-- match = { srcaddr = ".", dstaddr = ".", start = "^[0-9]" }
-- [fields]
-- srcaddr = "srcaddr"
-- dstaddr = "dstaddr"
-- srcport = "srcport"
-- dstport = "dstport"
-- protocol = "protocol"
-- packets = "packets"
-- bytes = "bytes"
-- start = "start"
-- end_ = "end"
-- action = "action"
-- tcp_flags = ["tcp_flags", "tcp-flags"]
-- pkt_srcaddr = ["pkt_srcaddr", "pkt-srcaddr"]
-- pkt_dstaddr = ["pkt_dstaddr", "pkt-dstaddr"]
-- interface = ["interface_id", "interface-id"]
-- direction = ["flow_direction", "flow-direction"]
-- reject_reason = ["reject_reason", "reject-reason"]
WITH fielded AS NOT MATERIALIZED (
    -- Without a header only the first fourteen fields are sure; a CloudWatch export puts its own
    -- time in front of them.
    SELECT *, CASE WHEN start IS NULL AND line <> '' THEN string_split(
        CASE WHEN line[5:5] = '-' THEN substr(line, instr(line, ' ') + 1) ELSE line END, ' ') END AS f
    FROM records
), stated AS NOT MATERIALIZED (
    SELECT line_no,
        -- Behind a translator or with several addresses an interface, the packet's own say who it was.
        coalesce(filled(pkt_srcaddr), filled(srcaddr), filled(f[4])) AS src,
        coalesce(filled(pkt_dstaddr), filled(dstaddr), filled(f[5])) AS dst,
        whole(coalesce(srcport, f[6])) AS src_port, whole(coalesce(dstport, f[7])) AS dst_port,
        whole(coalesce(protocol, f[8])) AS number, whole(coalesce(packets, f[9])) AS pkts,
        whole(coalesce(bytes, f[10])) AS octets, coalesce(start, f[11]) AS began,
        coalesce(end_, f[12]) AS ended, coalesce(action, f[13]) AS action,
        filled(coalesce(interface, f[3])) AS eni, filled(direction) AS direction,
        whole(tcp_flags) AS flags, filled(reject_reason) AS reason
    FROM fielded
), told AS NOT MATERIALIZED (
    -- Only SYN, SYN-ACK, FIN and RST are kept of the flags: a SYN alone is the client's, with an ACK
    -- the server's. Otherwise the smaller port is the server's.
    SELECT *, CASE WHEN number = 6 AND flags & 18 = 18 THEN true
            WHEN number = 6 AND flags & 2 = 2 THEN false
            ELSE src_port < dst_port AND number IN (6, 17) END IS TRUE AS back,
        number IN (6, 17, 132) IS TRUE AS has_ports
    FROM stated
)
SELECT
    line_no AS line, 'flow' AS kind,
    epoch_ns_of(regexp_extract(began, '^([0-9]+)(?:[.]0*)?$', 1)) AS ts_ns,
    epoch_ns_of(regexp_extract(ended, '^([0-9]+)(?:[.]0*)?$', 1)) AS end_ns,
    CASE WHEN back THEN dst ELSE src END AS client_ip,
    CASE WHEN back THEN src ELSE dst END AS server_ip,
    CASE WHEN has_ports THEN CASE WHEN back THEN dst_port ELSE src_port END END AS client_port,
    CASE WHEN has_ports THEN CASE WHEN back THEN src_port ELSE dst_port END END AS server_port,
    CAST(number AS VARCHAR) AS proto,
    CASE WHEN NOT back THEN octets END AS bytes_up, CASE WHEN back THEN octets END AS bytes_down,
    CASE WHEN NOT back THEN pkts END AS pkts_up, CASE WHEN back THEN pkts END AS pkts_down,
    CASE WHEN octets IS NOT NULL THEN 'headers' END AS bytes_kind,
    CASE WHEN octets IS NOT NULL THEN 'delta' END AS counter,
    -- Two interfaces may have seen the same packets, or one on their way in and out: whether the packet
    -- went the client's way tells both directions of such a view.
    nullif(concat_ws('/', eni, CASE (direction = 'egress') <> back WHEN true THEN 'out' WHEN false THEN 'in' END), '') AS vantage,
    decision(action) AS action, reason AS rule
FROM told
-- NODATA and SKIPDATA say that there was no traffic, or none was recorded.
WHERE src IS NOT NULL OR dst IS NOT NULL
