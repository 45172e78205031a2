"""What the timeline shows: one lane of bars for each class of destinations, on one time axis.

Lanes and not one stack: what leaves unseen is often a thousandth of what leaves for good, so the
scale has to be logarithmic, and logarithms cannot be stacked. `drawing` draws them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import TYPE_CHECKING

from analyzer.report.figures import duration, moment, rounded, second
from analyzer.result import SEVERITIES

if TYPE_CHECKING:
    from collections.abc import Container, Sequence
    from datetime import tzinfo

    from analyzer.result import Finding, Result, TimelineBin

FLOOR_BYTES = 10
"""Foot of the bars; a bar is at least as high as one of twice that."""
GAP = 0.15
"""Share of a bin that its bar leaves free."""
THIN = 0.001
"""Least width of a bar, as a share of the axis."""
MARK_STEP = 1 / 11
"""Findings nearer than this, as a share of the axis, are one mark: a phone has no more room."""
WIDE_MARK_STEP = 1 / 28
"""The same on screens of 1000 pixels and more."""
PRINTED_ROWS = 24
"""Rows of the table that paper gets; a longer one would stand between verdict and findings."""
_TICKS = 8
_LEVELS = 3
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
class Bar:
    """One bin of a lane: its place as shares of the axis, and the logarithm of its bytes."""

    start: float
    end: float
    height: float


@dataclass(frozen=True, slots=True)
class Mark:
    """Findings that begin at one place of a lane or close by; `finding` is the worst of them."""

    place: float
    count: int
    finding: Finding


@dataclass(frozen=True, slots=True)
class Lane:
    """One class of destinations: its bars, its sum, its marks on a phone and on a wide screen."""

    name: str
    bars: list[Bar]
    total: str
    marks: list[Mark]
    wide_marks: list[Mark]


@dataclass(frozen=True, slots=True)
class Tick:
    """A time on the axis (`place` is a share of it), or a number of bytes on that of a lane."""

    place: float
    label: str


@dataclass(frozen=True, slots=True)
class Row:
    """One bin for the table: its time, and its bytes in the order of the lanes."""

    start_ns: int
    sent: list[int | None]


@dataclass(frozen=True, slots=True)
class Timeline:
    """All that is drawn, and the table beside it; `top` is the height of the highest bar, `exact`
    whether bins are narrower than a second."""

    width: str
    exact: bool
    lanes: list[Lane]
    ticks: list[Tick]
    levels: list[Tick]
    top: float
    rows: list[Row]
    ceiling: str
    days: str

    @property
    def long(self) -> bool:
        """The table is too long for paper."""
        return len(self.rows) > PRINTED_ROWS


def timeline(result: Result, in_full: Container[str], zone: tzinfo = UTC) -> Timeline | None:
    """The timeline of a result, None without bytes.

    Args:
        result: The result.
        in_full: Ids of the findings that a link can lead to; others get no mark.
        zone: Time zone of the labels.
    """
    bins = result.timeline
    if not bins:
        return None
    width = max(1, bins[0].width_ns)
    first = min(b.start_ns for b in bins)
    last = max(b.start_ns for b in bins) + width
    span = last - first
    marked = [
        f
        for f in result.findings
        if f.stream == "exfiltration" and f.id in in_full and f.first_ns is not None
    ]
    names = sorted({b.destination for b in bins} | {f.ownership for f in marked}, key=_place)
    ceiling = max(b.orig_bytes for b in bins)
    exact = width < 10**9
    tell = moment if exact else second
    lanes = []
    for name in names:
        own = [b for b in bins if b.destination == name]
        found = [f for f in marked if f.ownership == name]
        lanes.append(
            Lane(
                name=name,
                bars=[
                    _bar((each.start_ns - first) / span, width / span, each.orig_bytes)
                    for each in own
                    if each.orig_bytes > 0
                ],
                total=rounded(sum(b.orig_bytes for b in own)),
                marks=_marks(found, first, span, MARK_STEP),
                wide_marks=_marks(found, first, span, WIDE_MARK_STEP),
            )
        )
    return Timeline(
        width=duration(0, width),
        exact=exact,
        lanes=lanes,
        ticks=_ticks(first, last, width, zone),
        levels=_levels(ceiling),
        top=_height(ceiling),
        rows=_rows(bins, names),
        ceiling=rounded(ceiling),
        days=f"{tell(first, zone)} to {tell(last, zone)}",
    )


def _place(name: str) -> tuple[int, str]:
    return (ORDER.index(name) if name in ORDER else len(ORDER), name)


def _bar(start: float, width: float, count: int) -> Bar:
    start = min(start, 1 - THIN)
    return Bar(start, start + max(width * (1 - GAP), THIN), _height(count))


def _height(count: int) -> float:
    return math.log10(max(count / FLOOR_BYTES, 2))


def _levels(ceiling: int) -> list[Tick]:
    """1 KB, 1 MB, 1 GB as far as the bars reach, every second of more than three; below, 100 B."""
    powers = [power for power in range(1, 7) if 1000**power <= ceiling]
    step = -(-len(powers) // _LEVELS) or 1
    if not powers and ceiling >= 100:
        return [Tick(_height(100), rounded(100))]
    return [Tick(_height(1000**power), rounded(1000**power).replace(".00", ""))
            for power in powers[::step]]  # fmt: skip


def _marks(findings: Sequence[Finding], first: int, span: int, step: float) -> list[Mark]:
    """Marks at least a step apart, none further than that from a finding it stands for."""
    groups: list[list[tuple[float, Finding]]] = []
    for finding in sorted(findings, key=lambda f: f.first_ns or 0):
        place = min(max(((finding.first_ns or 0) - first) / span, 0.0), 1.0)
        if groups and place - groups[-1][0][0] < step:
            groups[-1].append((place, finding))
        else:
            groups.append([(place, finding)])
    # In the middle of its findings, moved right where the mark before needs room, but never off
    # the axis. Groups begin a step apart, so each stays within a step of where its own begins.
    places: list[float] = []
    for group in groups:
        middle = sum(place for place, _ in group) / len(group)
        places.append(max(middle, places[-1] + step) if places else middle)
    room = 1.0
    for number in reversed(range(len(places))):
        places[number] = min(places[number], room)
        room = places[number] - step
    return [
        Mark(place, len(group), min((f for _, f in group), key=_gravity))
        for place, group in zip(places, groups, strict=True)
    ]


def _gravity(finding: Finding) -> int:
    return SEVERITIES.index(finding.severity)


def _ticks(first: int, last: int, width: int, zone: tzinfo) -> list[Tick]:
    """Round times, so many that their labels do not meet."""
    span = last - first
    step = next((s for s in _STEPS_NS if s >= width and span <= s * _TICKS), 0)
    step = step or -(-span // (_TICKS * _STEPS_NS[-1])) * _STEPS_NS[-1]
    at = -(-first // step) * step
    ticks = []
    while at <= last:
        ticks.append(Tick((at - first) / span, _clock(moment(at, zone), span, width)))
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
