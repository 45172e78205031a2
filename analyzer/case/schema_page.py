"""docs/schema.md: the tables of analyzer/schema and the views of a case, for whoever queries.

``python -m analyzer.case.schema_page > docs/schema.md`` renews it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from analyzer.case.scripts import script_text
from analyzer.schema import DERIVED, TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analyzer.schema import Table

_HEAD = """\
# Tables of a case

`acrtrace analyze INPUT --case FILE.duckdb` keeps these tables in a DuckDB file. This page is
written by `python -m analyzer.case.schema_page` from the one definition that the tables are made
from.

Terms are Zeek's: originator (client) and responder (server). Times are integer nanoseconds since
1970 UTC, sizes are integer bytes. Unknown is NULL, never 0 or an empty text."""
_VIEW = re.compile(r"((?:^--.*\n)+)CREATE OR REPLACE VIEW (\w+) AS$", re.MULTILINE)


def schema_page() -> str:
    """The whole page, in Markdown."""
    lines = [_HEAD, "", "## Read from the inputs"]
    for table in TABLES:
        lines += _table(table)
    lines += ["", "## Derived by attribution"]
    for table in DERIVED:
        lines += _table(table)
    lines += ["", "## Views"]
    for name, meaning in views():
        lines += ["", f"### {name}", "", _shown(meaning)]
    return "\n".join(lines) + "\n"


def views() -> Iterator[tuple[str, str]]:
    """Name and meaning of each view of a case: the comment in front of its definition."""
    for comment, name in _VIEW.findall(script_text("views") + script_text("figures")):
        words = " ".join(line.removeprefix("--").strip() for line in comment.splitlines())
        meaning = words.partition(f"{name}: ")[2]
        yield name, meaning[:1].upper() + meaning[1:]


def _table(table: Table) -> Iterator[str]:
    yield from ("", f"### {table.name}", "", _shown(table.meaning), "")
    yield from ("| Column | Type | Meaning | NULL means |", "| --- | --- | --- | --- |")
    for column in table.columns:
        null = _shown(column.null) if column.null else "never NULL"
        yield f"| `{column.name}` | {column.type} | {_shown(column.meaning)} | {null} |"


def _shown(text: str) -> str:
    """Text in which Markdown sees neither markup nor the end of a cell."""
    return re.sub(r"([\\`*_<>\[\]|])", r"\\\1", text)


if __name__ == "__main__":
    print(schema_page(), end="")
