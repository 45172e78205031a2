"""Lines of one input through the SQL of its formats into `observations`.

Each block of lines becomes a table of its fields once (one JSON parse a line, whatever the number
of formats), each record goes to the first format that takes it, and what formats state is checked
in one place (`statements.py`). What fails is counted as unreadable and its first line is kept.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from analyzer.logs.cells import ZEEK_MARK, columns_of, delimited, fixed, zeek
from analyzer.logs.documents import Lost, records, respelled
from analyzer.logs.events import events
from analyzer.logs.format import column_names, known
from analyzer.logs.keys import quoted
from analyzer.logs.statements import (
    DAMAGED,
    ROW,
    case_of,
    field_at,
    first_of,
    listed,
    of_objects,
    reading,
    storing,
)
from analyzer.logs.text import Damage, lines, pieces
from analyzer.logs.wrapped import unwrapped
from analyzer.schema import OBSERVATIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import duckdb

    from analyzer.inputs.sniff import LogText
    from analyzer.logs.format import LogFormat

BLOCK_LINES = 1 << 16


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
        which = case_of(
            [
                (at, " OR ".join(f"regexp_matches(line, {quoted(r.pattern)})" for r in told))
                for at, each in enumerate(self._formats)
                if (told := each.of_shape("text"))
            ]
        )
        # A format that comes in several shapes reads its lines itself; their fields are empty.
        fields = [
            field_at(at, name, [])
            for at, each in enumerate(self._formats)
            if each.of_shape("text")
            for name, _ in each.fields
        ]
        select = (
            f"SELECT {ROW}, {which} AS which{listed(fields)} FROM log_block "  # noqa: S608
            "WHERE trim(line) <> ''"
        )
        self._block(numbers, {"line": found}, select, times)

    def _objects(
        self, numbers: Sequence[int], found: list[str], times: list[str] | None = None
    ) -> None:
        select, self._places = of_objects(self._formats)
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
                held[name] = first_of([f"nullif(cell_{place}, '')" for place in places])
                fields.append(f'{held[name]} AS "{at}:{name}"')
            # A cell may say that its row is another table's (the union of several).
            conditions = [
                " AND ".join(
                    f"coalesce(regexp_matches({held[n]}, {quoted(pattern)}), true)"
                    for n, pattern in r.match
                )
                for r in each.of_shape("table")
                if all(c in positions for c in r.columns)
            ]
            if conditions:
                told.append((at, " OR ".join(f"({c or 'true'})" for c in conditions)))
        select = f"SELECT {ROW}, {case_of(told)} AS which{listed(fields)} FROM log_block"  # noqa: S608
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
                    fields.append(field_at(at, name, [quoted(directives.get("path", ""))]))
                    continue
                places = [positions[c] for c in column_names(name, paths) if c in positions]
                fields.append(
                    field_at(
                        at,
                        name,
                        [
                            f"nullif(nullif(f[{p + 1}], {quoted(unset)}), {quoted(empty)})"
                            for p in places
                        ],
                    )
                )
        select = (
            f"SELECT {ROW}, {case_of(told)} AS which{listed(fields)} FROM (SELECT *, "  # noqa: S608
            f"string_split(line, {quoted(separator)}) AS f FROM log_block)"
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
        for name, values in {**columns, "outer_time": times}.items():
            array = np.empty(len(numbers), dtype=object)  # of None, which is NULL
            if values is not None:
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
            select = reading(chosen, which, self._places[which] if self._places else None)
            described = self._connection.execute(f"DESCRIBE {select}").fetchall()
            statement = storing(select, chosen.name, {row[0]: row[1] for row in described})
            self._statements[which] = statement
        self._connection.execute(statement, [self._input_id])
