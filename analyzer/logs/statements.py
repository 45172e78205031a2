"""SQL that `observe.py` runs: a format's SELECT over the fields of a block, and the checks that all
formats need on what it states: a row needs a time and somebody who did something; numbers are whole
and in range; names and addresses have one spelling.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from analyzer.issues import UsageError
from analyzer.logs.keys import Keys, quoted
from analyzer.schema import OBSERVATIONS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from analyzer.logs.format import LogFormat

OBSERVED = "logs.observations"
"""The table of observations: of a database in memory that all connections of the case share."""

ROW = "line_no, line, outer_time"
"""Columns of every block beside its fields."""

DAMAGED = -1
"""In place of a format: the line is no JSON."""


@dataclass(frozen=True, slots=True)
class Objects:
    """How JSON objects are read, once for all formats.

    Attributes:
        select: SELECT that parses the lines of a block.
        places: SQL of each format's fields in it.
        typed: The formats whose objects DuckDB's reader of JSON files can give; none: no use.
    """

    select: str
    places: tuple[dict[str, str], ...]
    typed: tuple[int, ...]


@cache
def of_objects(formats: tuple[LogFormat, ...]) -> Objects:
    """How the JSON objects of these formats are read."""
    keys = Keys(path for each in formats for _, paths in each.fields for path in paths)
    places = tuple(
        {
            name: first_of([f"nullif({keys.place(path)}, '')" for path in paths])
            for name, paths in each.fields
        }
        for each in formats
    )
    told = [
        (at, condition)
        for at, each in enumerate(formats)
        if (condition := _condition(each, places[at]))
    ]
    select = (
        f"SELECT *, CASE WHEN f IS NULL THEN {DAMAGED} "  # noqa: S608
        f"ELSE {case_of(told)} END AS which "
        f"FROM (SELECT {ROW}, {keys.parse} FROM log_block WHERE line <> '')"
    )
    typed = tuple(at for at, _ in told if _is_whole(formats[at])) if keys.whole else ()
    return Objects(select, places, typed)


@cache
def of_file(formats: tuple[LogFormat, ...], kinds: frozenset[int]) -> str:
    """SELECT of the fields of the objects in a file, ``$1`` being the number of its first line and
    ``$2`` its path.

    `which` is NULL where a line is none of these kinds, or its format needs the line itself. Blank
    lines are not numbered.

    Args:
        formats: The formats of the log.
        kinds: Places of those whose objects are wanted.
    """
    asked = [
        {name: paths for name, paths in each.fields if at in kinds or name in _telling(each)}
        for at, each in enumerate(formats)
    ]
    keys = Keys(path for fields in asked for paths in fields.values() for path in paths)
    places = [
        {
            name: first_of([f"nullif({keys.column(path)}, '')" for path in paths])
            for name, paths in fields.items()
        }
        for fields in asked
    ]
    told: list[tuple[int | str, str]] = []
    for at, each in enumerate(formats):
        condition = _condition(each, places[at])
        if not condition:
            continue
        if at not in kinds or not _is_whole(each):
            told.append(("NULL", condition))
            continue
        if needs := " OR ".join(f"{places[at][name]} IS NOT NULL" for name in each.whole or ()):
            told.append(("NULL", f"({condition}) AND ({needs})"))
        told.append((at, condition))
    fields = [
        f'{held} AS "{at}:{name}"' for at in sorted(kinds) for name, held in places[at].items()
    ]
    return (
        f"SELECT row_number() OVER () + $1 - 1 AS line_no, NULL::VARCHAR AS line, "  # noqa: S608
        f"NULL::VARCHAR AS outer_time, {case_of(told)} AS which{listed(fields)} "
        f"FROM {keys.typed('$2')}"
    )


def _condition(each: LogFormat, places: Mapping[str, str]) -> str:
    """SQL that tells a format's objects; empty where it has none."""
    return " OR ".join(
        "("
        + " AND ".join(
            f"coalesce(regexp_matches({places[name]}, {quoted(pattern)}), false)"
            for name, pattern in record.match
        )
        + ")"
        for record in each.of_shape("json")
    )


def _telling(each: LogFormat) -> set[str]:
    """The fields that tell a format's objects, and whether it needs their line."""
    found = {name for record in each.of_shape("json") for name, _ in record.match}
    return found | set(each.whole or ())


def _is_whole(each: LogFormat) -> bool:
    """True when a format can read objects of which it has the fields alone."""
    return each.whole is not None and not each.given


