from __future__ import annotations

import pytest

from analyzer.report.outputs.instants import iso, latest, seen
from craft import results


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (0, "1970-01-01T00:00:00.000000Z"),
        (1_795_474_332_719_847_299, "2026-11-23T22:52:12.719847Z"),
        (-1, "1969-12-31T23:59:59.999999Z"),
        ((1 << 63) - 1, "2262-04-11T23:47:16.854775Z"),
        (-(1 << 63), "1677-09-21T00:12:43.145224Z"),
    ],
)
def test_all_that_64_bits_can_say_is_a_date(ns: int, text: str) -> None:
    assert iso(ns) == text


def test_what_has_no_time_gets_the_runs_last_and_never_now() -> None:
    result = results.make_result()
    assert seen(result, results.make_finding(first_ns=1, last_ns=2)) == 2
    assert seen(result, results.make_finding(first_ns=1, last_ns=None)) == 1
    assert seen(result, results.make_finding(first_ns=None, last_ns=None)) == latest(result)
    assert latest(results.make_result(inputs=[])) == 0
