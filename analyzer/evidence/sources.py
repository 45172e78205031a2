"""The inputs of a result found again, and held against what the result says of them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from analyzer.inputs.discover import discover
from analyzer.inputs.scheme import is_url
from analyzer.inputs.sniff import CAPTURES
from analyzer.issues import InputError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from analyzer.capture.cursor import Cursor
    from analyzer.inputs.spec import Spec
    from analyzer.result import InputInfo, Result

STDIN = "-"


def is_capture(info: InputInfo) -> bool:
    """The input has packets."""
    return info.format is not None and info.format.partition("+")[0] in CAPTURES


@dataclass(frozen=True, slots=True)
class Checked:
    """One input that was read again.

    Attributes:
        info: What the result says of it.
        sha256: Of the bytes as they are now, None when they were not read to their end.
        size: Stored bytes read.
        records: Packets read.
    """

    info: InputInfo
    sha256: str | None
    size: int
    records: int

    def difference(self) -> str | None:
        """What is not as the result has it; None when all is."""
        expected = self.info
        if expected.sha256 is not None and self.sha256 != expected.sha256:
            found = self.sha256 or "none (it could not be read to its end)"
            return f"SHA-256 was {expected.sha256}, is {found}"
        if expected.sha256 is None and self.size != expected.bytes:
            return f"{expected.bytes:,} bytes were read, now {self.size:,}"
        if self.records != expected.records:
            return f"{expected.records:,} packets were read, now {self.records:,}"
        return None


def look_again(cursor: Cursor, info: InputInfo, records: int) -> Checked:
    """The figures of an input that was read to its end."""
    return Checked(info, cursor.stream.sha256, cursor.stream.stored_bytes, records)


def refuse_changed(checked: Iterable[Checked]) -> None:
    """Raises for inputs that are no longer those of the result.

    Raises:
        InputError: With what differs.
    """
    changed = [(each.info.path, each.difference()) for each in checked]
    lines = [f"{path}: {difference}" for path, difference in changed if difference is not None]
    if lines:
        shown = "; ".join(lines[:5]) + (f"; {len(lines) - 5} more" if len(lines) > 5 else "")
        raise InputError(f"not the inputs of this result, nothing is written: {shown}")


def find_inputs(
    result: Result, numbers: Sequence[int], base: Path | None
) -> list[tuple[int, Spec]]:
    """Opens the way to inputs of a result.

    Args:
        result: The document.
        numbers: Which of its inputs.
        base: Folder that relative paths are relative to; the current one by default.

    Returns:
        Input numbers and inputs, ordered by first packet time.

    Raises:
        UsageError: One of them cannot be read again by nature.
        InputError: One of them is not there.
    """
    wanted = [result.inputs[number] for number in numbers]
    for info in wanted:
        _refuse_lost(info)
    roots = list(dict.fromkeys(_rooted(info.archive or info.path, base) for info in wanted))
    specs, issues = discover(roots)
    places: dict[str, list[Spec]] = {}
    for spec in specs:
        places.setdefault(spec.path, []).append(spec)
    # A path may stand twice (members of one name): both lists are in the order of first packets.
    turn: dict[str, int] = {}
    found: list[tuple[int, Spec]] = []
    for number, info in enumerate(result.inputs):
        place = turn.get(info.path, 0)
        turn[info.path] = place + 1
        if number not in numbers:
            continue
        at = places.get(_rooted(info.path, base), [])
        if place >= len(at):
            why = issues[0].detail if issues else "no capture is there"
            raise InputError(f"{info.path}: an input of this result is not found again: {why}")
        spec = at[place]
        if spec.format is None or spec.is_log or spec.problem is not None:
            why = spec.problem.detail if spec.problem is not None else "it is no capture any more"
            raise InputError(f"{info.path}: an input of this result cannot be read again: {why}")
        found.append((number, spec))
    return sorted(found, key=lambda each: (each[1].first_ns is None, each[1].first_ns or 0))


def _refuse_lost(info: InputInfo) -> None:
    if info.path == STDIN:
        raise UsageError(
            "the capture came in on standard input, which was not kept: save it to a file, "
            "analyse that, and use the new result"
        )
    if is_url(info.path) and "REDACTED" in info.path:
        raise UsageError(
            f"{info.path}: the URL held secrets, which a result does not keep: copy the input to "
            "a file, analyse that, and use the new result"
        )


def _rooted(path: str, base: Path | None) -> str:
    if base is None or is_url(path) or os.path.isabs(path):  # noqa: PTH117 - paths are text here
        return path
    return os.path.join(base, path)  # noqa: PTH118
