-- id = "HY002"
-- title = "Private-link alias used as a TLS name"
-- stream = "hygiene"
-- order = 2
-- severity = "low"
-- attack = []
-- why = "A .privatelink. name is an alias that DNS leads through, never a name to connect to: the service's certificate does not cover it. Whoever uses it has to switch certificate checks off to get anywhere, and then accepts any server."
-- arithmetic = "No bytes: every handshake whose SNI is below a privatelink zone of the registry or storage service."
-- false_positives = [
--   "Other services do use such names in their certificates (private AKS clusters, Snowflake): only registry and storage zones are looked at.",
-- ]
-- explanation = "{agent} opened TLS to {target}. That is a private-link alias: the certificate covers {_genuine}, not the alias, so a client that goes on has its certificate checks switched off."
-- clears = [
--   "Use {_genuine} in the client's configuration; DNS follows the alias by itself.",
-- ]
SELECT
    a.agent,
    n.name AS endpoint,
    list(DISTINCT a.flow_id ORDER BY a.flow_id) AS flow_ids,
    []::VARCHAR[] AS modifiers,
    {
        '_genuine': replace(min(n.name), '.privatelink.', '.'),
        'addresses': list(DISTINCT a.resp_ip ORDER BY a.resp_ip) FILTER (WHERE a.resp_ip IS NOT NULL)
    } AS facts
FROM names AS n
JOIN attributed AS a ON a.flow_id = n.flow_id
JOIN endpoints AS e ON e.name = n.name
WHERE n.kind IN ('sni', 'quic_sni')
  AND contains(n.name, '.privatelink.')
  AND e.service IN ('acr', 'storage')
  AND a.proxy_leg IS DISTINCT FROM 'upstream'
GROUP BY a.agent, n.name
ORDER BY a.agent, n.name
