"""What DuckDB would refuse of a format that the user describes, found out before a log is read."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import duckdb

from analyzer.logs.format import json_path
from analyzer.logs.mapped_sql import identifier
from analyzer.logs.observe import prepare

if TYPE_CHECKING:
    from collections.abc import Iterable

    from analyzer.logs.mapped_sql import Part


def fault_of_statement(select: str, fields: Iterable[str]) -> str | None:
    """What is wrong with a whole SELECT, None when it runs."""
    columns = "".join(f", NULL::VARCHAR AS {identifier(name)}" for name in fields)
    records = f"SELECT 1::BIGINT AS line_no, '' AS line{columns}"
    return _refused(f"WITH records AS ({records}) SELECT * FROM (\n{select})")  # noqa: S608


def fault_of_part(part: Part) -> str | None:
    """What is wrong with a time's spelling, None when it is fine."""
    zone, colon, spelling = part.way.partition(":")
    if not colon:
        return None
    if not spelling.strip():
        return f"expected a spelling behind {zone}: (as in {zone}:%d.%m.%Y %H:%M:%S)"
    return _refused("SELECT try_strptime('', $1::VARCHAR)", spelling)


def fault_of_path(path: str) -> str | None:
    """What is wrong with a JSON path, None when it is fine."""
    if _refused("SELECT json_extract_string('{}', $1::VARCHAR)", json_path(path)):
        return 'is no path: keys with dots between, "quoted" where a key holds a dot'
    return None


def _refused(query: str, *values: str) -> str | None:
    try:
        _prepared().execute(query, list(values)).fetchall()
    except duckdb.Error as error:
        return str(error).split("\n")[0].partition(": ")[2]
    return None


@cache
def _prepared() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(config={"threads": 1})
    prepare(connection)
    return connection
