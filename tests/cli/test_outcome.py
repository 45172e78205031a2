from __future__ import annotations

from dataclasses import replace

import pytest

from analyzer.cli.outcome import exit_code, incomplete, problem_lines
from analyzer.result import IssueInfo, Result
from craft.results import realistic


def clean() -> Result:
    base = realistic()
    inputs = [replace(i, complete=True) for i in base.inputs]
    verdict = "none found in what could be seen"
    return replace(base, inputs=inputs, issues=[], findings=[], verdict=verdict)


def with_severity(*severities: str) -> Result:
    finding = realistic().findings[0]
    return replace(clean(), findings=[replace(finding, severity=s) for s in severities])


def issue(**changes: object) -> IssueInfo:
    base = IssueInfo("cut-record", "a.pcap", "offset 24", "expected 16 bytes, found 3", 1, True)
    return replace(base, **changes)  # type: ignore[arg-type]


def test_findings_do_not_fail_a_run_that_did_not_ask() -> None:
    assert exit_code(with_severity("critical"), ()) == 0


@pytest.mark.parametrize(
    ("fail_on", "severity", "code"),
    [
        ("high", "critical", 1),
        ("high", "high", 1),
        ("high", "medium", 0),
        ("critical", "high", 0),
        ("low", "low", 1),
        ("low", "info", 0),
        ("incomplete", "low", 1),
        ("incomplete", "info", 0),
    ],
)
def test_fail_on_is_at_or_above(fail_on: str, severity: str, code: int) -> None:
    assert exit_code(with_severity(severity), (fail_on,)) == code


def test_the_least_severe_choice_counts_and_incomplete_adds_the_verdict() -> None:
    assert exit_code(with_severity("medium"), ("critical", "medium")) == 1
    cannot_tell = replace(with_severity("low"), verdict="cannot tell")
    assert exit_code(cannot_tell, ("high",)) == 0
    assert exit_code(cannot_tell, ("high", "incomplete")) == 1
    assert exit_code(with_severity("low"), ("high", "incomplete")) == 0


def test_missing_data_is_3_unless_findings_fail_the_run() -> None:
    damaged = replace(with_severity("high"), issues=[issue()])
    assert incomplete(damaged)
    assert exit_code(damaged, ()) == 3
    assert exit_code(damaged, ("critical",)) == 3
    assert exit_code(damaged, ("high",)) == 1
    harmless = replace(clean(), issues=[issue(incomplete=False)])
    assert exit_code(harmless, ()) == 0


def test_an_unfinished_input_is_3_even_without_an_issue() -> None:
    base = clean()
    unfinished = [replace(base.inputs[0], complete=False), *base.inputs[1:]]
    assert exit_code(replace(base, inputs=unfinished), ()) == 3


def test_problem_lines_name_file_place_and_loss() -> None:
    found = [issue(), issue(input=None, where="dir/x"), issue(count=7), issue(incomplete=False)]
    found.append(issue(input=None, where="dir/y", incomplete=False))
    lines = problem_lines(replace(clean(), issues=found))
    assert lines == [
        "a.pcap: offset 24: expected 16 bytes, found 3",
        "dir/x: expected 16 bytes, found 3",
        "a.pcap: offset 24: expected 16 bytes, found 3 (7 times)",
        "dir/y: expected 16 bytes, found 3",
    ]


def test_what_was_folded_says_how_many_others_there_are() -> None:
    found = [issue(input=None, where="dir/x and 2 more", count=3)]
    found.append(issue(input=None, where="run", count=1234))
    assert problem_lines(replace(clean(), issues=found)) == [
        "dir/x and 2 more: expected 16 bytes, found 3",
        "run: expected 16 bytes, found 3 (1,234 times)",
    ]


def test_problem_lines_are_bounded() -> None:
    lines = problem_lines(replace(clean(), issues=[issue(where=f"{n}") for n in range(100)]))
    assert len(lines) == 21
    assert lines[-1] == "80 more problems are in the report"
