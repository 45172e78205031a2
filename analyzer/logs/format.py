"""Log formats: one SQL file each, with a TOML head that says how its records are told.

The head::

    -- title = "Squid access log, native"
    -- vendor = "https://..."                     page that documents it
    -- order = 80                                 place in `acrtrace formats`
    -- view = "client: bytes are what the proxy sent to it"
    -- claims = ["name", "bytes down", "action"]  what a finding may rest on
    -- cannot = ["bytes up"]                      what it cannot know
    -- family = "azure"                           formats that share a file; default: its own name
    -- others = "unreadable"                      lines that are not its records: unreadable |
    --                                            ignored (a log that has other lines, too)
    -- whole = ["one"]                            its SELECT reads `line` of JSON that has one of
    --                                            these fields (true: of all); of other JSON it may
    --                                            be NULL, and reading is faster
    -- [[records]]                                one way in which it comes
    -- shape = "text"                             text | json | table
    -- pattern = '''^\\d{10}\\.\\d{3} '''            text, XML: lines that are records (RE2)
    -- match = { category = "^AZFW" }             json: field (of [fields]) and pattern of its
    --                                            value; table: rows whose cell says otherwise are
    --                                            others'
    -- columns = ["SourceIp", "Fqdn"]             table: header cells that tell it, case ignored
    -- [fields]                                   json, table: where each field stands
    -- SourceIp = ["properties.SourceIp", "SourceIp"]
    -- base = "suricata"                          fields and SELECT are those of that format,
    -- under = "event"                            its JSON paths inside of this object

What follows is one SELECT over ``records(line_no, line, outer_time, <fields>)`` that returns any
columns of `analyzer.schema.OBSERVATIONS`, numbers as text or number; `outer_time` is what a
container runtime wrote in front of the line, NULL elsewhere. `observe.py` does what all formats
need: checks, number ranges, spelling of names and addresses.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analyzer.head import Head
from analyzer.issues import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

FORMATS_DIR = Path(__file__).with_name("formats")
SHAPES = ("text", "json", "table")
OTHERS = ("unreadable", "ignored")
_KEYS = {
    "title",
    "vendor",
    "order",
    "view",
    "claims",
    "cannot",
    "family",
    "others",
    "whole",
    "neighbours",
    "decides",
    "records",
    "fields",
    "base",
    "under",
}


@dataclass(frozen=True, slots=True)
class Record:
    """One way in which a format's records come.

    Attributes:
        shape: text, json or table.
        pattern: Of a text line.
        match: Field and pattern of its value; in a table, an empty cell holds.
        columns: Header cells that tell a table, in lower case.
    """

    shape: str
    pattern: str = ""
    match: tuple[tuple[str, str], ...] = ()
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LogFormat:
    """A log format.

    Attributes:
        name: Name of its file.
        records: How its records are told; one must hold.
        fields: Field and the JSON paths (column names) where it may stand, best first.
        claims: What a finding may rest on.
        cannot: What the format cannot know.
        view: Whose view its byte counters are.
        sql: The SELECT; the head stays in front as comments.
        whole: Its SELECT reads the line itself where records are JSON and have one of these fields;
            None: always.
        neighbours: Lines on each side that a line's meaning may rest on (`windows.py`).
        decides: The line that begins a session says which end is the client (`beginnings.py`).
        given: The user described it (`mapping.py`): what it takes, no other format gets.
    """

    name: str
    title: str
    vendor: str
    order: int
    view: str
    claims: tuple[str, ...]
    cannot: tuple[str, ...]
    family: str
    others: str
    records: tuple[Record, ...]
    fields: tuple[tuple[str, tuple[str, ...]], ...]
    sql: str = field(repr=False)
    whole: tuple[str, ...] | None = ()
    neighbours: int = 0
    decides: bool = False
    given: bool = False

    def of_shape(self, shape: str) -> list[Record]:
        """Its records of this shape."""
        return [record for record in self.records if record.shape == shape]


def load_formats() -> dict[str, LogFormat]:
    """All formats by name, in their stated order."""
    return dict(_loaded())


@cache
def _loaded() -> tuple[tuple[str, LogFormat], ...]:
    formats = [read_format(path) for path in sorted(FORMATS_DIR.glob("*.sql"))]
    formats.sort(key=lambda each: (each.order, each.name))
    return tuple((each.name, each) for each in formats)


def read_format(path: Path) -> LogFormat:
    """Reads one format file.

    Raises:
        UsageError: Its head is wrong; file and line are named.
    """
    text = path.read_text(encoding="utf-8")
    head = Head(path, text)
    values = head.values
    unknown = sorted(values.keys() - _KEYS)
    if unknown:
        raise head.error(unknown[0], f"unknown key {unknown[0]!r}")
    for key in ("title", "vendor", "view"):
        if not isinstance(values.get(key), str):
            raise head.error(key, f"expected {key} as text")
    if values.get("others", "unreadable") not in OTHERS:
        raise head.error("others", f"expected others as one of {', '.join(OTHERS)}")
    neighbours = values.get("neighbours", 0)
    if not isinstance(neighbours, int) or neighbours < 0:
        raise head.error("neighbours", "expected neighbours as a number of lines")
    fields = {
        name: tuple(paths if isinstance(paths, list) else [paths])
        for name, paths in values.get("fields", {}).items()
    }
    base = read_format(path.with_name(f"{values['base']}.sql")) if "base" in values else None
    if base is not None:
        inside = {n: tuple(f"{values['under']}.{p}" for p in paths) for n, paths in base.fields}
        fields = {**inside, **fields}
    records = tuple(_record(head, value, fields) for value in values.get("records", ()))
    if not records:
        raise head.error(1, "expected at least one [[records]]")
    return LogFormat(
        name=path.stem,
        title=values["title"],
        vendor=values["vendor"],
        order=int(values.get("order", 1000)),
        view=values["view"],
        claims=tuple(values.get("claims", ())),
        cannot=tuple(values.get("cannot", ())),
        family=str(values.get("family", path.stem)),
        others=str(values.get("others", "unreadable")),
        records=records,
        fields=tuple(fields.items()),
        sql=base.sql if base is not None else text.rstrip().removesuffix(";") + "\n",
        whole=base.whole if base is not None else _whole(head, values.get("whole", []), fields),
        neighbours=neighbours,
        decides=values.get("decides", False) is True,
    )


def _whole(head: Head, value: object, fields: dict[str, tuple[str, ...]]) -> tuple[str, ...] | None:
    if value is True:
        return None
    if not isinstance(value, list) or any(name not in fields for name in value):
        raise head.error("whole", "expected whole as true or a list of names among [fields]")
    return tuple(value)


def _record(head: Head, value: dict[str, Any], fields: dict[str, tuple[str, ...]]) -> Record:
    shape = value.get("shape")
    if shape not in SHAPES:
        raise head.error("shape", f"expected shape as one of {', '.join(SHAPES)}")
    match = dict(value.get("match", {}))
    missing = sorted(match.keys() - fields.keys())
    if missing:
        raise head.error("match", f"{missing[0]!r} is not among [fields]")
    for pattern in (*match.values(), value.get("pattern", "")):
        _check(head, pattern)
    told_by = {"text": "pattern", "json": "match", "table": "columns"}[shape]
    if not value.get(told_by):
        raise head.error("shape", f"records of shape {shape} need {told_by}")
    return Record(
        shape=shape,
        pattern=str(value.get("pattern", "")),
        match=tuple(match.items()),
        columns=tuple(str(name).casefold() for name in value.get("columns", ())),
    )


def _check(head: Head, pattern: str) -> None:
    try:
        re.compile(pattern)
    except re.error as error:
        raise head.error("pattern", f"{pattern!r} is no regular expression: {error}") from None


def parts_of(path: str) -> list[str]:
    """A field's path as keys: ``properties.SourceIp``, ``"id.orig_h"``."""
    return [a or b for a, b in re.findall(r'"([^"]+)"|([^."]+)', path)]


def json_path(path: str) -> str:
    """A field's path as DuckDB takes it."""
    return "$" + "".join(f'."{part}"' for part in parts_of(path))


def column_names(name: str, paths: tuple[str, ...]) -> list[str]:
    """What the field's column may be called in a table, in lower case, best first."""
    return [each.casefold() for each in dict.fromkeys([*(parts_of(p)[-1] for p in paths), name])]


def known(name: str, formats: Mapping[str, LogFormat] | None = None) -> LogFormat:
    """The format of this name.

    Args:
        name: As `acrtrace formats` lists it.
        formats: Those that there are; default: :func:`load_formats`.

    Raises:
        UsageError: There is none.
    """
    formats = load_formats() if formats is None else formats
    if name not in formats:
        raise UsageError(f"no log format {name!r}: expected one of {', '.join(formats)}")
    return formats[name]
