-- id = "RD001"
-- title = "Layers come from registry-managed storage"
-- stream = "readiness"
-- order = 1
-- severity = "info"
-- attack = []
-- why = "Whoever takes the wildcard for storage away cuts these agents off from their layers, and whoever keeps it leaves the door open through which anybody writes to an account of their own."
-- arithmetic = "Bytes received from storage accounts named like registry-managed ones, which this case shows being read only, by an agent that was in contact with the registry's login server at most correlation_seconds before. Low for a registry that is ours or approved, info for others; the bytes decide nothing. What would break is said only where --allows (or allows in acrtrace.toml) states which names the firewall lets through."
-- false_positives = [
--   "An account of somebody else's that is named like managed storage and is only read.",
--   "Several registries in use at once: each of them may have served the download, and each is named.",
--   "A download that another program on the agent made within the same time.",
-- ]
-- explanation = "{agent} {_did} {_host_count} storage account(s) that registry {target} may use for its layers ({hosts}). Which account serves a pull changes, so no exact firewall rule can name it: such an agent needs *.blob.core.windows.net open, a hole through which anybody can write to an account of their own. With dedicated data endpoints the layers come from {label}.<region>.{_data_suffix} instead, one exact name per region; candidates for these downloads: {candidates}.{_policy}"
-- clears = [
--   "Allow {label}.<region>.{_data_suffix} for every region of the registry first, then switch: az acr update --name {label} --data-endpoint-enabled true",
--   "List the exact names to allow: az acr show-endpoints --name {label}",
-- ]
-- [modifiers.own-registry]
-- effect = "at-least"
-- severity = "low"
-- reason = "the registry is declared as ours or approved, so the change is in our hands"
-- [modifiers.would-break]
-- effect = "at-least"
-- severity = "low"
-- reason = "the stated firewall does not let all of these storage hosts through"
SELECT
    agent,
    registry AS endpoint,
    list(flow_id ORDER BY flow_id) AS flow_ids,
    CASE WHEN registry IN (
            SELECT regexp_replace(name, '^([^.]+)[.][^.]+[.]geo[.]', '\1.')
            FROM endpoints WHERE ownership IN ('ours', 'approved')
        ) THEN ['own-registry'] ELSE []::VARCHAR[] END
    || CASE WHEN bool_or(stopped) THEN ['would-break'] ELSE []::VARCHAR[] END AS modifiers,
    {
        'hosts': list(DISTINCT host ORDER BY host),
        '_host_count': count(DISTINCT host),
        'candidates': list_sort(list_distinct(string_split(
            array_to_string(list(DISTINCT candidates ORDER BY candidates), ','), ','
        ))),
        'bytes': sum(resp_bytes)::BIGINT,
        -- NULL where no policy was stated.
        'would_break': CASE WHEN EXISTS (SELECT 1 FROM allows) THEN coalesce(
            list(DISTINCT host ORDER BY host) FILTER (WHERE stopped), []::VARCHAR[]
        ) END,
        '_policy': CASE
            WHEN bool_or(stopped)
                THEN ' With the stated firewall these pulls would break: it does not let '
                    || array_to_string(
                        (list(DISTINCT host ORDER BY host) FILTER (WHERE stopped))[1:10], ', '
                    ) || ' through.'
            ELSE '' END,
        '_did': CASE WHEN sum(resp_bytes) IS NULL
            THEN 'was in contact (nobody counted the bytes) with'
            ELSE 'downloaded ' || format('{:,}', sum(resp_bytes)::BIGINT) || ' bytes from' END,
        '_data_suffix': 'data.' || array_to_string(string_split(registry, '.')[-2:], '.')
    } AS facts
FROM (
    SELECT *, unnest(list_distinct(string_split(candidates, ','))) AS registry
    FROM (
        SELECT
            agent, flow_id, endpoint AS host, resp_bytes,
            -- Without a policy nothing is said about what would break.
            EXISTS (SELECT 1 FROM allows) AND NOT EXISTS (
                SELECT 1 FROM allows AS w
                WHERE w.host = attributed.endpoint OR ends_with(attributed.endpoint, w.ending)
            ) AS stopped,
            -- A replica's own login server stands for its registry.
            regexp_replace(
                managed_of, '(^|,)([^.,]+)[.][^.,]+[.]geo[.]', '\1\2.', 'g'
            ) AS candidates
        FROM attributed
        WHERE managed_of IS NOT NULL
          AND proxy_leg IS DISTINCT FROM 'upstream'
    )
)
GROUP BY agent, registry
ORDER BY agent, registry
