-- id = "EX010"
-- title = "Denied attempt to reach storage, a registry or a drop service that is not ours"
-- stream = "exfiltration"
-- order = 8
-- shows = "denied"
-- severity = "medium"
-- attack = ["T1567"]
-- why = "A denied attempt is no upload, but something on the agent wanted to go there. What a device stops today may find a way that it does not know tomorrow."
-- arithmetic = "No bytes: connections that a device denied and that carried nothing (no turns that show an upload, no write, less than 4,096 bytes in the device's own counters), counted per agent and name. Medium for each; one step lower where images and layers are downloaded and for chats and webhooks. No ladder: attempts are counted, not weighed."
-- false_positives = [
--   "Builds that pull a base image from a registry which is not allowed yet.",
--   "Telemetry, update checks and previews of tools that use such a service by default.",
--   "Scanners and tests that probe the firewall on purpose.",
-- ]
-- explanation = "{agent} tried to reach {target}, {_what}, and a device denied it ({attempts} attempt(s), {records} log record(s); rules: {rules}; programs: {processes}). {_beside}"
-- clears = [
--   "Name the job or program that asks for it; if it is wanted: --approve {target_arg}, and allow it in the device.",
--   "If it is ours: --own {own_arg}",
-- ]
-- [modifiers.ordinary-reads]
-- effect = "step-down"
-- reason = "images and layers are downloaded there, so an attempt says little about an upload"
-- [modifiers.chat-or-webhook]
-- effect = "step-down"
-- reason = "build jobs often notify chats and webhooks"
WITH attempts AS (
    SELECT *, CASE WHEN endpoint IS NULL THEN resp_ip END AS address
    FROM evidence_flows
    JOIN (SELECT flow_id, rule, process, records FROM flows) USING (flow_id)
    WHERE denied AND NOT carried
      AND ownership NOT IN ('ours', 'approved', 'platform')
      AND (
          imitates IS NOT NULL
          OR role IN (
              'storage-account', 'object-store', 'storage-infra', 'managed-storage-candidate',
              'registry-managed-storage', 'registry-login', 'registry-regional', 'registry-data',
              'other-registry', 'drop-service', 'webhook', 'tunnel'
          )
      )
),
-- What the same agent had with the same destination and no device denied, counted or not.
beside AS (
    SELECT agent, endpoint, CASE WHEN endpoint IS NULL THEN resp_ip END AS address,
        count(*) AS others, count(*) FILTER (WHERE action = 'allow') AS allowed
    FROM seen
    WHERE action IS DISTINCT FROM 'deny' AND NOT challenged
      AND proxy_leg IS DISTINCT FROM 'upstream'
      AND agent IN (SELECT agent FROM attempts)
    GROUP BY ALL
)
SELECT
    a.agent,
    a.endpoint,
    list(flow_id ORDER BY flow_id) AS flow_ids,
    CASE WHEN bool_and(imitates IS NULL AND role IN (
            'registry-login', 'registry-regional', 'registry-data', 'other-registry',
            'managed-storage-candidate', 'registry-managed-storage'
        )) THEN ['ordinary-reads'] ELSE []::VARCHAR[] END
    || CASE WHEN bool_or(role = 'webhook') THEN ['chat-or-webhook'] ELSE []::VARCHAR[] END
    || CASE WHEN bool_or(ownership = 'platform-claimed' AND role NOT IN (
            'managed-storage-candidate', 'registry-managed-storage'
        )) THEN ['platform-claimed'] ELSE []::VARCHAR[] END AS modifiers,
    {
        '_what': CASE
            WHEN min(imitates) IS NOT NULL THEN 'a name that imitates ' || min(imitates)
            WHEN bool_or(role IN ('drop-service', 'webhook', 'tunnel'))
                THEN 'which takes data from anybody'
            WHEN bool_or(role IN ('registry-login', 'registry-regional', 'registry-data',
                'other-registry')) THEN 'a registry that is neither declared as ours nor approved'
            ELSE 'storage that is neither declared as ours nor approved'
        END,
        '_beside': CASE WHEN coalesce(max(b.others), 0) = 0 THEN
                'Nothing is known to have left, but something on this agent wanted to go there.'
            ELSE 'Not all was denied: ' || max(b.others) || CASE WHEN max(b.others) = 1
                    THEN ' other connection of this agent to the same destination was not ('
                    ELSE ' other connections of this agent to the same destination were not (' END
                || max(b.allowed)
                || ' logged as allowed), and this attempt says nothing of what those carried.' END,
        'not_denied': coalesce(max(b.others), 0),
        'attempts': count(*),
        'records': coalesce(sum(records), 0)::BIGINT,
        'rules': coalesce(list(DISTINCT rule ORDER BY rule) FILTER (WHERE rule IS NOT NULL),
            ['not logged']),
        'processes': coalesce(list(DISTINCT process ORDER BY process)
            FILTER (WHERE process IS NOT NULL), ['not logged'])
    } AS facts
FROM attempts AS a
LEFT JOIN beside AS b
    ON b.agent = a.agent AND b.endpoint IS NOT DISTINCT FROM a.endpoint
    AND b.address IS NOT DISTINCT FROM a.address
GROUP BY a.agent, a.endpoint, a.address
ORDER BY a.agent, a.endpoint, a.address
