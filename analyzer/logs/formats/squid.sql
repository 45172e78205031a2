-- title = "Squid access.log: native, common and combined"
-- vendor = "https://wiki.squid-cache.org/Features/LogFormat"
-- order = 42
-- view = "the proxy: bytes are what it sent to the client, HTTP headers included"
-- claims = ["name", "bytes down", "method and URL (inside of TLS only where Squid decrypts)", "allowed or denied", "the server's address where the proxy connected itself"]
-- cannot = ["bytes up (a logformat with %>st has them)", "the client's port", "the program"]
-- [[records]]
-- shape = "text"
-- pattern = '''(?:^|: )[0-9]{9,10}[.][0-9]{3} +-?[0-9]+ \S+ [A-Z][A-Z0-9_]*/[0-9]{3} [0-9]+ \S+ \S+ \S+ [A-Z][A-Z0-9_]*/'''
-- [[records]]
-- shape = "text"
-- pattern = '''^\S+ \S+ \S+ \[[^\]]+\] "(?:CONNECT \S+|[A-Z_]+ [a-z][a-z0-9+.-]*://\S+)(?: HTTP/[0-9.]+)?" [0-9]{3} (?:[0-9]+|-)'''
WITH cut AS NOT MATERIALIZED (
    SELECT line_no, line, CASE WHEN line[11:11] = '.' THEN line
        ELSE regexp_extract(line, '(?:^|: )([0-9]{9,10}[.][0-9]{3} .*)$', 1) END AS native
    FROM records
), native AS NOT MATERIALIZED (
    -- Only the second word is padded, and no value holds a space.
    SELECT line_no, split_part(native, ' ', 1) AS ended,
        string_split(ltrim(substr(native, length(split_part(native, ' ', 1)) + 1), ' '), ' ') AS f
    FROM cut WHERE native <> ''
), common AS NOT MATERIALIZED (
    SELECT line_no, regexp_extract(line,
        '^(\S+) \S+ \S+ \[([^\]]+)\] "(\S+) (\S+)(?: HTTP/[0-9.]+)?" ([0-9]{3}) ([0-9]+|-)(?:.* ([A-Z][A-Z0-9_]*):([A-Z][A-Z0-9_]*)(?:/(\S+))?)?',
        ['client', 'ended', 'method', 'url', 'status', 'down', 'result', 'hierarchy', 'peer']) AS f
    FROM cut WHERE native = ''
), taken AS NOT MATERIALIZED (
    SELECT line_no, ended, f[1] AS elapsed, f[2] AS client, '' AS client_port,
        split_part(f[3], '/', 1) AS result, split_part(f[3], '/', 2) AS status, f[4] AS down,
        '' AS up, '' AS total, f[5] AS method, f[6] AS url, f[8] AS hierarchy,
        split_part(f[8], '/', 2) AS peer, '' AS sni
    FROM native
    UNION ALL
    SELECT line_no, f.ended, '0', f.client, '', f.result, f.status, f.down, '', '',
        f.method, f.url, f.hierarchy, f.peer, ''
    FROM common
)
-- What follows is shared with analyzer/logs/squid_logformat.py.
, timed AS NOT MATERIALIZED (
    SELECT *, CASE WHEN try_cast(elapsed AS INTEGER) > 0 THEN try_cast(elapsed AS BIGINT) * 1000000 ELSE 0 END AS lasted,
        CASE WHEN contains(ended, '/') THEN CASE
                WHEN contains(ended, ' +') OR contains(ended, ' -')
                    THEN epoch_us(try_strptime(ended, '%d/%b/%Y:%H:%M:%S %z')) * 1000::HUGEINT
                ELSE local_ns(try_strptime(ended, ['%d/%b/%Y:%H:%M:%S', '%m/%d/%Y %H:%M:%S'])) END
            WHEN try_cast(ended AS DOUBLE) BETWEEN 0 AND 9e9
                THEN try_cast(round(try_cast(ended AS DOUBLE) * 1e6) AS BIGINT) * 1000 END AS last_ns,
        CASE WHEN starts_with(url, 'http://') THEN 'http' WHEN starts_with(url, 'https://') THEN 'https'
            WHEN NOT contains(url, '://') THEN '' ELSE regexp_extract(url, '^([a-z][a-z0-9+.-]*)://', 1) END AS scheme
    -- Nobody was contacted: error:invalid-request, error:transaction-end-before-headers.
    FROM taken WHERE NOT starts_with(url, 'error:')
), aimed AS NOT MATERIALIZED (
    SELECT *, split_part(split_part(split_part(
        CASE scheme WHEN '' THEN url ELSE substr(url, length(scheme) + 4) END, '/', 1), '?', 1), '@', -1)
        AS authority
    FROM timed
), ported AS NOT MATERIALIZED (
    SELECT *, regexp_extract(authority, ':([0-9]+)$', 1) AS port FROM aimed
), hosted AS NOT MATERIALIZED (
    SELECT *, CASE port WHEN '' THEN rtrim(authority, ':')
        ELSE left(authority, length(authority) - length(port) - 1) END AS host
    FROM ported
), parts AS NOT MATERIALIZED (
    SELECT *, is_addr(host) AS bare FROM hosted
)
SELECT
    line_no AS line, 'flow' AS kind, last_ns - lasted AS ts_ns,
    CASE WHEN elapsed NOT IN ('', '0') THEN last_ns END AS end_ns,
    client AS client_ip, nullif(client_port, '') AS client_port,
    -- Where a parent proxy was asked, its address is not the server's.
    CASE WHEN (contains(hierarchy, 'DIRECT') OR contains(hierarchy, 'ORIGINAL_DST')) AND is_addr(peer)
            THEN peer
        WHEN bare THEN host END AS server_ip,
    CASE WHEN port <> '' THEN port WHEN scheme = 'https' THEN '443'
        WHEN scheme = 'http' THEN '80' WHEN scheme = 'ftp' THEN '21' END AS server_port,
    'tcp' AS proto,
    CASE WHEN scheme = 'https' OR (method = 'CONNECT' AND port = '443') OR sni NOT IN ('', '-')
            THEN 'tls'
        WHEN scheme <> '' THEN scheme END AS app,
    CASE WHEN NOT bare THEN host ELSE filled(sni) END AS name,
    CASE WHEN bare THEN CASE WHEN filled(sni) IS NOT NULL THEN 'sni' END
        WHEN method = 'CONNECT' THEN 'connect' ELSE 'http_host' END AS name_kind,
    -- %st is both directions together: with one of them the other is known.
    CASE WHEN filled(up) IS NOT NULL THEN whole(up)
        WHEN whole(total) >= whole(down) THEN whole(total) - whole(down) END AS bytes_up,
    CASE WHEN filled(down) IS NOT NULL THEN whole(down)
        WHEN whole(total) >= whole(up) THEN whole(total) - whole(up) END AS bytes_down,
    CASE WHEN coalesce(whole(up), whole(down)) IS NOT NULL THEN 'payload' END AS bytes_kind,
    CASE WHEN coalesce(whole(up), whole(down)) IS NOT NULL THEN 'total' END AS counter,
    -- 407 asks who the client is, and the same request comes again with the answer: no decision yet.
    -- A 407 that it passed on is a server's, and the request was let through.
    CASE WHEN status = '407' AND (result = '' OR contains(result, 'DENIED')) THEN NULL
        WHEN contains(result, 'DENIED') THEN 'deny'
        -- Without a result code (the plain common format) the status is all there is.
        WHEN result <> '' THEN 'allow' WHEN status = '403' THEN 'deny' END AS action,
    nullif(method, '') AS method, url, nullif(status, '000') AS status
FROM parts
