"""What data is missing from an analysis: the one list behind exit code 3, the sentence of the
verdict and the lines about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analyzer.result import InputInfo, IssueInfo


def missing(inputs: Sequence[InputInfo], issues: Sequence[IssueInfo]) -> list[str]:
    """Inputs that are not complete, what was left out beside them, and bounds that cost data.

    Empty exactly when nothing is missing. An issue of the whole run names a path, or its kind.
    """
    names = [entry.path for entry in inputs if not entry.complete]
    for issue in issues:
        if issue.incomplete:
            place = f"this run ({issue.code})" if issue.where == "run" else issue.where
            names.append(place if issue.input is None else issue.input)
    return list(dict.fromkeys(names))


def told(inputs: Sequence[InputInfo], issues: Sequence[IssueInfo]) -> str | None:
    """What is missing as a clause of the verdict, None when nothing is."""
    names = set(missing(inputs, issues))
    if not names:
        return None
    hurt = sum(entry.path in names for entry in inputs)
    beside = len(names - {entry.path for entry in inputs})
    if not hurt:
        return "data is missing from this run"
    of = f"{hurt:,} of {len(inputs):,} {'input' if len(inputs) == 1 else 'inputs'}"
    return f"data is missing from {of}{' and from what was left out beside' if beside else ''}"
