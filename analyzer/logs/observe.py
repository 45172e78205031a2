"""Lines of one input through the SQL of its formats into `observations`.

Each block of lines becomes a table of its fields once (one JSON parse a line, whatever the number
of formats), each record goes to the first format that takes it, and what formats state is checked
in one place: a row needs a time and somebody who did something; numbers are whole and in range;
names and addresses have one spelling. What fails is counted as unreadable and its first line is
kept.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from analyzer.issues import UsageError
from analyzer.logs.cells import ZEEK_MARK, columns_of, delimited, fixed, zeek
from analyzer.logs.documents import Lost, records, respelled
from analyzer.logs.events import events
from analyzer.logs.format import column_names, known
from analyzer.logs.keys import Keys
from analyzer.logs.text import Damage, lines, pieces
from analyzer.logs.wrapped import unwrapped
from analyzer.schema import OBSERVATIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import duckdb

    from analyzer.inputs.sniff import LogText
    from analyzer.logs.format import LogFormat

BLOCK_LINES = 1 << 16

DAMAGED = -1
"""In place of a format: the line is no JSON."""


@dataclass(slots=True)
class Tally:
    """What became of the lines of one input.

    Attributes:
        records: Lines (objects, rows) that a format took.
        ignored: Lines of other kinds in a log that has such.
        others: Lines that no format took.
        first_other: The first of them.
        unusable: Records that say too little, by reason: (how many, first line).
        damage: What decoding lost.
        lost: Records that could not be taken apart.
    """

    records: int = 0
    ignored: int = 0
    others: int = 0
    first_other: int = 0
    unusable: dict[str, tuple[int, int]] = field(default_factory=dict)
    damage: Damage = field(default_factory=Damage)
    lost: Lost = field(default_factory=Lost)


def prepare(
    connection: duckdb.DuckDBPyConnection, zone: str = "UTC", year: int | None = None
) -> None:
    """Makes the tables and macros that formats need; they are temporary.

    Args:
        connection: The case.
        zone: Of times that state none (IANA name).
        year: Of times that state none; None makes such records unusable.
    """
    connection.execute("SET VARIABLE log_zone = $1", [zone])
    connection.execute("SET VARIABLE log_year = $1::INTEGER", [year])
    connection.execute(Path(__file__).with_name("macros.sql").read_text(encoding="utf-8"))
    ddl = OBSERVATIONS.ddl().replace(" NOT NULL", "")
    connection.execute(ddl.replace("CREATE TABLE", "CREATE TEMP TABLE IF NOT EXISTS"))


def observe(
    connection: duckdb.DuckDBPyConnection,
    read: Callable[[memoryview], int],
    found: LogText,
    input_id: int,
    formats: Mapping[str, LogFormat] | None = None,
) -> Tally:
    """Reads one input to its end.

    Args:
        connection: Prepared by :func:`prepare`.
        read: Gives decompressed bytes, 0 at the end.
        found: How the log is read.
        input_id: Number of the input.
        formats: Those that there are; default: the built-in ones.
    """
    return _Observer(connection, found, input_id, formats).run(read)


class _Observer:
    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        found: LogText,
        input_id: int,
        formats: Mapping[str, LogFormat] | None,
    ) -> None:
        self._connection = connection
        self._found = found
        self._input_id = input_id
        self._formats = tuple(known(name, formats) for name in found.formats)
        self._tally = Tally()
        self._ignores = any(each.others == "ignored" for each in self._formats)
        self._statements: dict[int, str] = {}
        self._places: tuple[dict[str, str], ...] = ()

    def run(self, read: Callable[[memoryview], int]) -> Tally:
        self._read(read)
        problems = self._connection.execute(
            "SELECT problem, count(*), min(line) FROM observations "
            "WHERE problem IS NOT NULL AND input_id = ? GROUP BY problem ORDER BY problem",
            [self._input_id],
        ).fetchall()
        self._tally.unusable = {problem: (count, line) for problem, count, line in problems}
        if problems:
            self._connection.execute("DELETE FROM observations WHERE problem IS NOT NULL")
        return self._tally

    def _read(self, read: Callable[[memoryview], int]) -> None:
        texts = pieces(read, self._found.encoding)
        tally = self._tally
        layout = self._found.layout
        if layout == "documents":
            for numbers, found in records(texts, tally.lost):
                self._objects(numbers, found)
            return
        if layout == "xml":
            for numbers, found in events(texts, tally.lost):
                self._texts(numbers, found)
            return
        blocks = lines(texts, tally.damage)
        if layout in ("wrapped", "wrapped-json"):
            for numbers, times, found in unwrapped(blocks, tally.lost):
                for start in range(0, len(found), BLOCK_LINES):
                    cut = slice(start, start + BLOCK_LINES)
                    each = self._texts if layout == "wrapped" else self._objects
                    each(numbers[cut], found[cut], times[cut])
        elif layout == "zeek":
            for directives, numbers, found in zeek(blocks):
                self._zeek(directives, numbers, found)
        elif layout == "fixed":
            for header, numbers, rows in fixed(blocks, tally.lost):
                self._cells(header, numbers, rows)
        elif layout == "table":
            header = list(self._found.header)
            for numbers, rows in delimited(blocks, self._found.delimiter, header, tally.lost):
                self._cells(header, numbers, rows)
        else:
            for first, found in blocks:
                for start in range(0, len(found), BLOCK_LINES):
                    part = found[start : start + BLOCK_LINES]
                    places = list(range(first + start, first + start + len(part)))
                    (self._objects if layout == "json" else self._texts)(places, part)

    # --- the fields of a block, by its layout ---------------------------------------------------

    def _texts(
        self, numbers: Sequence[int], found: list[str], times: list[str] | None = None
    ) -> None:
        which = _case(
            [
                (at, " OR ".join(f"regexp_matches(line, {_quoted(r.pattern)})" for r in told))
                for at, each in enumerate(self._formats)
                if (told := each.of_shape("text"))
            ]
        )
        # A format that comes in several shapes reads its lines itself; their fields are empty.
        fields = [
            _field(at, name, [])
            for at, each in enumerate(self._formats)
            if each.of_shape("text")
            for name, _ in each.fields
        ]
        select = (
            f"SELECT line_no, line, {which} AS which{_listed(fields)} FROM log_block "  # noqa: S608
            "WHERE trim(line) <> ''"
        )
        self._block(numbers, {"line": found}, select, times)

    def _objects(
        self, numbers: Sequence[int], found: list[str], times: list[str] | None = None
    ) -> None:
        select, self._places = _object_select(self._formats)
        damaged = self._block(numbers, {"line": found}, select, times)
        if not damaged:
            return
        # A trailing comma, a raw control character, half a surrogate pair: looked at one by one.
        outer = dict(zip(numbers, times, strict=True)) if times is not None else None
        again: tuple[list[int], list[str]] = ([], [])
        for number, line in damaged:
            lost = Lost()
            for _, texts in records(iter([line]), lost):
                again[0].extend([number] * len(texts))
                again[1].extend(respelled(text) for text in texts)
            if lost.count:
                self._tally.lost.add(number, lost.reason)
        if again[0]:
            then = [outer[number] for number in again[0]] if outer is not None else None
            for number, _ in self._block(again[0], {"line": again[1]}, select, then):
                self._tally.lost.add(number, "expected JSON")

    def _cells(self, header: list[str], numbers: list[int], rows: list[list[str]]) -> None:
        """Rows of cells; those with too few or too many cells are counted."""
        width = len(header)
        if any(len(row) != width for row in rows):
            kept = []
            for number, row in zip(numbers, rows, strict=True):
                if len(row) == width:
                    kept.append((number, row))
                else:
                    reason = f"expected {width} cells, found {len(row)}"
                    self._tally.lost.add(number, reason)
            numbers, rows = [n for n, _ in kept], [r for _, r in kept]
        if not rows:
            return
        positions = columns_of(header)
        columns: dict[str, list[str]] = {"line": [""] * len(rows)}
        fields = []
        told = []
        for at, each in enumerate(self._formats):
            held = {}
            for name, paths in each.fields:
                places = [positions[c] for c in column_names(name, paths) if c in positions]
                for place in places:
                    if f"cell_{place}" not in columns:
                        columns[f"cell_{place}"] = [row[place] for row in rows]
                held[name] = _first([f"nullif(cell_{place}, '')" for place in places])
                fields.append(f'{held[name]} AS "{at}:{name}"')
            # A cell may say that its row is another table's (the union of several).
            conditions = [
                " AND ".join(
                    f"coalesce(regexp_matches({held[n]}, {_quoted(pattern)}), true)"
                    for n, pattern in r.match
                )
                for r in each.of_shape("table")
                if all(c in positions for c in r.columns)
            ]
            if conditions:
                told.append((at, " OR ".join(f"({c or 'true'})" for c in conditions)))
        select = f"SELECT line_no, line, {_case(told)} AS which{_listed(fields)} FROM log_block"  # noqa: S608
        self._block(numbers, columns, select)

    def _zeek(self, directives: dict[str, str], numbers: list[int], found: list[str]) -> None:
        separator = directives.get("separator", "\t")
        header = directives.get("fields", "").split(separator)
        positions = columns_of(header)
        known_columns = {*positions, ZEEK_MARK}
        unset = directives.get("unset_field", "-")
        empty = directives.get("empty_field", "(empty)")
        fields = []
        told = []
        for at, each in enumerate(self._formats):
            if any(all(c in known_columns for c in r.columns) for r in each.of_shape("table")):
                told.append((at, f"len(f) = {len(header)}"))
            for name, paths in each.fields:
                if name == "_path":
                    fields.append(_field(at, name, [_quoted(directives.get("path", ""))]))
                    continue
                places = [positions[c] for c in column_names(name, paths) if c in positions]
                fields.append(
                    _field(
                        at,
                        name,
                        [
                            f"nullif(nullif(f[{p + 1}], {_quoted(unset)}), {_quoted(empty)})"
                            for p in places
                        ],
                    )
                )
        select = (
            f"SELECT line_no, line, {_case(told)} AS which{_listed(fields)} FROM (SELECT *, "  # noqa: S608
            f"string_split(line, {_quoted(separator)}) AS f FROM log_block)"
        )
        self._block(numbers, {"line": found}, select)

    # --- one block ------------------------------------------------------------------------------

    def _block(
        self,
        numbers: Sequence[int],
        columns: dict[str, list[str]],
        select: str,
        times: list[str] | None = None,
    ) -> list[tuple[int, str]]:
        """Runs a block through its formats; the lines that are no JSON come back."""
        held: dict[str, Any] = {"line_no": np.asarray(numbers, dtype=np.int64)}
        outer = "NULL::VARCHAR AS outer_time"
        if times is not None:
            columns = {**columns, "outer_time": times}
            outer = "outer_time"
        select = select.replace("SELECT line_no, line, ", f"SELECT line_no, line, {outer}, ", 1)
        for name, values in columns.items():
            array = np.empty(len(values), dtype=object)
            array[:] = values
            held[name] = array
        connection = self._connection
        connection.register("log_block", held)
        try:
            connection.execute(f"CREATE OR REPLACE TEMP TABLE fielded AS {select}")
        finally:
            connection.unregister("log_block")
        counts = connection.execute(
            "SELECT which, count(*), min(line_no) FROM fielded GROUP BY which ORDER BY which"
        ).fetchall()
        damaged: list[tuple[int, str]] = []
        for which, count, first in counts:
            if which is None:
                if self._ignores:
                    self._tally.ignored += count
                else:
                    self._tally.first_other = self._tally.first_other or first
                    self._tally.others += count
            elif which == DAMAGED:
                damaged = connection.execute(
                    f"SELECT line_no, line FROM fielded WHERE which = {DAMAGED} ORDER BY line_no"  # noqa: S608
                ).fetchall()
            else:
                self._tally.records += count
                self._state(which)
        return damaged

    def _state(self, which: int) -> None:
        """Runs one format over its records of the block."""
        chosen = self._formats[which]
        statement = self._statements.get(which)
        if statement is None:
            select = _select(chosen, which, self._places[which] if self._places else None)
            described = self._connection.execute(f"DESCRIBE {select}").fetchall()
            statement = _statement(select, chosen.name, {row[0]: row[1] for row in described})
            self._statements[which] = statement
        self._connection.execute(statement, [self._input_id])


@cache
def _object_select(
    formats: tuple[LogFormat, ...],
) -> tuple[str, tuple[dict[str, str], ...]]:
    """(SELECT that parses JSON objects once for all formats; SQL of each format's fields in it)."""
    keys = Keys(path for each in formats for _, paths in each.fields for path in paths)
    places, told = [], []
    for at, each in enumerate(formats):
        held = {
            name: _first([f"nullif({keys.place(path)}, '')" for path in paths])
            for name, paths in each.fields
        }
        places.append(held)
        conditions = [
            " AND ".join(
                f"coalesce(regexp_matches({held[name]}, {_quoted(pattern)}), false)"
                for name, pattern in record.match
            )
            for record in each.of_shape("json")
        ]
        if conditions:
            told.append((at, " OR ".join(f"({c})" for c in conditions)))
    which = f"CASE WHEN f IS NULL THEN {DAMAGED} ELSE {_case(told)} END"
    select = (
        f"SELECT *, {which} AS which FROM (SELECT line_no, line, {keys.parse} "  # noqa: S608
        "FROM log_block WHERE line <> '')"
    )
    return select, tuple(places)


def _select(each: LogFormat, which: int, places: dict[str, str] | None) -> str:
    """A format's SELECT over its records of the block; `places` says where its fields stand, if not
    in columns of their own."""
    held = places or {n: f'"{which}:{n}"' for n, _ in each.fields}
    fields = "".join(f', {held[n]} AS "{n}"' for n, _ in each.fields)
    return (
        f"WITH records AS NOT MATERIALIZED (SELECT line_no, line, outer_time{fields} "  # noqa: S608
        f"FROM fielded WHERE which = {which}) "
        f"SELECT * FROM (\n{each.sql})"
    )


def _statement(select: str, name: str, types: dict[str, str]) -> str:
    """The INSERT that checks what a format states; `types` are the columns that it returns.

    Raises:
        UsageError: It returns a column that observations do not have.
    """
    known_columns = {c.name for c in OBSERVATIONS.columns}
    unknown = sorted(types.keys() - known_columns)
    if unknown:
        raise UsageError(f"log format {name}: observations have no column {unknown[0]!r}")
    values = {n: _CHECKED.get(n, "{0}").format(n) for n in types}
    values |= {"input_id": "$1", "format": _quoted(name), "problem": _problem(types)}
    chosen = ", ".join(
        f'CAST({values.get(c.name, "NULL")} AS {c.type}) AS "{c.name}"'
        for c in OBSERVATIONS.columns
    )
    return f"INSERT INTO observations SELECT {chosen} FROM ({select})"  # noqa: S608


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


def _field(at: int, name: str, expressions: list[str]) -> str:
    return f'{_first(expressions)} AS "{at}:{name}"'


def _first(expressions: list[str]) -> str:
    if not expressions:
        return "NULL::VARCHAR"
    return f"coalesce({', '.join(expressions)})" if len(expressions) > 1 else expressions[0]


def _listed(fields: list[str]) -> str:
    return "".join(f", {each}" for each in fields)


def _case(told: list[tuple[int, str]]) -> str:
    if not told:
        return "NULL::INTEGER"
    return "CASE " + " ".join(f"WHEN {condition} THEN {at}" for at, condition in told) + " END"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


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
