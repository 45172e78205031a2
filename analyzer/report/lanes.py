"""Geometry of the timeline: one lane of bars for each class of destinations, on one time axis.

Lanes and not one stack: what leaves unseen is often a thousandth of what leaves for good, so the
scale has to be logarithmic, and logarithms cannot be stacked.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import TYPE_CHECKING

from analyzer.report.figures import duration, moment, rounded
from analyzer.result import SEVERITIES

if TYPE_CHECKING:
    from collections.abc import Container, Sequence
    from datetime import tzinfo

    from analyzer.result import Finding, Result, TimelineBin

WIDTH = 960
LEFT = 152
RIGHT = 24
LANE = 46
"""Height of a lane; bars take all of it but the head room for marks."""
_HEAD = 14
TOP = 8
_FOOT = 30
_FLOOR_BYTES = 100
_MARK_STEP = 30
"""Marks nearer than this are one mark."""
_TICKS = 8
_STEPS_NS = tuple(
    ms * 1_000_000
    for ms in (
        *(1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 15_000, 30_000, 60_000),
        *(120_000, 300_000, 600_000, 900_000, 1_800_000, 3_600_000, 7_200_000, 10_800_000),
        *(21_600_000, 43_200_000, 86_400_000, 172_800_000, 604_800_000),
    )
)
ORDER = (
    *("denied", "foreign", "undecidable", "unknown"),
    *("platform-claimed", "platform", "approved", "ours"),
)
"""Lanes from top to bottom, the ones to worry about first."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Findings that begin at one place of a lane; `finding` is the worst of them."""

    x: float
    count: int
    finding: Finding


@dataclass(frozen=True, slots=True)
class Lane:
    """One class of destinations: its bars as a path, its sum, its marks."""

    name: str
    y: float
    base: float
    path: str
    total: str
    marks: list[Mark]


@dataclass(frozen=True, slots=True)
class Tick:
    """A time on the axis."""

    x: float
    label: str


@dataclass(frozen=True, slots=True)
class Row:
    """One bin for the table: its time, and its bytes in the order of the lanes."""

    start_ns: int
    sent: list[int | None]


@dataclass(frozen=True, slots=True)
class Timeline:
    """All that the template needs to draw, and the table beside it."""

    height: int
    width: str
    lanes: list[Lane]
    ticks: list[Tick]
    rows: list[Row]
    ceiling: str
    days: str
    left: int = LEFT
    right: int = WIDTH - RIGHT
    foot: int = _FOOT


def timeline(result: Result, in_full: Container[str], zone: tzinfo = UTC) -> Timeline | None:
    """The timeline of a result, None without bytes.

    Args:
        in_full: Ids of the findings that a link can lead to; others get no mark.
        zone: Time zone of the labels.
    """
    bins = result.timeline
    if not bins:
        return None
    width = max(1, bins[0].width_ns)
    first = min(b.start_ns for b in bins)
    last = max(b.start_ns for b in bins) + width
    marked = [
        f
        for f in result.findings
        if f.stream == "exfiltration" and f.id in in_full and f.first_ns is not None
    ]
    names = sorted({b.destination for b in bins} | {f.ownership for f in marked}, key=_place)
    ceiling = max(b.orig_bytes for b in bins)
    scale = (WIDTH - RIGHT - LEFT) / (last - first)
    lanes = []
    for index, name in enumerate(names):
        own = [b for b in bins if b.destination == name]
        y = TOP + index * LANE
        base = y + LANE - 4
        lanes.append(
            Lane(
                name=name,
                y=y,
                base=base,
                path=_path(own, first, width, scale, base, ceiling),
                total=rounded(sum(b.orig_bytes for b in own)),
                marks=_marks([f for f in marked if f.ownership == name], first, last, scale),
            )
        )
    return Timeline(
        height=TOP + len(names) * LANE + _FOOT,
        width=duration(0, width),
        lanes=lanes,
        ticks=_ticks(first, last, width, scale, zone),
        rows=_rows(bins, names),
        ceiling=rounded(ceiling),
        days=f"{moment(first, zone)} to {moment(last, zone)}",
    )


def _place(name: str) -> tuple[int, str]:
    return (ORDER.index(name) if name in ORDER else len(ORDER), name)


def _path(
    bins: Sequence[TimelineBin], first: int, width: int, scale: float, base: float, ceiling: int
) -> str:
    """Bars as one path: an element each would be most of the page."""
    step = width * scale
    thick = round(max(1.2, step - min(2.0, step / 4)), 1)
    parts = []
    for each in bins:
        height = _height(each.orig_bytes, ceiling)
        if height:
            x = round(LEFT + (each.start_ns - first) * scale, 1)
            parts.append(f"M{x} {base}v-{height}h{thick}v{height}z")
    return "".join(parts)


def _height(count: int, ceiling: int) -> float:
    if count <= 0:
        return 0.0
    most = LANE - _HEAD - 4
    if ceiling <= _FLOOR_BYTES or count <= _FLOOR_BYTES:
        return 2.0
    part = math.log10(count / _FLOOR_BYTES) / math.log10(ceiling / _FLOOR_BYTES)
    return round(2.0 + part * (most - 2.0), 1)


def _marks(findings: Sequence[Finding], first: int, last: int, scale: float) -> list[Mark]:
    groups: list[tuple[float, list[Finding]]] = []
    for finding in sorted(findings, key=lambda f: f.first_ns or 0):
        at = min(max(finding.first_ns or 0, first), last)
        x = round(LEFT + (at - first) * scale, 1)
        if groups and x - groups[-1][0] < _MARK_STEP:
            groups[-1][1].append(finding)
        else:
            groups.append((x, [finding]))
    return [
        Mark(x, len(group), min(group, key=lambda f: SEVERITIES.index(f.severity)))
        for x, group in groups
    ]


def _ticks(first: int, last: int, width: int, scale: float, zone: tzinfo) -> list[Tick]:
    """Round times, so many that their labels do not meet."""
    span = last - first
    step = next((s for s in _STEPS_NS if s >= width and span <= s * _TICKS), 0)
    step = step or -(-span // (_TICKS * _STEPS_NS[-1])) * _STEPS_NS[-1]
    at = -(-first // step) * step
    ticks = []
    while at <= last:
        ticks.append(
            Tick(round(LEFT + (at - first) * scale, 1), _clock(moment(at, zone), span, width))
        )
        at += step
    return ticks


def _clock(text: str, span_ns: int, width_ns: int) -> str:
    date, _, rest = text.partition(" ")
    if not rest or timedelta(microseconds=span_ns // 1000) > timedelta(days=3):
        return date
    clock = rest.partition(" ")[0]
    # Hours and minutes, seconds, or thousandths, as the bins are wide.
    return clock[: 5 if width_ns >= 60 * 10**9 else 8 if width_ns >= 10**9 else 12]


def _rows(bins: Sequence[TimelineBin], names: Sequence[str]) -> list[Row]:
    by_time: dict[int, dict[str, int]] = {}
    for each in bins:
        by_time.setdefault(each.start_ns, {})[each.destination] = each.orig_bytes
    return [
        Row(start, [sent.get(name) for name in names]) for start, sent in sorted(by_time.items())
    ]
