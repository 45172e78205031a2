"""The time that is judged: what lies outside of ``--from`` and ``--to`` leaves the case.

A conversation counts whole when any part of it lies inside; a DNS message counts when it was seen
inside. A name from outside stays where a conversation inside goes to the address that it was given
to: it may owe its own to it. All others would be judged as look-ups of this time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

_OF_FLOWS = ("http", "tls", "tls_server", "tls_alerts")


@dataclass(frozen=True, slots=True)
class Outside:
    """What was left out, and what is judged for want of a time."""

    flows: int
    dns_messages: int
    timeless: int


def clip(
    connection: duckdb.DuckDBPyConnection, from_ns: int | None, to_ns: int | None
) -> Outside | None:
    """Removes conversations and DNS messages outside of a time, both of whose ends belong to it.

    What has no time (some logs state none) cannot be told to be outside, and stays.

    Returns:
        The counts, None when no time was asked for.
    """
    if from_ns is None and to_ns is None:
        return None
    low = -(1 << 63) if from_ns is None else from_ns
    high = (1 << 63) - 1 if to_ns is None else to_ns
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE outside AS SELECT flow_id FROM flows "
        "WHERE coalesce(end_ns, start_ns) < ? OR coalesce(start_ns, end_ns) > ?",
        [low, high],
    )
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE outside_dns AS SELECT dns_id FROM dns "
        "WHERE ts_ns < ? OR ts_ns > ?",
        [low, high],
    )
    counts = connection.execute(
        "SELECT (SELECT count(*) FROM outside), (SELECT count(*) FROM outside_dns), "
        "(SELECT count(*) FROM flows WHERE start_ns IS NULL AND end_ns IS NULL)"
    ).fetchall()
    for table in ("flows", *_OF_FLOWS):
        connection.execute(
            f"DELETE FROM {table} WHERE flow_id IN (SELECT flow_id FROM outside)"  # noqa: S608
        )
    connection.execute(
        "DELETE FROM names WHERE flow_id IN (SELECT flow_id FROM outside) OR (flow_id IS NULL "
        "AND (ts_ns < ? OR ts_ns > ?) AND (addr IS NULL OR addr NOT IN ("
        "SELECT resp_ip FROM flows WHERE resp_ip IS NOT NULL)))",
        [low, high],
    )
    for table in ("dns", "dns_answers"):
        connection.execute(
            f"DELETE FROM {table} WHERE dns_id IN (SELECT dns_id FROM outside_dns)"  # noqa: S608
        )
    return Outside(*counts[0])


def last_ns(connection: duckdb.DuckDBPyConnection) -> int | None:
    """Time of the last traffic that is judged, nanoseconds UTC; None when nothing has a time."""
    found: int | None = connection.execute(
        "SELECT greatest((SELECT max(coalesce(end_ns, start_ns)) FROM flows), "
        "(SELECT max(ts_ns) FROM dns))"
    ).fetchall()[0][0]
    return found
