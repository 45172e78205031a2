"""Lines of one input through the SQL of its formats into `observations`.

Each block of lines becomes a table of its fields once (one JSON parse a line, whatever the number of
formats), each record goes to the first format that takes it, and what formats state is checked in
one place: a row needs a time and somebody who did something; numbers are whole and in range; names
and addresses have one spelling. What fails is counted as unreadable and its first line is kept.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from analyzer.logs.cells import ZEEK_MARK, columns_of, delimited, fixed, zeek
from analyzer.logs.documents import Lost, records
from analyzer.logs.format import LogFormat, column_names, json_path, known
from analyzer.logs.text import Damage, lines, pieces
from analyzer.issues import UsageError
from analyzer.schema import OBSERVATIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import duckdb

    from analyzer.inputs.sniff import LogText

BLOCK_LINES = 1 << 16

@dataclass(slots=True)
class Tally:
    """What became of the lines of one input.

    Attributes:
        records: Lines (objects, rows) that a format took.
        others: Lines that no format took.
        first_other: The first of them.
        unusable: Records that say too little, by reason: (how many, first line).
        damage: What decoding lost.
        lost: Records that could not be taken apart.
    """

    records: int = 0
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
    ddl = OBSERVATIONS.ddl().replace(" NOT NULL", "").replace("CREATE TABLE", "CREATE TEMP TABLE")
    connection.execute(ddl)


def observe(
    connection: duckdb.DuckDBPyConnection,
    read: Callable[[memoryview], int],
    found: LogText,
    input_id: int,
) -> Tally:
    """Reads one input to its end.

    Args:
        connection: Prepared by :func:`prepare`.
        read: Gives decompressed bytes, 0 at the end.
        found: How the log is read.
        input_id: Number of the input.
    """
    return _Observer(connection, found, input_id).run(read)


class _Observer:
    def __init__(
        self, connection: duckdb.DuckDBPyConnection, found: LogText, input_id: int
    ) -> None:
        self._connection = connection
        self._found = found
        self._input_id = input_id
        self._formats = [known(name) for name in found.formats]
        self._tally = Tally()
        self._statements: dict[int, str] = {}

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
        blocks = lines(texts, tally.damage)
        if layout == "zeek":
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
                    numbers = range(first + start, first + start + len(part))
                    (self._objects if layout == "json" else self._texts)(numbers, part)

    # --- the fields of a block, by its layout -------------------------------------------------------

    def _texts(self, numbers: Sequence[int], found: list[str]) -> None:
        which = _case(
            [
                (at, " OR ".join(f"regexp_matches(line, {_quoted(r.pattern)})" for r in told))
                for at, each in enumerate(self._formats)
                if (told := each.of_shape("text"))
            ]
        )
        fields = [_field(at, n, []) for at, each in enumerate(self._formats) for n, _ in each.fields]
        select = (
            f"SELECT line_no, line, {which} AS which{_listed(fields)} FROM log_block "
            "WHERE trim(line) <> ''"
        )
        self._block(numbers, {"line": found}, select)

    def _objects(self, numbers: Sequence[int], found: list[str]) -> None:
        self._block(numbers, {"line": found}, self._object_select())

    def _object_select(self) -> str:
        return _object_select(tuple(self._found.formats))

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
            if any(all(c in positions for c in r.columns) for r in each.of_shape("table")):
                told.append((at, "true"))
            for name, paths in each.fields:
                places = [positions[c] for c in column_names(name, paths) if c in positions]
                expressions = []
                for place in places:
                    columns[f"cell_{place}"] = [row[place] for row in rows]
                    expressions.append(f"nullif(cell_{place}, '')")
                fields.append(_field(at, name, expressions))
        select = f"SELECT line_no, line, {_case(told)} AS which{_listed(fields)} FROM log_block"
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
            f"SELECT line_no, line, {_case(told)} AS which{_listed(fields)} FROM (SELECT *, "
            f"string_split(line, {_quoted(separator)}) AS f FROM log_block)"
        )
        self._block(numbers, {"line": found}, select)

    # --- one block -----------------------------------------------------------------------------------

    def _block(self, numbers: Sequence[int], columns: dict[str, list[str]], select: str) -> None:
        held: dict[str, Any] = {"line_no": np.asarray(numbers, dtype=np.int64)}
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
        for which, count, first in counts:
            if which is None:
                tally = self._tally
                tally.first_other = tally.first_other or first
                tally.others += count
                continue
            self._tally.records += count
            self._state(which)

    def _state(self, which: int) -> None:
        """Runs one format over its records of the block."""
        each = self._formats[which]
        statement = self._statements.get(which)
        if statement is None:
            select = _select(each, which)
            described = self._connection.execute(f"DESCRIBE {select}").fetchall()
            statement = _statement(select, each.name, {row[0]: row[1] for row in described})
            self._statements[which] = statement
        self._connection.execute(statement, [self._input_id])


@cache
def _object_select(names: tuple[str, ...]) -> str:
    """Fields of JSON objects: every path of every format in one parse."""
    formats = [known(name) for name in names]
    paths: dict[str, int] = {}
    fields, told = [], []
    for at, each in enumerate(formats):
        places = {}
        for name, options in each.fields:
            found = [f"nullif(f[{paths.setdefault(json_path(p), len(paths)) + 1}], '')" for p in options]
            places[name] = found
            fields.append(_field(at, name, found))
        conditions = [
            " AND ".join(
                f"coalesce(regexp_matches(coalesce({', '.join(places[name])}), {_quoted(pattern)}), false)"
                for name, pattern in record.match
            )
            for record in each.of_shape("json")
        ]
        if conditions:
            told.append((at, " OR ".join(f"({c})" for c in conditions)))
    listed = ", ".join(_quoted(path) for path in paths)
    return (
        f"SELECT line_no, line, {_case(told)} AS which{_listed(fields)} FROM (SELECT *, "
        f"TRY(json_extract_string(line, [{listed}])) AS f FROM log_block WHERE trim(line) <> '')"
    )


def _select(each: LogFormat, which: int) -> str:
    """A format's SELECT over its records of the block."""
    fields = "".join(f', "{which}:{n}" AS "{n}"' for n, _ in each.fields)
    return (
        f"WITH records AS NOT MATERIALIZED (SELECT line_no, line{fields} FROM fielded WHERE which = {which}) "
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
        f'CAST({values.get(c.name, "NULL")} AS {c.type}) AS "{c.name}"' for c in OBSERVATIONS.columns
    )
    return f"INSERT INTO observations SELECT {chosen} FROM ({select})"


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
    value = f"coalesce({', '.join(expressions)})" if len(expressions) > 1 else "".join(expressions)
    return f'{value or "NULL::VARCHAR"} AS "{at}:{name}"'


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
    **{n: "whole({0})" for n in ("bytes_up", "bytes_down", "pkts_up", "pkts_down")},
    **{n: "whole({0})" for n in ("missed_bytes", "request_bytes", "response_bytes")},
}
"""How what a format states becomes a column, for the columns that need more than a cast."""
