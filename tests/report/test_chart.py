from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from analyzer.report.chart import ROWS, bytes_chart
from craft import results


def test_bars_carry_the_figures_of_the_result() -> None:
    chart = bytes_chart(results.realistic())
    assert chart is not None
    first = chart.bars[0]
    assert (first.label, first.sent, first.received) == (
        "stagingdrop17[.]blob[.]core[.]windows[.]net",
        "5.26 MB",
        "5.91 KB",
    )
    assert [bar.accused for bar in chart.bars] == [True, True, False, False]
    assert [tick.label for tick in chart.ticks] == ["1 KB", "1 MB"]


def test_agents_of_one_endpoint_are_added() -> None:
    rows = [results.make_endpoint(agent=name, orig_payload_bytes=1_000) for name in "ab"]
    chart = bytes_chart(results.make_result(endpoints=rows))
    assert chart is not None
    assert [bar.sent for bar in chart.bars] == ["2.00 KB"]


def test_no_bytes_no_chart() -> None:
    unknown = results.make_endpoint(orig_payload_bytes=None, resp_payload_bytes=None)
    assert bytes_chart(results.make_result(endpoints=[unknown])) is None
    assert bytes_chart(results.make_result(endpoints=[])) is None


def test_look_alikes_keep_both_ends() -> None:
    name = "a" * 100 + ".example"
    chart = bytes_chart(results.make_result(endpoints=[results.make_endpoint(endpoint=name)]))
    assert chart is not None
    label = chart.bars[0].label
    assert label.startswith("aaa")
    assert label.endswith("[.]example")
    assert "…" in label


@given(st.lists(st.tuples(st.integers(0, 2**62), st.integers(0, 2**62)), min_size=1, max_size=40))
def test_bars_stay_inside_and_grow_with_bytes(pairs: list[tuple[int, int]]) -> None:
    rows = [
        results.make_endpoint(endpoint=f"h{n}", orig_payload_bytes=up, resp_payload_bytes=down)
        for n, (up, down) in enumerate(pairs)
    ]
    chart = bytes_chart(results.make_result(endpoints=rows))
    assert chart is not None
    assert len(chart.bars) == min(ROWS, len(rows))
    assert chart.left_out == len(rows) - len(chart.bars)
    widths = [bar.sent_width for bar in chart.bars]
    assert widths == sorted(widths, reverse=True)
    assert all(
        0 <= width <= 230 for bar in chart.bars for width in (bar.sent_width, bar.received_width)
    )
    assert all(0 <= tick.offset <= 230 for tick in chart.ticks)
