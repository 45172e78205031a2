from __future__ import annotations

from dataclasses import dataclass, fields, replace

import pytest

from analyzer.report import tables as module
from analyzer.report.tables import Table, table_names, tables
from analyzer.result import Evidence, Finding, Request, doc
from craft import results

REQUEST = Request(
    packet=18_300,
    time_ns=1_795_474_393_719_847_200,
    version="HTTP/1.1",
    decrypted=True,
    method="PUT",
    url="https://stagingdrop17.blob.core.windows.net/c/x?comp=block",
    headers=["Host: stagingdrop17.blob.core.windows.net", "Authorization: REDACTED"],
    body_bytes=4_194_304,
    status=201,
    answer_headers=[],
)


def inspected() -> dict[str, Table]:
    evidence = [results.make_evidence(), replace(results.make_evidence(), requests=[REQUEST] * 2)]
    finding = results.make_finding(evidence=evidence)
    return {t.name: t for t in tables(replace(results.realistic(), findings=[finding]))}


def test_lists_are_tables_and_the_rest_is_one_row() -> None:
    made = {table.name: table for table in tables(results.realistic())}
    expected = ["inputs", "inventories", "issues", "registries", "endpoints", "findings"]
    assert [name for name in made if name in expected] == expected
    assert list(made)[0] == "run"
    run = dict(zip((c.name for c in made["run"].columns), made["run"].rows[0], strict=True))
    assert run["schema"] == "acrtrace-result/2"
    assert run["tool_version"] == "0.1.0"
    assert run["coverage_flows"] == 412
    assert run["thresholds"].startswith('{"')
    assert len(made["findings"].rows) == 5
    assert len(made["evidence"].rows) == 24 + 1 + 1 + 1


def test_the_names_are_known_before_there_is_a_result() -> None:
    assert list(table_names()) == [table.name for table in tables(results.realistic())]


def test_every_row_has_a_value_for_every_column() -> None:
    for table in tables(results.realistic()):
        assert {len(row) for row in table.rows} <= {len(table.columns)}
        assert len({column.name for column in table.columns}) == len(table.columns)


def test_inner_tables_say_whose_a_row_is() -> None:
    made = inspected()
    assert [c.name for c in made["evidence"].columns][:2] == ["finding_id", "evidence_number"]
    assert [row[:2] for row in made["evidence"].rows] == [
        ["ex-7c1f0a92d4", 1],
        ["ex-7c1f0a92d4", 2],
    ]
    finding = results.make_finding().id
    heads = [c.name for c in made["requests"].columns]
    assert heads[:3] == ["finding_id", "evidence_number", "request_number"]
    assert [row[:3] for row in made["requests"].rows] == [
        [finding, 2, 1],
        [finding, 2, 2],
    ]
    assert made["requests"].rows[0][heads.index("method")] == "PUT"


def test_no_field_of_the_contract_is_left_out() -> None:
    made = inspected()
    for kind, name in ((Finding, "findings"), (Evidence, "evidence"), (Request, "requests")):
        own = {column.name for column in made[name].columns}
        assert {item.name for item in fields(kind)} - own <= {"evidence", "requests"}


def test_without_rows_the_columns_are_the_same() -> None:
    some = {t.name: t.columns for t in tables(results.realistic())}
    none = {t.name: t.columns for t in tables(results.make_result(findings=[], inputs=[]))}
    assert some == none


def test_the_columns_are_described_with_the_words_of_the_contract() -> None:
    described = {(row[0], row[1]): row[2:] for row in tables(results.realistic())[-1].rows}
    assert described["evidence", "start_ns"] == [
        "BIGINT",
        "First packet, or what the log says, nanoseconds UTC.",
    ]
    assert described["findings", "addresses"][0] == "VARCHAR[]"
    assert described["findings", "facts"][0] == "JSON"
    assert described["evidence", "finding_id"][1] == "`id` of the finding."


def test_a_type_that_no_table_has_had_is_refused() -> None:
    @dataclass
    class Odd:
        value: complex = doc("Nobody knows.")

    with pytest.raises(TypeError, match="no column type"):
        module._kind(Odd)
