from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import duckdb
import pytest

from analyzer.report.outputs import parquet
from analyzer.report.outputs.parquet import fill_parquet
from analyzer.report.tables import tables
from craft import results
from craft.run import ROOT

if TYPE_CHECKING:
    from pathlib import Path


def read(path: Path) -> tuple[list[str], list[list[object]]]:
    with duckdb.connect() as connection:
        cursor = connection.execute("FROM read_parquet($path)", {"path": str(path)})
        names = [column[0] for column in cursor.description or ()]
        return names, [list(row) for row in cursor.fetchall()]


def test_tables_are_read_back_as_they_were(tmp_path: Path) -> None:
    fill_parquet(results.realistic(), tmp_path)
    for table in tables(results.realistic()):
        names, rows = read(tmp_path / f"{table.name}.parquet")
        assert names == [column.name for column in table.columns]
        assert rows == table.rows
    assert len(list(tmp_path.iterdir())) == len(tables(results.realistic()))


def test_columns_have_the_stated_types(tmp_path: Path) -> None:
    fill_parquet(results.make_result(), tmp_path)
    with duckdb.connect() as connection:
        for table in tables(results.make_result()):
            path = str(tmp_path / f"{table.name}.parquet")
            told = connection.execute(
                "DESCRIBE FROM read_parquet($path)", {"path": path}
            ).fetchall()
            stated = [(c.name, "VARCHAR" if c.sql == "JSON" else c.sql) for c in table.columns]
            assert [row[:2] for row in told] == stated


def test_hostile_strings_are_data(tmp_path: Path) -> None:
    hostile = results.hostile()
    fill_parquet(hostile, tmp_path)
    for table in tables(hostile):
        assert read(tmp_path / f"{table.name}.parquet")[1] == table.rows


def test_a_line_longer_than_duckdbs_own_bound(tmp_path: Path) -> None:
    long = "x" * (20 << 20)
    fill_parquet(results.make_result(verdict_line=long), tmp_path)
    names, rows = read(tmp_path / "run.parquet")
    assert rows[0][names.index("verdict_line")] == long


@pytest.mark.parametrize("name", ["a[1]*?{b}", "it's", "caf\udce9", "%s {uuid}"])
def test_any_folder_will_do(name: str, tmp_path: Path) -> None:
    folder = tmp_path / name
    folder.mkdir()
    fill_parquet(results.make_result(), folder)
    assert (folder / "findings.parquet").read_bytes()[:4] == b"PAR1"


def test_a_full_disk_is_the_systems_refusal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> Path:
        raise duckdb.IOException("Could not write file: No space left on device")

    monkeypatch.setattr(parquet, "_write", full)
    with pytest.raises(OSError, match="No space left"):
        fill_parquet(results.make_result(), tmp_path)


def test_no_other_table_engine_is_imported() -> None:
    code = (
        "import sys, tempfile, pathlib\n"
        "from analyzer.report.formats import fill\n"
        "from craft.results import realistic\n"
        "with tempfile.TemporaryDirectory() as folder:\n"
        "    fill(realistic(), 'parquet', pathlib.Path(folder))\n"
        "loaded = {'pandas', 'pyarrow'} & set(sys.modules)\n"
        "assert not loaded, loaded"
    )
    environment = {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}", "PATH": ""}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)
