"""Rows, one by one, to the columns that a case takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from analyzer.schema import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable

    from analyzer.schema import Table

HELD_ROWS = 1 << 11
_BY_NAME = {table.name: table for table in TABLES}
_KINDS: dict[str, tuple[Any, Any]] = {
    "BIGINT": (np.int64, 0),
    "INTEGER": (np.int32, 0),
    "BOOLEAN": (np.bool_, False),
    "VARCHAR": (object, ""),
}


class Rows:
    """Gathers rows and hands them on as columns; what a row does not name is NULL.

    Args:
        sink: Takes ``(table, columns)``.
    """

    def __init__(self, sink: Callable[[str, dict[str, Any]], object]) -> None:
        self._sink = sink
        self._held: dict[str, list[dict[str, Any]]] = {}

    def add(self, table: str, **row: Any) -> None:
        """Takes one row."""
        held = self._held.setdefault(table, [])
        held.append(row)
        if len(held) >= HELD_ROWS:
            self._write(table)

    def flush(self) -> None:
        """Hands on everything that is held back."""
        for table in list(self._held):
            self._write(table)

    def _write(self, table: str) -> None:
        self._sink(table, columns(_BY_NAME[table], self._held.pop(table)))


def columns(table: Table, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """One array per column of the table, masked where NULL."""
    out: dict[str, Any] = {}
    for column in table.columns:
        dtype, nothing = _KINDS[column.type]
        values = [row.get(column.name) for row in rows]
        array = np.empty(len(rows), dtype=dtype)
        array[:] = [nothing if value is None else value for value in values]
        null = [value is None for value in values]
        out[column.name] = np.ma.MaskedArray(array, mask=null) if column.null else array
        if not column.null and any(null):
            raise ValueError(f"table {table.name}: {column.name} is never NULL")
    return out
