-- What every rule may read beside the documented tables: `evidence_flows` holds the flows that
-- show a direction towards the responder, once per transfer (a proxy's own leg is left out).
CREATE OR REPLACE TEMP TABLE evidence_flows AS
SELECT
    a.*,
    -- Resolvers are catalogued too, but they are no part of the platform under the agent.
    coalesce(d.service <> 'doh', false) AS platform_address,
    f.action AS action,
    coalesce(a.upload_turns, 0) > 0 AS uploads,
    coalesce(a.small_turns, 0) > 0 AS drips,
    a.write_requests > 0 AS writes,
    a.direction_evidence IS NOT DISTINCT FROM 'W4' AS counted,
    f.action IS NOT DISTINCT FROM 'deny' AS denied
FROM attributed AS a
LEFT JOIN addresses AS d ON d.addr = a.resp_ip
LEFT JOIN flows AS f ON f.flow_id = a.flow_id
WHERE a.proxy_leg IS DISTINCT FROM 'upstream'
  AND (
      coalesce(a.upload_turns, 0) > 0
      OR coalesce(a.small_turns, 0) > 0
      OR a.write_requests > 0
      OR a.direction_evidence IS NOT DISTINCT FROM 'W4'
      OR f.action IS NOT DISTINCT FROM 'deny'
  );

CREATE OR REPLACE TEMP TABLE hits (
    hit BIGINT,
    rule VARCHAR,
    place INTEGER,
    stream VARCHAR,
    agent VARCHAR,
    endpoint VARCHAR,
    flow_ids BIGINT[],
    modifiers VARCHAR[],
    facts VARCHAR
);
