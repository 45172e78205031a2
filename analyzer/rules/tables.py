"""Runs the SQL files of this room and fetches rows as dicts; nothing else touches the case."""

from __future__ import annotations

from dataclasses import asdict
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from analyzer.case.scripts import load_text, run_script
from analyzer.issues import UsageError
from analyzer.memory import run, with_room
from analyzer.rules.expected import TABLES

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from analyzer.config import Thresholds
    from analyzer.issues import Issue
    from analyzer.rules.load import Rule

QUERIES = Path(__file__).parent / "queries"


@cache
def _text(name: str) -> str:
    return (QUERIES / f"{name}.sql").read_text(encoding="utf-8")


def rows(connection: DuckDBPyConnection, name: str) -> list[dict[str, Any]]:
    """Runs ``queries/NAME.sql``; the rows of its last statement, in its stated order."""
    *steps, last = (each.query for each in connection.extract_statements(_text(name)))
    for step in steps:
        with_room(connection, partial(connection.execute, step))
    return with_room(connection, partial(_asked, connection, last))


def _asked(connection: DuckDBPyConnection, query: str) -> list[dict[str, Any]]:
    cursor = connection.execute(query)
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def prepare(
    connection: DuckDBPyConnection, thresholds: Thresholds, tenant: str | None = None
) -> None:
    """Creates the views behind the report's figures, and what rules read beside the case:
    `thresholds` (one row), `evidence_flows`, and what the operator expects
    (`analyzer.rules.expected`), empty where nothing was stated.

    Args:
        connection: The case.
        thresholds: The limits.
        tenant: Id of our tenant.
    """
    connection.execute("SET VARIABLE tenant = $1::VARCHAR", [tenant])
    limits = asdict(thresholds)
    columns = ", ".join(f"? AS {name}" for name in limits)
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE thresholds AS SELECT {columns}",
        list(limits.values()),
    )
    connection.execute(TABLES)
    run_script(connection, "figures")
    connection.execute("DELETE FROM finding_flows")
    run(connection, _text("prepare"))


def record(connection: DuckDBPyConnection, issues: list[Issue]) -> None:
    """Adds problems that judging the case brought up to its `issues`."""
    for each in issues:
        connection.execute(
            'INSERT INTO issues (code, input_id, "where", detail, "count", incomplete) '
            "VALUES (?, ?, ?, ?, ?, ?)",
            [each.code, each.input_id, each.where, each.detail, each.count, each.incomplete],
        )


def state_findings(connection: DuckDBPyConnection, ids: dict[int, str]) -> None:
    """Fills the case's `finding_flows` from `accused`.

    Args:
        ids: Id of each finding by its number in `accusations`.
    """
    load_text(
        connection, "finding_ids", number=[str(number) for number in ids], id=list(ids.values())
    )
    connection.execute(
        "INSERT INTO finding_flows BY NAME SELECT DISTINCT n.id AS finding_id, a.rule, "
        "CASE WHEN a.flow_id >= 0 THEN a.flow_id END AS flow_id, "
        "CASE WHEN a.flow_id < 0 THEN -1 - a.flow_id END AS dns_id "
        "FROM accused AS a JOIN finding_ids AS n ON n.number::BIGINT = a.finding "
        "WHERE a.place > 0 ORDER BY ALL"
    )


def _enough(connection: DuckDBPyConnection, rule: Rule) -> bool:
    return all(
        connection.execute(
            f'SELECT count(*) >= (SELECT "{threshold}" FROM thresholds) FROM "{table}"'  # noqa: S608
        ).fetchall()
        == [(True,)]
        for table, threshold in rule.needs
    )


def collect(connection: DuckDBPyConnection, rules: list[Rule]) -> None:
    """Runs our own rules into `hits`; `place` is the rule's place in the stated order.

    Raises:
        UsageError: a rule fails on this case (it bound, but a value did not fit).
    """
    for place, rule in enumerate(rules, 1):
        if not rule.built_in or not _enough(connection, rule):
            continue
        try:
            insert = partial(
                connection.execute,
                "INSERT INTO hits SELECT "  # noqa: S608 - the rule is the statement
                "row_number() OVER (ORDER BY agent, endpoint NULLS LAST, flow_ids) "
                "+ (SELECT count(*) FROM hits), "
                "?, ?, ?, agent, endpoint, flow_ids, modifiers, to_json(facts) "
                f"FROM (\n{rule.sql})",
                [rule.id, place, rule.stream],
            )
            with_room(connection, insert)
        except duckdb.Error as error:
            raise UsageError(f"{rule.path}: {str(error).splitlines()[0]}") from None
