-- DNS observations into `dns`, `dns_answers` and the names that answers bind to addresses.

-- Addresses of computers that log names they asked for and connections they opened (Sysmon).
CREATE OR REPLACE TEMP TABLE homes AS
SELECT host, list(DISTINCT client_ip ORDER BY client_ip)[:16] AS addrs
FROM once WHERE host IS NOT NULL AND kind <> 'dns'
    AND client_ip IS NOT NULL AND NOT regexp_matches(client_ip, '^(127[.]|169[.]254[.]|::1$|fe80:)')
GROUP BY host;

-- Who asked is the computer's one address, or any of several (`clients`).
CREATE OR REPLACE TEMP TABLE messages AS
SELECT o.* REPLACE (coalesce(o.client_ip, CASE WHEN len(h.addrs) = 1 THEN h.addrs[1] END) AS client_ip),
    CASE WHEN len(h.addrs) > 1 THEN h.addrs END AS clients,
    (SELECT coalesce(max(dns_id), -1) FROM dns) + row_number() OVER (ORDER BY o.obs) AS dns_id
FROM once o LEFT JOIN homes h ON h.host = o.host AND o.client_ip IS NULL
WHERE o.kind = 'dns';

INSERT INTO dns BY NAME
SELECT m.dns_id, m.ts_ns, m.client_ip, m.server_ip, m.proto AS transport, m.txid,
    coalesce(m.is_response, false) AS is_response, rcode_number(m.rcode) AS rcode, m.name AS qname,
    type_number(m.qtype) AS qtype, coalesce(len(m.answers), 0) AS answers, false AS malformed,
    m.line AS packet, m.input_id
FROM messages m ORDER BY m.dns_id;

CREATE OR REPLACE TEMP TABLE listed AS
SELECT m.dns_id, m.name AS qname, m.ts_ns, m.client_ip, m.clients, m.line, m.input_id, a.position,
    coalesce(nullif(rtrim(lower(a.record.owner), '.'), ''), m.name) AS owner,
    type_number(a.record.type) AS type, rtrim(lower(a.record.value), '.') AS value, a.record.ttl AS ttl
FROM messages m, (SELECT unnest(m.answers[1:512]) AS record,
    generate_subscripts(m.answers[1:512], 1) - 1 AS position) a
WHERE m.answers IS NOT NULL;

INSERT INTO dns_answers BY NAME
SELECT l.dns_id, l.position::INTEGER AS position, l.owner, l.type,
    CASE WHEN l.type IN (1, 28) THEN coalesce(s.text, l.value) ELSE l.value END AS value, coalesce(l.ttl, 0) AS ttl_s
FROM listed l LEFT JOIN spelled s ON s.addr = l.value
WHERE l.type IN (1, 5, 28, 64, 65) AND l.value IS NOT NULL ORDER BY l.dns_id, l.position;

INSERT INTO names BY NAME
SELECT l.ts_ns, l.client AS client_ip, coalesce(s.text, l.value) AS addr, l.qname AS name, 'dns' AS kind,
    least(min(l.ttl), min(c.ttl)) AS ttl_s, nullif(string_agg(c.value, '>' ORDER BY c.position), '') AS chain,
    l.line AS packet, l.input_id
FROM (SELECT *, unnest(coalesce(clients, [client_ip])) AS client FROM listed) l
LEFT JOIN listed c ON c.dns_id = l.dns_id AND c.type = 5 AND c.position < l.position AND c.value IS NOT NULL
LEFT JOIN spelled s ON s.addr = l.value
WHERE l.type IN (1, 28) AND is_addr(l.value)
GROUP BY l.dns_id, l.position, l.ts_ns, l.client, coalesce(s.text, l.value), l.qname, l.line, l.input_id
ORDER BY l.dns_id, l.position, l.client;
