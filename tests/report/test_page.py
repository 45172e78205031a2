from __future__ import annotations

from dataclasses import replace

from analyzer.report.page import anchor, page, shown
from craft import results


def test_shown_counts_what_it_hides() -> None:
    assert shown([1, 2, 3], 2).hidden == 1
    assert shown([1], 2).hidden == 0


def test_streams_are_apart_and_counted_in_full() -> None:
    view = page(results.realistic())
    assert [stream.name for stream in view.streams] == ["exfiltration", "readiness", "hygiene"]
    assert view.streams[0].severities == [("critical", 1), ("high", 1), ("low", 1)]
    crowd = page(results.crowded(findings=2_000, endpoints=1))
    assert crowd.streams[0].severities == [("high", 2_000)]


def test_period_spans_all_inputs() -> None:
    early = results.make_input(first_ns=5, last_ns=9)
    unknown = results.make_input(first_ns=None, last_ns=None, complete=False)
    view = page(results.make_result(inputs=[results.make_input(), early, unknown]))
    assert (view.first_ns, view.last_ns) == (5, results.make_input().last_ns)
    assert view.missing == ["build-agents.pcapng"]


def test_the_limit_of_announced_names_is_said_only_where_it_applies() -> None:
    assert page(results.realistic()).announced
    read = replace(results.realistic(), findings=[results.make_finding(name_grade="A1")])
    assert not page(read).announced


def test_anchor_is_a_plain_fragment() -> None:
    assert anchor("ex-7c1f") == "finding-ex-7c1f"
    assert anchor('a"b c') == "finding-a-b-c"


def test_what_is_not_listed_is_counted_and_told() -> None:
    result = results.realistic()
    view = page(result, listed=[])
    assert [stream.total for stream in view.streams] == [
        stream.total for stream in page(result).streams
    ]
    assert all(stream.hidden == stream.total for stream in view.streams)
    assert not any(stream.rows.items or stream.cards.items for stream in view.streams)
    assert not any(dossier.findings.items for dossier in view.dossiers.items)
    assert view.matrix is not None
    assert not any(cell and cell.finding for line in view.matrix.lines for cell in line.cells)
    assert view.summary.told == page(result).summary.told
