-- id = "EX008"
-- title = "Data in the names of DNS queries"
-- stream = "exfiltration"
-- order = 20
-- needs = { dns = "dns_hour_names" }
-- severity = "medium"
-- shows = "names"
-- attack = ["T1048.003", "T1071.004"]
-- explanation = "{agent} asked for {names} different names below {target}; in its busiest hour {hour_names} names carried {hour_bytes} different label bytes to whoever runs that domain (first: {example}). Resolvers pass such queries on, whatever a firewall permits."
-- why = "A query reaches the name server of the domain that it asks for, through any resolver, from hosts that can reach nothing else. Whoever runs the domain reads the labels in front of it. Real names repeat; data does not."
-- arithmetic = "Per agent and domain (two labels; three below the likes of co.uk, and where one third label holds all names): different names, and the bytes of their labels, each label counted once in its place of the tree of names, so that shared parts count once. Medium from dns_hour_names names and dns_hour_label_bytes bytes in any hour; hours begin at the full and at the half hour, so a burst of up to half an hour is never cut."
-- false_positives = ["Reputation services and block lists whose questions carry hashes, other than those of the catalogue.", "Scanners and monitors that resolve every host of a large domain within an hour."]
-- clears = [
--   "If the domain is ours, or somebody approved it: --approve {target_arg} (counts where the input has an answer for the domain itself)",
--   "If a product asks there by design, state its names as [[quiet]] in a catalogue file (docs/endpoints.md, Quiet names).",
--   "Ask the resolver's log which program asks, and who registered the domain (whois {target_arg}).",
-- ]
WITH asked AS (
    SELECT DISTINCT
        coalesce(a.agent, d.client_ip) AS agent,
        d.client_ip,
        -- A byte written as \DDD is one byte.
        lower(CASE WHEN strpos(d.qname, chr(92)) > 0
            THEN regexp_replace(d.qname, '[\\]([0-9]{3}|.)', '?', 'g') ELSE d.qname END) AS name,
        h.hour
    FROM dns AS d
    LEFT JOIN addresses AS a ON a.addr = d.client_ip,
        LATERAL (SELECT unnest([d.ts_ns // 3600000000000 * 2,
            (d.ts_ns + 1800000000000) // 3600000000000 * 2 - 1]) AS hour) AS h
    WHERE d.client_ip IS NOT NULL AND d.qname IS NOT NULL AND strpos(d.qname, '.') > 0
),
busy AS (
    SELECT agent, hour, site(name) AS domain
    FROM asked
    GROUP BY ALL
    HAVING count(DISTINCT name) >= (SELECT dns_hour_names FROM thresholds)
       AND sum(strlen(name) - strlen(site(name))) >= (SELECT dns_hour_label_bytes FROM thresholds)
),
domains AS (
    -- Where one third label holds all names, it is the domain that matters.
    SELECT
        q.agent, q.hour, b.domain AS site,
        CASE WHEN count(DISTINCT array_to_string(string_split(q.name, '.')[
                -1 - len(string_split(b.domain, '.')):], '.')) = 1
            THEN min(array_to_string(string_split(q.name, '.')[
                -1 - len(string_split(b.domain, '.')):], '.'))
            ELSE b.domain END AS domain
    FROM asked AS q
    JOIN busy AS b ON b.agent = q.agent AND b.hour = q.hour AND b.domain = site(q.name)
    WHERE q.name <> b.domain
    GROUP BY q.agent, q.hour, b.domain
),
counted_names AS (
    SELECT q.agent, q.hour, d.domain, q.name,
        string_split(q.name, '.') AS labels,
        len(string_split(d.domain, '.')) AS depth
    FROM asked AS q
    JOIN domains AS d ON d.agent = q.agent AND d.hour = q.hour AND d.site = site(q.name)
    WHERE q.name <> d.domain
      AND NOT EXISTS (
          SELECT 1 FROM quiet_zones AS z
          WHERE q.name = z.zone OR suffix(q.name, '.' || z.zone)
      )
      AND NOT coalesce(regexp_matches(q.name, getvariable('quiet_forms')), false)
),
nodes AS (
    SELECT DISTINCT agent, hour, domain, array_to_string(labels[i:], '.') AS node,
        strlen(labels[i]) AS bytes
    FROM (
        SELECT *, unnest(generate_series(1, len(labels) - depth)) AS i FROM counted_names
    )
),
hours AS (
    SELECT n.agent, n.domain, n.hour, n.bytes, m.names
    FROM (SELECT agent, domain, hour, sum(bytes)::BIGINT AS bytes FROM nodes GROUP BY ALL) AS n
    JOIN (
        SELECT agent, domain, hour, count(DISTINCT name) AS names FROM counted_names GROUP BY ALL
    ) AS m ON m.agent = n.agent AND m.domain = n.domain AND m.hour = n.hour
    WHERE n.bytes >= (SELECT dns_hour_label_bytes FROM thresholds)
      AND m.names >= (SELECT dns_hour_names FROM thresholds)
),
accused_domains AS (
    SELECT agent, domain, arg_max((names, bytes), (bytes, -hour)) AS hour
    FROM hours
    WHERE domain NOT IN (
        SELECT name FROM endpoints WHERE ownership IN ('ours', 'approved')
    )
    GROUP BY agent, domain
),
queries AS (
    SELECT c.agent, c.domain, c.hour, lower(d.qname) AS qname, d.client_ip, d.server_ip, d.transport,
        d.ts_ns, d.input_id, d.packet, d.dns_id
    FROM dns AS d
    LEFT JOIN addresses AS a ON a.addr = d.client_ip
    JOIN accused_domains AS c
        ON c.agent = coalesce(a.agent, d.client_ip) AND suffix(lower(d.qname), '.' || c.domain)
),
carriers AS (
    -- The conversation of a query: the one that begins with it, or a longer one that spans it.
    SELECT q.agent, q.domain, q.qname, f.flow_id
    FROM queries AS q
    JOIN flows AS f
        ON f.input_id = q.input_id AND f.first_packet = q.packet
        AND f.orig_ip = q.client_ip AND f.resp_ip = q.server_ip
    UNION ALL
    SELECT q.agent, q.domain, q.qname, f.flow_id
    FROM queries AS q
    JOIN (SELECT * FROM flows WHERE orig_pkts > 2) AS f
        ON f.orig_ip = q.client_ip AND f.resp_ip = q.server_ip AND f.proto = q.transport
        AND q.ts_ns BETWEEN f.start_ns AND f.end_ns
),
messages AS (
    -- Of names that no conversation carried, as in the log of a resolver, the first message of each.
    SELECT q.agent, q.domain, min(q.dns_id) AS dns_id,
        row_number() OVER (PARTITION BY q.agent, q.domain ORDER BY min(q.dns_id)) AS place
    FROM queries AS q
    WHERE NOT EXISTS (
        SELECT 1 FROM carriers AS c
        WHERE c.agent = q.agent AND c.domain = q.domain AND c.qname = q.qname
    )
    GROUP BY q.agent, q.domain, q.qname
),
proofs AS (
    SELECT agent, domain, flow_id FROM carriers
    UNION ALL
    SELECT agent, domain, -1 - dns_id FROM messages WHERE place <= 1000
)
SELECT
    q.agent,
    q.domain AS endpoint,
    min(p.flow_ids) AS flow_ids,
    []::VARCHAR[] AS modifiers,
    {
        'names': count(DISTINCT q.qname),
        'hour_names': max(q.hour[1]),
        'hour_bytes': max(q.hour[2]),
        'example': min(q.qname)
    } AS facts
FROM queries AS q
JOIN (
    SELECT agent, domain, list(DISTINCT flow_id ORDER BY flow_id) AS flow_ids
    FROM proofs GROUP BY agent, domain
) AS p ON p.agent = q.agent AND p.domain = q.domain
GROUP BY q.agent, q.domain
ORDER BY q.agent, q.domain
