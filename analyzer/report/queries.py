"""The SELECT behind each figure, as a command for the case file of the run."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from analyzer.shell_words import shell_line

if TYPE_CHECKING:
    from analyzer.result import Result

_NO_CASE = "CASE.duckdb"


def keeps_case(result: Result) -> bool:
    """The run was told to keep its tables."""
    return case_file(result) != _NO_CASE


def case_file(result: Result) -> str:
    """File that the run kept its tables in, or a word that stands for one."""
    words = result.command_line
    for option, value in pairwise(words):
        if option == "--case":
            return value
    joined = [word.partition("=")[2] for word in words if word.startswith("--case=")]
    return joined[0] if joined else _NO_CASE


def query(result: Result, figure: str, finding_id: str = "") -> str | None:
    """The command that gives a figure again, None where the document has no query for it."""
    sql = result.queries.get(figure)
    if sql is None:
        return None
    words = ["acrtrace", "query", case_file(result), sql.replace("FINDING_ID", finding_id)]
    return shell_line(words)
