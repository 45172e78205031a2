"""Hands out marked packets (picking.py) of several inputs by time, as they lie in their files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from analyzer.capture.blocks import options
from analyzer.capture.layout import (
    FORMAT_PCAP,
    N_ROWS,
    N_SIZE,
    O_BIG,
    O_CAP,
    O_IF,
    O_LINK,
    O_OFF,
    O_PKT,
    O_POS,
    O_RESOL,
    O_SIZE,
    O_SNAP,
    O_TS,
    O_TSOFFSET,
    O_WIRE,
    R_FORMAT,
    R_POS,
    WALK_BAD,
    WALK_BLOCK,
    WALK_FLUSH,
    WALK_LIMIT,
    WALK_MORE,
    X_NEXT,
    X_SIZE,
)
from analyzer.capture.pick import fetch
from analyzer.capture.rewalk import FAULTS, step_over

if TYPE_CHECKING:
    from collections.abc import Callable

    from analyzer.capture.cursor import Cursor
    from analyzer.capture.types import Bytes

ROWS = 4096
BLOCK_ENHANCED, BLOCK_OBSOLETE = 6, 2
ENHANCED_HEAD = 28
OPTION_COMMENT, OPTION_FLAGS = 1, 2
MAX_COMMENT = 4096


@dataclass(frozen=True, slots=True)
class Face:
    """Where a packet was captured.

    Attributes:
        input_id: Input.
        interface: What tells capture points of one input apart (section and interface).
        link: Link type.
        resolution: ``if_tsresol`` of its times.
        offset_s: ``if_tsoffset``.
        snaplen: 0 when not known.
    """

    input_id: int
    interface: int
    link: int
    resolution: int
    offset_s: int
    snaplen: int


@dataclass(frozen=True, slots=True)
class Cut:
    """One packet as it lies in its file.

    Attributes:
        face: Where it was captured.
        number: Packet number in that input, from 1.
        ticks: Time in the units of the face.
        data: Captured bytes.
        wire: Bytes on the wire.
        flags: ``epb_flags``, None for none.
        comment: What the file itself says about it, None for nothing.
    """

    face: Face
    number: int
    ticks: int
    data: bytes
    wire: int
    flags: int | None
    comment: bytes | None


class Fetcher:
    """A visitor (rewalk.py) that hands each marked packet to ``take``."""

    def __init__(self, bits: dict[int, Bytes], take: Callable[[Cut], object]) -> None:
        """Takes the marks of a `picking.Picker`."""
        self._bits = bits
        self._take = take
        self._n = np.zeros(N_SIZE, dtype=np.int64)
        self._x = np.zeros(X_SIZE, dtype=np.int64)
        self._out = np.zeros((ROWS, O_SIZE), dtype=np.int64)

    def opened(self, cursor: Cursor) -> None:
        """Nothing to prepare."""

    def walk(self, cursor: Cursor, limit: int) -> int:
        """Hands on what is marked in the window, up to ``limit``."""
        bits = self._bits.get(cursor.input_id, _NO_BITS)
        while True:
            self._n[N_ROWS] = 0
            try:
                status = fetch(
                    cursor.buffer,
                    cursor.r,
                    cursor.ifs,
                    cursor.q,
                    limit,
                    self._x,
                    self._n,
                    bits,
                    self._out,
                )
            except FAULTS:
                status = None
            for row in self._out[: int(self._n[N_ROWS])].tolist():
                self._take(_cut(cursor, row))
            if status is None:
                if not step_over(cursor, self._x):
                    return WALK_BAD
            elif status == WALK_BLOCK:
                cursor.r[R_POS] = self._x[X_NEXT]
            elif status in (WALK_MORE, WALK_LIMIT, WALK_BAD):
                return status
            else:
                assert status == WALK_FLUSH

    def closed(self, cursor: Cursor) -> None:
        """Nothing is left of it."""


def _cut(cursor: Cursor, row: list[int]) -> Cut:
    """Reads one record where the kernel found it."""
    buffer = cursor.buffer
    at, size, pos, big = row[O_OFF], row[O_CAP], row[O_POS], bool(row[O_BIG])
    face = Face(cursor.input_id, row[O_IF], row[O_LINK], row[O_RESOL], row[O_TSOFFSET], row[O_SNAP])
    data = buffer[at : at + size].tobytes()
    flags: int | None = None
    comment: bytes | None = None
    if cursor.r[R_FORMAT] == FORMAT_PCAP:
        nanoseconds = face.resolution == 9
        ticks = row[O_TS] if nanoseconds else row[O_TS] // 1000
        return Cut(face, row[O_PKT], ticks, data, row[O_WIRE], None, None)
    order = "big" if big else "little"

    def word(place: int) -> int:
        return int.from_bytes(buffer[place : place + 4].tobytes(), order)  # type: ignore[arg-type]

    kind = word(pos)
    if kind in (BLOCK_ENHANCED, BLOCK_OBSOLETE):
        ticks = word(pos + 12) << 32 | word(pos + 16)
    else:  # a simple packet block has no time; the engine gave it that of the packet before
        face = Face(cursor.input_id, row[O_IF], row[O_LINK], 9, 0, row[O_SNAP])
        ticks = row[O_TS]
    if kind == BLOCK_ENHANCED:
        rest = buffer[at + (size + 3 & ~3) : pos + word(pos + 4) - 4].tobytes()
        for code, value in options(rest, big):
            if code == OPTION_FLAGS and len(value) == 4:
                flags = int.from_bytes(value, order)  # type: ignore[arg-type]
            elif code == OPTION_COMMENT and comment is None:
                comment = value[:MAX_COMMENT]
    return Cut(face, row[O_PKT], ticks, data, row[O_WIRE], flags, comment)


_NO_BITS: Bytes = np.zeros(0, dtype=np.uint8)
