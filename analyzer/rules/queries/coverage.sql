-- Totals that say how much could be seen. Outgoing bytes leave out DNS (accused_flows as names, not as
-- uploads), traffic that stays on the host or the wire, a proxy's own legs, and what a device denied.
-- A log's counters of both ways are a direction, too.
SELECT
    count(*) AS flows,
    count(*) FILTER (WHERE o) AS outgoing_flows,
    count(*) FILTER (WHERE o AND orig_bytes IS NOT NULL) AS counted_flows,
    coalesce(sum(orig_bytes) FILTER (WHERE o), 0)::BIGINT AS outgoing_bytes,
    coalesce(sum(orig_bytes) FILTER (
        WHERE o AND endpoint IS NOT NULL AND NOT name_hidden
        AND name_grade IN ('A1', 'A2', 'A3', 'A4')
    ), 0)::BIGINT AS named_bytes,
    {
        'A1': coalesce(sum(orig_bytes) FILTER (WHERE o AND grade = 'A1'), 0)::BIGINT,
        'A2': coalesce(sum(orig_bytes) FILTER (WHERE o AND grade = 'A2'), 0)::BIGINT,
        'A3': coalesce(sum(orig_bytes) FILTER (WHERE o AND grade = 'A3'), 0)::BIGINT,
        'A4': coalesce(sum(orig_bytes) FILTER (WHERE o AND grade = 'A4'), 0)::BIGINT,
        'A5': coalesce(sum(orig_bytes) FILTER (WHERE o AND grade = 'A5'), 0)::BIGINT,
        'A6': coalesce(sum(orig_bytes) FILTER (WHERE o AND grade = 'A6'), 0)::BIGINT
    } AS bytes_by_grade,
    coalesce(sum(orig_bytes) FILTER (
        WHERE o AND (has_turns OR logged AND resp_bytes IS NOT NULL)
    ), 0)::BIGINT AS directed_bytes,
    count(*) FILTER (WHERE o AND logged AND orig_bytes IS NOT NULL) AS log_counted,
    count(*) FILTER (WHERE o AND logged AND orig_bytes IS NULL) AS log_uncounted,
    count(*) FILTER (WHERE o AND logged AND orig_bytes IS NOT NULL AND resp_bytes IS NULL)
        AS log_one_way,
    coalesce(sum(orig_bytes) FILTER (WHERE o AND logged), 0)::BIGINT AS log_bytes,
    coalesce(sum(orig_bytes) FILTER (WHERE o AND logged AND bytes_grade = 'estimated'), 0)::BIGINT
        AS sampled_bytes,
    count(*) FILTER (WHERE NOT logged) AS packet_flows,
    count(*) FILTER (WHERE stopped) AS denied_flows,
    count(*) FILTER (WHERE one_sided IS NOT NULL) AS one_sided_flows,
    count(*) FILTER (WHERE one_sided IS NOT NULL AND NOT has_turns AND o) AS undirected_flows,
    coalesce(sum(missed), 0)::BIGINT AS missed_bytes,
    count(*) FILTER (WHERE ech IS NOT NULL) AS ech_flows,
    count(*) FILTER (WHERE name_hidden) AS hidden_flows,
    count(*) FILTER (WHERE quic IS NOT NULL) AS quic_flows,
    count(*) FILTER (WHERE quic = 'read') AS quic_read,
    count(*) FILTER (WHERE quic = 'google') AS quic_google,
    count(*) FILTER (WHERE quic = 'closed') AS quic_closed,
    count(*) FILTER (WHERE quic = 'late') AS quic_late,
    coalesce(sum(orig_bytes) FILTER (WHERE quic <> 'read'), 0)::BIGINT AS quic_unread_bytes,
    count(*) FILTER (WHERE open_at_start AND o) AS open_at_start,
    count(*) FILTER (WHERE open_at_end AND o) AS open_at_end,
    count(*) FILTER (WHERE o AND name_grade IN ('A2', 'A3', 'A4', 'A5')) AS unproven_names
FROM (
    SELECT
        a.*, f.one_sided, f.ech, f.open_at_start, f.open_at_end, f.bytes_grade,
        coalesce(f.orientation = 'log', false) AS logged,
        -- A hidden or missing name is none.
        CASE WHEN a.endpoint IS NULL OR a.name_hidden THEN 'A6' ELSE a.name_grade END AS grade,
        -- Denied, and nothing shows that data went through all the same.
        coalesce(f.action = 'deny', false) AND c.flow_id IS NULL AS stopped,
        coalesce(f.missed_bytes, a.orig_missed_bytes) AS missed,
        -- QUIC: the ClientHello was read; Google's own; no hello could be read; no handshake seen.
        CASE
            WHEN a.app = 'gquic' THEN 'google'
            WHEN a.app = 'quic' AND h.flow_id IS NOT NULL THEN 'read'
            WHEN a.app = 'quic' THEN 'closed'
            WHEN a.proto = 'udp' AND a.resp_port = 443 THEN 'late'
        END AS quic,
        a.proxy_leg IS DISTINCT FROM 'upstream'
        AND a.app IS DISTINCT FROM 'dns'
        AND NOT (a.proto = 'udp' AND a.resp_port = 53 AND a.app IS DISTINCT FROM 'quic')
        AND a.scope NOT IN ('loopback', 'multicast') AND NOT stopped AS o
    FROM attributed AS a
    LEFT JOIN flows AS f ON f.flow_id = a.flow_id
    LEFT JOIN (SELECT flow_id FROM evidence_flows WHERE carried) AS c ON c.flow_id = a.flow_id
    LEFT JOIN (SELECT DISTINCT flow_id FROM tls WHERE quic_version IS NOT NULL) AS h
        ON h.flow_id = a.flow_id
);
