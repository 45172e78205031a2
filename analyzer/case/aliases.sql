-- A custom domain is what its CNAME says it is: drop.example.test -> account.blob.core... is that
-- account. Only accusing targets are inherited, and only by names that the catalogue does not know:
-- whoever runs a domain may point it at our registry for one query and elsewhere for the next, so a
-- CNAME never clears anything. Every CNAME target stands in `endpoints` already.

UPDATE endpoints SET
    service = t.service, role = t.role, owner = t.owner, region = t.region,
    ownership = t.ownership, direction = t.direction, technique = t.technique, entry_id = t.entry_id
FROM (
    SELECT h.name, arg_min(e.name, (h.position, e.name)) AS target
    FROM (
        SELECT name, unnest(hops) AS hop, generate_subscripts(hops, 1) AS position
        FROM (
            SELECT DISTINCT n.name, string_split(n.chain, '>') AS hops
            FROM names n JOIN endpoints e ON e.name = n.name
            WHERE n.chain IS NOT NULL AND e.role = 'unknown'
        )
    ) h
    JOIN endpoints e ON e.name = h.hop
    WHERE e.ownership IN ('foreign', 'denied', 'undecidable')
        AND e.role IN (
            'storage-account', 'object-store', 'registry-login', 'registry-regional',
            'registry-data', 'other-registry', 'drop-service', 'webhook', 'tunnel'
        )
    GROUP BY h.name
) found
JOIN endpoints t ON t.name = found.target
WHERE endpoints.name = found.name;
