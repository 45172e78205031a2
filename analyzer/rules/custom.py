"""A user's own rules: read and checked before any input is, run on a copy of the case.

Their SQL is a stranger's: it never meets the case's own connection, and what it returns is checked
like anything else that comes from outside (returned.py).
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import duckdb

from analyzer.case.build import open_case
from analyzer.case.sandbox import Limits, SandboxError, describe, select
from analyzer.case.scripts import run_script
from analyzer.config import RULE_SECONDS
from analyzer.inputs.spec import printable, printable_name
from analyzer.issues import Issue, UsageError
from analyzer.rules import returned, tables
from analyzer.rules.check import check_columns, located
from analyzer.rules.load import Rule, load, rule_files
from analyzer.schema import DERIVED, TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from duckdb import DuckDBPyConnection

    from analyzer.config import Thresholds

BESIDE = ("evidence_flows", "thresholds", "resolvers", "allows", "declared", "quiet_zones")
"""What rules read beside the tables and views of the case."""

MAX_RULES = 100
MAX_FILE_BYTES = 1 << 20
MAX_ROWS = 10_000
MAX_BYTES = 32 << 20
"""Of JSON that one rule may return: about three million flow ids."""


def custom_files(directory: Path) -> list[Path]:
    """Rule files in a folder and in the folders in it, in a fixed order; hidden ones are left out.

    Raises:
        UsageError: There is none, there are too many, or one is no file of a rule's size.
    """
    found = sorted(
        path
        for pattern in ("*.sql", "*/*.sql")
        for path in directory.glob(pattern)
        if not any(part.startswith(".") for part in path.relative_to(directory).parts)
    )
    if not found:
        raise UsageError(f"{directory}: holds no rule; expected ID.sql in it or in a folder in it")
    if len(found) > MAX_RULES:
        raise UsageError(f"{directory}: holds {len(found):,} rules; at most {MAX_RULES} are taken")
    for path in found:
        if not path.is_file():
            raise UsageError(f"{path}:1: the rule is no file that can be read")
        if path.stat().st_size > MAX_FILE_BYTES:
            raise UsageError(f"{path}:1: the rule has more than {MAX_FILE_BYTES:,} bytes")
    return found


def stated(directory: Path, thresholds: Thresholds, seconds: float = RULE_SECONDS) -> list[Rule]:
    """All rules in their stated order, those of a folder bound to an empty case.

    Raises:
        UsageError: A rule of the folder is broken; the message names file and line.
    """
    rules = load([*rule_files(), *custom_files(directory)])
    with open_case(threads=1) as case:
        run_script(case.connection, "views")
        tables.prepare(case.connection, thresholds)
        with _copied(case.connection) as copy:
            for rule in rules:
                if not rule.built_in:
                    _bind(rule, copy, case.connection, seconds)
    return rules


def _bind(rule: Rule, copy: Path, connection: DuckDBPyConnection, seconds: float) -> None:
    try:
        kinds = describe(copy, rule.sql, Limits(timeout_seconds=seconds))
    except SandboxError as error:
        single = "a rule is exactly one SELECT"
        message = single if error.kind == "statement" else printable_name(str(error).encode())
        raise located(rule, message, error.line) from None
    check_columns(rule, kinds, connection)


def collect(connection: DuckDBPyConnection, rules: list[Rule], seconds: float) -> list[Issue]:
    """Runs the user's rules on a copy of the case and adds what they return to `hits`.

    Args:
        connection: The case with what `tables.prepare` makes.
        rules: All rules in their stated order.
        seconds: What each of the user's may take.

    Returns:
        One issue for each rule that failed or returned what no rule can; it has no hit then.
    """
    theirs = [(place, rule) for place, rule in enumerate(rules, 1) if not rule.built_in]
    if not theirs:
        return []
    limits = Limits(timeout_seconds=seconds, max_rows=MAX_ROWS, max_bytes=MAX_BYTES)
    issues = []
    with ExitStack() as stack:
        try:
            copy = stack.enter_context(_copied(connection))
        except (duckdb.Error, OSError) as error:
            reason = f"the copy of the case could not be made: {str(error).splitlines()[0]}"
            return [_failed(rule, reason) for _, rule in theirs]
        for place, rule in theirs:
            try:
                answer = select(copy, rule.sql, limits)
                returned.take(connection, place, rule, answer)
            except SandboxError as error:
                issues.append(_failed(rule, str(error), error.line))
            except returned.NonsenseError as error:
                issues.append(_failed(rule, str(error)))
    return issues


def _failed(rule: Rule, reason: str, line: int | None = None) -> Issue:
    place = str(rule.path) if line is None else f"{rule.path}:{line}"
    return Issue(
        code="custom-rule-failed",
        input_id=None,
        where=printable(place),
        detail=f"rule {rule.id} made no finding: {printable_name(reason.encode())}; "
        "what the other rules found stands",
        incomplete=True,
    )


@contextmanager
def _copied(connection: DuckDBPyConnection) -> Iterator[Path]:
    """All that a rule may read, views as tables, in a file of a private directory."""
    views = connection.execute(
        "SELECT view_name FROM duckdb_views() WHERE NOT internal AND NOT temporary ORDER BY ALL"
    ).fetchall()
    names = [table.name for table in (*TABLES, *DERIVED)] + [name for (name,) in views]
    with TemporaryDirectory(prefix="acrtrace-rules-", ignore_cleanup_errors=True) as folder:
        path = Path(folder) / "case.duckdb"
        quoted = str(path).replace("'", "''")
        connection.execute(f"ATTACH '{quoted}' AS rules_copy")
        try:
            for name in (*names, *BESIDE):
                connection.execute(f'CREATE TABLE rules_copy."{name}" AS FROM "{name}"')
        finally:
            connection.execute("DETACH rules_copy")
        yield path
