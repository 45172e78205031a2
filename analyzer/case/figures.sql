-- The views behind the figures of a report. They hold whoever opens the case file later, so they use
-- tables of the schema only; `Result.queries` has the SELECT of each figure.

-- challenges: what a proxy's log shows of requests that the proxy answered with nothing but the
-- question who asks (407): they went no further, and no decision was made. Only the proxy itself can
-- say so: in what others saw on the wire a 407 is the server's word, and whoever takes an upload
-- would say it.
CREATE OR REPLACE VIEW challenges AS
SELECT h.flow_id
FROM http AS h JOIN flows AS f ON f.flow_id = h.flow_id
LEFT JOIN inputs AS i ON i.input_id = h.input_id
WHERE f.orientation = 'log' AND f.action IS NULL
  AND h.flow_id IN (SELECT flow_id FROM http WHERE status = 407)
GROUP BY h.flow_id
HAVING bool_and(coalesce(h.status = 407 AND starts_with(i.format, 'squid'), false));

-- seen: `attributed` with what a device did. A log's request that the device denied or only asked
-- back for (`challenged`) never left it: it is an attempt, and no write. A flow `carried` data when it
-- has upload turns, drips, a write in clear, or counters that show an upload (W4). `uploaded` is the
-- estimated application payload as findings add it up: drips and wide requests count where a request
-- is small by nature and a body is what makes it wide; elsewhere only when nothing else is known.
CREATE OR REPLACE VIEW seen AS
SELECT
    s.* EXCLUDE (refused),
    coalesce(s.upload_turns, 0) > 0 AS uploads,
    coalesce(s.small_turns, 0) > 0 AS drips,
    s.write_requests > 0 AS writes,
    NOT s.has_turns AND s.upload_bytes IS NOT NULL
        AND s.direction_evidence IS NOT DISTINCT FROM 'W4' AS counted,
    uploads OR drips OR writes OR counted AS carried,
    CASE
        -- Without turns, counters (W4, or beside a write that was read) and bodies are all there is.
        WHEN NOT s.has_turns AND s.write_bytes IS NULL AND (
            s.upload_app_bytes IS NULL
            OR coalesce(s.direction_evidence, '') NOT IN ('W1', 'W4')
        ) THEN NULL
        ELSE greatest(
            coalesce(s.upload_app_bytes, 0)
            + CASE
                WHEN coalesce(s.upload_turns, 0) = 0 OR s.imitates IS NOT NULL OR s.role IN (
                    'storage-account', 'object-store', 'registry-data',
                    'managed-storage-candidate', 'registry-managed-storage',
                    'registry-task-staging', 'ci-platform', 'storage-system',
                    'storage-infra', 'drop-service', 'webhook', 'tunnel'
                ) THEN coalesce(s.small_app_bytes, 0)
                ELSE 0
            END,
            coalesce(s.write_bytes, 0)
        )
    END AS uploaded
FROM (
    SELECT
        a.* REPLACE (
            CASE WHEN refused THEN 0 ELSE a.write_requests END AS write_requests,
            CASE WHEN NOT refused THEN a.write_bytes END AS write_bytes,
            CASE WHEN NOT challenged THEN a.upload_bytes END AS upload_bytes,
            CASE WHEN NOT challenged THEN a.upload_app_bytes END AS upload_app_bytes,
            CASE WHEN challenged THEN 'W5' WHEN refused AND a.direction_evidence = 'W1'
                THEN CASE WHEN a.upload_bytes IS NULL THEN 'W5' ELSE 'W4' END
                ELSE a.direction_evidence END AS direction_evidence
        )
    FROM (
        SELECT a.*, c.flow_id IS NOT NULL AS challenged,
            challenged OR coalesce(a.action = 'deny' AND a.orientation = 'log', false) AS refused
        FROM attributed AS a LEFT JOIN challenges AS c ON c.flow_id = a.flow_id
    ) AS a
) AS s;

