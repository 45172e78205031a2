"""Patterns of log formats on lines, by RE2: as reading does it, and in time linear in the line.

Python's own engine would take hours for some patterns on a line that is made for it.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import duckdb

if TYPE_CHECKING:
    from collections.abc import Sequence


def matches(patterns: Sequence[str], texts: Sequence[str]) -> list[list[bool]]:
    """For each pattern, which of the texts hold it somewhere."""
    if not patterns or not texts:
        return [[] for _ in patterns]
    tests = ", ".join(f"regexp_matches(t, ${at})" for at in range(2, len(patterns) + 2))
    rows = (
        _engine()
        .cursor()
        .execute(
            f"SELECT {tests} FROM (SELECT unnest($1::VARCHAR[]) AS t)",  # noqa: S608
            [list(texts), *patterns],
        )
        .fetchall()
    )
    return [list(column) for column in zip(*rows, strict=True)]


def fault_of(pattern: str) -> str | None:
    """What is wrong with a pattern, None when it can be used."""
    try:
        matches([pattern], [""])
    except duckdb.Error as error:
        return str(error).split("\n")[0].partition(": ")[2]
    return None


@cache
def _engine() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(config={"threads": 1})
