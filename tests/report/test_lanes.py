"""The timeline's geometry."""

from __future__ import annotations

import re
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.report.lanes import LANE, LEFT, RIGHT, WIDTH, timeline
from analyzer.result import Timeline, TimelineBin
from craft import result_parts, results

SECOND = 10**9
ALL = {f.id for f in results.realistic().findings}


def drawn(bins, width=SECOND, **changes):
    return timeline(results.make_result(timeline=Timeline(width, bins), **changes), ALL)


def test_lanes_stand_in_order_of_concern_with_their_sums():
    found = timeline(results.realistic(), ALL)
    assert [lane.name for lane in found.lanes] == [
        "foreign", "platform-claimed", "platform", "ours",
    ]  # fmt: skip
    assert found.lanes[0].total == "5.26 MB"
    assert found.lanes[1].path == ""
    assert len(found.rows) == len({b.start_ns for b in result_parts.make_timeline().bins})


def test_marks_lead_to_the_worst_finding_of_their_place():
    foreign = timeline(results.realistic(), ALL).lanes[0]
    (mark,) = foreign.marks
    assert (mark.count, mark.finding.severity) == (2, "critical")
    assert timeline(results.realistic(), set()).lanes[0].marks == []


def test_nothing_sent_nothing_drawn():
    assert drawn([]) is None
    assert drawn([], width=None) is None


def test_heights_are_logarithms():
    found = drawn([TimelineBin(n * SECOND, "ours", 10**n, 1) for n in range(2, 9)])
    heights = [float(h) for h in re.findall(r"v-([0-9.]+)h", found.lanes[0].path)]
    steps = [b - a for a, b in zip(heights, heights[1:], strict=False)]
    assert max(steps) - min(steps) < 0.3
    assert max(heights) <= LANE


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
    found = drawn([TimelineBin(start + n * width, "ours", 9, 1) for n in range(count)], width)
    assert found.ticks[0].label == first
    assert 2 <= len(found.ticks) <= 9


def test_ticks_and_bounds_are_in_the_zone_of_the_reader():
    zone = ZoneInfo("Europe/Berlin")
    found = timeline(results.realistic(), ALL, zone)
    assert found.ticks[0].label == "23:53:00"
    assert found.days.startswith("2026-11-23 23:52:15.000000 +01:00 to ")


@given(
    st.lists(
        st.tuples(st.integers(-(2**62), 2**62), st.sampled_from(["ours", "foreign", "odd"]),
                  st.integers(0, 2**62)),
        min_size=1, max_size=40,
    ),
    st.integers(1, 2**60),
)  # fmt: skip
def test_any_bins_stay_inside_the_drawing(rows, width):
    found = drawn([TimelineBin(start, owner, sent, 1) for start, owner, sent in rows], width)
    assert found is not None
    for lane in found.lanes:
        for x in re.findall(r"M([0-9.e+]+) ", lane.path):
            assert LEFT <= float(x) <= WIDTH - RIGHT
    assert all(LEFT <= tick.x <= WIDTH - RIGHT for tick in found.ticks)
    assert len(found.ticks) < 12
