"""A judged case becomes the result document; nothing after this reads the case again."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from analyzer.missing import told
from analyzer.result import SCHEMA, InputInfo, InventoryInfo, IssueInfo, Result, Tool
from analyzer.rules import contacts, coverage, engine
from analyzer.rules.expected import Expected, state
from analyzer.rules.shown import QUERIES, timeline
from analyzer.rules.verdict import verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from duckdb import DuckDBPyConnection

    from analyzer.config import Settings
    from analyzer.rules.load import Rule
    from analyzer.rules.proof import Commands


@contextmanager
def _uncollected() -> Iterator[None]:
    """Python's cycle collector rests: rows and findings are many, and none is in a cycle.

    Looking for cycles among them took a quarter of the time that judging takes.
    """
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


@_uncollected()
def evaluate(
    case: DuckDBPyConnection,
    *,
    settings: Settings,
    inventory_infos: Sequence[InventoryInfo],
    catalogue_version: str,
    tool_version: str,
    commands: Commands,
    expected: Expected | None = None,
    rules: list[Rule] | None = None,
    asked: Sequence[str] = (),
) -> Result:
    """Runs the rules over a case and assembles the document.

    Args:
        case: Connection on which `case/` has built schema.TABLES and schema.DERIVED. Temporary
            tables are added to it; a case file keeps none of them.
        commands: `evidence.filters.recount` and `evidence.lines.reprint`.
        expected: Resolvers and firewall names that were declared; None for none.
        rules: Rules in their stated order; the built-in ones when None.
        asked: What the user switched off or left out, in sentences: the coverage begins with it.

    Raises:
        UsageError: a rule is broken.
    """
    inputs = _inputs(case)
    state(case, expected or Expected(), inventory_infos)
    found = engine.find(
        case,
        thresholds=settings.thresholds,
        tenant=settings.tenant,
        inventory=declares_registry(inventory_infos),
        inputs=inputs,
        commands=commands,
        rules=rules,
        rule_seconds=settings.rule_seconds,
    )
    seen = coverage.measure(case, inputs)
    clipped = (settings.from_ns, settings.to_ns) != (None, None)
    issues = _issues(case, inputs)
    word, line = verdict(found.findings, seen, clipped=clipped, lost=told(inputs, issues))
    return Result(
        schema=SCHEMA,
        tool=Tool("acrtrace", tool_version),
        catalogue_version=catalogue_version,
        command_line=list(settings.command_line),
        thresholds=asdict(settings.thresholds),
        inputs=inputs,
        inventories=list(inventory_infos),
        verdict=word,
        verdict_line=line,
        coverage=replace(seen.coverage, notes=[*asked, *seen.coverage.notes]),
        timeline=timeline(case),
        issues=issues,
        registries=contacts.registries(case),
        endpoints=contacts.endpoints(case, found.ids),
        findings=found.findings,
        queries=dict(QUERIES),
    )


def declares_registry(inventories: Sequence[InventoryInfo]) -> bool:
    """Some entry may name a registry as ours: neither what is merely approved nor storage accounts
    say whose a push is.
    """
    return any(
        not entry.startswith("storage:")
        for inventory in inventories
        if inventory.path != "--approve"
        for entry in inventory.entries
    )


def _inputs(case: DuckDBPyConnection) -> list[InputInfo]:
    rows = case.execute(
        "SELECT path, sha256, format, bytes, records, first_ns, last_ns, snapped, complete, "
        "archive, extract, unit "
        "FROM inputs ORDER BY input_id"
    ).fetchall()
    return [InputInfo(*row) for row in rows]


def _issues(case: DuckDBPyConnection, inputs: Sequence[InputInfo]) -> list[IssueInfo]:
    rows = case.execute(
        'SELECT code, input_id, "where", detail, "count", incomplete FROM issues '
        'ORDER BY input_id NULLS FIRST, code, "where", detail, "count", incomplete'
    ).fetchall()
    return [
        IssueInfo(code, None if place is None else inputs[place].path, where, detail, count, cut)
        for code, place, where, detail, count, cut in rows
    ]
