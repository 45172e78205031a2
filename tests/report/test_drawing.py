"""The lanes as pygal draws them, made fit for the page."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.report import drawing
from analyzer.report.lanes import Bar, Tick, timeline
from analyzer.report.visible import visible
from craft import results
from craft.hostile import HOSTILE

ALL = {f.id for f in results.realistic().findings}
SHAPES = {"svg", "line", "text", "rect", "a", "title", "circle"}


def chart():
    return timeline(results.realistic(), ALL)


def drawn(found, number=0, times=True):
    return ElementTree.fromstring(drawing.bars(found, found.lanes[number], times))


def percent(text):
    assert text.endswith("%")
    return float(text[:-1])


def test_bars_are_where_the_lane_says():
    found = chart()
    ours = next(n for n, lane in enumerate(found.lanes) if lane.name == "ours")
    rects = drawn(found, ours).findall("rect")
    lane = found.lanes[ours]
    assert len(rects) == len(lane.bars)
    # pygal leaves a fiftieth free on either side.
    for rect, bar in zip(rects, lane.bars, strict=True):
        left, right = ((place + 0.02) / 1.04 * 100 for place in (bar.start, bar.end))
        assert percent(rect.get("x")) == pytest.approx(left, abs=0.02)
        assert percent(rect.get("width")) == pytest.approx(right - left, abs=0.02)
    heights = [float(rect.get("height")) for rect in rects]
    ranked = sorted(range(len(rects)), key=lambda n: lane.bars[n].height)
    assert [heights[n] for n in ranked] == sorted(heights)


def test_all_lanes_share_one_axis():
    found = chart()
    grids = [
        [line.get("x1") for line in drawn(found, n).findall("line[@class='x']")]
        for n in range(len(found.lanes))
    ]
    assert len(grids[0]) >= len(found.ticks)
    assert all(grid == grids[0] for grid in grids)


def test_times_stand_below_one_lane_only():
    found = chart()
    texts = [text.text for text in drawn(found).findall("text[@class='x']")]
    assert texts == [tick.label for tick in found.ticks]
    assert drawn(found, times=False).findall("text[@class='x']") == []


def test_nothing_but_plain_shapes_is_left():
    found = chart()
    whole = "".join(
        drawing.bars(found, lane, True) + drawing.marks(lane.marks, str, "wide")
        for lane in found.lanes
    )
    assert set(re.findall(r"<([^ />]+)", whole)) <= SHAPES
    for unwanted in ("style", "<!--", "xmlns", "id=", "uuid", "pygal"):
        assert unwanted not in whole


def test_marks_are_links_that_say_what_they_lead_to():
    lane = chart().lanes[0]
    root = ElementTree.fromstring(drawing.marks(lane.marks, str.upper, "wide"))
    (link,) = root.findall("a")
    assert link.get("href") == "#finding-ex-03b7e1c55a"
    assert link.get("class") == "mark critical"
    assert link.get("aria-label").startswith(
        "2 findings begin here or close by, the worst critical: 10.20.1.15 to QUIETBUCKET"
    )
    assert link.findtext("title") == link.get("aria-label")
    assert root.findtext("text") == "2"


@pytest.mark.parametrize("name", HOSTILE)
def test_names_from_the_wire_stay_text(name):
    lane = chart().lanes[0]
    (mark,) = lane.marks
    hostile = replace(mark, finding=replace(mark.finding, endpoint=HOSTILE[name]))
    markup = drawing.marks([hostile], visible, "narrow")
    root = ElementTree.fromstring(markup)
    assert {each.tag for each in root.iter()} == {"svg", "a", "title", "circle", "text"}
    said = root.find("a").get("aria-label").split(" to ", 1)[1]
    assert said.split() == (visible(HOSTILE[name]) or "an address").split()


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1), st.floats(0.3, 18)), max_size=20),
       st.lists(st.floats(0, 1), min_size=1, max_size=9))  # fmt: skip
@settings(max_examples=50)
def test_everything_stays_inside(rows, places):
    found = chart()
    lane = replace(found.lanes[0], bars=[Bar(min(a, b), max(a, b), c) for a, b, c in rows])
    found = replace(found, lanes=[lane], ticks=[Tick(p, "22:00") for p in places], top=18.0)
    root = ElementTree.fromstring(drawing.bars(found, lane, True))
    assert len(root.findall("rect")) == len(rows)
    for rect in root.findall("rect"):
        assert percent(rect.get("x")) >= 0
        assert percent(rect.get("x")) + percent(rect.get("width")) <= 100.02
        assert float(rect.get("y")) >= 0
        assert float(rect.get("y")) + float(rect.get("height")) <= drawing.HEIGHT


def test_lxml_changes_no_byte(monkeypatch):
    """pygal takes lxml where it is installed, which writes other bytes."""
    pytest.importorskip("lxml")
    from pygal.etree import etree

    found = chart()
    plain = drawing.bars(found, found.lanes[0], True)
    etree.to_lxml()
    assert drawing.bars(found, found.lanes[0], True) == plain


def test_a_page_without_a_timeline_imports_no_pygal():
    code = (
        "import sys\n"
        "from analyzer.report.html import render_html\n"
        "from craft import results\n"
        "render_html(results.make_result(timeline=[]))\n"
        "print('pygal' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        check=True,
        text=True,
    )
    assert done.stdout == "False\n"
