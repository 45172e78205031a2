-- id = "HY003"
-- title = "DNS that goes around the declared resolvers"
-- stream = "hygiene"
-- order = 3
-- severity = "low"
-- attack = ["T1071.004"]
-- why = "Names are the evidence of this report. DNS over HTTPS or TLS hides the questions from the network, and another resolver answers what the operator's own one would have refused or logged."
-- arithmetic = "No bytes: flows to port 853, flows to port 443 of a catalogued public resolver, and, only where --resolver or resolvers in acrtrace.toml names the permitted ones, DNS messages to any other server. Loopback resolvers, and what the declared resolvers ask themselves, are left out."
-- false_positives = [
--   "A resolver that is ours and was not declared.",
--   "Browsers and some agents ask public resolvers over HTTPS by default.",
--   "168.63.129.16 is Azure's own resolver: declare it where agents may ask it directly.",
-- ]
-- explanation = "{agent} used {target} for names: {how}. {_declared}"
-- clears = [
--   "If agents may ask it: --resolver {target_arg}",
--   "Close port 853 and the resolver's names in the firewall, and set the agent's resolver.",
-- ]
WITH permitted AS (
    SELECT a.addr, a.agent
    FROM addresses AS a
    JOIN resolvers AS r ON a.key BETWEEN r.first_key AND r.last_key
),
used AS (
    SELECT
        flow_id, agent, endpoint, resp_ip,
        CASE WHEN resp_port = 853 AND proto = 'udp' THEN 'DNS over QUIC (port 853)'
            WHEN resp_port = 853 THEN 'DNS over TLS (port 853)'
            ELSE 'DNS over HTTPS' END AS how
    FROM attributed
    WHERE proxy_leg IS DISTINCT FROM 'upstream'
      AND scope NOT IN ('loopback', 'multicast')
      AND (
          resp_port = 853 AND app IS DISTINCT FROM 'http'
          OR (role = 'doh' AND (app IN ('tls', 'quic') OR resp_port = 443))
      )
    UNION ALL
    -- The first and the last message about each name stand for all of them.
    SELECT
        unnest(list_distinct([-1 - min(d.dns_id), -1 - max(d.dns_id)])), c.agent, NULL,
        d.server_ip, 'plain DNS to a resolver not declared'
    FROM dns AS d
    JOIN addresses AS c ON c.addr = d.client_ip
    JOIN addresses AS s ON s.addr = d.server_ip
    WHERE s.scope NOT IN ('loopback', 'multicast')
      AND EXISTS (SELECT 1 FROM resolvers)
    GROUP BY c.agent, d.server_ip, d.qname
)
SELECT
    agent,
    endpoint,
    list(flow_id ORDER BY flow_id) AS flow_ids,
    []::VARCHAR[] AS modifiers,
    {
        'how': list(DISTINCT how ORDER BY how),
        '_declared': CASE WHEN EXISTS (SELECT 1 FROM resolvers)
            THEN 'Declared are ' || (SELECT string_agg(text, ', ' ORDER BY text) FROM resolvers) || '.'
            ELSE 'No resolver was declared, so plain DNS was not compared with any.' END
    } AS facts
FROM used
WHERE resp_ip IS NOT NULL
  AND resp_ip NOT IN (SELECT addr FROM permitted)
  AND agent NOT IN (SELECT agent FROM permitted)
  AND (endpoint IS NULL OR endpoint NOT IN (SELECT host FROM resolvers WHERE host IS NOT NULL))
GROUP BY agent, endpoint, CASE WHEN endpoint IS NULL THEN resp_ip END
ORDER BY agent, endpoint NULLS LAST, min(flow_id)
