"""Lint over all SQL of the product: nothing whose answer depends on the order of execution."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

FORBIDDEN = re.compile(r"\b(first|last|any_value|arbitrary|mode|random|uuid|now|sample)\s*\(", re.I)
ORDERED = re.compile(r"\b(list|array_agg|string_agg|group_concat|listagg)\s*\(", re.I)
NO_ORDER = re.compile(r"\b(limit|offset|tablesample|using\s+sample|current_timestamp)\b", re.I)


def uncommented(text: str) -> str:
    """SQL without comments, string literals emptied."""
    return re.sub(r"--[^\n]*", "", re.sub(r"'(?:[^']|'')*'", "''", text))


def call_of(text: str, start: int) -> str:
    """The call whose name starts at `start`, up to its closing parenthesis."""
    depth = 0
    for at in range(text.index("(", start), len(text)):
        depth += {"(": 1, ")": -1}.get(text[at], 0)
        if depth == 0:
            return text[start : at + 1]
    return text[start:]


def faults(text: str) -> list[str]:
    """What the lint objects to."""
    sql = uncommented(text)
    found = [m.group(0) for m in FORBIDDEN.finditer(sql)]
    found += [
        call
        for m in ORDERED.finditer(sql)
        if not re.search(r"\border\s+by\b", call := call_of(sql, m.start()), re.I)
    ]
    for statement in sql.split(";"):
        found += [
            m.group(0)
            for m in NO_ORDER.finditer(statement)
            if not re.search(r"\border\s+by\b", statement, re.I)
        ]
    return found


def test_all_sql_of_the_product_is_deterministic(repo_root: Path) -> None:
    scripts = sorted((repo_root / "analyzer").rglob("*.sql"))
    assert len(scripts) >= 9
    assert {str(s): f for s in scripts if (f := faults(s.read_text(encoding="utf-8")))} == {}


def test_every_script_of_this_room_says_what_it_derives(repo_root: Path) -> None:
    for script in (repo_root / "analyzer" / "case").glob("*.sql"):
        head = script.read_text(encoding="utf-8").splitlines()[0]
        assert re.match(r"-- \S", head), script.name


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT first(a) FROM t",
        "SELECT ANY_VALUE (a) FROM t",
        "SELECT list(a) FROM t ORDER BY b",
        "SELECT string_agg(a, ',') FROM t",
        "SELECT list(DISTINCT f(a)) FROM t",
        "SELECT a FROM t LIMIT 1",
    ],
)
def test_the_lint_sees(sql: str) -> None:
    assert faults(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT list(a ORDER BY a), string_agg(f(a), ',' ORDER BY a) FROM t",
        "-- first(a)\nSELECT 'first(a)', list_concat(a, b), t.last_packet FROM t",
        "SELECT a FROM t ORDER BY a LIMIT 1",
    ],
)
def test_the_lint_lets_pass(sql: str) -> None:
    assert not faults(sql)
