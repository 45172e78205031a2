-- Words that the formats share. Everything they take is text from a log: what cannot be read is NULL.

-- Times in nanoseconds since 1970 UTC.
-- ISO 8601 with T or a space, up to nine digits of a second, with Z, +hh:mm, +hhmm or no zone (UTC).
CREATE OR REPLACE TEMP MACRO fraction_ns(t) AS coalesce(try_cast(rpad(left(
    regexp_extract(t, '[0-9]:[0-9]{2}[.,]([0-9]+)', 1), 9), 9, '0') AS BIGINT), 0);
-- The cast reads all but nanoseconds and a decimal comma; only those take the long way.
CREATE OR REPLACE TEMP MACRO iso_ns(t) AS CASE
    WHEN t[27:27] BETWEEN '0' AND '9' OR t[20:20] = ',' THEN
        epoch_us(try_cast(regexp_replace(t, '([0-9]:[0-9]{2})[.,][0-9]+', '\1') AS TIMESTAMPTZ)) * 1000
            + fraction_ns(t)
    ELSE epoch_us(try_cast(t AS TIMESTAMPTZ)) * 1000 END;
-- US order: 7/18/2025, 12:26:46.737 PM and the like, with or without an offset behind it.
CREATE OR REPLACE TEMP MACRO us_ns(t) AS (
    epoch_us(try_strptime(
        regexp_replace(regexp_extract(replace(t, chr(8239), ' '),
            '^[0-9]{1,2}/[0-9]{1,2}/[0-9]{4},? +[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:[.][0-9]+)?(?: *[AaPp][Mm])?'),
            ',? +([0-9]{1,2}:[0-9]{2}:[0-9]{2})(?:[.][0-9]+)?', ' \1'),
        ['%m/%d/%Y %I:%M:%S %p', '%m/%d/%Y %H:%M:%S'])) * 1000
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
    try_cast(regexp_extract(t, '^([0-9]{1,10})(?:[.][0-9]*)?$', 1) AS BIGINT) * 1000000000
    + coalesce(try_cast(rpad(left(regexp_extract(t, '^[0-9]{1,10}[.]([0-9]+)$', 1), 9), 9, '0')
        AS BIGINT), 0);
-- Seconds, milliseconds, microseconds or nanoseconds since 1970, told by the number of digits.
CREATE OR REPLACE TEMP MACRO epoch_ns_of(t) AS CASE
    WHEN NOT regexp_matches(t, '^[0-9]{9,19}$') THEN NULL
    WHEN length(t) <= 10 THEN try_cast(t AS BIGINT) * 1000000000
    WHEN length(t) <= 13 THEN try_cast(t AS BIGINT) * 1000000
    WHEN length(t) <= 16 THEN try_cast(t AS BIGINT) * 1000
    ELSE try_cast(t AS BIGINT) END;
-- A time that states no zone is in the zone of --log-timezone (UTC unless said otherwise).
CREATE OR REPLACE TEMP MACRO local_ns(ts) AS epoch_us(timezone(getvariable('log_zone'), ts)) * 1000;

-- A duration in seconds, as text, in nanoseconds.
CREATE OR REPLACE TEMP MACRO seconds_ns(t) AS
    CAST(round(try_cast(t AS DOUBLE) * 1e9) AS HUGEINT);

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

-- Text in which bytes are written \xNN (Zeek, Unbound, tcpdump): the text itself when that is none.
CREATE OR REPLACE TEMP MACRO text_of(t) AS
    CASE WHEN contains(t, '\x') THEN coalesce(TRY(decode(CAST(t AS BLOB))), t) ELSE t END;
