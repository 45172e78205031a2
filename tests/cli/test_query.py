"""``acrtrace query``: a table, CSV or JSON, harmless for terminals and spreadsheets."""

from __future__ import annotations

import csv
import json

import duckdb
import pytest
from click.testing import CliRunner

from analyzer.cli.query import query
from analyzer.issues import UsageError


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    path = tmp_path_factory.mktemp("case") / "case.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE t (name VARCHAR, n BIGINT)")
        connection.executemany(
            "INSERT INTO t VALUES (?, ?)",
            [["\x1b[31mred\u202e", -5], ["=cmd()", None], [' "+1"', 7], ["+1", 8]],
        )
    return path


def said(path, *args):
    answer = CliRunner().invoke(query, [str(path), *args], standalone_mode=False)
    assert answer.exception is None, answer.exception
    return answer


def test_a_table_shows_null_and_obeys_no_escape(kept):
    lines = said(kept, "SELECT * FROM t ORDER BY ALL").output.splitlines()
    assert lines[0].split() == ["name", "n"]
    assert any("<U+001B>[31mred<U+202E>" in line and line.endswith("-5") for line in lines)
    assert any(line.endswith("NULL") for line in lines)
    assert "\x1b" not in "".join(lines)


def test_csv_holds_no_formula_and_numbers_stay_numbers(kept):
    rows = list(csv.reader(said(kept, "FROM t", "--format", "csv").output.splitlines()))
    assert rows[0] == ["name", "n"]
    assert rows[1] == ["<U+001B>[31mred<U+202E>", "-5"]
    assert rows[2] == ["'=cmd()", ""]
    assert rows[4] == ["'+1", "8"]


def test_json_is_ascii_and_exact(kept):
    output = said(kept, "FROM t", "--format", "json").output
    assert output.isascii()
    assert "\x1b" not in output
    assert json.loads(output)[0] == {"name": "\x1b[31mred\u202e", "n": -5}


def test_no_rows_are_a_table_too(kept):
    assert said(kept, "SELECT n FROM t WHERE false").output == "n\n-\n"


def test_what_is_refused_is_a_usage_error(kept):
    answer = CliRunner().invoke(query, [str(kept), "DROP TABLE t"])
    assert isinstance(answer.exception, UsageError)
    assert str(answer.exception) == "expected exactly one SELECT"


def test_a_cut_answer_is_incomplete(kept):
    answer = said(kept, "FROM range(100001)", "--format", "csv")
    assert answer.return_value == 3
    assert "only the first 100,000 rows are shown" in answer.output


def test_a_table_that_is_not_there_is_answered_with_those_that_are(kept):
    answer = CliRunner().invoke(query, [str(kept), "SELECT * FROM tt"], standalone_mode=False)
    assert "Table with name tt does not exist" in str(answer.exception)
    assert str(answer.exception).rstrip().endswith("(did you mean t?); it has t")
