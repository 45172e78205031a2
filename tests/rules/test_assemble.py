"""The result document is assembled from the case alone."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import duckdb
import pytest

from analyzer.config import Settings, Thresholds
from analyzer.evidence.filters import bpf, recount
from analyzer.evidence.kql import queries
from analyzer.evidence.lines import reprint
from analyzer.result import InventoryInfo, IssueInfo, to_plain
from analyzer.rules.assemble import declares_registry, evaluate
from analyzer.rules.proof import Commands
from analyzer.schema import DERIVED, TABLES

if TYPE_CHECKING:
    from pathlib import Path


def test_head_inputs_and_issues(case):
    case.add(
        "issues",
        code="ip-fragment",
        input_id=0,
        where="packet 4",
        detail="d",
        count=2,
        incomplete=False,
    )
    case.add("issues", code="cap", input_id=None, where="run", detail="d", count=1, incomplete=True)
    result = case.judge(
        settings=Settings(inputs=("c.pcap",), command_line=("acrtrace", "analyze", "c.pcap"))
    )
    assert (result.schema, result.tool.name, result.catalogue_version) == (
        "acrtrace-result/2",
        "acrtrace",
        "test",
    )
    assert result.command_line == ["acrtrace", "analyze", "c.pcap"]
    assert result.thresholds == asdict(Thresholds())
    assert [i.path for i in result.inputs] == ["c.pcap"]
    assert result.issues == [
        IssueInfo("cap", None, "run", "d", 1, True),
        IssueInfo("ip-fragment", "c.pcap", "packet 4", "d", 2, False),
    ]
    assert to_plain(result)["findings"] == []


@pytest.mark.parametrize(
    ("entries", "expected"),
    [([], False), (["storage:a"], False), (["acr:contoso"], True), (["contoso.azurecr.io"], True)],
)
def test_an_inventory_of_storage_alone_declares_no_registry(entries, expected):
    assert declares_registry([InventoryInfo("x", None, entries, [])]) is expected
    assert declares_registry([InventoryInfo("--approve", None, entries, [])]) is False


def test_a_kept_case_holds_no_table_of_ours(tmp_path: Path):
    path = str(tmp_path / "case.duckdb")
    connection = duckdb.connect(path)
    for table in (*TABLES, *DERIVED):
        connection.execute(table.ddl())
    evaluate(
        connection,
        settings=Settings(inputs=()),
        inventory_infos=[],
        catalogue_version="t",
        tool_version="0",
        commands=Commands(recount, reprint, bpf, queries),
    )
    connection.close()
    with duckdb.connect(path, read_only=True) as kept:
        names = {
            row[0] for row in kept.execute("SELECT table_name FROM duckdb_tables()").fetchall()
        }
    assert names == {table.name for table in (*TABLES, *DERIVED)}


def test_evaluating_twice_gives_the_same_document(case):
    case.upload("evil.blob.core.windows.net", 9000, role="storage-account", ownership="foreign")
    assert to_plain(case.judge()) == to_plain(case.judge())
