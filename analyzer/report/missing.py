"""What data is missing from an analysis: the one list behind exit code 3 and the lines about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from analyzer.result import Result


def missing(result: Result) -> list[str]:
    """Inputs that are not complete, what was left out beside them, and bounds that cost data.

    Empty exactly when nothing is missing. An issue of the whole run names a path, or its kind.
    """
    names = [entry.path for entry in result.inputs if not entry.complete]
    for issue in result.issues:
        if issue.incomplete:
            place = f"this run ({issue.code})" if issue.where == "run" else issue.where
            names.append(place if issue.input is None else issue.input)
    return list(dict.fromkeys(names))
