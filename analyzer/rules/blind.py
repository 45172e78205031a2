"""Where the input is blind: lost packets, clocks, time between files, closed DNS, absent logs.

Each is counted from the case; each figure that is not zero has a sentence.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from analyzer.rules import sources
from analyzer.rules.counts import counted, verb

if TYPE_CHECKING:
    from collections.abc import Sequence

    from duckdb import DuckDBPyConnection

    from analyzer.result import InputInfo

SECOND_NS = 1_000_000_000
JUMP_NS = 1 * SECOND_NS
"""Packets of several interfaces or queues are written up to this much out of order."""

GAP_NS = 60 * SECOND_NS
FIREWALLS = ("azure-firewall", "azure-firewall-legacy")

_DROPPED_SQL = """
SELECT coalesce(sum("count"), 0)::BIGINT FROM issues WHERE code = 'capture-drops'
"""

# Packets of an input are numbered as they lie in it: a later one cannot be older.
_JUMPS_SQL = """
SELECT count(*)::BIGINT, coalesce(max(latest - start_ns), 0)::BIGINT FROM (
    SELECT start_ns, max(start_ns) OVER (
        PARTITION BY input_id ORDER BY first_packet, flow_id
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) AS latest
    FROM flows WHERE first_packet IS NOT NULL AND orientation IS DISTINCT FROM 'log'
) WHERE latest - start_ns > ?
"""

# DNS over TLS and QUIC (RFC 7858, RFC 9250) by their port, DNS over HTTPS by the resolver's name.
_CLOSED_DNS_SQL = """
SELECT count(*)::BIGINT FROM attributed
WHERE (role IS NOT DISTINCT FROM 'doh' OR resp_port = 853) AND scope <> 'loopback'
"""

_SAID_SQL = """
SELECT
    (SELECT count(*) FROM dns WHERE list_contains(?, input_id)) > 0 AS dns,
    (SELECT count(*) FROM names
        WHERE list_contains(?, input_id) AND kind = 'log_fqdn') > 0 AS names,
    (SELECT count(*) FROM flows WHERE list_contains(?, input_id) AND resp_ip IS NOT NULL) > 0 AS ips
"""


@dataclass(frozen=True, slots=True)
class Blind:
    """Figures of `Coverage`, and their sentences."""

    dropped_packets: int
    clock_jumps: int
    largest_jump_ns: int
    gaps: int
    gap_ns: int
    encrypted_dns_flows: int
    absent_logs: list[str] = field(default_factory=list)

    def notes(self) -> list[str]:
        """A sentence for each that is not zero, in order of weight."""
        notes = []
        if self.dropped_packets:
            many = self.dropped_packets
            notes.append(
                f"The capturing machine dropped {counted(many, 'packet')} before "
                f"{verb(many, 'it was', 'they were')} written: what {verb(many, 'it', 'they')} "
                "carried shows as holes at best."
            )
        if self.gaps:
            notes.append(
                f"No capture covers {self.gap_ns // SECOND_NS:,} seconds between the inputs "
                f"({counted(self.gaps, 'gap')} of more than a minute): a file is missing there or "
                "nothing was captured."
            )
        if self.clock_jumps:
            notes.append(
                f"Time runs backwards {counted(self.clock_jumps, 'time')} inside the captures, by "
                f"{self.largest_jump_ns / SECOND_NS:,.1f} s at most: the clock was set, or files "
                "were joined out of order. What is bound by time (DNS answers, days, proxy legs) "
                "is uncertain there."
            )
        if self.encrypted_dns_flows:
            many = self.encrypted_dns_flows
            notes.append(
                f"{counted(many, 'flow')} {verb(many, 'goes', 'go')} to encrypted resolvers (DNS "
                "over TLS, QUIC or HTTPS): the look-ups inside are not seen."
            )
        return notes + self.absent_logs


def look(connection: DuckDBPyConnection, inputs: Sequence[InputInfo]) -> Blind:
    """Counts what the input cannot show."""
    (dropped,) = connection.execute(_DROPPED_SQL).fetchall()[0]
    jumps, largest = connection.execute(_JUMPS_SQL, [JUMP_NS]).fetchall()[0]
    (closed,) = connection.execute(_CLOSED_DNS_SQL).fetchall()[0]
    gaps, gap_ns = _gaps(inputs)
    return Blind(
        dropped,
        jumps,
        largest,
        gaps,
        gap_ns,
        closed,
        _absent(connection, inputs),
    )


def _gaps(inputs: Sequence[InputInfo]) -> tuple[int, int]:
    """Times of more than a minute that lie between captures and in none: how many, how long."""
    spans = sorted(
        (each.first_ns, each.last_ns)
        for each in inputs
        if each.first_ns is not None
        and each.last_ns is not None
        and not sources.is_log(each.format)
    )
    count = total = 0
    until: int | None = None
    for first, last in spans:
        if until is not None and first - until > GAP_NS:
            count += 1
            total += first - until
        until = last if until is None else max(until, last)
    return count, total


def _absent(connection: DuckDBPyConnection, inputs: Sequence[InputInfo]) -> list[str]:
    """Categories that a firewall's log could have and these inputs have not."""
    numbers = [k for k, each in enumerate(inputs) if sources.base(each.format) in FIREWALLS]
    if not numbers:
        return []
    dns, names, addresses = connection.execute(_SAID_SQL, [numbers] * 3).fetchall()[0]
    missing = []
    if not names:
        missing.append("application rules (names)")
    if not addresses:
        missing.append("network rules (addresses)")
    if not dns:
        missing.append("DNS proxy queries (look-ups)")
    if not missing:
        return []
    return [
        f"The Azure Firewall log has no record of these categories: {', '.join(missing)}. They are "
        "not enabled, not exported, or had nothing to log."
    ]
