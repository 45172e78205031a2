"""Damaged logs: lines of a format, one of them hurt in a way that real and hostile files are."""

from __future__ import annotations

from functools import cache
from typing import Any

from hypothesis import strategies as st

from craft.logs import observed

HOSTILE = ("\x01", "\0", "9" * 26, "-1", "a" * 10_000, '"', "\\", "{", "[]", "\t")
BYTES = (b"\xff\xfe", b"\xc3", b"\x00", b"\x01", b"\r")


@st.composite
def hurt(draw: st.DrawFn, line: bytes) -> bytes:
    """A line that was cut, spliced or overwritten; never more than one line."""
    way = draw(st.sampled_from(("cut", "insert", "replace", "bytes", "number", "crlf")))
    at = draw(st.integers(0, len(line)))
    until = draw(st.integers(at, min(len(line), at + 40)))
    if way == "cut":
        return line[:at]
    if way == "insert":
        return line[:at] + draw(st.sampled_from(HOSTILE)).encode() + line[at:]
    if way == "replace":
        return line[:at] + draw(st.sampled_from(HOSTILE)).encode() + line[until:]
    if way == "bytes":
        return line[:at] + draw(st.sampled_from(BYTES)) + line[until:]
    if way == "number":
        digits = [i for i, c in enumerate(line) if 48 <= c < 58]
        if digits:
            at = draw(st.sampled_from(digits))
            number = draw(st.sampled_from((b"-", b"9" * 30, b"1e300", b"nan")))
            return line[:at] + number + line[at:]
    return line + b"\r"


@st.composite
def hurts(draw: st.DrawFn, lines: tuple[bytes, ...]) -> dict[int, bytes]:
    """What becomes of some of the lines, by their index; the first stays as it is."""
    which = draw(st.sets(st.integers(1, len(lines) - 1), min_size=1, max_size=len(lines) // 2))
    return {at: draw(hurt(lines[at])) for at in sorted(which)}


def check(
    lines: tuple[bytes, ...], damaged: dict[int, bytes], name: str, head: bytes = b""
) -> None:
    """Reading neither fails nor loses the rows of the other lines.

    Args:
        lines: Honest lines.
        damaged: What stands in the place of some.
        name: The format.
        head: What precedes the lines.
    """
    first = head.count(b"\n") + 1
    mixed = [damaged.get(at, line) for at, line in enumerate(lines)]
    formats, rows, tally = observed(head + b"\n".join(mixed) + b"\n", name)
    assert name in formats
    kept = [row for row in rows if row["line"] - first not in damaged]
    assert kept == [row for row in _honest(lines, name, head) if row["line"] - first not in damaged]
    # A damaged line may hold a record with something lost behind it.
    assert tally.records + tally.others + tally.lost.count <= len(lines) + len(damaged)


@cache
def _honest(lines: tuple[bytes, ...], name: str, head: bytes) -> list[dict[str, Any]]:
    rows = observed(head + b"\n".join(lines) + b"\n", name)[1]
    assert rows
    return rows
