-- id = "RD003"
-- title = "Registry reached by regional or private-link names"
-- stream = "readiness"
-- order = 5
-- severity = "info"
-- attack = []
-- why = "An agent that is pinned to one replica needs that replica's own login server in every allow-list, and does not follow the registry to another region. An agent that goes through a private endpoint does not meet the firewall's names at all: there, DNS records decide, and each data endpoint needs one."
-- arithmetic = "Flows to a login server of one replica (.geo.), and flows to any name of a registry at a private address that DNS gave behind a privatelink alias. Info: nothing is wrong with either."
-- false_positives = [
--   "None: it is a statement about the route. Whether it is meant is for the operator to say.",
-- ]
-- explanation = "{agent} reached registry {target} by {routes} ({hosts}). {_needs}"
-- clears = [
--   "List the exact names: az acr show-endpoints --name {label}",
-- ]
WITH aliased AS (
    SELECT DISTINCT c.agent, n.name, n.addr
    FROM names AS n
    JOIN addresses AS c ON c.addr = n.client_ip
    WHERE n.kind = 'dns' AND n.addr IS NOT NULL AND contains(n.chain, '.privatelink.')
),
reached AS (
    SELECT
        a.agent, a.flow_id, a.endpoint AS host,
        regexp_replace(a.endpoint, '^([^.]+)[.][^.]+[.](?:geo|data)[.]', '\1.') AS registry,
        a.role = 'registry-regional' AND contains(a.endpoint, '.geo.') AS regional,
        p.name IS NOT NULL AND a.scope = 'private' AS private
    FROM attributed AS a
    LEFT JOIN aliased AS p ON p.agent = a.agent AND p.name = a.endpoint AND p.addr = a.resp_ip
    WHERE a.role IN ('registry-login', 'registry-regional', 'registry-data')
      AND a.service = 'acr' AND a.endpoint IS NOT NULL
      AND a.proxy_leg IS DISTINCT FROM 'upstream'
)
SELECT
    agent,
    registry AS endpoint,
    list(flow_id ORDER BY flow_id) AS flow_ids,
    []::VARCHAR[] AS modifiers,
    {
        'routes': CASE WHEN bool_or(regional) THEN ['the login server of one replica']
            ELSE []::VARCHAR[] END
            || CASE WHEN bool_or(private) THEN ['a private endpoint'] ELSE []::VARCHAR[] END,
        'hosts': list(DISTINCT host ORDER BY host),
        '_needs': CASE WHEN bool_or(regional)
            THEN 'Allow these names beside the global login server; another replica is not used '
                || 'when this one fails.' ELSE '' END
            || CASE WHEN bool_or(regional) AND bool_or(private) THEN ' ' ELSE '' END
            || CASE WHEN bool_or(private)
            THEN 'Each data endpoint of the registry needs a record of its own in the private '
                || 'DNS zone.' ELSE '' END
    } AS facts
FROM reached
WHERE regional OR private
GROUP BY agent, registry
ORDER BY agent, registry
