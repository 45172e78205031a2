"""Binds a rule's SELECT to a case before it runs: one statement, the right columns, known names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import duckdb

from analyzer.head import Head
from analyzer.rules.load import template_fields

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from analyzer.issues import UsageError
    from analyzer.rules.load import Rule

COLUMNS = {
    "agent": "VARCHAR",
    "endpoint": "VARCHAR",
    "flow_ids": "BIGINT[]",
    "modifiers": "VARCHAR[]",
    "facts": "STRUCT",
}
"""What every rule returns, in this order; `facts` is a struct of the rule's own making."""

TEXT_FIELDS = frozenset({"agent", "target", "target_arg", "label", "own_arg", "service", "sent"})
"""What the engine fills into a rule's texts beside the facts."""


def check(rule: Rule, connection: DuckDBPyConnection) -> None:
    """Binds the SELECT on a prepared case (an empty one will do) and compares its columns.

    Raises:
        UsageError: not one SELECT, it does not bind, wrong columns, or a text names a field
            that neither the engine nor the facts have. The message names file and line.
    """
    try:
        statements = connection.extract_statements(rule.text)
        if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
            raise _error(rule, "a rule is exactly one SELECT")
        described = connection.execute("DESCRIBE " + rule.sql).fetchall()
    except duckdb.Error as error:
        found = re.search(r"LINE (\d+):", str(error))
        line = int(found[1]) if found else None
        raise _error(rule, str(error).splitlines()[0], line) from None
    names = [row[0] for row in described]
    if names != list(COLUMNS):
        raise _error(rule, f"the columns must be {', '.join(COLUMNS)}, not {', '.join(names)}")
    kinds = {row[0]: str(row[1]) for row in described}
    for name, kind in COLUMNS.items():
        if kinds[name] != kind and not (kind == "STRUCT" and kinds[name].startswith("STRUCT(")):
            raise _error(rule, f"column {name} must be {kind}, not {kinds[name]}")
    facts = connection.type(kinds["facts"])
    _check_texts(rule, TEXT_FIELDS | {name for name, _ in facts.children})


def _check_texts(rule: Rule, known: frozenset[str]) -> None:
    texts = [("explanation", rule.explanation), *(("clears", c.text) for c in rule.clears)]
    head = Head(rule.path, rule.text)
    for key, template in texts:
        missing = sorted(template_fields(head, key, template) - known)
        if missing:
            raise head.error(key, f"{key} names {missing[0]}, which is in no fact")


def _error(rule: Rule, message: str, line: int | None = None) -> UsageError:
    head = Head(rule.path, rule.text)
    return head.error(len(head.lines) + 1 if line is None else line, message)
