"""CSV (RFC 4180): a folder with a file per table, UTF-8, a header line, texts in quotes."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

from analyzer.report.cells import inert
from analyzer.report.json_text import encode
from analyzer.report.tables import tables

if TYPE_CHECKING:
    from pathlib import Path

    from analyzer.result import Result


def fill_csv(result: Result, folder: Path) -> None:
    """Writes the tables; lists and objects are JSON text in their cell, unknown is an empty cell.

    Texts are always in quotes, so that ``007`` and ``1e5`` stay texts for readers that look.
    """
    for table in tables(result):
        with (folder / f"{table.name}.csv").open("x", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, quoting=csv.QUOTE_NONNUMERIC)  # ends lines with CR LF
            writer.writerow(column.name for column in table.columns)
            writer.writerows([_cell(value) for value in row] for row in table.rows)


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None or isinstance(value, int | float):
        return value
    return inert(value if isinstance(value, str) else encode(value))
