-- id = "RD004"
-- title = "Agent that never used a data endpoint of our registry"
-- stream = "readiness"
-- order = 4
-- severity = "info"
-- attack = []
-- why = "When the wildcard for storage is taken away, this agent pulls through data endpoints or not at all, and nothing in the input shows that it can reach one. A replica that nobody used is still needed: the next pull may be sent there."
-- arithmetic = "Agents in contact with the login server of a registry that an inventory, --own or acrtrace.toml declares, or with managed storage that may be its own, without one flow to a data endpoint of it. Agents that pushed and whose layers came from nowhere are left out: a push needs no data endpoint. With --allows, low where a listed data endpoint is not let through."
-- false_positives = [
--   "An agent that found all layers in its own cache and asked for manifests alone.",
--   "A pull whose data connections the input lacks.",
-- ]
-- explanation = "{agent} used registry {target} but none of its data endpoints: {_how}. Needed, not observed: {needed_not_observed}.{_policy}"
-- clears = [
--   "Pull an image that is not in the agent's cache, and look for the data endpoint in the new capture.",
--   "From the agent: curl -sv https://{_first}/ answers (403 or 400 is an answer) where the endpoint can be reached.",
-- ]
-- [modifiers.would-break]
-- effect = "at-least"
-- severity = "low"
-- reason = "the stated firewall does not let every data endpoint of the registry through"
WITH ours AS (
    SELECT
        login, list(host ORDER BY host) FILTER (WHERE host <> '') AS hosts,
        list(host ORDER BY host) FILTER (
            WHERE host <> '' AND NOT EXISTS (
                SELECT 1 FROM allows AS w WHERE w.host = declared.host OR ends_with(declared.host, w.ending)
            )
        ) AS stopped
    FROM declared GROUP BY login
),
login_of AS (
    SELECT endpoint, regexp_replace(endpoint, '^([^.]+)[.][^.]+[.](?:geo|data)[.]', '\1.') AS login
    FROM (
        SELECT DISTINCT endpoint FROM attributed
        WHERE role IN ('registry-login', 'registry-regional', 'registry-data')
            AND endpoint IS NOT NULL
    )
),
used AS (
    SELECT DISTINCT a.agent, l.login, a.endpoint
    FROM attributed AS a
    JOIN login_of AS l ON l.endpoint = a.endpoint
    JOIN ours AS o ON o.login = l.login
    WHERE a.role = 'registry-data' AND a.proxy_leg IS DISTINCT FROM 'upstream'
),
contacts_of AS (
    SELECT a.agent, a.flow_id, a.role, l.login, coalesce(a.upload_turns, 0) > 0 AS pushed
    FROM attributed AS a
    JOIN login_of AS l ON l.endpoint = a.endpoint
    JOIN ours AS o ON o.login = l.login
    ANTI JOIN used AS u ON u.agent = a.agent AND u.login = l.login
    WHERE a.role IN ('registry-login', 'registry-regional', 'registry-data')
      AND a.proxy_leg IS DISTINCT FROM 'upstream'
    UNION ALL
    SELECT DISTINCT agent, flow_id, 'managed',
        regexp_replace(login, '^([^.]+)[.][^.]+[.]geo[.]', '\1.'), false
    FROM (
        SELECT agent, flow_id, unnest(string_split(managed_of, ',')) AS login
        FROM attributed
        WHERE managed_of IS NOT NULL AND proxy_leg IS DISTINCT FROM 'upstream'
    )
),
observed AS (
    SELECT DISTINCT login, endpoint FROM used
)
SELECT
    c.agent,
    c.login AS endpoint,
    list(c.flow_id ORDER BY c.flow_id) AS flow_ids,
    CASE WHEN EXISTS (SELECT 1 FROM allows) AND coalesce(len(min(o.stopped)), 0) > 0
        THEN ['would-break'] ELSE []::VARCHAR[] END AS modifiers,
    {
        'needed_not_observed': CASE
            WHEN min(o.hosts) IS NULL THEN [regexp_replace(c.login, '^([^.]+)[.]', '\1.<region>.data.')]
            ELSE list_filter(min(o.hosts), lambda h: NOT list_contains(
                coalesce(min(s.hosts), []::VARCHAR[]), h
            )) END,
        'used_by_other_agents': coalesce(min(s.hosts), []::VARCHAR[]),
        '_how': CASE WHEN bool_or(c.role = 'managed')
            THEN 'its layers came from registry-managed storage'
            ELSE 'it asked the login server, and no download of a layer shows' END,
        '_first': coalesce(min(o.hosts)[1], c.login),
        '_policy': CASE WHEN EXISTS (SELECT 1 FROM allows) AND coalesce(len(min(o.stopped)), 0) > 0
            THEN ' The stated firewall would stop ' || array_to_string(min(o.stopped)[1:10], ', ') || '.'
            ELSE '' END
    } AS facts
FROM contacts_of AS c
JOIN ours AS o ON o.login = c.login
LEFT JOIN (
    SELECT login, list(endpoint ORDER BY endpoint) AS hosts FROM observed GROUP BY login
) AS s ON s.login = c.login
ANTI JOIN used AS u ON u.agent = c.agent AND u.login = c.login
GROUP BY c.agent, c.login
-- A push opens connections without an upload, too; its agent has pulled nothing for all that shows.
HAVING bool_or(c.role = 'managed') OR NOT bool_or(c.pushed)
ORDER BY c.agent, c.login
