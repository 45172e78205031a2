"""The short table of endpoints."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from analyzer.report.busiest import ROWS, busiest
from craft import results


def test_lines_carry_the_figures_of_the_result() -> None:
    found = busiest(results.realistic())
    assert found is not None
    first = found.lines[0]
    assert (first.endpoint, first.sent, first.received) == (
        "stagingdrop17.blob.core.windows.net",
        5_262_801,
        5_912,
    )
    assert [line.accused for line in found.lines] == [True, True, False, False]
    assert max(max(line.sent_bar, line.received_bar) for line in found.lines) == 1


def test_agents_of_one_endpoint_are_added() -> None:
    rows = [results.make_endpoint(agent=name, orig_payload_bytes=1_000) for name in "ab"]
    found = busiest(results.make_result(endpoints=rows))
    assert found is not None
    assert [line.sent for line in found.lines] == [2_000]


def test_no_bytes_no_table() -> None:
    unknown = results.make_endpoint(orig_payload_bytes=None, resp_payload_bytes=None)
    assert busiest(results.make_result(endpoints=[unknown])) is None
    assert busiest(results.make_result(endpoints=[])) is None


@given(st.lists(st.tuples(st.integers(0, 2**62), st.integers(0, 2**62)), min_size=1, max_size=40))
def test_bars_are_shares_and_grow_with_bytes(pairs: list[tuple[int, int]]) -> None:
    rows = [
        results.make_endpoint(endpoint=f"h{n}", orig_payload_bytes=up, resp_payload_bytes=down)
        for n, (up, down) in enumerate(pairs)
    ]
    found = busiest(results.make_result(endpoints=rows))
    assert found is not None
    assert len(found.lines) == min(ROWS, len(rows))
    assert found.left_out == len(rows) - len(found.lines)
    sent = [line.sent_bar for line in found.lines]
    assert sent == sorted(sent, reverse=True)
    for line in found.lines:
        for count, bar in ((line.sent, line.sent_bar), (line.received, line.received_bar)):
            assert (0 < bar <= 1) if count else bar == 0
