"""The guard of a case that is read: each way to change or reach something is tried."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import pytest

from analyzer.case.one_select import lock, read_only, single_select

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as made:
        made.execute("CREATE TABLE a AS SELECT range AS x FROM range(3)")
        lock(made)
        yield made


@pytest.mark.parametrize(
    "sql",
    ["SELECT 1", "FROM a", "VALUES (1)", "WITH q AS (SELECT 1) SELECT * FROM q;", "DESCRIBE a"],
)
def test_one_select(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    assert single_select(connection, sql) is not None


@pytest.mark.parametrize(
    "sql",
    [
        "",
        " ; -- nothing",
        "SELECT 1; SELECT 2",
        "DROP TABLE a",
        "UPDATE a SET x = 1",
        "INSERT INTO a VALUES (1) RETURNING x",
        "COPY a TO 'x.csv'",
        "SET threads = 1",
        "ATTACH 'x.duckdb'",
        "CALL enable_logging()",
        "COMMIT",
    ],
)
def test_anything_else(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    assert single_select(connection, sql) is None


def test_no_file_is_reached(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("secret\n")
    for sql in (
        f"SELECT * FROM read_csv('{tmp_path}/x.csv')",
        f"SELECT * FROM read_text('{tmp_path}/x.csv')",
        f"SELECT * FROM '{tmp_path}/x.csv'",
        f"SELECT * FROM glob('{tmp_path}/*')",
        f"SELECT * FROM enable_profiling(save_location = '{tmp_path}/y')",
        f"SELECT * FROM enable_logging(storage = 'file', storage_config = {{'path': '{tmp_path}'}})",  # noqa: E501
        f"COPY a TO '{tmp_path}/y'",
        "SET enable_external_access = true",
    ):
        with pytest.raises(duckdb.Error):
            connection.execute(sql).fetchall()
    assert [path.name for path in tmp_path.iterdir()] == ["x.csv"]


def test_nothing_is_changed(connection: duckdb.DuckDBPyConnection) -> None:
    for sql in ("DROP TABLE a", "INSERT INTO a VALUES (9)", "CREATE TABLE b (x INTEGER)"):
        with pytest.raises(duckdb.TransactionException), read_only(connection):
            connection.execute(sql)
    with read_only(connection):
        assert connection.execute("SELECT sum(x) FROM a").fetchall() == [(3,)]
    assert connection.execute("SHOW TABLES").fetchall() == [("a",)]


def test_a_locked_case_still_spills(tmp_path: Path) -> None:
    limits = {"memory_limit": "48MiB", "temp_directory": str(tmp_path / "spill"), "threads": "1"}
    with duckdb.connect(config=limits) as connection:
        connection.execute(
            "CREATE TABLE a AS SELECT hash(range)::VARCHAR || repeat('y', 90) AS x "
            "FROM range(600000)"
        )
        lock(connection)
        (count,) = connection.execute(
            "SELECT count(DISTINCT r) FROM (SELECT row_number() OVER (ORDER BY x) AS r FROM a)"
        ).fetchall()[0]
        assert count == 600_000
