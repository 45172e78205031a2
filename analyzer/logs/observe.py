"""Lines of one input through the SQL of its formats into `observations`.

Each block of lines becomes a table of its fields once (one JSON parse a line, whatever the number
of formats), each record goes to the first format that takes it, and what formats state is checked
in one place (`statements.py`). What fails is counted as unreadable and its first line is kept.
"""

from __future__ import annotations

from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np

from analyzer.config import processors
from analyzer.logs.arrangement import Arrangement
from analyzer.logs.beginnings import decide
from analyzer.logs.cells import delimited, fixed, zeek
from analyzer.logs.documents import Lost, records, respelled
from analyzer.logs.events import events
from analyzer.logs.fields import of_cells, of_texts, of_zeek
from analyzer.logs.format import known
from analyzer.logs.keys import quoted
from analyzer.logs.lanes import Lane, Lanes
from analyzer.logs.new_year import turn
from analyzer.logs.plans import plainly_planned
from analyzer.logs.statements import (
    DAMAGED,
    OBSERVED,
    checking,
    of_file,
    of_objects,
    reading,
)
from analyzer.logs.tally import Tally
from analyzer.logs.text import blocks, lines, lines_of, pieces
from analyzer.logs.windows import windows
from analyzer.logs.wrapped import unwrapped
from analyzer.schema import OBSERVATIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from analyzer.inputs.sniff import LogText
    from analyzer.logs.format import LogFormat
    from analyzer.logs.held import HeldFiles
    from analyzer.logs.windows import Window

BLOCK_LINES = 1 << 17
MOST_LANES = 4
"""Each holds a block in several shapes: about 200 MiB."""

FIELDED = "CREATE OR REPLACE TEMP TABLE fielded AS "


