"""Opening, filling, publishing and deriving a case."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np
import pytest

from analyzer.case import build
from analyzer.case.build import open_case
from analyzer.issues import UsageError
from analyzer.schema import DERIVED, TABLES

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import World


def test_a_new_case_has_the_tables_of_the_schema_in_order() -> None:
    with open_case() as case:
        for table in (*TABLES, *DERIVED):
            found = case.connection.execute(f'DESCRIBE "{table.name}"').fetchall()
            assert [(r[0], r[1], r[2] == "YES") for r in found] == [
                (c.name, c.type, bool(c.null)) for c in table.columns
            ]


def test_the_connection_is_bounded_and_loads_nothing_by_itself() -> None:
    with open_case(memory_limit="300MiB", threads=1) as case:
        setting = "SELECT current_setting(?)"

        def value(name: str) -> Any:
            return case.connection.execute(setting, [name]).fetchall()[0][0]

        assert value("TimeZone") == "UTC"
        assert value("memory_limit") == "300.0 MiB"
        assert value("threads") == 1
        assert value("autoinstall_known_extensions") is False
        assert value("autoload_known_extensions") is False


def test_an_existing_file_is_kept_without_force(tmp_path: Path) -> None:
    kept = tmp_path / "kept.duckdb"
    kept.write_text("somebody's notes")
    with pytest.raises(UsageError, match=r"kept\.duckdb exists; --force"):
        open_case(kept)
    assert kept.read_text() == "somebody's notes"
    assert list(tmp_path.iterdir()) == [kept]


def test_force_replaces_the_file_at_the_end_and_not_before(tmp_path: Path) -> None:
    kept = tmp_path / "kept.duckdb"
    kept.write_text("somebody's notes")
    with open_case(kept, force=True):
        assert kept.read_text() == "somebody's notes"
    with duckdb.connect(str(kept), read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM flows").fetchall() == [(0,)]
    assert list(tmp_path.iterdir()) == [kept]


def test_a_file_that_appears_meanwhile_is_kept(tmp_path: Path) -> None:
    late = tmp_path / "late.duckdb"
    case = open_case(late)
    late.write_text("somebody's notes")
    with pytest.raises(UsageError, match="exists"):
        case.close()
    assert late.read_text() == "somebody's notes"
    assert list(tmp_path.iterdir()) == [late]


def test_a_failed_run_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), open_case(tmp_path / "case.duckdb"):
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["folder", "nowhere/case.duckdb"])
def test_a_place_that_cannot_hold_a_case_is_one_clear_line(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(UsageError, match=r"^[^\n]*case file [^\n]*$"):
        open_case(tmp_path / name)


def test_a_kept_case_has_tables_and_views_and_no_leftovers(world: World, tmp_path: Path) -> None:
    world.says(world.flow(), world.DROP)
    path = tmp_path / "case.duckdb"
    with open_case(path) as case:
        world.fill(case)
        world.run(case)
    with duckdb.connect(str(path), read_only=True) as connection:
        found = connection.execute(
            "SELECT table_name, table_type FROM information_schema.tables ORDER BY table_name"
        ).fetchall()
        assert {n for n, t in found if t == "BASE TABLE"} == {t.name for t in (*TABLES, *DERIVED)}
        assert {n for n, t in found if t == "VIEW"} == {
            "contacts",
            "handshakes",
            "logins",
            "uploads",
        }
        assert connection.execute("SELECT endpoint FROM contacts").fetchall() == [(world.DROP,)]


def test_an_empty_case_derives_empty_tables(world: World) -> None:
    with world.opened() as case:
        for name in (*(t.name for t in DERIVED), "contacts", "handshakes", "logins", "uploads"):
            assert case.connection.execute(f"SELECT count(*) FROM {name}").fetchall() == [(0,)]


def test_deriving_twice_gives_the_same(world: World) -> None:
    busy(world)
    with world.opened() as case:
        once = everything(case)
        world.run(case)
        assert everything(case) == once


def test_the_number_of_threads_changes_nothing(world: World) -> None:
    busy(world, rounds=12)
    results = []
    for threads in (1, 4):
        with open_case(threads=threads) as case:
            # DuckDB works in parallel from 122,880 rows on, so the scene is repeated. The copies
            # are equal but for the flows' numbers and ports, which leaves nothing but ties.
            for table, columns in multiplied(world, 2000).items():
                case.append(table, columns)
            world.run(case)
            results.append(everything(case, digest=True))
    assert results[0] == results[1]


def multiplied(world: World, times: int) -> dict[str, dict[str, Any]]:
    """The world's rows, `times` times."""
    flows = len(world.rows["flows"])
    tables = {}
    for table, rows in world.rows.items():
        columns = world.columns(table)
        repeated = {k: np.ma.concatenate([v] * times) for k, v in columns.items() if len(rows)}
        repeated = {k: v.data if v.dtype.kind == "O" else v for k, v in repeated.items()}
        step = np.repeat(np.arange(times), len(rows))
        if "flow_id" in repeated:
            repeated["flow_id"] = repeated["flow_id"] + step * flows
        if table == "flows":
            repeated["orig_port"] = (1024 + (step * 31) % 60_000).astype(np.int32)
        tables[table] = repeated or columns
    return tables


