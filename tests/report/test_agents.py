from __future__ import annotations

from analyzer.report.agents import Total, agents, total
from craft import results


def test_totals_know_what_they_do_not_know() -> None:
    assert total([1, 2]) == Total(3, False)
    assert total([1, None]) == Total(1, True)
    assert total([None]) == Total(None, False)
    assert total([]) == Total(None, False)


def test_agents_are_summed_over_their_endpoints() -> None:
    rows = {row.name: row for row in agents(results.realistic())}
    assert list(rows) == ["agent-1", "10.20.1.15"]
    one = rows["agent-1"]
    assert (one.endpoints, one.flows) == (2, 39)
    assert one.sent == Total(5_262_801 + 39_012, False)
    assert one.addresses == ["10.20.1.14", "fd00:20:1::14"]
    assert one.finding_ids == ["ex-7c1f0a92d4", "ex-b01c44aa10", "rd-5510fe2b71"]
    assert rows["10.20.1.15"].sent == Total(1_402_118 + 28_402, True)
