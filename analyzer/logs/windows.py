"""Blocks of lines that overlap, for formats of which one line explains another.

A resolver's answer does not say who asked: the query's line before it does. Such a format
(`LogFormat.neighbours`) reads each line with as many lines on both sides as that, and nothing
depends on where a block ends: what lies further apart is not brought together within one either.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence


@dataclass(frozen=True, slots=True)
class Window:
    """Lines, and which of them are this window's.

    Attributes:
        numbers: Number of each line, ascending.
        lines: The lines.
        times: What a container runtime wrote in front of them.
        first: Number of the first line that is this window's; those before explain.
        until: Number behind its last one; those from there on explain. None: to the end.
    """

    numbers: Sequence[int]
    lines: list[str]
    times: list[str] | None
    first: int
    until: int | None


Part = tuple["Sequence[int]", list[str], "list[str] | None"]


def windows(parts: Iterable[Part], size: int, neighbours: int) -> Iterator[Window]:
    """Windows of so many lines and the neighbours on both sides.

    Args:
        parts: Numbers, lines and times (all or none have them).
        size: Lines of a window without its neighbours, about.
        neighbours: Lines on each side.
    """
    numbers: list[int] = []
    found: list[str] = []
    times: list[str] = []
    timed = False
    first = 0
    for more, lines, outer in parts:
        numbers += more
        found += lines
        if outer is not None:
            timed = True
            times += outer
        while len(found) >= size + 2 * neighbours:
            end = size + 2 * neighbours
            until = numbers[end - neighbours]
            yield Window(numbers[:end], found[:end], times[:end] if timed else None, first, until)
            first, start = until, end - 2 * neighbours
            numbers, found, times = numbers[start:], found[start:], times[start:]
    if found:
        yield Window(numbers, found, times if timed else None, first, None)