def busy(world: World, rounds: int = 3) -> None:
    """Traffic that takes every branch: ties in time, shared addresses, spoofs, proxies, pulls."""
    for i in range(rounds):
        at, src = 10 + i // 4, f"10.0.{i % 3}.5"
        world.answers(world.LOGIN, world.FRONT_END, client=src, at=at, chain=world.CHAIN)
        world.answers(world.FOREIGN_LOGIN, world.FRONT_END, client=src, at=at, chain=world.CHAIN)
        world.answers(world.DROP, world.STAMP, client=src, at=at, chain=world.STAMP_CHAIN)
        world.answers(f"other{i % 9}.blob.core.windows.net", world.STAMP, client=src, at=at)
        world.says(world.upload(src=src, at=at), world.LOGIN)
        world.says(world.flow(world.FRONT_END, src=src, at=at), world.LOGIN)
        world.says(world.flow("20.60.88.4", src=src, at=at), world.MANAGED)
        world.upload(src=src, at=at)
        tunnel = world.upload(world.PROXY, src=src, at=at, resp_port=3128)
        world.asks(tunnel, "CONNECT", f"{world.DROP}:443", world.DROP)
        world.says(world.upload(src=world.PROXY, at=at + 0.5), world.DROP)


def everything(case: Any, *, digest: bool = False) -> dict[str, list[tuple[Any, ...]]]:
    """Content of what was derived, or a hash of it that does not depend on the order of rows."""
    names = [*(t.name for t in DERIVED), "flows", "contacts", "logins", "uploads"]
    form = "count(*), bit_xor(hash(t)), sum(hash(t))" if digest else "*"
    order = "" if digest else " ORDER BY ALL"
    return {
        n: case.connection.execute(f'SELECT {form} FROM "{n}" AS t{order}').fetchall()
        for n in names
    }


@pytest.mark.parametrize("part", [1, 3, 7])
def test_flows_are_attributed_in_parts(
    part: int, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A part of the flows at a time gives what all at once give."""
    for n in range(10):
        flow = world.upload(size=20_000 + n) if n % 3 else world.flow()
        if n % 4 == 1:
            world.says(flow, world.DROP)
        elif n % 4 == 2:
            world.asks(flow, "PUT", "/c/b", world.LOGIN, content_length=500)
        elif n % 4 == 3:
            world.answers(world.MANAGED, world.STAMP)
    whole = world.derive()
    assert len(whole) == 10
    monkeypatch.setattr(build, "PART", part)
    assert world.derive() == whole
