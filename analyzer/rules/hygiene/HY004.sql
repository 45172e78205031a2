-- id = "HY004"
-- title = "Look-alike of a registry, of storage or of one of our names"
-- stream = "hygiene"
-- order = 4
-- severity = "low"
-- attack = ["T1036.005", "T1583.001"]
-- why = "A name that a hurried reader takes for a registry, or for one of ours, is how an allow-list gets its hole and how a client is made to hand over its token. It is worth a look before anything was uploaded."
-- arithmetic = "No bytes: names in DNS answers, SNI, Host and CONNECT lines that show a registry or storage suffix, or a host of ours, without being under it (docs/endpoints.md, Imitation). An upload to one is EX003."
-- false_positives = [
--   "A DNS search domain of yours behind a genuine name that a wildcard record answers: add it to embedding in acrtrace.toml.",
--   "A product or company whose own name resembles a registry's: --approve its name.",
-- ]
-- explanation = "{agent} {_did} {target}, which imitates {imitates} but is another name{_homograph}."
-- clears = [
--   "If the name is known and wanted: --approve {target_arg}",
--   "Ask who registered it (whois) and which configuration or mail made the agent use it.",
-- ]
WITH met AS (
    SELECT flow_id, agent, endpoint, imitates
    FROM attributed
    WHERE imitates IS NOT NULL AND endpoint IS NOT NULL AND proxy_leg IS DISTINCT FROM 'upstream'
    UNION ALL
    SELECT -1 - d.dns_id, c.agent, n.name, n.imitates
    FROM (
        -- The first of equal answers stands for all of them.
        SELECT n.client_ip, n.name, e.imitates, min((n.input_id, n.packet)) AS place
        FROM names AS n
        JOIN endpoints AS e ON e.name = n.name
        WHERE n.kind = 'dns' AND e.imitates IS NOT NULL AND n.packet IS NOT NULL
        GROUP BY n.client_ip, n.name, e.imitates
    ) AS n
    JOIN addresses AS c ON c.addr = n.client_ip
    JOIN dns AS d
        ON d.input_id = n.place[1] AND d.packet = n.place[2] AND d.qname = n.name AND d.is_response
        AND d.client_ip = n.client_ip
)
SELECT
    agent,
    endpoint,
    list(DISTINCT flow_id ORDER BY flow_id) AS flow_ids,
    []::VARCHAR[] AS modifiers,
    {
        'imitates': min(imitates),
        '_did': CASE WHEN bool_and(flow_id < 0) THEN 'looked up' ELSE 'talked to' END,
        '_homograph': CASE WHEN contains(endpoint, 'xn--')
            THEN ', written in letters that only look alike' ELSE '' END
    } AS facts
FROM met
GROUP BY agent, endpoint
ORDER BY agent, endpoint
