"""Commands that give a figure again."""

from __future__ import annotations

import shlex

import pytest

from analyzer.report.queries import case_file, keeps_case, query
from craft import results


@pytest.mark.parametrize(
    ("words", "file"),
    [
        (["acrtrace", "analyze", "x"], "CASE.duckdb"),
        (["acrtrace", "analyze", "x", "--case", "my case.duckdb"], "my case.duckdb"),
        (["acrtrace", "analyze", "--case=c.duckdb", "x"], "c.duckdb"),
    ],
)
def test_the_case_file_of_the_run(words, file):
    result = results.make_result(command_line=words)
    assert case_file(result) == file
    assert keeps_case(result) == ("--case" in " ".join(words))
    command = query(result, "coverage")
    assert shlex.split(command) == ["acrtrace", "query", file, "SELECT * FROM coverage"]


def test_a_finding_is_named_and_an_unknown_figure_has_none():
    result = results.make_result(queries={"finding": "SELECT 1 WHERE id = 'FINDING_ID'"})
    assert shlex.split(query(result, "finding", "f-1"))[-1] == "SELECT 1 WHERE id = 'f-1'"
    assert query(result, "coverage") is None
