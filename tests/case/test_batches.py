"""Small batches become few large ones: nothing lost, nothing reordered, NULL kept."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from analyzer.case.batches import Batches
from analyzer.case.build import Case, open_case


def batch(first: int, rows: int, *, masked: bool = True) -> dict[str, Any]:
    text = np.array([f"{k}" for k in range(first, first + rows)], dtype=object)
    return {
        "code": text,
        "input_id": np.ma.MaskedArray(np.arange(rows, dtype=np.int32), mask=np.arange(rows) % 2),
        "where": text if masked else np.ma.MaskedArray(text, mask=[False] * rows),
        "detail": text,
        "count": np.arange(first, first + rows),
        "incomplete": np.zeros(rows, dtype=bool),
    }


def stored(case: Case) -> list[tuple[Any, ...]]:
    return case.connection.execute("SELECT code, input_id, count FROM issues").fetchall()


def test_rows_come_out_as_they_went_in() -> None:
    with open_case() as case:
        batches = Batches(case, held_rows=10)
        sizes = [3, 0, 4, 5, 1, 30, 2]
        at = 0
        for number, size in enumerate(sizes):
            batches.append("issues", batch(at, size, masked=number % 2 == 0))
            at += size
        assert len(stored(case)) == 43  # what reached the limit has been written
        batches.flush()
        rows = stored(case)
        assert [row[2] for row in rows] == list(range(45))
        assert [row[0] for row in rows] == [str(k) for k in range(45)]
        assert [row[1] for row in rows[:7]] == [0, None, 2, 0, None, 2, None]
        batches.flush()
        assert len(stored(case)) == 45


def test_a_batch_that_does_not_fit_is_refused() -> None:
    with open_case() as case:
        batches = Batches(case)
        batches.append("issues", batch(0, 2))
        batches.append("issues", {"code": batch(0, 2)["code"]})
        with pytest.raises(ValueError, match="differ in their columns"):
            batches.flush()
        batches.append("nothing", {})
        with pytest.raises(ValueError, match="no table"):
            batches.flush()
