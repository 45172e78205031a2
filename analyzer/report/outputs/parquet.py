"""Parquet: a folder with a file per table, lists as lists, written by DuckDB."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from analyzer.report.json_text import encode
from analyzer.report.tables import tables

if TYPE_CHECKING:
    import duckdb

    from analyzer.report.tables import Table
    from analyzer.result import Result

_LINE_BYTES = 1 << 30
"""Bound of a line that DuckDB is told; its own is 16 MiB, and a result document may have 1 GiB."""


def fill_parquet(result: Result, folder: Path) -> None:
    """Writes the tables, rows in their order; objects (JSON in the table of columns) are text."""
    import duckdb

    # A scratch folder, because DuckDB takes a path for a pattern, and only one in UTF-8.
    # One thread: the row groups, and so the bytes, are the same on every machine.
    with (
        tempfile.TemporaryDirectory(prefix="acrtrace-") as scratch,
        duckdb.connect(config={"threads": 1}) as connection,
    ):
        connection.execute("SET autoinstall_known_extensions = false")
        connection.execute("SET autoload_known_extensions = false")
        connection.execute("SET TimeZone = 'UTC'")
        for table in tables(result):
            try:
                written = _write(connection, table, Path(scratch))
            except duckdb.IOException as error:  # a full disk
                raise OSError(str(error)) from error
            shutil.move(written, folder / written.name)


def _write(connection: duckdb.DuckDBPyConnection, table: Table, scratch: Path) -> Path:
    """Rows reach DuckDB as lines of JSON in a file beside: any text, any number, no row by row."""
    names = [column.name for column in table.columns]
    types = {c.name: "VARCHAR" if c.sql == "JSON" else c.sql for c in table.columns}
    lines, target = scratch / f"{table.name}.lines", scratch / f"{table.name}.parquet"
    with lines.open("x", encoding="ascii") as file:
        for row in table.rows:
            file.write(encode(dict(zip(names, row, strict=True))) + "\n")
    columns = ", ".join(f"'{name}': '{sql}'" for name, sql in types.items())
    connection.execute(  # the names are those of the contract's fields
        "COPY (SELECT * FROM read_json($lines, format = 'newline_delimited', "  # noqa: S608
        f"columns = {{{columns}}}, maximum_object_size = {_LINE_BYTES})) "
        "TO $target (FORMAT parquet, COMPRESSION zstd)",
        {"lines": str(lines), "target": str(target)},
    )
    lines.unlink()
    return target
