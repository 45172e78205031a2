-- id = "EX009"
-- title = "Many small writes or long query strings to one owner"
-- stream = "exfiltration"
-- order = 21
-- severity = "medium"
-- attack = ["T1030", "T1567"]
-- explanation = "{agent} sent {day_bytes} bytes in small pieces to {owner} on {day} (UTC): drips, wide requests or long query strings, each below the size of an upload. {target} had its part in it{_spread}."
-- why = "Limits on the size of a transfer are known to whoever wants to stay below them. Data cut into small requests, or written into the address of what looks like a read, adds up over a day, to one owner or to many accounts that one person holds."
-- arithmetic = "Per agent, owner and UTC day (of the flow's beginning): wire bytes of drips (drip_bytes to upload_turn_bytes, answered with less) and, on storage, wide requests; or the query strings of at least long_query_bytes read in clear, where they are more. Medium from drip_day_bytes for one owner (an account or bucket; of names that nobody classified the site: two labels, three below the likes of co.uk), or for all foreign storage accounts and buckets of the agent together where they are several."
-- false_positives = ["Interfaces that are polled with a token of a kilobyte or more and answer with less.", "Analytics and single sign-on that put state into long addresses.", "Table or queue storage of our own that nobody declared."]
-- clears = [
--   "If it is ours: --own {own_arg}",
--   "If somebody approved it: --approve {target_arg}",
--   "Name the job that asks so often, and read one of its requests (a proxy's log, or --keylog): a token is the same in all of them, data is not.",
-- ]
-- [modifiers.many-accounts]
-- effect = "note"
-- reason = "no single owner got that much; all foreign accounts of this agent together did"
-- [modifiers.long-queries]
-- effect = "at-least"
-- severity = "medium"
-- reason = "long query strings were read in clear"
-- [modifiers.not-routable]
-- effect = "cap"
-- severity = "info"
-- reason = "the address is not globally routable, so the data stays in the network"
WITH queries AS (
    SELECT flow_id, sum(strlen(query))::BIGINT AS query_bytes
    FROM (
        SELECT flow_id, substr(target, strpos(target, '?') + 1) AS query
        FROM http
        WHERE method IN ('GET', 'HEAD') AND strpos(target, '?') > 0
    )
    WHERE strlen(query) >= (SELECT long_query_bytes FROM thresholds)
    GROUP BY flow_id
),
pieces AS (
    SELECT
        s.flow_id, s.agent, s.endpoint, s.role, s.action, s.scope, s.proxy_leg, s.resp_ip,
        s.start_ns // 86400000000000 AS day,
        CASE WHEN s.role = 'unknown' THEN site(s.endpoint)
            ELSE coalesce(s.service || ' ' || s.owner, s.endpoint) END AS owner,
        greatest(coalesce(s.small_bytes, 0), coalesce(q.query_bytes, 0)) AS amount,
        coalesce(q.query_bytes, 0) AS query_bytes
    FROM seen AS s
    LEFT JOIN queries AS q ON q.flow_id = s.flow_id
    WHERE s.role IN ('storage-account', 'object-store', 'unknown')
      AND s.ownership NOT IN ('ours', 'approved', 'platform')
      AND s.imitates IS NULL
      AND s.endpoint IS NOT NULL
      AND s.contradiction IS NULL
      AND NOT s.name_hidden
      AND s.proxy_leg IS DISTINCT FROM 'upstream'
      AND s.scope NOT IN ('loopback', 'multicast')
      AND s.app IS DISTINCT FROM 'dns'
      -- A request that a device denied never left it.
      AND NOT coalesce(s.action = 'deny' AND s.orientation = 'log', false)
      AND (s.small_turns > 0 OR q.query_bytes IS NOT NULL)
),
owners AS (
    SELECT agent, owner, day, sum(amount)::BIGINT AS amount, false AS spread, 1::BIGINT AS accounts
    FROM pieces
    GROUP BY agent, owner, day
    HAVING sum(amount) >= (SELECT drip_day_bytes FROM thresholds)
),
crowds AS (
    SELECT
        agent, NULL::VARCHAR AS owner, day, sum(amount)::BIGINT AS amount,
        true AS spread, count(DISTINCT owner) AS accounts
    FROM pieces
    WHERE role <> 'unknown'
    GROUP BY agent, day
    HAVING sum(amount) >= (SELECT drip_day_bytes FROM thresholds) AND count(DISTINCT owner) > 1
),
matched AS (
    SELECT p.*, coalesce(o.spread, c.spread) AS spread, coalesce(o.amount, c.amount) AS day_amount,
        coalesce(o.accounts, c.accounts) AS accounts
    FROM pieces AS p
    LEFT JOIN owners AS o ON o.agent = p.agent AND o.owner = p.owner AND o.day = p.day
    LEFT JOIN crowds AS c ON c.agent = p.agent AND c.day = p.day AND p.role <> 'unknown'
    WHERE o.agent IS NOT NULL OR c.agent IS NOT NULL
)
SELECT
    agent,
    endpoint,
    list(flow_id ORDER BY flow_id) AS flow_ids,
    CASE WHEN bool_and(spread) THEN ['many-accounts'] ELSE []::VARCHAR[] END
    || CASE WHEN sum(query_bytes) > 0 AND sum(query_bytes) >= sum(amount - query_bytes)
        THEN ['long-queries'] ELSE []::VARCHAR[] END
    || CASE WHEN bool_and(scope <> 'global' AND proxy_leg IS NULL AND resp_ip IS NOT NULL)
        THEN ['not-routable'] ELSE []::VARCHAR[] END AS modifiers,
    {
        'owner': CASE WHEN bool_and(spread)
            THEN format('{:,}', max(accounts)) || ' storage accounts or buckets'
            ELSE min(owner) END,
        'day': strftime(
            make_timestamp(arg_max(day, (day_amount, -day)) * 86400000000), '%Y-%m-%d'
        ),
        'day_bytes': max(day_amount),
        'query_bytes': sum(query_bytes)::BIGINT,
        'endpoint_bytes': sum(amount)::BIGINT,
        '_spread': CASE WHEN bool_and(spread)
            THEN ', ' || format('{:,}', sum(amount)::BIGINT) || ' bytes' ELSE '' END
    } AS facts
FROM matched
GROUP BY agent, endpoint
-- Of a site's hosts those that had a part worth naming.
HAVING min(role) <> 'unknown'
    OR sum(amount) >= (SELECT drip_day_bytes FROM thresholds) // 10
ORDER BY agent, endpoint
