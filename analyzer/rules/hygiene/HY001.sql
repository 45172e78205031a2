-- id = "HY001"
-- title = "Private-link name resolved to a public address"
-- stream = "hygiene"
-- order = 1
-- severity = "info"
-- attack = []
-- why = "A registry or account with a private endpoint answers through a privatelink alias. Inside the network that alias must lead to the private endpoint; where it leads to a public address, the private DNS zone is not linked to the agent's network or lacks the record, and the traffic that was meant to stay inside leaves through the firewall."
-- arithmetic = "No bytes: DNS answers to the agent whose name or CNAME chain has a .privatelink. alias of Azure and whose address is globally routable. Low for names that are ours or approved, info for all others."
-- false_positives = [
--   "Somebody else's registry or account with a private endpoint of its own: everybody outside of their network is given the public address, and nothing is wrong (info).",
--   "An agent that is meant to go through the public endpoint although a private one exists for other networks.",
-- ]
-- explanation = "{agent} asked for {target}, which has a private endpoint ({aliases}), and was given the public address {addresses}. {_whose}"
-- clears = [
--   "Link the private DNS zone to the agent's virtual network and look for the record: az network private-dns link vnet list --zone-name {_zone} --resource-group GROUP",
--   "If the agent's resolver is your own server: forward the zone {_zone} to 168.63.129.16 from inside of the linked network.",
-- ]
-- [modifiers.own-name]
-- effect = "at-least"
-- severity = "low"
-- reason = "the name is declared as ours or approved"
WITH told AS (
    SELECT client_ip, name, addr, chain,
        min((input_id, packet)) AS first_place, max((input_id, packet)) AS last_place
    FROM names
    WHERE kind = 'dns' AND addr IS NOT NULL
      AND (contains(chain, '.privatelink.') OR contains(name, '.privatelink.'))
      AND addr IN (SELECT addr FROM addresses WHERE scope = 'global')
    GROUP BY client_ip, name, addr, chain
),
aliased AS (
    SELECT
        *,
        list_filter(
            list_append(string_split(coalesce(chain, ''), '>'), name),
            lambda hop: regexp_matches(
                hop,
                '[.]privatelink[.]([a-z0-9.-]+[.])?(azurecr[.](io|cn|us|de)|windows[.]net'
                    || '|azure[.](com|net|us|cn)|chinacloudapi[.]cn|usgovcloudapi[.]net'
                    || '|azurewebsites[.](net|us)|azmk8s[.]io)$'
            )
        )[1] AS alias
    FROM told
),
-- The first and the last of equal answers stand for all of them: a busy name has thousands.
placed AS (
    SELECT *, unnest([first_place, last_place]) AS place FROM aliased WHERE alias IS NOT NULL
),
messages AS (
    SELECT p.*, c.agent, -1 - d.dns_id AS flow_id
    FROM placed AS p
    JOIN addresses AS c ON c.addr = p.client_ip
    JOIN dns AS d
        ON d.input_id = p.place[1] AND d.packet = p.place[2] AND d.qname = p.name
        AND d.is_response AND d.client_ip = p.client_ip
)
SELECT
    m.agent,
    m.name AS endpoint,
    list(DISTINCT m.flow_id ORDER BY m.flow_id) AS flow_ids,
    CASE WHEN bool_or(e.ownership IN ('ours', 'approved')) THEN ['own-name']
        ELSE []::VARCHAR[] END AS modifiers,
    {
        'aliases': list(DISTINCT m.alias ORDER BY m.alias),
        'addresses': list(DISTINCT m.addr ORDER BY m.addr),
        '_zone': regexp_extract(min(m.alias), '(privatelink[.].*)$', 1),
        '_whose': CASE WHEN bool_or(e.ownership IN ('ours', 'approved'))
            THEN 'It is ours, so inside of our network the answer should have been the private '
                || 'endpoint''s address.'
            ELSE 'It is not declared as ours: if it belongs to somebody else, this is how the '
                || 'outside is meant to reach it.' END
    } AS facts
FROM messages AS m
LEFT JOIN endpoints AS e ON e.name = m.name
GROUP BY m.agent, m.name
ORDER BY m.agent, m.name
