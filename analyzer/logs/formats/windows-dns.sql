-- title = "Windows DNS Server debug log"
-- vendor = "https://learn.microsoft.com/windows-server/networking/dns/dns-logging-and-diagnostics"
-- order = 64
-- view = "no byte counters: the resolver logs packets from and to its clients, by name"
-- claims = ["name asked for", "client address", "response code"]
-- cannot = ["what the answer was", "bytes", "the client's port", "the order of day and month where no date of the log settles it", "the zone of its clock (--log-timezone says it)"]
-- others = "ignored"
-- [[records]]
-- shape = "text"
-- pattern = '''^[0-9./-]{8,10} [0-9:.]{7,8}(?: [AaPp]\.?[Mm]\.?)? +[0-9A-Fa-f]{3,5} PACKET +[0-9A-Fa-f]{8,16} (?:UDP|TCP) (?:Rcv|Snd) '''
WITH parsed AS MATERIALIZED (
    SELECT line_no, regexp_extract(line,
        '^([0-9]{1,4})([./-]?)([0-9]{1,2})[./-]?([0-9]{1,4}) ([0-9]{1,2}[:.][0-9]{2}[:.][0-9]{2})(?: ([AaPp])\.?[Mm]\.?)? +[0-9A-Fa-f]{3,5} PACKET +[0-9A-Fa-f]{8,16} (UDP|TCP) (Rcv|Snd) ([0-9a-fA-F.:]+)(?:%[0-9]+)? +([0-9a-fA-F]{4}) (R| ) ([QNU?]) \[[0-9a-fA-F]{4} [A-Z ]{4,7} +([A-Za-z0-9]+)\] ([A-Za-z0-9]+) +(\(.*\(0\)|\S+)',
        ['one', 'mark', 'two', 'three', 'clock', 'half', 'proto', 'way', 'peer', 'xid', 'reply', 'opcode', 'rcode', 'qtype', 'name'])
        AS p
    FROM records
), hints AS (
    -- Day first or month first: told by a number over 12 anywhere in the block, else by how the zero is
    -- written (M/d/yyyy with AM and PM is American; dd/MM/yyyy with 24 hours is not).
    SELECT bool_or(try_cast(p.one AS INTEGER) > 12) AS day_first, bool_or(try_cast(p.two AS INTEGER) > 12) AS month_first,
        bool_or(p.one[1] = '0') AS first_padded, bool_or(p.two[1] = '0') AS second_padded, bool_or(p.half <> '') AS halves
    FROM parsed WHERE p.mark = '/' AND length(p.three) = 4
), chosen AS (
    SELECT CASE WHEN day_first AND month_first THEN NULL WHEN day_first THEN 'day' WHEN month_first THEN 'month'
        WHEN halves AND NOT second_padded THEN 'month' WHEN halves AND second_padded AND NOT first_padded THEN 'day'
        WHEN NOT halves AND first_padded THEN 'day' END AS first_is
    FROM hints
), dated AS (
    SELECT *, CASE
        WHEN length(p.one) = 4 AND p.mark <> '' THEN p.one || '-' || p.two || '-' || p.three
        WHEN p.mark = '' AND length(p.one || p.two || p.three) = 8 THEN
            left(p.one || p.two || p.three, 4) || '-' || substring(p.one || p.two || p.three, 5, 2) || '-' || right(p.one || p.two || p.three, 2)
        WHEN length(p.three) = 4 AND p.mark IN ('.', '-') THEN p.three || '-' || p.two || '-' || p.one
        -- A file put together from several machines: the line itself may settle it.
        WHEN length(p.three) = 4 AND (first_is = 'day' OR first_is IS NULL AND try_cast(p.one AS INTEGER) > 12)
            THEN p.three || '-' || p.two || '-' || p.one
        WHEN length(p.three) = 4 AND (first_is = 'month' OR first_is IS NULL AND try_cast(p.two AS INTEGER) > 12)
            THEN p.three || '-' || p.one || '-' || p.two
        END AS day
    FROM parsed, chosen
    -- A question of a client, or the answer to it; what the server asks others has no client.
    WHERE p.name <> '' AND p.opcode = 'Q' AND (p.way = 'Rcv') = (p.reply <> 'R')
), named AS (
    SELECT *, regexp_extract_all(p.name, '\(([0-9]+)\)', 1) AS lengths,
        regexp_extract_all(p.name, '\)([^(]*)', 1) AS labels
    FROM dated
)
SELECT
    line_no AS line, 'dns' AS kind,
    local_ns(try_strptime(day || ' ' || replace(p.clock, '.', ':') || CASE WHEN p.half <> '' THEN ' ' || upper(p.half) || 'M' ELSE '' END,
        ['%Y-%m-%d %I:%M:%S %p', '%Y-%m-%d %H:%M:%S'])) AS ts_ns,
    p.peer AS client_ip, 53 AS server_port, p.proto AS proto, 'dns' AS app,
    CASE WHEN p.name[1] = '(' THEN array_to_string(list_filter(labels, lambda l: l <> ''), '.') ELSE trim(p.name, '.') END AS name,
    try_cast('0x' || p.xid AS INTEGER) AS txid, p.reply = 'R' AS is_response, p.qtype AS qtype,
    CASE WHEN p.reply = 'R' THEN p.rcode END AS rcode,
    CASE WHEN day IS NULL THEN 'day or month first: no date of the log settles it'
        WHEN p.name[1] = '(' AND lengths <> list_transform(labels, lambda l: strlen(l)::VARCHAR)
            THEN 'a name whose labels do not have their stated lengths' END AS problem
FROM named