-- evidence: the flows that show a direction towards the responder (`carried`), those that a device
-- denied, and those to others' known services that a log states without the bytes of both ways
-- (`contact`: no direction shows), once per transfer (a proxy's own leg is left out).
CREATE OR REPLACE VIEW evidence AS
SELECT * FROM (
    SELECT
        a.*,
        -- Resolvers are catalogued too, but they are no part of the platform under the agent.
        coalesce(d.service <> 'doh', false) AS platform_address,
        a.action IS NOT DISTINCT FROM 'deny' AS denied,
        NOT a.carried AND NOT denied AND a.orientation IS NOT DISTINCT FROM 'log'
            AND (a.orig_bytes IS NULL OR a.resp_bytes IS NULL OR a.challenged)
            AND (a.role <> 'unknown' OR a.imitates IS NOT NULL)
            AND a.ownership NOT IN ('ours', 'approved', 'platform') AS contact
    FROM seen AS a
    LEFT JOIN addresses AS d ON d.addr = a.resp_ip
    WHERE a.proxy_leg IS DISTINCT FROM 'upstream'
)
WHERE carried OR denied OR contact;

-- weighed: `attributed` with what coverage counts. `outgoing` leaves out DNS (accused as names, not as
-- uploads), traffic that stays on the host or the wire, a proxy's own legs, and what a device denied
-- (`stopped`). `grade` is the name's grade, A6 for a hidden or missing name. `quic` says what was read:
-- read (the ClientHello) | closed (no hello could be read) | late (no handshake seen) | google (its
-- own); NULL for what is none.
CREATE OR REPLACE VIEW weighed AS
SELECT
    a.*,
    a.orientation IS NOT DISTINCT FROM 'log' AS logged,
    CASE WHEN a.endpoint IS NULL OR a.name_hidden THEN 'A6' ELSE a.name_grade END AS grade,
    -- Denied, and nothing shows that data went through all the same.
    coalesce(a.action = 'deny', false)
        AND NOT (coalesce(a.carried, false) AND a.proxy_leg IS DISTINCT FROM 'upstream') AS stopped,
    coalesce(a.missed_bytes, a.orig_missed_bytes) AS missed,
    CASE
        WHEN a.app = 'gquic' THEN 'google'
        WHEN a.app = 'quic' AND h.flow_id IS NOT NULL THEN 'read'
        WHEN a.app = 'quic' THEN 'closed'
        WHEN a.proto = 'udp' AND a.resp_port = 443 THEN 'late'
    END AS quic,
    a.proxy_leg IS DISTINCT FROM 'upstream'
    AND a.app IS DISTINCT FROM 'dns'
    AND NOT (a.proto = 'udp' AND a.resp_port = 53 AND a.app IS DISTINCT FROM 'quic')
    AND a.scope NOT IN ('loopback', 'multicast') AND NOT stopped AS outgoing
FROM seen AS a
LEFT JOIN (SELECT DISTINCT flow_id FROM tls WHERE quic_version IS NOT NULL) AS h
    ON h.flow_id = a.flow_id;

-- coverage: one row, how much could be seen. `named_bytes` and `directed_bytes` are the parts of
-- `outgoing_bytes` whose name and whose direction are known; a log's counters of both ways are a
-- direction, too.
CREATE OR REPLACE VIEW coverage AS
SELECT
    count(*) AS flows,
    count(*) FILTER (WHERE outgoing) AS outgoing_flows,
    count(*) FILTER (WHERE outgoing AND orig_bytes IS NOT NULL) AS counted_flows,
    coalesce(sum(orig_bytes) FILTER (WHERE outgoing), 0)::BIGINT AS outgoing_bytes,
    coalesce(sum(orig_bytes) FILTER (
        WHERE outgoing AND grade IN ('A1', 'A2', 'A3', 'A4')
    ), 0)::BIGINT AS named_bytes,
    {
        'A1': coalesce(sum(orig_bytes) FILTER (WHERE outgoing AND grade = 'A1'), 0)::BIGINT,
        'A2': coalesce(sum(orig_bytes) FILTER (WHERE outgoing AND grade = 'A2'), 0)::BIGINT,
        'A3': coalesce(sum(orig_bytes) FILTER (WHERE outgoing AND grade = 'A3'), 0)::BIGINT,
        'A4': coalesce(sum(orig_bytes) FILTER (WHERE outgoing AND grade = 'A4'), 0)::BIGINT,
        'A5': coalesce(sum(orig_bytes) FILTER (WHERE outgoing AND grade = 'A5'), 0)::BIGINT,
        'A6': coalesce(sum(orig_bytes) FILTER (WHERE outgoing AND grade = 'A6'), 0)::BIGINT
    } AS bytes_by_grade,
    coalesce(sum(orig_bytes) FILTER (
        WHERE outgoing AND (has_turns OR logged AND resp_bytes IS NOT NULL)
    ), 0)::BIGINT AS directed_bytes,
    count(*) FILTER (WHERE outgoing AND logged AND orig_bytes IS NOT NULL) AS log_counted,
    count(*) FILTER (WHERE outgoing AND logged AND orig_bytes IS NULL) AS log_uncounted,
    count(*) FILTER (
        WHERE outgoing AND logged AND orig_bytes IS NOT NULL AND resp_bytes IS NULL
    ) AS log_one_way,
    coalesce(sum(orig_bytes) FILTER (WHERE outgoing AND logged), 0)::BIGINT AS log_bytes,
    coalesce(sum(orig_bytes) FILTER (
        WHERE outgoing AND logged AND bytes_grade = 'estimated'
    ), 0)::BIGINT AS sampled_bytes,
    count(*) FILTER (WHERE NOT logged) AS packet_flows,
    count(*) FILTER (WHERE stopped) AS denied_flows,
    count(*) FILTER (WHERE one_sided IS NOT NULL) AS one_sided_flows,
    count(*) FILTER (WHERE one_sided IS NOT NULL AND NOT has_turns AND outgoing)
        AS undirected_flows,
    coalesce(sum(missed), 0)::BIGINT AS missed_bytes,
    count(*) FILTER (WHERE ech IS NOT NULL) AS ech_flows,
    count(*) FILTER (WHERE name_hidden) AS hidden_flows,
    count(*) FILTER (WHERE quic IS NOT NULL) AS quic_flows,
    count(*) FILTER (WHERE quic = 'read') AS quic_read,
    count(*) FILTER (WHERE quic = 'google') AS quic_google,
    count(*) FILTER (WHERE quic = 'closed') AS quic_closed,
    count(*) FILTER (WHERE quic = 'late') AS quic_late,
    coalesce(sum(orig_bytes) FILTER (WHERE quic <> 'read'), 0)::BIGINT AS quic_unread_bytes,
    count(*) FILTER (WHERE open_at_start AND outgoing) AS open_at_start,
    count(*) FILTER (WHERE open_at_end AND outgoing) AS open_at_end,
    count(*) FILTER (WHERE outgoing AND name_grade IN ('A2', 'A3', 'A4', 'A5')) AS unproven_names
FROM weighed;

-- timeline: bytes sent to other hosts by time and ownership of the destination. Bins are `bin_ns` wide, a
-- round width that gives at most 120 of them, and begin at multiples of it. What a flow sent is spread
-- evenly over the bins that it touches, to whole bytes; `flow_count` counts it where it begins.
CREATE OR REPLACE VIEW timeline AS
WITH sent AS (
    SELECT start_ns, greatest(start_ns, end_ns) AS end_ns, ownership AS destination, orig_bytes
    FROM weighed
    WHERE outgoing AND orig_bytes > 0
), span AS (
    SELECT min(start_ns) AS first_ns, max(end_ns) AS last_ns FROM sent
), width AS (
    SELECT coalesce(
        min(ms * 1000000) FILTER (
            WHERE last_ns // (ms * 1000000) - first_ns // (ms * 1000000) < 120
        ),
        min((last_ns::HUGEINT - first_ns) // (119 * 604800000000000::HUGEINT) + 1) * 604800000000000
    )::BIGINT AS bin_ns
    FROM span, unnest([
        1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 15000, 30000, 60000, 120000,
        300000, 600000, 900000, 1800000, 3600000, 7200000, 10800000, 21600000, 43200000, 86400000,
        172800000, 604800000
    ]::BIGINT[]) AS w(ms)
), spans AS (
    SELECT bin_ns, destination, first_bin, last_bin - first_bin + 1 AS bins,
        sum(orig_bytes)::HUGEINT AS bytes, count(*) AS flows
    FROM (
        SELECT *, start_ns // bin_ns AS first_bin, end_ns // bin_ns AS last_bin FROM sent, width
    )
    GROUP BY bin_ns, destination, first_bin, last_bin
)
SELECT bin_ns, (first_bin + i) * bin_ns AS start_ns, destination,
    sum(bytes * (i + 1) // bins - bytes * i // bins)::BIGINT AS orig_bytes,
    sum(CASE WHEN i = 0 THEN flows ELSE 0 END)::BIGINT AS flow_count
FROM (SELECT *, unnest(range(bins)) AS i FROM spans)
GROUP BY bin_ns, first_bin + i, destination;

-- reached: one row per agent and endpoint, or per agent and address where no name is known (`address`, NULL
-- with a name); `contacts` has one for each ownership and role that its flows were judged by.
CREATE OR REPLACE VIEW reached AS
SELECT
    agent,
    endpoint,
    address,
    coalesce(list(resp_ip ORDER BY resp_ip) FILTER (WHERE resp_ip IS NOT NULL), []) AS addresses,
    min(service) AS service,
    min(role) AS role,
    min(owner) AS owner,
    min(ownership) AS ownership,
    min(name_grade) AS name_grade,
    sum(flow_count)::BIGINT AS flow_count,
    sum(orig_bytes)::BIGINT AS orig_bytes,
    sum(resp_bytes)::BIGINT AS resp_bytes,
    sum(upload_turns)::BIGINT AS upload_turns,
    sum(uploaded)::BIGINT AS uploaded
FROM (
    -- Conversations are many, addresses of an endpoint are few.
    SELECT
        agent, endpoint, CASE WHEN endpoint IS NULL THEN resp_ip END AS address, resp_ip,
        min(service) AS service, min(role) AS role, min(owner) AS owner,
        min(ownership) AS ownership, min(name_grade) AS name_grade, count(*) AS flow_count,
        sum(orig_bytes) AS orig_bytes, sum(resp_bytes) AS resp_bytes,
        sum(upload_turns) AS upload_turns, sum(upload_app_bytes) AS uploaded
    FROM attributed
    WHERE proxy_leg IS DISTINCT FROM 'upstream'
    GROUP BY agent, endpoint, resp_ip
)
GROUP BY agent, endpoint, address;

-- services: registries and storage accounts that were contacted, by host name.
CREATE OR REPLACE VIEW services AS
SELECT
    endpoint, role, owner, ownership,
    list(DISTINCT agent ORDER BY agent) AS agents,
    list(DISTINCT managed_of ORDER BY managed_of)
        FILTER (WHERE managed_of IS NOT NULL) AS managed_of
FROM (
    SELECT DISTINCT endpoint, role, owner, ownership, agent, managed_of, direction
    FROM attributed
    WHERE endpoint IS NOT NULL AND proxy_leg IS DISTINCT FROM 'upstream'
)
WHERE role IN (
      'registry-login', 'registry-regional', 'registry-data', 'other-registry',
      'platform-registry', 'storage-account', 'object-store',
      'managed-storage-candidate', 'registry-managed-storage'
  )
  AND NOT (role = 'other-registry' AND direction IS NOT DISTINCT FROM 'download-only')
GROUP BY endpoint, role, owner, ownership;
