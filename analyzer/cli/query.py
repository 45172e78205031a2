"""``acrtrace query FILE SQL``: one SELECT on a case file, which cannot harm anything."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from analyzer.report.cells import inert
from analyzer.report.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analyzer.case.sandbox import Answer

_CELL = 200
"""Characters of a cell in a table; csv and json hold them all."""


@click.command(epilog="Tables and columns are described in docs/schema.md.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("sql")
@click.option(
    "fmt",
    "--format",
    type=click.Choice(["table", "csv", "json"]),
    default="table",
    show_default=True,
)
@click.option(
    "timeout",
    "--timeout",
    type=click.FloatRange(0.01, 86_400),
    default=30.0,
    show_default=True,
    metavar="SECONDS",
    help="Stop the query after this time.",
)
def query(file: Path, sql: str, fmt: str, timeout: float) -> int:
    """Run one SELECT on the case FILE that analyze --case wrote.

    The file is opened read-only in a process of its own, without access to other files, the
    network or extensions, and with bounded memory and time.
    """
    from analyzer.case.sandbox import Limits, select
    from analyzer.cli.outcome import INCOMPLETE, RAN
    from analyzer.cli.speech import say

    answer = select(file, sql, Limits(timeout_seconds=timeout))
    if fmt == "json":
        rows = [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]
        click.echo(json.dumps(rows, indent=1))
    elif fmt == "csv":
        click.echo(_csv(answer), nl=False)
    else:
        for line in _table(answer):
            click.echo(line)
    if answer.cut:
        say(f"only the first {len(answer.rows):,} rows are shown; there are more")
    return INCOMPLETE if answer.cut else RAN


def _csv(answer: Answer) -> str:
    """A cell that a spreadsheet would take for a formula gets an apostrophe in front."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(_inert(name) for name in answer.columns)
    for row in answer.rows:
        writer.writerow(_inert(value) for value in row)
    return stream.getvalue()


def _inert(value: Any) -> str:
    return inert(value) if isinstance(value, str) else _text(value)


def _table(answer: Answer) -> Iterator[str]:
    cells = [[visible(_text(value, "NULL"), _CELL) for value in row] for row in answer.rows]
    heads = [visible(name, _CELL) for name in answer.columns]
    widths = [max(map(len, column)) for column in zip(heads, *cells, strict=True)]
    for row in (heads, ["-" * width for width in widths], *cells):
        yield "  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip()


def _text(value: Any, null: str = "") -> str:
    if value is None:
        return null
    return visible(value if isinstance(value, str) else json.dumps(value), 1 << 26)
