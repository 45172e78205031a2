"""Figures of a report that a case file gives again: the timeline, and the SELECT of each figure.

The SELECTs go into the document, so that whoever has the case file (`--case`) checks a figure with
`acrtrace query`. They read documented views only (analyzer/case/figures.sql).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.result import Timeline, TimelineBin
from analyzer.rules import tables

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

QUERIES = {
    "coverage": (
        "SELECT outgoing_bytes, named_bytes / outgoing_bytes AS named_share, "
        "directed_bytes / outgoing_bytes AS directed_share, flows, "
        "log_counted AS counted_flows, log_uncounted AS uncounted_flows, denied_flows, "
        "one_sided_flows, missed_bytes, ech_flows, quic_flows, "
        "quic_flows - quic_read AS quic_unread_flows, bytes_by_grade FROM coverage"
    ),
    "period": "SELECT min(first_ns) AS first_ns, max(last_ns) AS last_ns FROM inputs",
    "timeline": (
        "SELECT start_ns, destination, orig_bytes, flow_count FROM timeline "
        "ORDER BY start_ns, destination"
    ),
    "endpoints": (
        "SELECT agent, endpoint, addresses[1:20] AS addresses, service, role, owner, ownership, "
        "name_grade, flow_count, orig_bytes AS orig_payload_bytes, "
        "resp_bytes AS resp_payload_bytes, upload_turns, uploaded AS uploaded_bytes FROM reached "
        "ORDER BY uploaded DESC NULLS LAST, orig_bytes DESC NULLS LAST, agent, "
        "endpoint NULLS LAST, address NULLS LAST"
    ),
    "agents": (
        "SELECT agent, count(*) AS endpoints, sum(flow_count)::BIGINT AS flows, "
        "sum(orig_bytes)::BIGINT AS sent, sum(resp_bytes)::BIGINT AS received, "
        "sum(uploaded)::BIGINT AS uploaded FROM reached GROUP BY agent "
        "ORDER BY uploaded DESC NULLS LAST, agent"
    ),
    "matrix": (
        "SELECT coalesce(endpoint, address) AS endpoint, agent, "
        "sum(orig_bytes)::BIGINT AS sent FROM reached GROUP BY ALL ORDER BY ALL"
    ),
    "registries": (
        "SELECT endpoint, role, owner, ownership, agents, managed_of FROM services "
        "ORDER BY endpoint, role, owner NULLS LAST, ownership"
    ),
    "finding": (
        "SELECT count(*) AS flow_count, sum(uploaded)::BIGINT AS uploaded_bytes, "
        "sum(orig_bytes)::BIGINT AS orig_payload_bytes, "
        "sum(orig_missed_bytes)::BIGINT AS missed_bytes FROM seen WHERE flow_id IN "
        "(SELECT flow_id FROM finding_flows WHERE finding_id = 'FINDING_ID')"
    ),
    "inputs": (
        "SELECT path, sha256, format, bytes, records, first_ns, last_ns, snapped, complete "
        "FROM inputs ORDER BY input_id"
    ),
    "issues": (
        'SELECT i.code, p.path AS input, i."where", i.detail, i."count", i.incomplete '
        "FROM issues AS i LEFT JOIN inputs AS p USING (input_id) "
        'ORDER BY i.input_id NULLS FIRST, code, "where", detail, "count", incomplete'
    ),
}
"""One SELECT for each figure or table, by its name in the report."""


def timeline(connection: DuckDBPyConnection) -> Timeline:
    """Bytes sent to other hosts over time, by ownership of the destination."""
    rows = tables.rows(connection, "timeline")
    bins = [
        TimelineBin(row["start_ns"], row["destination"], row["orig_bytes"], row["flow_count"])
        for row in rows
    ]
    return Timeline(rows[0]["bin_ns"] if rows else None, bins)
