-- The views that rules and reports read. They hold whoever opens the case file later, so they use
-- tables of the schema only.

-- uploads: flows with any sign of an upload. The proxy's own leg of a transfer is left out: the
-- client's leg stands for it.
CREATE OR REPLACE VIEW uploads AS
SELECT * FROM attributed
WHERE proxy_leg IS DISTINCT FROM 'upstream'
    AND (write_requests > 0 OR upload_turns > 0 OR small_turns > 0);

-- logins: when an agent was in contact with a registry's login server, one row per flow. Names that
-- DNS contradicts are no contact, and neither are names that only other clients were told.
CREATE OR REPLACE VIEW logins AS
SELECT agent, endpoint AS login_server, owner, ownership, start_ns, end_ns, flow_id
FROM attributed
WHERE role IN ('registry-login', 'registry-regional') AND endpoint IS NOT NULL
    AND contradiction IS NULL AND name_grade < 'A5' AND proxy_leg IS DISTINCT FROM 'upstream';

-- contacts: one row per agent and endpoint, or per agent and address where no name is known
-- (`address`, NULL with a name). Lists are sorted. `ownership` is 'platform' only when every flow
-- of a managed-storage account is cleared; sums are NULL when no flow has the figure.
CREATE OR REPLACE VIEW contacts AS
SELECT agent, endpoint, CASE WHEN endpoint IS NULL THEN resp_ip END AS address,
    service, role, owner,
    arg_max(ownership, (CASE ownership WHEN 'platform' THEN 0 ELSE 1 END, ownership)) AS ownership,
    direction, technique, imitates, min(name_grade) AS name_grade,
    list(DISTINCT agent_ip ORDER BY agent_ip) AS agent_addresses,
    list(DISTINCT resp_ip ORDER BY resp_ip) AS addresses,
    list(DISTINCT resp_port ORDER BY resp_port) AS ports,
    count(*) AS flow_count, sum(orig_bytes) AS orig_bytes, sum(resp_bytes) AS resp_bytes,
    sum(orig_missed_bytes) AS orig_missed_bytes, sum(turns) AS turns,
    sum(upload_turns) AS upload_turns, sum(upload_bytes) AS upload_bytes,
    sum(upload_app_bytes) AS upload_app_bytes, sum(small_turns) AS small_turns,
    sum(small_bytes) AS small_bytes, sum(small_app_bytes) AS small_app_bytes,
    sum(write_requests) AS write_requests, sum(write_bytes) AS write_bytes,
    bool_or(name_hidden) AS name_hidden, bool_or(contradiction IS NOT NULL) AS contradicted,
    min(start_ns) AS first_ns, max(end_ns) AS last_ns
FROM attributed
WHERE proxy_leg IS DISTINCT FROM 'upstream'
GROUP BY agent, endpoint, CASE WHEN endpoint IS NULL THEN resp_ip END, service, role, owner,
    direction, technique, imitates;