def reading(each: LogFormat, which: int, places: dict[str, str] | None) -> str:
    """A format's SELECT over its records of the block; `places` says where its fields stand, if not
    in columns of their own."""
    held = places or {n: f'"{which}:{n}"' for n, _ in each.fields}
    fields = "".join(f', {held[n]} AS "{n}"' for n, _ in each.fields)
    return (
        f"WITH records AS NOT MATERIALIZED (SELECT {ROW}{fields} "  # noqa: S608
        f"FROM fielded WHERE which = {which}) "
        f"SELECT * FROM (\n{each.sql})"
    )


def checking(select: str, name: str, types: dict[str, str]) -> str:
    """The SELECT that checks what a format states; `types` are the columns that it returns.

    Raises:
        UsageError: It returns a column that observations do not have.
    """
    known_columns = {c.name for c in OBSERVATIONS.columns}
    unknown = sorted(types.keys() - known_columns)
    if unknown:
        raise UsageError(f"log format {name}: observations have no column {unknown[0]!r}")
    values = {n: _CHECKED.get(n, "{0}").format(n) for n in types}
    values |= {"input_id": "$1", "format": quoted(name), "problem": _problem(types)}
    chosen = ", ".join(
        f'CAST({values.get(c.name, "NULL")} AS {c.type}) AS "{c.name}"'
        for c in OBSERVATIONS.columns
    )
    return f"SELECT {chosen} FROM ({select})"  # noqa: S608


def _problem(types: dict[str, str]) -> str:
    """Why a row cannot be used, NULL when it can."""

    def lacks(name: str) -> str:
        return f"coalesce({name}, '') IN ('', '-')" if name in types else "true"

    stated = "WHEN problem IS NOT NULL THEN problem " if "problem" in types else ""
    nobody = " AND ".join(lacks(n) for n in ("server_ip", "name", "url"))
    return f"""CASE {stated}
        WHEN ts_ns IS NULL THEN 'no time that can be read'
        WHEN ts_ns < 0 OR ts_ns > 9223372036854775807 THEN 'a time out of range'
        WHEN kind = 'dns' THEN CASE WHEN {lacks("name")} THEN 'no name that was asked for' END
        WHEN {lacks("client_ip")} THEN 'no client'
        WHEN kind <> 'http' AND {nobody} THEN 'neither a name nor an address of the server'
    END"""


def field_at(at: int, name: str, expressions: list[str]) -> str:
    """A field of the format at this place, as a column of the block."""
    return f'{first_of(expressions)} AS "{at}:{name}"'


def first_of(expressions: list[str]) -> str:
    """The first of several values that is not NULL."""
    if not expressions:
        return "NULL::VARCHAR"
    return f"coalesce({', '.join(expressions)})" if len(expressions) > 1 else expressions[0]


def listed(fields: list[str]) -> str:
    """Columns behind others."""
    return "".join(f", {each}" for each in fields)


def case_of(told: Sequence[tuple[int | str, str]]) -> str:
    """The place of the first format whose condition holds, NULL for none."""
    if not told:
        return "NULL::INTEGER"
    return "CASE " + " ".join(f"WHEN {condition} THEN {at}" for at, condition in told) + " END"


_PORT = "CASE WHEN whole({0}) < 65536 THEN whole({0}) END"
_ADDRESS = "filled(trim({0}, '[] '))"
_TIME = "CASE WHEN {0} BETWEEN 0 AND 9223372036854775807 THEN {0} END"
_CHECKED = {
    "ts_ns": f"coalesce({_TIME}, 0)",
    "end_ns": _TIME,
    "client_ip": _ADDRESS,
    "server_ip": _ADDRESS,
    "client_port": _PORT,
    "server_port": _PORT,
    "txid": _PORT,
    "name": "filled(lower(rtrim(trim({0}), '.')))",
    "proto": "protocol_name({0})",
    "status": "CASE WHEN whole({0}) BETWEEN 100 AND 999 THEN whole({0}) END",
    "session": "CAST({0} AS VARCHAR)",
    **dict.fromkeys(("bytes_up", "bytes_down", "pkts_up", "pkts_down"), "whole({0})"),
    **dict.fromkeys(("missed_bytes", "request_bytes", "response_bytes"), "whole({0})"),
}
"""How what a format states becomes a column, for the columns that need more than a cast."""
