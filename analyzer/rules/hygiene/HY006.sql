-- id = "HY006"
-- title = "Registry name at an address that no DNS answer explains"
-- stream = "hygiene"
-- order = 6
-- severity = "low"
-- attack = ["T1036.005"]
-- why = "A client writes into the handshake whatever name it likes. Where DNS gave the same agent other addresses for a registry's name, or was asked for everything but this name, the address was chosen in some other way: a hosts file, an old cache, or a client that shows an allowed name to the firewall and goes elsewhere."
-- arithmetic = "No bytes: flows with a registry's name to a globally routable address that no answer to anybody gives that name, where (a) this agent had been given other addresses of the same family for it before, or (b) its DNS had been in the input for the time of dns_grace_seconds and the name was never in it. An upload with further contradiction is EX004."
-- false_positives = [
--   "An entry in the agent's hosts file, or an override in the client's configuration.",
--   "An answer from before the input began that the client still keeps although DNS has moved on.",
-- ]
-- explanation = "{agent} opened {target} at {addresses}. {_why}"
-- clears = [
--   "Resolve the name as the agent does (dig +short {target_arg}) and compare; look into its hosts file.",
--   "A capture that holds the DNS answer with this address clears it.",
-- ]
WITH announced AS (
    SELECT
        a.flow_id, a.agent, a.resp_ip, a.start_ns,
        coalesce(a.claimed_name, a.endpoint) AS name
    FROM attributed AS a
    JOIN endpoints AS e ON e.name = coalesce(a.claimed_name, a.endpoint)
    LEFT JOIN flows AS f ON f.flow_id = a.flow_id
    WHERE e.role IN ('registry-login', 'registry-regional', 'registry-data')
      AND e.service = 'acr'
      AND a.proxy_leg IS NULL
      AND a.scope = 'global'
      AND (a.name_grade = 'A3' OR a.claimed_name IS NOT NULL)
      AND NOT coalesce(f.open_at_start, false)
),
given AS (
    SELECT c.agent, n.name, n.addr, contains(n.addr, ':') AS ipv6, n.ts_ns
    FROM names AS n
    JOIN addresses AS c ON c.addr = n.client_ip
    WHERE n.kind IN ('dns', 'dns_hint') AND n.addr IS NOT NULL
      AND n.name IN (SELECT name FROM announced)
),
elsewhere AS (
    SELECT agent, name, ipv6, min(ts_ns) AS first_ns,
        list(DISTINCT addr ORDER BY addr) AS addrs
    FROM given GROUP BY agent, name, ipv6
),
heard AS (
    SELECT c.agent, min(n.ts_ns) AS first_ns
    FROM names AS n
    JOIN addresses AS c ON c.addr = n.client_ip
    WHERE n.kind = 'dns' AND c.agent IN (SELECT agent FROM announced)
    GROUP BY c.agent
),
judged AS (
    SELECT
        a.*, e.addrs,
        coalesce(e.first_ns <= a.start_ns, false) AS knew,
        a.name NOT IN (SELECT name FROM given)
            AND coalesce(a.start_ns - h.first_ns
                >= (SELECT dns_grace_seconds FROM thresholds)::BIGINT * 1000000000, false) AS unasked
    FROM announced AS a
    LEFT JOIN elsewhere AS e
        ON e.agent = a.agent AND e.name = a.name AND e.ipv6 = contains(a.resp_ip, ':')
    LEFT JOIN heard AS h ON h.agent = a.agent
    WHERE (a.name, a.resp_ip) NOT IN (SELECT (name, addr) FROM given)
)
SELECT
    agent,
    name AS endpoint,
    list(flow_id ORDER BY flow_id) AS flow_ids,
    []::VARCHAR[] AS modifiers,
    {
        'addresses': list(DISTINCT resp_ip ORDER BY resp_ip),
        'answered': coalesce(flatten(list(DISTINCT addrs ORDER BY addrs) FILTER (WHERE knew)),
            []::VARCHAR[]),
        '_why': CASE WHEN bool_or(knew)
            THEN 'DNS had given it '
                || array_to_string(flatten(list(DISTINCT addrs ORDER BY addrs) FILTER (WHERE knew))
                    [1:5], ', ')
                || ' for that name, and nobody was ever given this address for it.'
            ELSE 'Its DNS was in the input long before, and nobody ever asked for that name.' END
    } AS facts
FROM judged
WHERE knew OR unasked
GROUP BY agent, name
ORDER BY agent, name
