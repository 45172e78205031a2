"""Binds a rule's SELECT to a case before it runs: one statement, the right columns, known names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import duckdb

from analyzer.head import Head
from analyzer.rules.load import template_fields

if TYPE_CHECKING:
    from collections.abc import Sequence

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


FACT_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")


def check(rule: Rule, connection: DuckDBPyConnection) -> None:
    """Binds the SELECT on a prepared case (an empty one will do) and compares its columns.

    Raises:
        UsageError: not one SELECT, it does not bind, wrong columns, or a text names a field
            that neither the engine nor the facts have. The message names file and line.
    """
    try:
        statements = connection.extract_statements(rule.text)
        if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
            raise located(rule, "a rule is exactly one SELECT")
        described = connection.execute("DESCRIBE " + rule.sql).fetchall()
    except duckdb.Error as error:
        found = re.search(r"LINE (\d+):", str(error))
        line = int(found[1]) if found else None
        raise located(rule, str(error).splitlines()[0], line) from None
    check_columns(rule, [(row[0], str(row[1])) for row in described], connection)


def check_columns(
    rule: Rule, columns: Sequence[tuple[str, str]], connection: DuckDBPyConnection
) -> None:
    """Compares the columns that a SELECT returns, and its facts with the fields of the texts.

    Args:
        rule: Whose SELECT it is.
        columns: Name and DuckDB type of each, in their order.
        connection: Any; it reads the type of the facts.

    Raises:
        UsageError: As `check`.
    """
    names = [name for name, _ in columns]
    if names != list(COLUMNS):
        raise located(rule, f"the columns must be {', '.join(COLUMNS)}, not {', '.join(names)}")
    kinds = dict(columns)
    for name, kind in COLUMNS.items():
        if kinds[name] != kind and not (kind == "STRUCT" and kinds[name].startswith("STRUCT(")):
            raise located(rule, f"column {name} must be {kind}, not {kinds[name]}")
    facts = {name for name, _ in connection.type(kinds["facts"]).children}
    odd = sorted(name for name in facts if not FACT_NAME.fullmatch(name))
    if odd:
        raise located(rule, f"a fact's name must be letters, digits and _, not {odd[0]!r}")
    _check_texts(rule, TEXT_FIELDS | facts)


def _check_texts(rule: Rule, known: frozenset[str]) -> None:
    texts = [("explanation", rule.explanation), *(("clears", c.text) for c in rule.clears)]
    head = Head(rule.path, rule.text)
    for key, template in texts:
        missing = sorted(template_fields(head, key, template) - known)
        if missing:
            raise head.error(key, f"{key} names {missing[0]}, which is in no fact")


def located(rule: Rule, message: str, line: int | None = None) -> UsageError:
    """A UsageError at a line of the rule's file, at the SELECT when none is known."""
    head = Head(rule.path, rule.text)
    return head.error(len(head.lines) + 1 if line is None else line, message)
