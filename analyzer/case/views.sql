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
    coalesce(list(DISTINCT resp_ip ORDER BY resp_ip) FILTER (resp_ip IS NOT NULL), []) AS addresses,
    coalesce(list(DISTINCT resp_port ORDER BY resp_port) FILTER (resp_port IS NOT NULL), []) AS ports,
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

-- handshakes: one row per flow with TLS in clear, as Zeek's ssl.log has it: the client's last hello
-- (behind a HelloRetryRequest it sends a second one), the server's last answer, and the last alert of
-- each side. A half that the capture lacks is NULL. `resumed` is NULL when a half is missing.
CREATE OR REPLACE VIEW handshakes AS
WITH client AS (
    SELECT *, count(*) OVER (PARTITION BY flow_id) AS hellos,
        row_number() OVER (PARTITION BY flow_id ORDER BY ts_ns DESC, input_id DESC, packet DESC) AS n
    FROM tls
), server AS (
    SELECT *, bool_or(hello_retry) OVER (PARTITION BY flow_id) AS retried,
        row_number() OVER (
            PARTITION BY flow_id ORDER BY hello_retry, ts_ns DESC, input_id DESC, packet DESC
        ) AS n
    FROM tls_server
), alert AS (
    SELECT flow_id, sender, level || ' ' || coalesce(name, description::VARCHAR) AS text,
        row_number() OVER (
            PARTITION BY flow_id, sender ORDER BY ts_ns DESC, input_id DESC, packet DESC
        ) AS n
    FROM tls_alerts
)
SELECT flow_id, c.ts_ns, c.packet, c.input_id, c.sni, c.version AS version_offered, c.versions,
    c.ciphers, c.alpn AS alpn_offered, c.ja4, c.ech_type, c.ech_config, c.early_data, c.hellos,
    s.ts_ns AS server_ts_ns, s.packet AS server_packet, s.version, s.cipher, s.alpn,
    s.retried AS hello_retry,
    CASE WHEN c.flow_id IS NULL OR s.version IS NULL OR s.hello_retry THEN NULL
        WHEN s.version >= 772 THEN s.psk
        ELSE s.session_id IS NOT NULL AND s.session_id IS NOT DISTINCT FROM c.session_id
    END AS resumed,
    s.cert_subject, s.cert_names, s.cert_issuer, s.cert_sha256,
    k.text AS client_alert, r.text AS server_alert
FROM (SELECT * FROM client WHERE n = 1) c
FULL JOIN (SELECT * FROM server WHERE n = 1) s USING (flow_id)
LEFT JOIN (SELECT * FROM alert WHERE n = 1 AND sender = 'client') k USING (flow_id)
LEFT JOIN (SELECT * FROM alert WHERE n = 1 AND sender = 'server') r USING (flow_id);
