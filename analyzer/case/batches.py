"""Gathers small batches of rows, because a case takes a few large ones five times as fast.

The packet engine hands rows over once per window, a few thousand at a time; an INSERT of fifty
columns costs a millisecond and more before its first row. What is held back is bounded in rows, and
`flush` writes it. The order of rows within a table is the order of their arrival.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from analyzer.case.build import Case

HELD_ROWS = 1 << 13


class Batches:
    """A sink in front of `Case.append`.

    Args:
        case: Where the rows go.
        held_rows: How many rows of one table are held back at most.
    """

    def __init__(self, case: Case, held_rows: int = HELD_ROWS) -> None:
        self._case = case
        self._limit = held_rows
        self._held: dict[str, list[Mapping[str, Any]]] = {}
        self._rows: dict[str, int] = {}

    def append(self, table_name: str, columns: Mapping[str, Any]) -> None:
        """Takes one batch; see `analyzer.case.columns` for its form."""
        rows = max((len(column) for column in columns.values()), default=0)
        self._held.setdefault(table_name, []).append(columns)
        self._rows[table_name] = self._rows.get(table_name, 0) + rows
        if self._rows[table_name] >= self._limit:
            self._write(table_name)

    def flush(self) -> None:
        """Writes everything that is held back.

        Raises:
            ValueError: No such table, or a batch does not fit it.
        """
        for table_name in list(self._held):
            self._write(table_name)

    def _write(self, table_name: str) -> None:
        held = self._held.pop(table_name)
        del self._rows[table_name]
        self._case.append(table_name, held[0] if len(held) == 1 else _joined(table_name, held))


def _joined(table_name: str, batches: list[Mapping[str, Any]]) -> dict[str, Any]:
    """One batch out of several of the same columns."""
    names = batches[0].keys()
    if any(batch.keys() != names for batch in batches):
        raise ValueError(f"table {table_name}: batches differ in their columns")
    return {name: _concatenate([batch[name] for batch in batches]) for name in names}


def _concatenate(arrays: list[Any]) -> np.ndarray[Any, Any]:
    if any(isinstance(array, np.ma.MaskedArray) for array in arrays):
        joined: np.ndarray[Any, Any] = np.ma.concatenate(arrays)  # type: ignore[no-untyped-call]
        return joined
    return np.concatenate(arrays)
