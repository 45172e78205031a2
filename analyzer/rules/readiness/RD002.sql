-- id = "RD002"
-- title = "Data endpoint of a replica that the inventory lacks"
-- stream = "readiness"
-- order = 2
-- severity = "low"
-- attack = []
-- why = "A geo-replicated registry sends each agent to the replica that is nearest, and layers only come from that replica's own data endpoint. A firewall that was built from an inventory without it fails at the next failover, or wherever a new replica was added."
-- arithmetic = "Flows and DNS answers for a data endpoint of a registry that is ours, where an inventory file lists data endpoints of that registry and this one is not among them. Without such a list there is nothing to compare with."
-- false_positives = [
--   "The inventory is older than the replica: print it again.",
--   "A look-up by hand, or of a scanner that guesses names.",
-- ]
-- explanation = "{agent} {_did} {target}, the data endpoint of {registry} in {region}, which no inventory lists (listed: {listed}). Allow-lists made from the inventory lack it."
-- clears = [
--   "Print the inventory again and compare: az acr show-endpoints --name {label}",
--   "List the registry's replicas: az acr replication list --registry {label} --query '[].location'",
-- ]
WITH used AS (
    SELECT agent, endpoint, flow_id FROM attributed
    WHERE role = 'registry-data' AND proxy_leg IS DISTINCT FROM 'upstream'
    UNION ALL
    SELECT c.agent, n.name, -1 - d.dns_id
    FROM (
        SELECT DISTINCT n.client_ip, n.name, n.input_id, n.packet
        FROM names AS n
        JOIN endpoints AS e ON e.name = n.name AND e.role = 'registry-data'
        WHERE n.kind = 'dns' AND n.addr IS NOT NULL
    ) AS n
    JOIN addresses AS c ON c.addr = n.client_ip
    JOIN dns AS d
        ON d.input_id = n.input_id AND d.packet = n.packet AND d.qname = n.name AND d.is_response
        AND d.client_ip = n.client_ip
),
lacking AS (
    SELECT
        u.*, regexp_replace(u.endpoint, '^([^.]+)[.][^.]+[.]data[.]', '\1.') AS login,
        regexp_extract(u.endpoint, '^[^.]+[.]([^.]+)[.]data[.]', 1) AS region
    FROM used AS u
    WHERE u.endpoint NOT IN (SELECT host FROM declared)
)
SELECT
    k.agent,
    k.endpoint,
    list(DISTINCT k.flow_id ORDER BY k.flow_id) AS flow_ids,
    []::VARCHAR[] AS modifiers,
    {
        'registry': min(k.login),
        'region': min(k.region),
        'listed': min(l.hosts),
        '_did': CASE WHEN bool_and(k.flow_id < 0) THEN 'looked up' ELSE 'used' END
    } AS facts
FROM lacking AS k
JOIN (
    SELECT login, list(host ORDER BY host) AS hosts FROM declared WHERE host <> '' GROUP BY login
) AS l ON l.login = k.login
GROUP BY k.agent, k.endpoint
ORDER BY k.agent, k.endpoint
