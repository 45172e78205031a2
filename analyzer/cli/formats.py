"""``acrtrace formats`` says which logs are read, what each can claim and what it cannot know."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from analyzer.logs.format import LogFormat, Record


@click.command()
@click.argument("name", required=False, metavar="[NAME]")
@click.option(
    "--log-map",
    "maps",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A format of your own (TOML, docs/log-maps.md); may be given again.",
)
@click.option("--markdown", is_flag=True, help="Print all of them as docs/formats.md.")
def formats(name: str | None, maps: tuple[Path, ...], markdown: bool) -> None:
    """List the log formats, or print the format NAME in full."""
    from analyzer.logs.format import known
    from analyzer.logs.mapping import formats_with

    stated = formats_with(maps)
    if name is not None:
        lines = _page(known(name, stated))
    elif markdown:
        lines = _document(stated.values())
    else:
        lines = _list(stated.values())
    for line in lines:
        click.echo(line)


def _list(stated: Iterable[LogFormat]) -> Iterator[str]:
    for each in stated:
        yield f"{each.name}: {each.title}"
        yield f"  can claim:   {_listed(each.claims)}"
        yield f"  cannot know: {_listed(each.cannot)}"


def _page(each: LogFormat) -> Iterator[str]:
    yield f"{each.name}: {each.title}"
    yield f"Vendor: {each.vendor}"
    yield f"Bytes: {each.view}"
    for heading, words in (("Can claim", each.claims), ("Cannot know", each.cannot)):
        yield from ("", heading, *(f"  - {word}" for word in words or ("nothing stated",)))
    yield from ("", "Recognised by (one is enough)")
    for record in each.records:
        yield f"  - {_told(each, record)}"
    yield f"  Other lines of its files are {_OTHERS[each.others]}."
    if each.family != each.name:
        yield f"  It shares files with the other formats of the family {each.family}."
    if each.fields:
        yield from ("", "Fields")
        for name, paths in each.fields:
            yield f"  {name}: {', '.join(paths)}"
    yield from ("", "SQL", *(line for line in each.sql.splitlines() if not line.startswith("--")))


def _document(stated: Iterable[LogFormat]) -> Iterator[str]:
    """The whole of docs/formats.md."""
    every = list(stated)
    yield from (
        "# Log formats",
        "",
        "This page is the output of `acrtrace formats --markdown`; each section is the head of a",
        "file in `analyzer/logs/formats/`. A log is told by its content, never by its name; what",
        "no format reads can be described in a few lines: [log-maps.md](log-maps.md).",
        "",
        "| Format | What it is |",
        "| --- | --- |",
    )
    for each in every:
        yield f"| [`{each.name}`](#{each.name}) | {_cell(each.title)} |"
    for each in every:
        yield from ("", f"## {each.name}", "", f"{each.title}. [Vendor's page]({each.vendor}).", "")
        yield f"- Can claim: {_listed(each.claims)}."
        yield f"- Cannot know: {_listed(each.cannot)}."
        yield f"- Bytes: {each.view}."
        for record in each.records:
            yield f"- Recognised by {_told(each, record, mark='`')}."
        yield f"- Other lines of its files are {_OTHERS[each.others]}."


def _told(each: LogFormat, record: Record, mark: str = "") -> str:
    """One way in which a format's records are told, in words."""
    if record.shape == "table":
        cells = ", ".join(f"{mark}{name}{mark}" for name in _spelled(each, record.columns))
        return f"a table whose header has {cells}"
    if record.shape == "json":
        paths = dict(each.fields)
        conditions = [
            f"{' or '.join(f'{mark}{path}{mark}' for path in paths[name])} is like "
            f"{_quoted(pattern, mark)}"
            for name, pattern in record.match
        ]
        return f"JSON in which {' and '.join(conditions)}"
    return f"lines like {_quoted(record.pattern, mark)}"


def _quoted(pattern: str, mark: str) -> str:
    """A pattern as code; one that holds a backtick needs two around it."""
    if not mark:
        return pattern
    return f"`` {pattern} ``" if "`" in pattern else f"`{pattern}`"


def _spelled(each: LogFormat, columns: Iterable[str]) -> list[str]:
    """Header cells as the head spells its fields; they are compared without regard to case."""
    from analyzer.logs.format import parts_of

    spelled: dict[str, str] = {}
    for name, paths in each.fields:
        for word in (name, *(parts_of(path)[-1] for path in paths)):
            spelled.setdefault(word.casefold(), word)
    return [spelled.get(column, column) for column in columns]


def _listed(words: Iterable[str]) -> str:
    return "; ".join(words) or "nothing stated"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


_OTHERS = {"unreadable": "counted as unreadable", "ignored": "left out: such logs have them"}
