from __future__ import annotations

import duckdb
import pytest

from analyzer import memory
from analyzer.issues import UsageError

HUNGRY = "CREATE OR REPLACE TABLE held AS SELECT list(i) AS items FROM range(30000000) AS r(i)"


@pytest.fixture
def connection(tmp_path):
    config = {"memory_limit": "64MiB", "threads": "1", "temp_directory": str(tmp_path / "spill")}
    with duckdb.connect(config=config) as connection:
        yield connection


def limit(connection):
    ((text,),) = connection.execute("SELECT current_setting('memory_limit')").fetchall()
    return text


def test_a_step_that_needs_more_gets_more(connection):
    with pytest.raises(duckdb.OutOfMemoryException):
        connection.execute(HUNGRY)
    memory.run(
        connection, f"CREATE TABLE before AS SELECT 1; {HUNGRY}; CREATE TABLE after AS FROM before"
    )
    assert connection.execute("SELECT len(items) FROM held").fetchall() == [(30_000_000,)]
    assert connection.execute("SELECT count(*) FROM after").fetchall() == [(1,)]
    assert limit(connection) != "64.0 MiB"


def test_what_fits_leaves_the_limit(connection):
    memory.run(connection, "CREATE TABLE a AS SELECT 1")
    assert limit(connection) == "64.0 MiB"


def test_a_machine_without_more_is_told(connection, monkeypatch):
    monkeypatch.setattr(memory, "machine_bytes", lambda: 256 << 20)
    with pytest.raises(UsageError, match=r"need more than 128 MiB of memory .* half of this"):
        memory.run(connection, HUNGRY)


def test_a_control_group_confines(tmp_path, monkeypatch):
    whole = memory.machine_bytes()
    monkeypatch.setattr(memory, "_CGROUP", tmp_path / "memory.max")
    (tmp_path / "memory.max").write_text("1048576\n")
    assert memory.machine_bytes() == 1 << 20
    (tmp_path / "memory.max").write_text("max\n")
    assert memory.machine_bytes() >= whole
