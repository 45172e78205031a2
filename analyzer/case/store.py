"""Rows of ``inputs`` and ``issues``: few, and known only when everything was read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from analyzer.case.columns import text_array

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from analyzer.case.build import Case
    from analyzer.issues import Issue


def _numbers(values: Sequence[int | None], kind: type[np.generic]) -> np.ma.MaskedArray[Any, Any]:
    return np.ma.MaskedArray(
        np.array([v or 0 for v in values], dtype=kind), mask=[v is None for v in values]
    )


def store_inputs(case: Case, rows: Sequence[Mapping[str, Any]]) -> None:
    """Writes one row per input; keys are the columns of ``inputs``."""
    if not rows:
        return
    columns: dict[str, Any] = {}
    for name in ("path", "sha256", "format", "archive", "extract", "unit"):
        columns[name] = text_array([row[name] for row in rows])
    for name in ("bytes", "records", "first_ns", "last_ns", "snapped"):
        columns[name] = _numbers([row[name] for row in rows], np.int64)
    columns["input_id"] = np.array([row["input_id"] for row in rows], dtype=np.int32)
    columns["complete"] = np.array([row["complete"] for row in rows], dtype=bool)
    case.append("inputs", columns)


def store_issues(case: Case, issues: Sequence[Issue]) -> None:
    """Writes one row per kind of problem and input."""
    if not issues:
        return
    case.append(
        "issues",
        {
            "code": text_array([i.code for i in issues]),
            "input_id": _numbers([i.input_id for i in issues], np.int32),
            "where": text_array([i.where for i in issues]),
            "detail": text_array([i.detail for i in issues]),
            "count": np.array([i.count for i in issues], dtype=np.int64),
            "incomplete": np.array([i.incomplete for i in issues], dtype=bool),
        },
    )
