"""Geometry of the one chart in the report: bytes sent and received per endpoint, as inline SVG.

The scale is logarithmic, because what leaves is often a thousandth of what comes in; every bar
carries its figure, and the endpoints table holds the same numbers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from analyzer.report.defang import defanged, is_name
from analyzer.report.figures import rounded

if TYPE_CHECKING:
    from analyzer.result import Result

ROWS = 12
LABEL_CHARACTERS = 44
_LABEL_X = 318
_BAR_WIDTH = 230
_SENT_X = 330
_RECEIVED_X = 660
_TOP = 44
_ROW_HEIGHT = 26
_FLOOR_BYTES = 100  # left end of the scale; fewer bytes are a hairline


@dataclass(frozen=True, slots=True)
class Bar:
    """One endpoint: top edge, label, and the width and figure of both bars."""

    y: int
    label: str
    accused: bool
    sent_width: float
    sent: str
    received_width: float
    received: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A grid line: distance from the left end of either scale, and its figure."""

    offset: float
    label: str


@dataclass(frozen=True, slots=True)
class Chart:
    """All that the template needs to draw."""

    height: int
    bars: list[Bar]
    ticks: list[Tick]
    left_out: int
    label_x: int = _LABEL_X
    sent_x: int = _SENT_X
    received_x: int = _RECEIVED_X
    top: int = _TOP


def bytes_chart(result: Result) -> Chart | None:
    """The endpoints that got most bytes, all agents together; None when no bytes are known."""
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
    bars = [
        Bar(
            y=_TOP + index * _ROW_HEIGHT,
            label=_shortened(defanged(label) if is_name(label) else label),
            accused=label in accused,
            sent_width=_width(sent, ceiling),
            sent=rounded(sent),
            received_width=_width(received, ceiling),
            received=rounded(received),
        )
        for index, (label, (sent, received)) in enumerate(shown)
    ]
    height = _TOP + len(bars) * _ROW_HEIGHT + 8
    return Chart(height, bars, _ticks(ceiling), len(ranked) - len(shown))


def _accused(result: Result) -> set[str]:
    """Names, or addresses where there is no name, that an exfiltration finding is about."""
    labels: set[str] = set()
    for finding in result.findings:
        if finding.stream == "exfiltration":
            labels.update([finding.endpoint] if finding.endpoint else finding.addresses)
    return labels


def _shortened(label: str) -> str:
    """Both ends of a long name: look-alikes differ in either."""
    if len(label) <= LABEL_CHARACTERS:
        return label
    half = (LABEL_CHARACTERS - 1) // 2
    return f"{label[:half]}…{label[-half:]}"


def _width(count: int, ceiling: int) -> float:
    if count <= 0:
        return 0.0
    if count <= _FLOOR_BYTES or ceiling <= _FLOOR_BYTES:
        return 2.0
    full = math.log10(ceiling / _FLOOR_BYTES)
    return round(max(2.0, math.log10(count / _FLOOR_BYTES) / full * _BAR_WIDTH), 1)


def _ticks(ceiling: int) -> list[Tick]:
    """1 KB, 1 MB, 1 GB ... as far as the scale reaches."""
    ticks = []
    power = 1
    while 1000**power <= ceiling:
        ticks.append(Tick(_width(1000**power, ceiling), f"1 {('KB', 'MB', 'GB', 'TB')[power - 1]}"))
        power += 1
        if power > 4:
            break
    return ticks
