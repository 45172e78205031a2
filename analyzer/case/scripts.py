"""Runs the SQL scripts of this room in order, with the run's limits as a one-row table."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from analyzer.case.columns import text_array
from analyzer.memory import run

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import duckdb

    from analyzer.config import Thresholds

_SECOND = 1_000_000_000


@cache
def script_text(name: str) -> str:
    """Text of ``NAME.sql`` in this room."""
    return Path(__file__).with_name(f"{name}.sql").read_text(encoding="utf-8")


def run_script(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """Runs all statements of one script."""
    run(connection, script_text(name))


def prepare(
    connection: duckdb.DuckDBPyConnection, limits: Thresholds, proxies: Iterable[str]
) -> None:
    """Makes `limits` (one row), `declared_proxies` and the macros that the scripts share."""
    drop_temporary(connection)
    connection.execute(
        "CREATE TEMP TABLE limits AS SELECT ?::BIGINT AS grace_ns, ?::BIGINT AS correlation_ns,"
        " ?::BIGINT AS upload_turn, ?::BIGINT AS login_turn, ?::BIGINT AS login_factor,"
        " ?::BIGINT AS counted_storage, ?::BIGINT AS counted_other",
        [
            limits.dns_grace_seconds * _SECOND,
            limits.correlation_seconds * _SECOND,
            limits.upload_turn_bytes,
            limits.login_turn_bytes,
            limits.login_turn_median_factor,
            limits.counted_storage_bytes,
            limits.counted_other_bytes,
        ],
    )
    load_text(connection, "declared_proxies", addr=sorted(set(proxies)))
    run_script(connection, "macros")


def load_text(
    connection: duckdb.DuckDBPyConnection, table: str, **columns: Sequence[str | None]
) -> None:
    """Makes a temporary table of text columns."""
    listed = ", ".join(f'CAST("{name}" AS VARCHAR) AS "{name}"' for name in columns)
    made = f'CREATE OR REPLACE TEMP TABLE "{table}" AS SELECT {listed} FROM text_batch'  # noqa: S608
    connection.register("text_batch", {k: text_array(v) for k, v in columns.items()})
    try:
        connection.execute(made)
    finally:
        connection.unregister("text_batch")


def drop_temporary(connection: duckdb.DuckDBPyConnection) -> None:
    """Drops the intermediate tables, so that a case holds what its schema says and no more."""
    found = connection.execute(
        "SELECT table_name FROM duckdb_tables() WHERE temporary ORDER BY table_name"
    ).fetchall()
    for (name,) in found:
        connection.execute(f'DROP TABLE "{name}"')
