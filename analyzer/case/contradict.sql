-- Flows whose announced name contradicts the address they go to (feeds EX004).
--
-- "Another name has this address" is no contradiction by itself: all registries of a region and
-- all storage accounts of a stamp share addresses. All of the following must hold.
-- (a) the address was answered to this agent for another name, valid when the flow began, and
--     either the announced name was answered in the case with other addresses of the same family,
--     or the other name (its CNAME chain, where the catalogue does not know the name) is another
--     service than the announced one. Between two names of one service only the first counts, only
--     for a name of ours, and only when this agent had that answer before it connected.
-- (b) no answer to any client binds the announced name to the address, directly or as a CNAME.
-- (c) the address is no private endpoint (private destinations are not sought).
-- Exonerated are also: an address of which any answer names one of ours, approved or the platform's;
-- an address that any answer places in the announced name's service, where the service is the
-- argument; and services that share content delivery networks, where an address tells nothing.

CREATE OR REPLACE TEMP TABLE claims AS
SELECT s.flow_id, s.agent, s.addr, s.began_ns, s.announced, e.service, e.ownership
FROM sought s JOIN endpoints e ON e.name = s.announced
WHERE e.service IS NOT NULL OR e.ownership IN ('ours', 'approved');

CREATE OR REPLACE TEMP TABLE bound AS
SELECT DISTINCT addr, unnest(list_concat([name], string_split(coalesce(chain, name), '>'))) AS name
FROM told WHERE addr IN (SELECT addr FROM claims);

CREATE OR REPLACE TEMP TABLE contradictions AS
WITH address_services AS (
    SELECT DISTINCT b.addr, e.service
    FROM bound b JOIN endpoints e ON e.name = b.name WHERE e.service IS NOT NULL
),
address_facts AS (
    SELECT t.addr, bool_or(cleared(e.ownership)) AS cleared,
        bool_or(e.role IN ('registry-infra', 'storage-infra')) AS shared_front_end
    FROM (SELECT DISTINCT addr, name FROM told WHERE addr IN (SELECT addr FROM claims)) t
    JOIN endpoints e ON e.name = t.name GROUP BY t.addr
),
elsewhere AS (
    SELECT agent, name, is_ipv6(addr) AS ipv6, min(from_ns) AS first_ns
    FROM told WHERE name IN (SELECT announced FROM claims) GROUP BY agent, name, is_ipv6(addr)
),
judged AS (
    SELECT c.*, f.name AS other, f.role AS other_role, f.ownership AS other_ownership,
        nullif(f.service, '') AS other_service, same.addr IS NOT NULL AS service_at_address,
        x.cleared, x.shared_front_end,
        a.name IS NOT NULL AS answered_elsewhere, o.first_ns <= c.began_ns AS agent_knew
    FROM claims c
    JOIN fitting f ON f.flow_id = c.flow_id
    JOIN address_facts x ON x.addr = c.addr
    LEFT JOIN bound b ON b.addr = c.addr AND b.name = c.announced
    LEFT JOIN address_services same ON same.addr = c.addr AND same.service = c.service
    LEFT JOIN (SELECT DISTINCT name, ipv6 FROM elsewhere) a
        ON a.name = c.announced AND a.ipv6 = is_ipv6(c.addr)
    LEFT JOIN elsewhere o
        ON o.agent = c.agent AND o.name = c.announced AND o.ipv6 = is_ipv6(c.addr)
    WHERE b.addr IS NULL
),
held AS (
    SELECT * FROM judged
    WHERE NOT cleared AND CASE
        WHEN other_service = service
            THEN cleared(ownership) AND coalesce(agent_knew, false) AND NOT shared_front_end
        WHEN service_at_address THEN false
        WHEN other_service IS NOT NULL AND service IS NOT NULL
            THEN dedicated(service) OR dedicated(other_service)
        ELSE answered_elsewhere AND (dedicated(service)
            OR (ownership IN ('ours', 'approved') AND dedicated(other_service)))
    END
),
worst AS (
    SELECT flow_id, announced, addr, answered_elsewhere,
        arg_min(other, (ownership_rank(other_ownership), other_role, other)) AS other
    FROM held GROUP BY flow_id, announced, addr, answered_elsewhere
)
SELECT flow_id, announced AS claimed_name, other AS endpoint,
    'the client announced ' || announced || ', but DNS gave it ' || addr || ' as an address of '
        || other || CASE WHEN answered_elsewhere
            THEN '; ' || announced || ' was answered with other addresses only'
            ELSE '; that is another service, and no answer in the case gives ' || announced
                || ' this address' END AS contradiction
FROM worst;
