"""Integer totals of a finding, over all its flows and per rule, and what follows from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from analyzer.rules import tables
from analyzer.rules.grades import DIRECTION_ORDER
from analyzer.rules.severity import Measured

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from analyzer.config import Thresholds

ALL_RULES = 0
"""Place of the totals over all rules of a finding."""

LARGE_TURNS_BYTES = 1_048_576
"""Upload turns that add up to this are W3 (DESIGN section 5)."""
REPEATED_BLOCKS = 2
"""As many turns of one of the block sizes that storage clients use are a rhythm, and W3."""

# Stated error of an estimate: TLS records cost 0.14 to 0.6 % on large uploads; a handshake's end,
# alerts and tags about 100 bytes a connection; request heads are known to about 200 bytes each.
# QUIC: packets that were sent again count again; 3 % is a lossy path.
_SHARE_PERCENT = 1
_QUIC_SHARE_PERCENT = 3
_FIXED_BYTES = 1000
_PER_TURN_BYTES = 200
# Counters of a log (W4): TLS records, request heads and what was sent again are in them, 5 % at
# most on large uploads, and so are a connection's handshake (a hello, a client's certificate) and,
# where packets are not counted, their headers: 54 to 74 bytes of each, another 5 % of full packets.
# All of it can only make the upload smaller. Of sampled counters half is in doubt.
_COUNTED_PERCENT = 5
_WIRE_PERCENT = 5
_SAMPLED_PERCENT = 50
_PER_CONNECTION_BYTES = 3000


class Figures(NamedTuple):
    """Totals over the flows of one finding (of one rule in it); sizes in bytes, NULL as None."""

    rule: str
    flows: int
    lookups: int
    first_ns: int
    last_ns: int
    upload_turns: int
    upload_bytes: int
    small_turns: int
    small_bytes: int
    write_requests: int
    write_bytes: int
    unsized_writes: int
    orig_bytes: int | None
    resp_bytes: int | None
    missed_bytes: int | None
    uploaded: int | None
    denied_flows: int
    denied_bytes: int | None
    uncounted_flows: int
    uncounted_down_flows: int
    counted_flows: int
    counted_bytes: int
    wire_bytes: int
    sampled_bytes: int
    log_formats: list[str]
    ambiguous: int
    write_line: str | None
    open_at_start: int
    directions: list[str] | None
    directed: bool
    blocks_4m: int
    blocks_8m: int
    quic_flows: int
    quic_bytes: int

    @property
    def direction(self) -> str:
        """Best direction grade. Drips count as W2: turns show them, however small."""
        grades = set(self.directions or [])
        if self.write_requests:
            grades.add("W1")
        if self.upload_turns or self.small_turns:
            large = self.turn_bytes >= LARGE_TURNS_BYTES or self.blocks is not None
            grades.add("W3" if large else "W2")
        return next((grade for grade in DIRECTION_ORDER if grade in grades), "W5")

    @property
    def blocks(self) -> tuple[int, int] | None:
        """Number and MiB of the equal blocks that the turns are, None without a rhythm."""
        found = max((self.blocks_8m, 8), (self.blocks_4m, 4))
        return found if found[0] >= REPEATED_BLOCKS else None

    @property
    def turn_bytes(self) -> int:
        """Wire bytes of the upload turns; the rest of `upload_bytes` only counters show."""
        return self.upload_bytes - self.counted_bytes

    @property
    def only_small(self) -> bool:
        """Drips and wide requests are the only sign of a direction."""
        others = self.upload_turns or self.write_requests or self.counted_bytes
        return self.small_turns > 0 and not others

    @property
    def measured(self) -> Measured:
        """What the severity of a rule depends on."""
        return Measured(
            upload_bytes=self.upload_bytes,
            small_bytes=self.small_bytes,
            write_bytes=self.write_bytes,
            direction=self.direction,
            denied=self.denied_flows > 0,
            counted_bytes=self.counted_bytes,
        )

    @property
    def size_error_bytes(self) -> int | None:
        """Error of `uploaded` either way, None where it is unknown, 0 where nothing went up."""
        if not self.uploaded:
            return self.uploaded
        turns = self.upload_turns + self.small_turns + self.write_requests
        wire = max(self.turn_bytes + self.small_bytes, self.write_bytes)
        again = self.quic_bytes * _QUIC_SHARE_PERCENT // 100
        measured = wire * _SHARE_PERCENT // 100 + again + _FIXED_BYTES + _PER_TURN_BYTES * turns
        return self.counter_error_bytes + (measured if turns else 0)

    @property
    def counter_error_bytes(self) -> int:
        """How much less than their counters say connections without turns may have uploaded."""
        whole = self.counted_bytes - self.sampled_bytes
        share = (
            whole * _COUNTED_PERCENT
            + self.wire_bytes * _WIRE_PERCENT
            + self.sampled_bytes * _SAMPLED_PERCENT
        )
        return min(share // 100 + _PER_CONNECTION_BYTES * self.counted_flows, self.counted_bytes)

    def lower_bound(self, thresholds: Thresholds) -> bool:
        """Holes in the originator's sequence space exceed the stated share of what was seen."""
        missed = self.missed_bytes or 0
        return missed > thresholds.lower_bound_missed_share * (self.orig_bytes or 0)


def read(connection: DuckDBPyConnection) -> dict[int, dict[int, Figures]]:
    """Figures by finding and place of the rule; place ALL_RULES is over all of them."""
    found: dict[int, dict[int, Figures]] = {}
    for row in tables.rows(connection, "figures"):
        finding, place = row.pop("finding"), row.pop("place")
        found.setdefault(finding, {})[place] = Figures(**row)
    return found


def name_grades(connection: DuckDBPyConnection) -> dict[int, str]:
    """The name grade that stands behind most of a finding's bytes; the better one on a tie."""
    found: dict[int, str] = {}
    for row in tables.rows(connection, "name_weights"):
        found.setdefault(row["finding"], row["name_grade"])
    return found


def pcr(orig: int | None, resp: int | None) -> float | None:
    """Producer/consumer ratio (orig - resp) / (orig + resp), -1 to 1, None without bytes."""
    if orig is None or resp is None or orig + resp == 0:
        return None
    return (orig - resp) / (orig + resp)


def by_finding(connection: DuckDBPyConnection, query: str) -> dict[int, list[dict[str, Any]]]:
    """Rows of a query grouped by their column `finding`, order kept."""
    found: dict[int, list[dict[str, Any]]] = {}
    for row in tables.rows(connection, query):
        found.setdefault(row["finding"], []).append(row)
    return found