def prepare(
    connection: duckdb.DuckDBPyConnection, zone: str = "UTC", year: int | None = None
) -> None:
    """Makes the tables and macros that formats need; `gather` drops the tables.

    Args:
        connection: The case.
        zone: Of times that state none (IANA name).
        year: Of times that state none; None makes such records unusable.
    """
    connection.execute("SET VARIABLE log_zone = $1", [zone])
    connection.execute("SET VARIABLE log_year = $1::INTEGER", [year])
    connection.execute(macros())
    # Not temporary: all connections of the case write into it.
    ddl = OBSERVATIONS.ddl().replace(" NOT NULL", "").replace('"observations"', OBSERVED)
    connection.execute(f"ATTACH IF NOT EXISTS ':memory:' AS {OBSERVED.partition('.')[0]}")
    connection.execute(ddl.replace("CREATE TABLE", "CREATE TABLE IF NOT EXISTS"))


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
    with plainly_planned(connection):
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
        self._statements: dict[tuple[int, bool], str] = {}
        self._objects_of = of_objects(self._formats)
        self._files: HeldFiles | None = None
        self._typed_ones = bool(self._objects_of.typed)
        self._kinds = frozenset(self._objects_of.typed)
        self._lanes = Lanes(Lane(connection, self._tally), self._lane, lanes())

    def _lane(self) -> Lane[Tally]:
        ((zone, year, here, sample),) = self._connection.execute(
            "SELECT getvariable('log_zone'), getvariable('log_year'), "
            "current_setting('TimeZone'), current_setting('pandas_analyze_sample')"
        ).fetchall()
        own = self._connection.cursor()
        own.execute("SET VARIABLE log_zone = $1", [zone])
        own.execute("SET VARIABLE log_year = $1::INTEGER", [year])
        own.execute(f"SET TimeZone = {quoted(here)}; SET pandas_analyze_sample = {sample}")
        own.execute(macros())
        return Lane(own, Tally())

    def run(self, read: Callable[[memoryview], int]) -> Tally:
        try:
            with self._lanes:
                self._read(read)
        finally:
            if self._files is not None:
                self._files.detach(self._connection)
        for other in self._lanes.tallies()[1:]:
            self._tally.add(other)
        problems = self._connection.execute(
            f"SELECT problem, count(*), min(line) FROM {OBSERVED} "  # noqa: S608
            "WHERE problem IS NOT NULL AND input_id = ? GROUP BY problem ORDER BY problem",
            [self._input_id],
        ).fetchall()
        self._tally.unusable = {problem: (count, line) for problem, count, line in problems}
        if problems:
            self._connection.execute(f"DELETE FROM {OBSERVED} WHERE problem IS NOT NULL")  # noqa: S608
        decide(self._connection, self._input_id, self._formats)
        self._tally.new_year = turn(self._connection, self._input_id, self._formats)
        return self._tally

    def _read(self, read: Callable[[memoryview], int]) -> None:
        layout = self._found.layout
        if layout == "json" and self._found.encoding in ("utf-8", "utf-8-sig"):
            if self._typed_ones:
                # fsspec takes a moment to import, and a run without such logs has no use for it.
                from analyzer.logs.held import HeldFiles

                self._files = HeldFiles()
                self._files.attach(self._connection)
            for first, count, data in blocks(read, self._tally.damage):
                self._lanes.run(partial(self._json, first, count, data))
            return
        texts = pieces(read, self._found.encoding, self._tally.damage)
        lost = self._tally.lost
        if layout == "documents":
            arrangement = Arrangement()
            for numbers, found in records(texts, lost, arrangement):
                self._lanes.run(partial(self._objects, numbers, found, None))
            if not self._tally.damage.zeros:
                self._tally.program = arrangement.program()
            return
        if layout == "xml":
            for numbers, found in events(texts, lost):
                self._lanes.run(partial(self._texts, numbers, found, None))
            return
        parts = lines(texts, self._tally.damage)
        neighbours = max(each.neighbours for each in self._formats)
        if neighbours and layout in ("lines", "wrapped"):
            numbered = (
                ((range(first, first + len(found)), found, None) for first, found in parts)
                if layout == "lines"
                else ((numbers, found, times) for numbers, times, found in unwrapped(parts, lost))
            )
            for window in windows(numbered, BLOCK_LINES, neighbours):
                self._lanes.run(partial(self._window, window))
        elif layout in ("wrapped", "wrapped-json"):
            each = self._texts if layout == "wrapped" else self._objects
            for numbers, times, found in unwrapped(parts, lost):
                for start in range(0, len(found), BLOCK_LINES):
                    cut = slice(start, start + BLOCK_LINES)
                    self._lanes.run(partial(each, numbers[cut], found[cut], times[cut]))
        elif layout == "zeek":
            for directives, numbers, found in zeek(parts):
                self._lanes.run(partial(self._zeek, directives, numbers, found))
        elif layout == "fixed":
            for header, numbers, rows in fixed(parts, lost):
                self._lanes.run(partial(self._cells, header, numbers, rows))
        elif layout == "table":
            header = list(self._found.header)
            for numbers, rows in delimited(parts, self._found.delimiter, header, lost):
                self._lanes.run(partial(self._cells, header, numbers, rows))
        else:
            each = self._objects if layout == "json" else self._texts
            for first, found in parts:
                for start in range(0, len(found), BLOCK_LINES):
                    part = found[start : start + BLOCK_LINES]
                    places = range(first + start, first + start + len(part))
                    self._lanes.run(partial(each, places, part, None))

    # --- the fields of a block, by its layout ---------------------------------------------------

    def _texts(
        self,
        numbers: Sequence[int],
        found: list[str],
        times: list[str] | None,
        lane: Lane[Tally],
    ) -> None:
        select = of_texts(self._formats)
        self._block(lane, numbers, {"line": found}, select, None, times)

    def _window(self, window: Window, lane: Lane[Tally]) -> None:
        select = of_texts(self._formats)
        numbers, columns = window.numbers, {"line": window.lines}
        kept = (window.first, window.until)
        self._block(lane, numbers, columns, select, None, window.times, kept)

    def _json(self, first: int, count: int, data: bytes, lane: Lane[Tally]) -> None:
        """JSON objects, a line each: by DuckDB's reader, what it cannot read on its own."""
        unread = self._typed(first, count, data, lane) if self._typed_ones else None
        if unread is None:
            found = lines_of(data, first, lane.tally.damage)
            for start in range(0, len(found), BLOCK_LINES):
                part = found[start : start + BLOCK_LINES]
                self._objects(range(first + start, first + start + len(part)), part, None, lane)
        elif unread:
            every = data.split(b"\n")
            found = []
            for number in unread:
                found += lines_of(every[number - first] + b"\n", number, lane.tally.damage)
            self._objects(unread, found, None, lane)

    def _typed(self, first: int, count: int, data: bytes, lane: Lane[Tally]) -> list[int] | None:
        """Reads a block as a file; the lines that no format took, None when it is not to be had."""
        assert self._files is not None
        connection, tally = lane.connection, lane.tally
        kinds = self._kinds
        # One more line tells whether each line became a row: then it has the number after theirs.
        path = self._files.hold(data, b"{}\n")
        try:
            connection.execute(FIELDED + of_file(self._formats, kinds), [first, path])
        except duckdb.InvalidInputException:
            return None  # an object over the limit, say; reading line by line tells which
        finally:
            self._files.drop(path)
        rows = connection.execute(
            "SELECT line_no FROM fielded WHERE which IS NULL ORDER BY line_no"
        ).fetchall()
        unread = [number for (number,) in rows]
        if unread[-1] != first + count:
            return None  # blank lines have no row
        del unread[-1]
        tally.records += count - len(unread)
        found = frozenset(
            which
            for (which,) in connection.execute("SELECT DISTINCT which FROM fielded").fetchall()
            if which is not None
        )
        for which in sorted(found):
            statement = self._statement(which, None, connection)
            connection.execute(f"INSERT INTO {OBSERVED} {statement}", [self._input_id])
        if found and kinds == frozenset(self._objects_of.typed):
            # Fields that nothing is asked of cost time: later blocks get those of the kinds that
            # the first one shows.
            self._kinds = found
        if len(unread) * 2 > count:
            self._typed_ones = False  # most are read a second time
        return unread

    def _objects(
        self,
        numbers: Sequence[int],
        found: list[str],
        times: list[str] | None,
        lane: Lane[Tally],
    ) -> None:
        select, places = self._objects_of.select, self._objects_of.places
        damaged = self._block(lane, numbers, {"line": found}, select, places, times)
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
                lane.tally.lost.add(number, lost.reason)
        if again[0]:
            then = [outer[number] for number in again[0]] if outer is not None else None
            for number, _ in self._block(lane, again[0], {"line": again[1]}, select, places, then):
                lane.tally.lost.add(number, "expected JSON")

    def _cells(
        self, header: list[str], numbers: list[int], rows: list[list[str]], lane: Lane[Tally]
    ) -> None:
        """Rows of cells; those with too few or too many cells are counted."""
        width = len(header)
        if any(len(row) != width for row in rows):
            kept = []
            for number, row in zip(numbers, rows, strict=True):
                if len(row) == width:
                    kept.append((number, row))
                else:
                    reason = f"expected {width} cells, found {len(row)}"
                    lane.tally.lost.add(number, reason)
            numbers, rows = [n for n, _ in kept], [r for _, r in kept]
        if not rows:
            return
        select, places = of_cells(self._formats, tuple(header))
        columns = {f"cell_{place}": [row[place] for row in rows] for place in places}
        columns["line"] = [""] * len(rows)
        self._block(lane, numbers, columns, select)

    def _zeek(
        self,
        directives: dict[str, str],
        numbers: list[int],
        found: list[str],
        lane: Lane[Tally],
    ) -> None:
        select = of_zeek(self._formats, directives)
        self._block(lane, numbers, {"line": found}, select)

    # --- one block ------------------------------------------------------------------------------

    def _block(
        self,
        lane: Lane[Tally],
        numbers: Sequence[int],
        columns: dict[str, list[str]],
        select: str,
        places: tuple[dict[str, str], ...] | None = None,
        times: list[str] | None = None,
        kept: tuple[int, int | None] | None = None,
    ) -> list[tuple[int, str]]:
        """Runs a block through its formats; the lines that are no JSON come back.

        Of what the lines state, only that of the lines from the first of `kept` until before the
        last one counts.
        """
        first, until = kept or (0, None)
        ours = f"line_no >= {first}" + ("" if until is None else f" AND line_no < {until}")
        held: dict[str, Any] = {"line_no": np.asarray(numbers, dtype=np.int64)}
        for name, values in {**columns, "outer_time": times}.items():
            array = np.empty(len(numbers), dtype=object)  # of None, which is NULL
            if values is not None:
                array[:] = values
            held[name] = array
        connection, tally = lane.connection, lane.tally
        connection.register("log_block", held)
        try:
            connection.execute(FIELDED + select)
        finally:
            connection.unregister("log_block")
        counts = connection.execute(
            "SELECT which, count(*), min(line_no) FROM fielded "  # noqa: S608
            f"WHERE {ours} GROUP BY which ORDER BY which"
        ).fetchall()
        damaged: list[tuple[int, str]] = []
        for which, count, first in counts:
            if which is None:
                if self._ignores:
                    tally.ignored += count
                else:
                    tally.first_other = min(first, tally.first_other or first)
                    tally.others += count
            elif which == DAMAGED:
                damaged = connection.execute(
                    f"SELECT line_no, line FROM fielded WHERE which = {DAMAGED} ORDER BY line_no"  # noqa: S608
                ).fetchall()
            else:
                tally.records += count
                self._kinds |= {which}
                statement = self._statement(which, places[which] if places else None, connection)
                if kept is not None:
                    statement = f"FROM ({statement}) WHERE {ours.replace('line_no', 'line')}"
                connection.execute(f"INSERT INTO {OBSERVED} {statement}", [self._input_id])
        return damaged

    def _statement(
        self,
        which: int,
        places: dict[str, str] | None,
        connection: duckdb.DuckDBPyConnection,
    ) -> str:
        """The checked SELECT of one format over the fields of a block."""
        key = (which, places is None)
        statement = self._statements.get(key)
        if statement is None:
            chosen = self._formats[which]
            select = reading(chosen, which, places)
            rows = connection.execute(f"DESCRIBE {select}").fetchall()
            statement = checking(select, chosen.name, {row[0]: row[1] for row in rows})
            self._statements[key] = statement
        return statement


def lanes() -> int:
    """How many blocks are read at a time."""
    return min(processors(), MOST_LANES)


@cache
def macros() -> str:
    """The words of formats."""
    return Path(__file__).with_name("macros.sql").read_text(encoding="utf-8")
