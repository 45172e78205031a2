"""A stranger's SQL: what it may do, and everything that it tries beside that."""

from __future__ import annotations

import duckdb
import pytest

from analyzer.case.sandbox import Limits, SandboxError, select


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    path = tmp_path_factory.mktemp("case") / "case.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "CREATE TABLE flows AS SELECT range AS flow_id, 'x' AS name FROM range(5)"
        )
    return path


def refused(path, sql, **limits):
    before = path.read_bytes()
    with pytest.raises(SandboxError) as caught:
        select(path, sql, Limits(**limits))
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]
    return caught.value


def test_rows_come_as_plain_values(kept):
    answer = select(
        kept,
        "SELECT 1 AS a, NULL AS b, [1, 2] AS c, {'k': 'v'} AS d, 1e308 * 10 AS e, "
        "TIMESTAMP '2026-01-01' AS f, 170141183460469231731687303715884105727::HUGEINT AS g, "
        "'é\x1b' AS h",
        Limits(),
    )
    assert answer.columns == list("abcdefgh")
    assert answer.rows[0][:4] == [1, None, [1, 2], {"k": "v"}]
    assert answer.rows[0][5:] == ["2026-01-01 00:00:00", 2**127 - 1, "é\x1b"]
    assert not answer.cut


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1; SELECT 2",
        "SELECT 1; DROP TABLE flows",
        "DROP TABLE flows",
        "DELETE FROM flows",
        "COPY flows TO '/tmp/acrtrace-copied.csv'",
        "ATTACH '/tmp/acrtrace-attached.duckdb'",
        "PRAGMA version",
        "CALL pragma_version()",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET threads = 8",
        "SET VARIABLE tenant = 'x'",
        "RESET lock_configuration",
        "EXPLAIN ANALYZE SELECT 1",
        "CREATE TEMP TABLE t AS SELECT 1",
        "PREPARE p AS SELECT 1",
        "BEGIN",
        "",
        "-- nothing",
    ],
)
def test_only_a_single_select_is_run(kept, sql):
    assert refused(kept, sql).kind == "statement"


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM read_blob('/etc/passwd')",
        "SELECT * FROM sniff_csv('/etc/passwd')",
        "SELECT * FROM glob('/*')",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM read_parquet('http://127.0.0.1/x')",
        "SELECT * FROM (SELECT * FROM query('SELECT * FROM read_text(''/etc/passwd'')'))",
        "SELECT getenv('HOME')",
        "SELECT * FROM duckdb_secrets()",
        "SELECT * FROM enable_logging()",
        "SELECT * FROM nowhere",
        "SELECT 'a'::INTEGER",
    ],
)
def test_nothing_beside_the_case_can_be_reached(kept, sql):
    found = refused(kept, sql)
    assert found.kind == "sql"
    assert "root:" not in str(found)


def test_the_settings_are_those_of_the_sandbox(kept):
    wanted = {
        "enable_external_access": "false",
        "lock_configuration": "true",
        "threads": "1",
        "autoload_known_extensions": "false",
        "autoinstall_known_extensions": "false",
    }
    rows = select(kept, "SELECT name, value FROM duckdb_settings()", Limits()).rows
    assert {name: value for name, value in rows if name in wanted} == wanted
    (row,) = select(kept, "SELECT bool_and(readonly) FROM duckdb_databases() WHERE NOT internal",
                    Limits()).rows  # fmt: skip
    assert row == [True]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT count(*) FROM range(1000000) a, range(1000000) b, range(1000000) c",
        "WITH RECURSIVE r AS (SELECT 1 AS a UNION ALL SELECT a + 1 FROM r) SELECT count(*) FROM r",
        "SELECT sum(a.flow_id) FROM flows a, range(100000000000) b",
    ],
)
def test_what_never_ends_is_stopped(kept, sql):
    found = refused(kept, sql, timeout_seconds=0.5)
    assert (found.kind, str(found)) == ("timeout", "it took longer than 0.5 s and was stopped")


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT list(range) FROM range(1000000000)",
        "SELECT a FROM range(1000000000) t(a) ORDER BY hash(a) LIMIT 1 OFFSET 900000000",
        "SELECT count(DISTINCT a::VARCHAR) FROM range(1000000000) t(a)",
    ],
)
def test_what_needs_too_much_memory_is_stopped(kept, sql):
    assert refused(kept, sql, timeout_seconds=120).kind in ("memory", "died")


def test_the_address_space_is_bounded_beside_what_duckdb_counts(kept):
    assert refused(kept, "SELECT 1", memory_bytes=64 << 20).kind in ("memory", "died")


def test_a_long_answer_is_cut_and_says_so(kept):
    assert len(select(kept, "FROM range(100000000000)", Limits(max_rows=10)).rows) == 10
    answer = select(kept, "SELECT repeat('x', 600) FROM range(10)", Limits(max_bytes=2000))
    assert (len(answer.rows), answer.cut) == (3, True)
    assert not select(kept, "FROM range(10)", Limits(max_rows=10)).cut


def test_what_is_no_database_is_told(tmp_path):
    path = tmp_path / "case.duckdb"
    path.write_bytes(b"not a database" * 100)
    assert refused(path, "SELECT 1").kind == "file"
