"""The endpoints that got most bytes, all agents together, for the short table above the long one.

Bars beside the figures are on a logarithmic scale, because what leaves is often a thousandth of
what comes in.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from analyzer.result import Result

ROWS = 12
_FLOOR_BYTES = 100  # fewer bytes are a hairline
_LEAST = 0.01


@dataclass(frozen=True, slots=True)
class Line:
    """One endpoint: bytes either way, each with the length of its bar as a share of the longest."""

    endpoint: str
    accused: bool
    sent: int
    sent_bar: float
    received: int
    received_bar: float


@dataclass(frozen=True, slots=True)
class Busiest:
    """The first endpoints, and how many are left out."""

    lines: list[Line]
    left_out: int


def busiest(result: Result) -> Busiest | None:
    """The endpoints by what they were sent; None when no bytes are known."""
    totals: dict[str, list[int]] = {}
    for row in result.endpoints:
        if row.orig_payload_bytes is None and row.resp_payload_bytes is None:
            continue
        label = row.endpoint or (row.addresses[0] if row.addresses else "no name")
        pair = totals.setdefault(label, [0, 0])
        pair[0] += row.orig_payload_bytes or 0
        pair[1] += row.resp_payload_bytes or 0
    if not totals:
        return None
    accused = _accused(result)
    ranked = sorted(totals.items(), key=lambda item: (-item[1][0], -item[1][1], item[0]))
    shown = ranked[:ROWS]
    ceiling = max(max(pair) for _, pair in shown)
    return Busiest(
        lines=[
            Line(
                endpoint=name,
                accused=name in accused,
                sent=sent,
                sent_bar=_share(sent, ceiling),
                received=received,
                received_bar=_share(received, ceiling),
            )
            for name, (sent, received) in shown
        ],
        left_out=len(ranked) - len(shown),
    )


def _accused(result: Result) -> set[str]:
    """Names, or addresses where there is no name, that an exfiltration finding is about."""
    labels: set[str] = set()
    for finding in result.findings:
        if finding.stream == "exfiltration":
            labels.update([finding.endpoint] if finding.endpoint else finding.addresses)
    return labels


def _share(count: int, ceiling: int) -> float:
    if count <= 0:
        return 0.0
    if count <= _FLOOR_BYTES or ceiling <= _FLOOR_BYTES:
        return _LEAST
    whole = math.log10(ceiling / _FLOOR_BYTES)
    return round(max(_LEAST, math.log10(count / _FLOOR_BYTES) / whole), 3)
