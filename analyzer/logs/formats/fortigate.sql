-- title = "Fortinet FortiGate, traffic and UTM logs (key=value, CSV, CEF)"
-- vendor = "https://docs.fortinet.com/document/fortigate/7.4.4/fortios-log-message-reference/"
-- order = 52
-- view = "client: sentbyte is what srcip sent, IP heads included (a ping counts 84 bytes); lines of long sessions count so far"
-- claims = ["client address and port", "server address and port", "bytes up", "bytes down", "allowed or denied", "name and URL from webfilter, SSL and DNS logs"]
-- cannot = ["the name of a session without a UTM log", "where its clock was when neither eventtime nor tz is logged (--log-timezone says it)"]
-- [[records]]
-- shape = "text"
-- pattern = '''(?:^|[ ,"])(?:logid|log_id|devid|device_id)="?[0-9A-Za-z-]+"?[ ,].*type="?(?:traffic|utm|event|anomaly|virus|webfilter|ips|app-ctrl|dlp|emailfilter|dns)\b|^(?:.*CEF:)?[0-9]\|Fortinet\|Forti[Gg]ate|\btype="?(?:traffic|utm|anomaly|event)"?[ ,].*\b(?:srcip|logdesc|sessionid|eventtype)='''
WITH taken AS (
    -- CEF spells the same keys with a prefix that depends on who forwards them.
    SELECT line_no, line, outer_time, contains(line, '|Fortinet|') AS is_cef FROM records
), native AS MATERIALIZED (
    -- Words at the blanks outside of quotes: a quoted value is one word, whatever it holds, and cannot
    -- state keys of its own. Every other piece between quotes is inside of them; \x1f stands for its blanks.
    SELECT line_no, string_split(array_to_string(list_transform(string_split(replace(CASE WHEN line[1] = '<' THEN regexp_replace(line, '^<[0-9]+>', '') ELSE line END, '\"', chr(30)), '"'),
        lambda s, i: CASE WHEN i % 2 = 0 THEN replace(s, ' ', chr(31))
            WHEN with_commas THEN replace(s, ',', ' ') ELSE s END), ''), ' ') AS words
    FROM (SELECT line_no, line, regexp_matches(line, '^[^=]*=[^ ,"]+,[a-z_]+=') AS with_commas
        FROM taken WHERE NOT is_cef AND (regexp_matches(line, '\btype="?traffic\b|\bsubtype="?(?:webfilter|ssl|dns|app-ctrl)\b')))
), parts AS MATERIALIZED (
    SELECT line_no, false AS is_cef, NULL AS header, list_transform(words, lambda w: substring(w, 1, strpos(w, '=') - 1)) AS k, words
    FROM native
    UNION ALL
    SELECT line_no, true AS is_cef, filled(regexp_extract(extension, '\|((?:traffic|utm):[a-z-]+)', 1)) AS header,
        cef_part(extension, 1) AS k, list_transform(cef_part(extension, 0), lambda w: rtrim(w)) AS words
    FROM (SELECT line_no, regexp_replace(line, '([ |])(?:FTNTFGT|FortinetFortiGate|ad[.])([a-z]+=)', '\1\2', 'g')
        AS extension FROM taken WHERE is_cef
        AND regexp_matches(line, '(?:cat="?|\|)(?:traffic|utm:webfilter|utm:ssl|utm:dns|utm:app-ctrl)\b'))
), each AS MATERIALIZED (
    SELECT line_no, is_cef,
        of_word(k, words, 'type') AS kind_of, of_word(k, words, 'subtype') AS subtype,
        coalesce(header, of_word(k, words, 'cat')) AS cat,
        coalesce(of_word(k, words, 'srcip'), of_word(k, words, 'src')) AS src,
        coalesce(of_word(k, words, 'dstip'), of_word(k, words, 'dst')) AS dst,
        coalesce(of_word(k, words, 'srcport'), of_word(k, words, 'spt')) AS sport,
        coalesce(of_word(k, words, 'dstport'), of_word(k, words, 'dpt')) AS dport,
        of_word(k, words, 'proto') AS proto,
        coalesce(of_word(k, words, 'service'), of_word(k, words, 'app')) AS service,
        lower(coalesce(of_word(k, words, 'action'), of_word(k, words, 'act'))) AS act,
        lower(of_word(k, words, 'utmaction')) AS utmaction,
        coalesce(of_word(k, words, 'policyname'), of_word(k, words, 'policyid'), of_word(k, words, 'profile')) AS rule,
        coalesce(of_word(k, words, 'sessionid'), of_word(k, words, 'externalId'), of_word(k, words, 'externalID')) AS sid,
        coalesce(of_word(k, words, 'devid'), of_word(k, words, 'deviceExternalId')) AS device,
        coalesce(of_word(k, words, 'sentbyte'), of_word(k, words, 'out')) AS sent,
        coalesce(of_word(k, words, 'rcvdbyte'), of_word(k, words, 'in')) AS received,
        of_word(k, words, 'sentpkt') AS psent, of_word(k, words, 'rcvdpkt') AS preceived,
        of_word(k, words, 'duration') AS duration,
        of_word(k, words, 'eventtime') AS eventtime,
        of_word(k, words, 'date') AS day, of_word(k, words, 'time') AS clock,
        of_word(k, words, 'tz') AS tz, of_word(k, words, 'timestamp') AS stamp,
        CASE WHEN is_cef THEN coalesce(of_word(k, words, 'start'), of_word(k, words, 'rt')) END AS cef_time,
        coalesce(of_word(k, words, 'hostname'), of_word(k, words, 'dhost')) AS host,
        coalesce(of_word(k, words, 'url'), of_word(k, words, 'request')) AS url,
        coalesce(of_word(k, words, 'httpmethod'), of_word(k, words, 'requestMethod')) AS http_method,
        trim(of_word(k, words, 'qname'), '[]') AS qname, of_word(k, words, 'qtype') AS qtype,
        of_word(k, words, 'xid') AS xid, of_word(k, words, 'ipaddr') AS ipaddr,
        of_word(k, words, 'rcode') AS rcode, of_word(k, words, 'eventtype') AS eventtype,
        of_word(k, words, 'dstname') AS dstname
    FROM parts
), told AS (
    SELECT *,
        coalesce(kind_of, split_part(cat, ':', 1)) = 'traffic' AS is_traffic,
        coalesce(subtype, split_part(cat, ':', 2)) AS sub,
        -- When the line was written: exact where eventtime says it, else by the clock of the device.
        coalesce(epoch_ns_of(eventtime),
            CASE WHEN regexp_matches(tz, '^"?[+-][0-9]{2}:?[0-9]{2}"?$') THEN iso_ns(day || ' ' || clock || trim(tz, '"'))
                ELSE local_ns(try_cast(day || ' ' || clock AS TIMESTAMP)) END,
            epoch_ns_of(stamp),
            local_ns(try_strptime(cef_time, '%b %d %Y %H:%M:%S')), epoch_ns_of(cef_time)) AS written,
        CASE WHEN regexp_matches(url, '^[a-z]+://') THEN url
            WHEN url LIKE '/%' AND host IS NOT NULL THEN 'http' || CASE WHEN upper(service) LIKE 'HTTPS%'
                OR dport = '443' THEN 's' ELSE '' END || '://' || host || url
            ELSE url END AS whole_url
    FROM each
)
SELECT
    line_no AS line,
    CASE WHEN is_traffic THEN 'flow' WHEN sub = 'dns' THEN 'dns' WHEN filled(url) IS NULL OR sub = 'ssl' THEN 'name'
        ELSE 'http' END AS kind,
    CASE WHEN is_traffic THEN written - coalesce(whole(duration), 0)::HUGEINT * 1000000000 ELSE written END AS ts_ns,
    CASE WHEN is_traffic THEN written END AS end_ns,
    src AS client_ip, CASE WHEN proto NOT IN ('1', '58') THEN sport END AS client_port,
    dst AS server_ip, CASE WHEN proto NOT IN ('1', '58') THEN dport END AS server_port,
    proto,
    CASE WHEN sub = 'ssl' OR upper(service) LIKE 'HTTPS%' THEN 'tls' WHEN sub = 'dns' OR service = 'DNS' THEN 'dns'
        WHEN upper(service) LIKE 'HTTP%' THEN 'http' ELSE lower(filled(service)) END AS app,
    CASE WHEN filled(sid) IS NOT NULL AND sid <> '0' THEN concat_ws('/', device, sid) END AS session,
    CASE WHEN is_traffic AND act = 'start' THEN true END AS begins,
    CASE WHEN sub = 'dns' AND NOT is_traffic THEN qname WHEN is_traffic THEN coalesce(host, dstname)
        ELSE coalesce(filled(host), url_host(url)) END AS name,
    CASE WHEN sub = 'dns' AND NOT is_traffic THEN NULL WHEN is_traffic THEN CASE WHEN coalesce(host, dstname) IS NOT NULL THEN 'log_fqdn' END WHEN sub = 'ssl' THEN 'sni'
        ELSE 'http_host' END AS name_kind,
    CASE WHEN is_traffic THEN sent END AS bytes_up,
    CASE WHEN is_traffic THEN received END AS bytes_down,
    CASE WHEN is_traffic THEN psent END AS pkts_up,
    CASE WHEN is_traffic THEN preceived END AS pkts_down,
    CASE WHEN is_traffic AND coalesce(sent, received) IS NOT NULL THEN 'headers' END AS bytes_kind,
    CASE WHEN is_traffic AND coalesce(sent, received) IS NOT NULL THEN 'cumulative' END AS counter,
    CASE WHEN regexp_matches(utmaction, '^(block|reset|drop)') THEN 'deny'
        WHEN regexp_matches(act, '^(deny|denied|block|blocked|drop|dropped|reset|dns-block|redirect)') THEN 'deny'
        WHEN act IN ('accept', 'close', 'timeout', 'client-rst', 'server-rst', 'ip-conn', 'start', 'pass',
            'passthrough', 'permit', 'allow', 'allowed', 'exempt', 'monitor', 'dns', 'detected') THEN 'allow' END AS action,
    filled(replace(rule, chr(31), ' ')) AS rule,
    CASE WHEN NOT is_traffic THEN upper(filled(http_method)) END AS method,
    CASE WHEN NOT is_traffic AND sub NOT IN ('dns', 'ssl') THEN filled(replace(replace(whole_url, chr(31), ' '), chr(30), '"')) END AS url,
    CASE WHEN sub = 'dns' AND NOT is_traffic THEN xid END AS txid,
    CASE WHEN sub = 'dns' AND NOT is_traffic THEN eventtype = 'dns-response' OR ipaddr IS NOT NULL END AS is_response,
    CASE WHEN sub = 'dns' AND NOT is_traffic THEN qtype END AS qtype,
    CASE WHEN sub = 'dns' AND NOT is_traffic THEN rcode END AS rcode,
    CASE WHEN sub = 'dns' AND NOT is_traffic AND is_addr(split_part(ipaddr, ',', 1)) THEN
        list_transform(list_filter(string_split(replace(replace(ipaddr, ' ', ''), chr(31), ''), ','), lambda a: is_addr(a)), lambda a:
            {owner: NULL::VARCHAR, type: CASE WHEN contains(a, ':') THEN 'AAAA' ELSE 'A' END, value: a, ttl: NULL::BIGINT})
        END AS answers
FROM told
-- A web application firewall of the same maker calls its requests traffic, too; multicast is no egress.
WHERE is_traffic AND sub IN ('forward', 'local', 'sniffer', 'ztna', 'http-transaction')
    OR sub = 'dns' OR sub IN ('webfilter', 'ssl', 'app-ctrl') AND coalesce(filled(host), filled(url)) IS NOT NULL
