"""From a result to an exit code: what ``--fail-on`` asks for, and what could not be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.missing import missing
from analyzer.result import SEVERITIES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analyzer.result import IssueInfo, Result

RAN, FINDINGS, INCOMPLETE = 0, 1, 3

FAIL_ON = (*SEVERITIES[:-1], "incomplete")
"""Choices of ``--fail-on``; *info* never fails a run."""

_PROBLEM_LINES = 20


def exit_code(result: Result, fail_on: Sequence[str]) -> int:
    """The exit code of a run that wrote its report.

    Args:
        result: What was found.
        fail_on: Severities (the least severe counts) and ``incomplete``, which adds the verdict
            *cannot tell* and, on its own, means *low*. Empty: findings never fail the run.

    Returns:
        1 before 3: what was found is worth more to a pipeline than what could not be read.
    """
    if fail_on and _fails(result, fail_on):
        return FINDINGS
    return INCOMPLETE if incomplete(result) else RAN


def incomplete(result: Result) -> bool:
    """Data is missing from the analysis."""
    return bool(missing(result.inputs, result.issues))


def input_lines(result: Result) -> list[str]:
    """One line for each input: what it was taken for, and how much of it was read."""
    return [
        f"{entry.path}: {entry.format or 'not recognised'}, {entry.records:,} records, "
        f"{entry.bytes:,} bytes{'' if entry.complete else ', not complete'}"
        for entry in result.inputs
    ]


def problem_lines(result: Result, *, everything: bool = False) -> list[str]:
    """One line for each kind of problem that cost data or concerns the run as a whole.

    Each says file, place, what was expected and found, and what was lost.

    Args:
        result: What was found.
        everything: Also problems that cost no data, and no limit of lines.
    """
    found = [
        issue for issue in result.issues if everything or issue.incomplete or issue.input is None
    ]
    if everything:
        return [_line(issue) for issue in found]
    lines = [_line(issue) for issue in found[:_PROBLEM_LINES]]
    if len(found) > _PROBLEM_LINES:
        lines.append(f"{len(found) - _PROBLEM_LINES} more problems are in the report")
    return lines


def _line(issue: IssueInfo) -> str:
    text = ": ".join(part for part in (issue.input, issue.where, issue.detail) if part)
    return text + (f" ({issue.count:,} times)" if issue.count > 1 and not _folded(issue) else "")


def _folded(issue: IssueInfo) -> bool:
    """Its place is a path and how many more there are."""
    return issue.input is None and issue.where != "run"


def _fails(result: Result, fail_on: Sequence[str]) -> bool:
    if "incomplete" in fail_on and result.verdict == "cannot tell":
        return True
    severities = [name for name in fail_on if name != "incomplete"] or ["low"]
    limit = max(SEVERITIES.index(name) for name in severities)
    return any(SEVERITIES.index(f.severity) <= limit for f in result.findings)
