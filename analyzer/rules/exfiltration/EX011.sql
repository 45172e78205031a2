-- id = "EX011"
-- title = "Upload to hosts that builds write to by themselves, or that everybody shares"
-- stream = "exfiltration"
-- order = 22
-- severity = "low"
-- attack = ["T1567"]
-- explanation = "{agent} {sent} {target}, {_what}. Who receives the data cannot be told from the name. Counted per agent, service and day (UTC): {day_bytes} bytes on {day}, against a budget of {budget} ({service_hosts} host(s) of this service)."
-- why = "Builds write to these hosts by themselves: logs, artifacts, caches, metrics, code. So a name is no evidence, and blocking them is no option. But anybody with a repository, a workspace or a registry of their own is reached under the same names. What remains is the amount: it is stated always, and a day that exceeds the budget deserves a look."
-- arithmetic = "Wire bytes of upload turns, drips and wide requests, or the body bytes of writes read in clear where they are more, or what a log counted; added up per agent, service and UTC day (a flow belongs to the day on which it began). Low below budget_day_bytes on every day, medium from there on, never more, whatever the amount. At code hosts drips alone, less than upload_turn_bytes of them a day, are what fetching takes and stay silent."
-- false_positives = ["Large build artifacts, caches and logs (GitHub Actions results, pipeline artifacts).", "az acr build sends the whole build context to the registry's staging account.", "A first push of a repository, or pushes with large files.", "Agents that send metrics and logs to a workspace that is ours: declare it with --own."]
-- clears = [
--   "If it is ours: --own {own_arg}",
--   "If somebody approved it at any amount: --approve {target_arg}",
--   { roles = ["ci-platform"], text = "Compare the bytes with the artifacts, logs and caches of the build job that ran at that time." },
--   { roles = ["registry-task-staging"], text = "Compare with the registry's task runs at that time: az acr task list-runs --registry NAME" },
--   { roles = ["telemetry"], text = "Find the workspace or key that the agent is configured with: az monitor log-analytics workspace list -o table" },
--   { roles = ["code-host"], text = "Compare with the pushes that the build job made at that time (git reflog, the host's audit log)." },
-- ]
-- [modifiers.within-budget]
-- effect = "cap"
-- severity = "low"
-- reason = "no day exceeded the budget of what builds write there by themselves"
-- [modifiers.over-budget]
-- effect = "at-least"
-- severity = "medium"
-- reason = "on one day more was sent to this service than its budget"
-- [modifiers.owner-undecidable]
-- effect = "cap"
-- severity = "medium"
-- reason = "the name alone says nothing of who receives it"
WITH sent_there AS (
    SELECT
        * REPLACE (coalesce(service, role) AS service),
        start_ns // 86400000000000 AS day,
        greatest(
            coalesce(upload_bytes, 0) + coalesce(small_bytes, 0), coalesce(write_bytes, 0)
        ) AS amount
    FROM evidence_flows
    WHERE carried
      AND ownership NOT IN ('ours', 'approved')
      AND imitates IS NULL
      AND (
          role IN (
              'ci-platform', 'registry-task-staging', 'storage-system', 'telemetry', 'code-host'
          )
          OR (role = 'webhook' AND service = 'slack' AND ownership = 'undecidable')
          OR (role = 'azure-service' AND ownership = 'undecidable' AND (uploads OR writes OR counted))
      )
),
days AS (
    SELECT
        agent, role, service, day,
        sum(amount)::BIGINT AS amount,
        count(DISTINCT coalesce(endpoint, resp_ip)) AS hosts,
        bool_or(uploads OR writes OR counted) AS more_than_drips
    FROM sent_there
    GROUP BY agent, role, service, day
),
worst AS (
    SELECT
        agent, role, service,
        arg_max((day, amount, hosts), (amount, -day)) AS day
    FROM days
    WHERE role <> 'code-host'
       OR more_than_drips
       OR amount >= (SELECT upload_turn_bytes FROM thresholds)
    GROUP BY agent, role, service
)
SELECT
    agent,
    endpoint,
    list(flow_id ORDER BY flow_id) AS flow_ids,
    CASE WHEN max(w.day[2]) >= (SELECT budget_day_bytes FROM thresholds)
        THEN ['over-budget', 'owner-undecidable'] ELSE ['within-budget'] END
    || CASE WHEN bool_or(denied) THEN ['denied'] ELSE []::VARCHAR[] END AS modifiers,
    {
        '_what': CASE min(role)
            WHEN 'ci-platform' THEN 'a host of the build platform, or one named like it'
            WHEN 'registry-task-staging' THEN 'an account named like a registry''s build staging'
            WHEN 'storage-system' THEN 'an account named like one of the platform''s system accounts'
            WHEN 'telemetry' THEN 'which takes logs and metrics'
            WHEN 'code-host' THEN 'a code host that everybody shares'
            WHEN 'webhook' THEN 'a chat service that everybody shares'
            ELSE 'an Azure service that everybody shares'
        END,
        'day': strftime(make_timestamp(max(w.day[1]) * 86400000000), '%Y-%m-%d'),
        'day_bytes': max(w.day[2]),
        'budget': (SELECT budget_day_bytes FROM thresholds),
        'service_hosts': max(w.day[3])
    } AS facts
FROM sent_there
JOIN worst AS w USING (agent, role, service)
GROUP BY agent, endpoint, CASE WHEN endpoint IS NULL THEN resp_ip END
ORDER BY agent, endpoint NULLS LAST, min(flow_id)
