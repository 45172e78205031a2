"""Lines with a header row into columns: CSV (RFC 4180, any of four delimiters), Zeek's
``#fields`` tables, and the fixed columns that command-line tools print.

A quoted cell may hold line breaks; a quote that is never closed costs what csv's field limit
bounds, is counted, and reading goes on behind it. A header that comes again (files put together) is
skipped.
"""

from __future__ import annotations

import csv
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from analyzer.logs.documents import Lost

    Blocks = Iterator[tuple[int, list[str]]]
    """(number of the first line, lines)."""

DELIMITERS = (",", "\t", ";", "|")
ZEEK_MARK = "#fields"
"""Stands in the header of every Zeek table, whatever its columns are."""

BLOCK = 1 << 14
_DASHES = re.compile(r"\s*-{2,}(\s+-{2,})*\s*")


def split(line: str, delimiter: str) -> list[str]:
    """The cells of one line."""
    try:
        return next(csv.reader([line], delimiter=delimiter, skipinitialspace=True), [])
    except csv.Error:
        return []


def is_rule(line: str) -> bool:
    """The line of dashes under the header of a printed table."""
    return _DASHES.fullmatch(line) is not None


def delimited(
    blocks: Blocks, delimiter: str, header: list[str], lost: Lost
) -> Iterator[tuple[list[int], list[list[str]]]]:
    """Rows as (line each begins in; its cells), in blocks; the header itself is left out."""
    source = _Lines(blocks)
    numbers: list[int] = []
    rows: list[list[str]] = []
    while not source.ended:
        begin = source.number + 1
        try:
            for row in csv.reader(source, delimiter=delimiter, skipinitialspace=True):
                if row and row != header:
                    numbers.append(begin)
                    rows.append(row)
                begin = source.number + 1
                if len(rows) >= BLOCK:
                    yield numbers, rows
                    numbers, rows = [], []
        except csv.Error as error:
            lost.add(begin, f"expected CSV: {error}; lines {begin} to {source.number} are lost")
    if rows:
        yield numbers, rows


class _Lines:
    """Lines with their ends, one by one; remembers the number of the last."""

    def __init__(self, blocks: Blocks) -> None:
        self._blocks = blocks
        self._rest: Iterator[str] = iter(())
        self.number = 0
        self.ended = False

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        while True:
            line = next(self._rest, None)
            if line is not None:
                self.number += 1
                # csv refuses NUL on some versions; it is no part of any format's values.
                return line.replace("\0", "\ufffd") + "\n"
            block = next(self._blocks, None)
            if block is None:
                self.ended = True
                raise StopIteration
            self._rest = iter(block[1])


def fixed(blocks: Blocks, lost: Lost) -> Iterator[tuple[list[str], list[int], list[list[str]]]]:
    """Rows of a printed table as (header, lines, cells); columns are where the dashes stand."""
    header: list[str] = []
    spans: list[tuple[int, int]] = []
    before = ""
    for first, lines in blocks:
        numbers: list[int] = []
        rows: list[list[str]] = []
        for number, line in enumerate(lines, first):
            if is_rule(line):
                if rows:
                    numbers.pop()
                    rows.pop()
                    yield header, numbers, rows
                    numbers, rows = [], []
                starts = [m.start() for m in re.finditer(r"-+", line)]
                spans = list(zip(starts, [*starts[1:], 1 << 30], strict=True))
                header = [before[a:b].strip() for a, b in spans]
            elif spans and line.strip():
                numbers.append(number)
                rows.append([line[a:b].strip() for a, b in spans])
            before = line
        if rows:
            yield header, numbers, rows
    if not spans:
        lost.add(1, "expected a line of dashes under the header")


def zeek(
    blocks: Blocks,
) -> Iterator[tuple[dict[str, str], list[int], list[str]]]:
    """Lines of Zeek's ASCII logs as (directives in force, line numbers, lines).

    Directives (``#separator``, ``#fields``, ``#unset_field``, ``#path``) may come again and change
    when logs are put together. Source: Zeek's LogAscii writer.
    """
    directives: dict[str, str] = {}
    for first, lines in blocks:
        numbers: list[int] = []
        kept: list[str] = []
        for number, line in enumerate(lines, first):
            if line[:1] != "#":
                if line:
                    numbers.append(number)
                    kept.append(line)
                continue
            if kept:
                yield directives, numbers, kept
                numbers, kept = [], []
            name, value = _directive(line, directives)
            directives = {**directives, name: value}
        if kept:
            yield directives, numbers, kept


def _directive(line: str, directives: dict[str, str]) -> tuple[str, str]:
    if line.startswith("#separator"):
        code = line[len("#separator") :].strip()
        hexed = re.fullmatch(r"\\x([0-9a-fA-F]{2})", code)
        return "separator", chr(int(hexed[1], 16)) if hexed else (code[:1] or "\t")
    separator = directives.get("separator", "\t")
    name, _, value = line[1:].partition(separator)
    return name, value


def columns_of(names: Iterable[str]) -> dict[str, int]:
    """Position of each column by its name in lower case; the first of several counts."""
    found: dict[str, int] = {}
    for at, name in enumerate(names):
        found.setdefault(name.strip().strip('"').casefold(), at)
    return found


def zeek_header(lines: Iterable[str]) -> tuple[list[str], str]:
    """The first ``#fields`` line of a Zeek log, its mark included, and the separator."""
    directives: dict[str, str] = {}
    for line in lines:
        if line[:1] == "#":
            name, value = _directive(line, directives)
            directives[name] = value
            if name == "fields":
                separator = directives.get("separator", "\t")
                return [ZEEK_MARK, *value.split(separator)], separator
    return [], directives.get("separator", "\t")
