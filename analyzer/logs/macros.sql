-- Words that the formats share. Everything they take is text from a log: what cannot be read is NULL.

-- Times in nanoseconds since 1970 UTC, HUGEINT: the year 9999 must not end the reading.
-- ISO 8601 with T or a space, up to nine digits of a second, with Z, +hh:mm, +hhmm or no zone (UTC).
CREATE OR REPLACE TEMP MACRO fraction_ns(t) AS coalesce(try_cast(rpad(left(
    regexp_extract(t, '[0-9]:[0-9]{2}[.,]([0-9]+)', 1), 9), 9, '0') AS BIGINT), 0);
-- The cast reads all but nanoseconds and a decimal comma; only those take the long way.
CREATE OR REPLACE TEMP MACRO iso_ns(t) AS CASE
    WHEN t[27:27] BETWEEN '0' AND '9' OR t[20:20] = ',' THEN
        epoch_us(try_cast(regexp_replace(t, '([0-9]:[0-9]{2})[.,][0-9]+', '\1') AS TIMESTAMPTZ))::HUGEINT * 1000
            + fraction_ns(t)
    ELSE epoch_us(try_cast(t AS TIMESTAMPTZ))::HUGEINT * 1000 END;
-- US order: 7/18/2025, 12:26:46.737 PM and the like, with or without an offset behind it.
CREATE OR REPLACE TEMP MACRO us_ns(t) AS (
    epoch_us(try_strptime(
        regexp_replace(regexp_extract(replace(t, chr(8239), ' '),
            '^[0-9]{1,2}/[0-9]{1,2}/[0-9]{4},? +[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:[.][0-9]+)?(?: *[AaPp][Mm])?'),
            ',? +([0-9]{1,2}:[0-9]{2}:[0-9]{2})(?:[.][0-9]+)?', ' \1'),
        ['%m/%d/%Y %I:%M:%S %p', '%m/%d/%Y %H:%M:%S']))::HUGEINT * 1000
    + fraction_ns(t)
    - coalesce(try_cast(regexp_extract(t, '([+-][0-9]{2}):?[0-9]{2}$', 1) || '1' AS BIGINT) // 10, 0)
        * 3600000000000
    - CASE WHEN regexp_matches(t, '-[0-9]{2}:?[0-9]{2}$') THEN -1 ELSE 1 END
        * coalesce(try_cast(regexp_extract(t, '[+-][0-9]{2}:?([0-9]{2})$', 1) AS BIGINT), 0)
        * 60000000000);
CREATE OR REPLACE TEMP MACRO any_ns(t) AS
    CASE WHEN regexp_matches(t, '^[0-9]{1,2}/') THEN us_ns(t) ELSE iso_ns(t) END;
-- Seconds since 1970 with a fraction, as text: exact, where a floating-point number is not.
CREATE OR REPLACE TEMP MACRO epoch_s_ns(t) AS
    try_cast(regexp_extract(t, '^([0-9]{1,10})(?:[.][0-9]*)?$', 1) AS HUGEINT) * 1000000000
    + coalesce(try_cast(rpad(left(regexp_extract(t, '^[0-9]{1,10}[.]([0-9]+)$', 1), 9), 9, '0')
        AS BIGINT), 0);
-- Seconds, milliseconds, microseconds or nanoseconds since 1970, told by the number of digits.
CREATE OR REPLACE TEMP MACRO epoch_ns_of(t) AS CASE
    WHEN NOT regexp_matches(t, '^[0-9]{9,19}$') THEN NULL
    WHEN length(t) <= 10 THEN try_cast(t AS HUGEINT) * 1000000000
    WHEN length(t) <= 13 THEN try_cast(t AS HUGEINT) * 1000000
    WHEN length(t) <= 16 THEN try_cast(t AS HUGEINT) * 1000
    ELSE try_cast(t AS BIGINT) END;
-- A time that states no zone is in the zone of --log-timezone (UTC unless said otherwise).
CREATE OR REPLACE TEMP MACRO local_ns(ts) AS epoch_us(timezone(getvariable('log_zone'), ts))::HUGEINT * 1000;

-- ISO 8601 with a zone or, without one, in the zone of --log-timezone.
CREATE OR REPLACE TEMP MACRO zoned_ns(t) AS CASE
    WHEN regexp_matches(t, '(Z|[+-][0-9]{2}:?[0-9]{2})$') THEN iso_ns(t)
    ELSE local_ns(try_cast(t AS TIMESTAMP)) END;
-- What syslog writes in front: <PRI>, then RFC 5424 or RFC 3164, ctime order, with or without a year.
CREATE OR REPLACE TEMP MACRO syslog_head(t) AS regexp_extract(t,
    '^ *(?:<[0-9]{1,3}>)?(?:1 )? *(?:([0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.,][0-9]{1,9})?(?:Z|[+-][0-9]{2}:?[0-9]{2})?)'
    || '|(?:[A-Z][a-z]{2},? )?([A-Z][a-z]{2}) +([0-9]{1,2})(?: ([0-9]{4}))? ([0-9]{2}:[0-9]{2}:[0-9]{2})(?:[.][0-9]+)?(?: ([0-9]{4})\b)?)',
    ['iso', 'month', 'day', 'year', 'clock', 'last_year']);
CREATE OR REPLACE TEMP MACRO syslog_head_ns(h) AS CASE
    WHEN h.iso <> '' THEN zoned_ns(h.iso)
    WHEN h.month <> '' THEN local_ns(try_strptime(concat_ws(' ', coalesce(nullif(h.year, ''),
        nullif(h.last_year, ''), CAST(getvariable('log_year') AS VARCHAR)), h.month, h.day, h.clock),
        '%Y %b %d %H:%M:%S')) END;
CREATE OR REPLACE TEMP MACRO syslog_ns(t) AS syslog_head_ns(syslog_head(t));
-- Why a line has no time, where its syslog head is all it has.
CREATE OR REPLACE TEMP MACRO syslog_head_problem(h) AS CASE
    WHEN h.month <> '' AND h.year = '' AND h.last_year = '' AND getvariable('log_year') IS NULL
        THEN 'no year: --log-year says which' END;
CREATE OR REPLACE TEMP MACRO syslog_problem(t) AS syslog_head_problem(syslog_head(t));

-- A duration in seconds, as text, in nanoseconds.
CREATE OR REPLACE TEMP MACRO seconds_ns(t) AS
    try_cast(round(try_cast(t AS DOUBLE) * 1e9) AS HUGEINT);

-- Whole numbers as logs write them: 25238, 25238.0; what is negative or too large is NULL.
CREATE OR REPLACE TEMP MACRO whole(t) AS CASE WHEN try_cast(t AS BIGINT) >= 0 THEN try_cast(t AS BIGINT) END;

CREATE OR REPLACE TEMP MACRO filled(t) AS CASE WHEN t IN ('', '-', 'None', 'null') THEN NULL ELSE t END;

-- ip:port, [v6]:port, v6.port is not known; NULL where there is no port.
CREATE OR REPLACE TEMP MACRO host_part(t) AS CASE
    WHEN t[1:1] = '[' THEN regexp_extract(t, '^\[([^\]]*)\]', 1)
    WHEN regexp_matches(t, '^[^:]*:[0-9]*$') THEN regexp_extract(t, '^([^:]*):', 1) ELSE t END;
CREATE OR REPLACE TEMP MACRO port_part(t) AS filled(regexp_extract(t, '^(?:\[[^\]]*\]|[^:]*):([0-9]+)$', 1));
-- What is an address by its looks; exact reading follows when the rows are gathered.
CREATE OR REPLACE TEMP MACRO is_addr(t) AS
    regexp_matches(t, '^[0-9]{1,3}([.][0-9]{1,3}){3}$') OR regexp_matches(t, '^\[?[0-9a-fA-F:.]*:[0-9a-fA-F:.]*\]?$');

CREATE OR REPLACE TEMP MACRO protocol_name(t) AS CASE lower(t)
    WHEN '6' THEN 'tcp' WHEN 't' THEN 'tcp' WHEN '17' THEN 'udp' WHEN 'u' THEN 'udp'
    WHEN '1' THEN 'icmp' WHEN '58' THEN 'icmp6' WHEN '132' THEN 'sctp' WHEN '47' THEN 'gre'
    WHEN '50' THEN 'esp' ELSE lower(t) END;

CREATE OR REPLACE TEMP MACRO decision(t) AS CASE
    WHEN regexp_matches(lower(t), '^(a|allow|allowed|accept|accepted|pass|permit|permitted|success|forwarded|alert|nomatch)$')
        THEN 'allow'
    WHEN regexp_matches(lower(t), '^(d|deny|denied|drop|dropped|block|blocked|reject|rejected|reset.*|sinkhole.*)$')
        THEN 'deny' END;

-- Keys and values that were taken apart into two lists; the first of several counts.
CREATE OR REPLACE TEMP MACRO of_key(keys, vals, k) AS vals[list_position(keys, k)];
-- The same where the words themselves are kept: key=value.
CREATE OR REPLACE TEMP MACRO of_word(keys, words, k) AS substring(words[list_position(keys, k)], length(k) + 2);
-- CEF extension: key=words; a URL in its first word may hold an equals sign, later words may not.
CREATE OR REPLACE TEMP MACRO cef_part(t, n) AS regexp_extract_all(t,
    '([A-Za-z0-9_.-]+)=([^ ]*(?: +[^ =]+)*)(?: +|$)', n);
-- The host of a URL with or without a scheme.
CREATE OR REPLACE TEMP MACRO url_host(t) AS filled(regexp_extract(t,
    '^(?:[A-Za-z][A-Za-z0-9+.-]*://)?(?:[^/@?#]*@)?(\[[^\]]*\]|[^/:?#\[]*)', 1));
-- Windows events in XML: <Data Name="X">text</Data>, in text five entities and numbers of characters.
CREATE OR REPLACE TEMP MACRO xml_data(t, n) AS filled(regexp_extract(t, '<Data Name=["'']' || n || '["'']>([^<]*)</Data>', 1));
CREATE OR REPLACE TEMP MACRO xml_text(t) AS CASE WHEN contains(t, '&') THEN replace(replace(replace(replace(replace(
    t, '&lt;', '<'), '&gt;', '>'), '&quot;', '"'), '&apos;', ''''), '&amp;', '&') ELSE t END;
-- "Key: value, Key: value" of Cisco's connection events.
CREATE OR REPLACE TEMP MACRO ftd(t, k) AS filled(regexp_extract(t, '(?:^|, )' || k || ': ([^,]*)(?:, |$)', 1));
-- Text in which bytes are written \xNN (Zeek, Unbound, tcpdump): the text itself when that is none.
CREATE OR REPLACE TEMP MACRO text_of(t) AS
    CASE WHEN contains(t, '\x') THEN coalesce(TRY(decode(CAST(t AS BLOB))), t) ELSE t END;
