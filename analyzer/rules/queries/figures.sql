-- Integer totals per finding and place (0: all rules together).
--
-- Blocks: storage clients send what is large in equal blocks, 4 MiB (Azure SDKs) or 8 MiB (AzCopy, AWS), a
-- request each. A conversation shows them where its largest turn is one (with up to 1/64 of TLS records and
-- heads) and all its turns of 64 KiB and more but one, the rest at the end, fill such blocks.
SELECT
    c.finding,
    c.place,
    coalesce(min(c.rule), '') AS rule,
    count(*) FILTER (WHERE j.flow_id >= 0) AS flows,
    count(*) FILTER (WHERE j.flow_id < 0) AS lookups,
    min(j.start_ns) AS first_ns,
    max(j.end_ns) AS last_ns,
    coalesce(sum(j.upload_turns), 0)::BIGINT AS upload_turns,
    coalesce(sum(j.upload_bytes), 0)::BIGINT AS upload_bytes,
    coalesce(sum(j.small_turns), 0)::BIGINT AS small_turns,
    coalesce(sum(j.small_bytes), 0)::BIGINT AS small_bytes,
    sum(j.write_requests)::BIGINT AS write_requests,
    coalesce(sum(j.write_bytes), 0)::BIGINT AS write_bytes,
    coalesce(sum(j.write_requests) FILTER (WHERE j.write_bytes IS NULL), 0)::BIGINT AS unsized_writes,
    sum(j.orig_bytes)::BIGINT AS orig_bytes,
    sum(j.resp_bytes)::BIGINT AS resp_bytes,
    sum(j.orig_missed_bytes)::BIGINT AS missed_bytes,
    sum(j.uploaded)::BIGINT AS uploaded,
    count(*) FILTER (WHERE j.action = 'deny') AS denied_flows,
    sum(j.orig_bytes) FILTER (WHERE j.action = 'deny')::BIGINT AS denied_bytes,
    count(*) FILTER (WHERE j.orig_bytes IS NULL AND j.flow_id >= 0) AS uncounted_flows,
    count(*) FILTER (WHERE j.resp_bytes IS NULL AND j.flow_id >= 0) AS uncounted_down_flows,
    count(*) FILTER (WHERE NOT j.has_turns AND j.upload_bytes IS NOT NULL) AS counted_flows,
    coalesce(sum(j.upload_bytes) FILTER (WHERE NOT j.has_turns), 0)::BIGINT AS counted_bytes,
    coalesce(sum(j.upload_bytes) FILTER (
        WHERE NOT j.has_turns AND j.bytes_grade = 'wire' AND f.orig_pkts IS NULL
    ), 0)::BIGINT AS wire_bytes,
    coalesce(sum(j.upload_bytes) FILTER (WHERE NOT j.has_turns AND j.bytes_grade = 'estimated'), 0)
        ::BIGINT AS sampled_bytes,
    coalesce(list(DISTINCT i.format ORDER BY i.format) FILTER (
        WHERE j.orientation = 'log' AND i.format IS NOT NULL
    ), []) AS log_formats,
    coalesce(max(j.ambiguous_names), 0) AS ambiguous,
    arg_min(j.write_line, j.flow_id) AS write_line,
    count(*) FILTER (WHERE coalesce(f.open_at_start, false)) AS open_at_start,
    list(DISTINCT j.direction_evidence ORDER BY j.direction_evidence)
        FILTER (WHERE j.direction_evidence IS NOT NULL) AS directions,
    bool_and(j.has_turns) AS directed,
    coalesce(sum(f.big64_bytes // 4194304) FILTER (
        WHERE f.largest_upload BETWEEN 4194304 AND 4194304 + 65536
            AND f.big64_bytes >= (f.big64_turns - 1) * 4194304
    ), 0)::BIGINT AS blocks_4m,
    coalesce(sum(f.big64_bytes // 8388608) FILTER (
        WHERE f.largest_upload BETWEEN 8388608 AND 8388608 + 131072
            AND f.big64_bytes >= (f.big64_turns - 1) * 8388608
    ), 0)::BIGINT AS blocks_8m,
    count(*) FILTER (WHERE f.app IN ('quic', 'gquic')) AS quic_flows,
    coalesce(sum(j.upload_bytes + j.small_bytes) FILTER (WHERE f.app IN ('quic', 'gquic')), 0)::BIGINT
        AS quic_bytes
FROM (SELECT DISTINCT finding, place, rule, flow_id FROM accused) AS c
JOIN accused_flows AS j ON j.flow_id = c.flow_id
LEFT JOIN flows AS f ON f.flow_id = j.flow_id
LEFT JOIN inputs AS i ON i.input_id = j.input_id
GROUP BY c.finding, c.place
ORDER BY c.finding, c.place;
