-- Words that the steps of gathering share.

CREATE OR REPLACE TEMP MACRO family_of(f) AS (
    SELECT any_family.family FROM any_family WHERE any_family.format = f);
CREATE OR REPLACE TEMP MACRO code_of(f) AS (
    SELECT any_family.code FROM any_family WHERE any_family.format = f);
CREATE OR REPLACE TEMP MACRO counted_bytes(added, largest) AS
    CASE WHEN added IS NULL AND largest IS NULL THEN NULL
        ELSE least(coalesce(added, 0)::HUGEINT + coalesce(largest, 0), 4611686018427387903)::BIGINT
        END;
-- An amount of a connection: deltas and totals add up, of cumulative counters the largest counts.
CREATE OR REPLACE TEMP MACRO amount_of(amount, counter) AS counted_bytes(
    sum(CASE WHEN counter IS DISTINCT FROM 'cumulative' THEN amount END),
    max(CASE WHEN counter = 'cumulative' THEN amount END));
-- Who counted: a format, and where it says so an interface.
CREATE OR REPLACE TEMP MACRO place_of(format, vantage) AS hash(format, vantage);
-- Input and line as one number, in their order; and back.
CREATE OR REPLACE TEMP MACRO line_at(input, line) AS (input::BIGINT << 40) | line;
CREATE OR REPLACE TEMP MACRO input_of(spot) AS (spot >> 40)::INTEGER;
CREATE OR REPLACE TEMP MACRO line_of(spot) AS spot & 1099511627775;
-- The lines that state a connection's bytes: of cumulative counters the one that counts (the last of
-- equals), else the first and the last with a counter, else those that there are.
CREATE OR REPLACE TEMP MACRO largest_at(spot, counter, amount) AS (
    max(CASE WHEN counter = 'cumulative'
        THEN coalesce(amount, 0)::HUGEINT * 4611686018427387904 + spot END) % 4611686018427387904)::BIGINT;
CREATE OR REPLACE TEMP MACRO first_stated(spot, counter, amount) AS coalesce(
    min(CASE WHEN counter <> 'cumulative' THEN spot END), largest_at(spot, counter, amount), min(spot));
CREATE OR REPLACE TEMP MACRO last_stated(spot, counter, amount) AS coalesce(
    max(CASE WHEN counter <> 'cumulative' THEN spot END), largest_at(spot, counter, amount), max(spot));
-- Ethernet 14, IPv4 20 or IPv6 40, TCP 20 bytes a packet (DESIGN section 5, W4).
CREATE OR REPLACE TEMP MACRO without_headers(bytes, packets, kind, client) AS CASE
    WHEN kind = 'payload' OR packets IS NULL THEN bytes
    ELSE greatest(bytes::HUGEINT - packets::HUGEINT
        * CASE WHEN contains(client, ':') THEN 74 ELSE 54 END, 0)::BIGINT END;
CREATE OR REPLACE TEMP MACRO rcode_number(r) AS coalesce(try_cast(r AS INTEGER), list_position(
    ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED', 'YXDOMAIN', 'YXRRSET',
    'NXRRSET', 'NOTAUTH', 'NOTZONE'], upper(r)) - 1);
CREATE OR REPLACE TEMP MACRO type_number(t) AS coalesce(
    try_cast(regexp_extract(upper(t), '^(?:TYPE)?([0-9]{1,5})$', 1) AS INTEGER),
    CASE upper(t) WHEN 'A' THEN 1 WHEN 'NS' THEN 2 WHEN 'CNAME' THEN 5 WHEN 'SOA' THEN 6
        WHEN 'PTR' THEN 12 WHEN 'MX' THEN 15 WHEN 'TXT' THEN 16 WHEN 'AAAA' THEN 28 
        WHEN 'SRV' THEN 33 WHEN 'NAPTR' THEN 35 WHEN 'DS' THEN 43 WHEN 'DNSKEY' THEN 48 WHEN 'SVCB' THEN 64
        WHEN 'HTTPS' THEN 65 WHEN 'SPF' THEN 99 WHEN 'ANY' THEN 255 WHEN 'CAA' THEN 257 END);
-- Put Block, Put Block List, Append Block, Put Page: a PUT, whether a log names the method or not
-- (learn.microsoft.com/rest/api/storageservices/blob-service-rest-api). Azure reads the query in any case of
-- letters. Get Block List states which blocks it wants (blocklisttype): a read.
CREATE OR REPLACE TEMP MACRO writes_blocks(url) AS
    regexp_matches(url, '(?i)[?&]comp=(block|appendblock|page)(&|#|$)')
    OR regexp_matches(url, '(?i)[?&]comp=blocklist(&|#|$)')
        AND NOT regexp_matches(url, '(?i)[?&]blocklisttype=');
