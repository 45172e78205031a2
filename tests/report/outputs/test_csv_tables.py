from __future__ import annotations

import csv
import json
import re
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from analyzer.report.cells import as_was
from analyzer.report.outputs.csv_tables import fill_csv
from analyzer.report.tables import tables
from analyzer.report.visible import visible
from craft import results

if TYPE_CHECKING:
    from pathlib import Path

    from analyzer.result import Result

FORMULA = re.compile("(^|;)\\s*[=+\\-@\uff1d\uff0b\uff0d\uff20]")


def read(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def expected(value: object) -> str:
    """A cell as the text of its value, formulas still in it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return json.dumps(value)
    return visible(value, 1 << 26) if isinstance(value, str) else str(value)


def test_lines_are_those_of_rfc_4180(tmp_path: Path) -> None:
    fill_csv(results.realistic(), tmp_path)
    for path in tmp_path.iterdir():
        data = path.read_bytes()
        assert data.endswith(b"\r\n")
        assert data.count(b"\n") == data.count(b"\r\n") == data.count(b"\r")
        data.decode("utf-8")


@pytest.mark.parametrize("result", [results.realistic(), results.make_result()])
def test_tables_are_read_back_as_they_were(result: Result, tmp_path: Path) -> None:
    fill_csv(result, tmp_path)
    for table in tables(result):
        rows = read(tmp_path, table.name)
        assert len(rows) == len(table.rows)
        for row, was in zip(rows, table.rows, strict=True):
            assert list(row) == [column.name for column in table.columns]
            assert [as_was(cell) for cell in row.values()] == [expected(value) for value in was]


def test_pandas_reads_numbers_and_lists(tmp_path: Path) -> None:
    fill_csv(results.realistic(), tmp_path)
    frame = pd.read_csv(tmp_path / "findings.csv", dtype_backend="numpy_nullable")
    assert frame["uploaded_bytes"].sum() == 1_398_002 + 2 * 5_243_112
    assert frame["uploaded_bytes"].isna().sum() == 2
    assert json.loads(frame["agent_addresses"][1]) == ["10.20.1.14", "fd00:20:1::14"]
    evidence = pd.read_csv(tmp_path / "evidence.csv")
    assert set(evidence["finding_id"]) <= set(frame["id"])


def test_no_cell_is_a_formula_and_all_is_read_back(tmp_path: Path) -> None:
    hostile = results.hostile()
    fill_csv(hostile, tmp_path)
    for table in tables(hostile):
        for row, was in zip(read(tmp_path, table.name), table.rows, strict=True):
            assert [as_was(cell) for cell in row.values()] == [expected(value) for value in was]
            for cell, value in zip(row.values(), was, strict=True):
                assert isinstance(value, float) or FORMULA.search(cell) is None
