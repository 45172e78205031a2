"""What data is missing, as a list and as a clause."""

from __future__ import annotations

from analyzer.missing import missing, told
from craft.results import make_input, make_issue

WHOLE, CUT = make_input(), make_input(path="late.pcap", complete=False)
OUTSIDE = make_issue(code="not-read", input=None, where="more.pcap", incomplete=True)
BOUND = make_issue(code="time-limit", input=None, where="run", incomplete=True)


def test_nothing_missing_is_nothing_said():
    assert missing([WHOLE], [make_issue(incomplete=False)]) == []
    assert told([WHOLE], [make_issue(incomplete=False)]) is None


def test_inputs_paths_and_bounds_are_listed_once():
    holes = make_issue(input="late.pcap", incomplete=True)
    assert missing([WHOLE, CUT], [holes, OUTSIDE, BOUND]) == [
        "late.pcap", "more.pcap", "this run (time-limit)",
    ]  # fmt: skip


def test_the_clause_counts_inputs():
    assert told([WHOLE, CUT], []) == "data is missing from 1 of 2 inputs"
    assert told([CUT], []) == "data is missing from 1 of 1 input"
    assert told([WHOLE, CUT], [OUTSIDE]) == (
        "data is missing from 1 of 2 inputs and from what was left out beside"
    )
    assert told([WHOLE], [BOUND]) == "data is missing from this run"
