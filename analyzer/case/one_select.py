"""What a case's reader may run: one SELECT, which changes nothing and reaches no file."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import duckdb

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOCKED = """
SET python_enable_replacements = false;
SET enable_external_access = false;
SET lock_configuration = true;
"""


def lock(connection: duckdb.DuckDBPyConnection) -> None:
    """Takes files, the network, extensions, Python's variables and settings from a connection, for
    as long as it is open. What does not fit into memory is still spilled where it was before.
    """
    connection.execute(_LOCKED)


def single_select(connection: duckdb.DuckDBPyConnection, sql: str) -> duckdb.Statement | None:
    """The statement of a text; None for no statement, for several, and for what is no SELECT.

    Raises:
        duckdb.Error: The text is no SQL.
    """
    statements = connection.extract_statements(sql)
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        return None
    return statements[0]


@contextmanager
def read_only(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """A transaction in which DuckDB refuses to change any table."""
    connection.execute("BEGIN TRANSACTION READ ONLY")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")
