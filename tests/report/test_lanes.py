"""What the timeline shows."""

from __future__ import annotations

from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.report.lanes import MARK_STEP, WIDE_MARK_STEP, timeline
from analyzer.result import TimelineBin
from craft import result_parts, results

SECOND = 10**9
ALL = {f.id for f in results.realistic().findings}


def drawn(bins, width=SECOND, **changes):
    sized = [replace(each, width_ns=width) for each in bins]
    return timeline(results.make_result(timeline=sized, **changes), ALL)


def test_lanes_stand_in_order_of_concern_with_their_sums():
    found = timeline(results.realistic(), ALL)
    assert [lane.name for lane in found.lanes] == [
        "foreign", "platform-claimed", "platform", "ours",
    ]  # fmt: skip
    assert found.lanes[0].total == "5.26 MB"
    assert found.lanes[1].bars == []
    assert len(found.rows) == len({b.start_ns for b in result_parts.make_timeline()})


def test_marks_lead_to_the_worst_finding_of_their_place():
    foreign = timeline(results.realistic(), ALL).lanes[0]
    (mark,) = foreign.marks
    assert (mark.count, mark.finding.severity) == (2, "critical")
    assert timeline(results.realistic(), set()).lanes[0].marks == []


def test_nothing_sent_nothing_drawn():
    assert drawn([]) is None


def test_findings_near_one_another_are_one_mark():
    result = results.realistic()
    first = min(b.start_ns for b in result.timeline)
    span = max(b.start_ns for b in result.timeline) + result.timeline[0].width_ns - first
    found = [
        replace(result.findings[0], id=f"ex-{n}", first_ns=first + n * span // 100)
        for n in range(100)
    ]
    lanes = timeline(replace(result, findings=found), {f.id for f in found}).lanes
    (lane,) = (lane for lane in lanes if lane.marks)
    assert sum(mark.count for mark in lane.marks) == 100
    assert 8 < len(lane.marks) <= 11
    assert 20 < len(lane.wide_marks) <= 28


@given(
    st.lists(st.floats(0, 1), min_size=1, max_size=60),
    st.sampled_from([MARK_STEP, WIDE_MARK_STEP]),
)
def test_a_mark_has_room_and_is_near_all_it_stands_for(begins, step):
    bins = [TimelineBin(n * SECOND, SECOND, "foreign", 9, 1) for n in range(1000)]
    found = [
        results.make_finding(id=f"ex-{n}", first_ns=int(1000 * SECOND * place))
        for n, place in enumerate(begins)
    ]
    (lane,) = timeline(
        results.make_result(timeline=bins, findings=found), {f.id for f in found}
    ).lanes
    marks = lane.marks if step == MARK_STEP else lane.wide_marks
    assert sum(mark.count for mark in marks) == len(found)
    assert all(0 <= mark.place <= 1 for mark in marks)
    apart = [b.place - a.place for a, b in zip(marks, marks[1:], strict=False)]
    assert all(each >= step - 1e-9 for each in apart)
    waiting = sorted(begins)
    for mark in marks:
        own, waiting = waiting[: mark.count], waiting[mark.count :]
        assert all(abs(place - mark.place) <= step + 1e-9 for place in own)
    if len(begins) == 1:
        assert marks[0].place == pytest.approx(begins[0], abs=1e-9)


def test_heights_are_logarithms():
    found = drawn([TimelineBin(n * SECOND, 1, "ours", 10**n, 1) for n in range(2, 9)])
    heights = [bar.height for bar in found.lanes[0].bars]
    assert heights == pytest.approx(range(1, 8))
    assert found.top == heights[-1]
    assert [(level.label, round(level.place)) for level in found.levels] == [
        ("1 KB", 2),
        ("1 MB", 5),
    ]


def test_few_bytes_are_to_be_seen_and_none_are_not():
    found = drawn([TimelineBin(n * SECOND, 1, "ours", sent, 1) for n, sent in enumerate((0, 1))])
    (bar,) = found.lanes[0].bars
    assert bar.height > 0


@pytest.mark.parametrize(
    ("ceiling", "labels"),
    [
        (99, []),
        (999, ["100 B"]),
        (5 * 10**9, ["1 KB", "1 MB", "1 GB"]),
        (5 * 10**12, ["1 KB", "1 GB"]),
        (2**63, ["1 KB", "1 GB", "1 PB"]),
    ],
)
def test_levels_are_few(ceiling, labels):
    found = drawn([TimelineBin(0, 1, "ours", ceiling, 1)])
    assert [level.label for level in found.levels] == labels


@pytest.mark.parametrize(
    ("width", "count", "first"),
    [
        (10**6, 120, "22:52:12.720"),
        (SECOND, 60, "22:52:20"),
        (60 * SECOND, 100, "23:00"),
        (86_400 * SECOND, 90, "2026-12-03"),
    ],
)
def test_ticks_are_round_times_in_fitting_words(width, count, first):
    start = results.make_input().first_ns // width * width
    found = drawn([TimelineBin(start + n * width, 1, "ours", 9, 1) for n in range(count)], width)
    assert found.ticks[0].label == first
    assert 2 <= len(found.ticks) <= 9


def test_ticks_and_bounds_are_in_the_zone_of_the_reader():
    zone = ZoneInfo("Europe/Berlin")
    found = timeline(results.realistic(), ALL, zone)
    assert found.ticks[0].label == "23:53:00"
    assert found.days.startswith("2026-11-23 23:52:15 +01:00 to ")


@given(
    st.lists(
        st.tuples(st.integers(-(2**62), 2**62), st.sampled_from(["ours", "foreign", "odd"]),
                  st.integers(0, 2**62)),
        min_size=1, max_size=40,
    ),
    st.integers(1, 2**60),
)  # fmt: skip
def test_any_bins_stay_inside_the_drawing(rows, width):
    found = drawn([TimelineBin(start, 1, owner, sent, 1) for start, owner, sent in rows], width)
    assert found is not None
    assert all(
        0 <= bar.start < bar.end <= 1 and 0 < bar.height <= found.top
        for lane in found.lanes
        for bar in lane.bars
    )
    assert all(0 <= tick.place <= 1 for tick in found.ticks)
    assert all(level.place <= found.top for level in found.levels)
    assert len(found.ticks) < 12
