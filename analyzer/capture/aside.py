"""Packets that the walk sets aside: fragments to put together, 802.11 aggregates to take apart.

The kernel returns at such a packet (WALK_ASIDE). What comes of it goes through the same kernel
again, as a record of our own link type whose head says what was around the packet: encapsulations,
outer addresses, capture point. So a tunnel inside fragments, fragments inside a tunnel and both
several times over need nothing of their own.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np

from analyzer.capture.fragments import Fragments, Place, Whole
from analyzer.capture.layout import (
    AT_ETHERNET,
    AT_IP,
    FORMAT_PCAPNG,
    I_LINK,
    I_RESOL,
    I_SIZE,
    ISSUE_CODES,
    LINK_ASIDE,
    R_BIG,
    R_END,
    R_FORMAT,
    R_INPUT,
    R_NIF,
    R_PKT,
    R_SIZE,
    X_AT,
    X_CAP_END,
    X_ENCAP,
    X_IF,
    X_INPUT,
    X_LAYER,
    X_OUT_DST_HI,
    X_OUT_DST_LO,
    X_OUT_SRC_HI,
    X_OUT_SRC_LO,
    X_OUTER,
    X_PKT,
    X_TS,
    X_WIRE_END,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analyzer.capture.types import Bytes, Ints

NANOSECONDS = 9
AGGREGATE_HEAD = 14
MAX_SUBFRAMES = 64


class Record:
    """One packet as an input of its own, in the shape that the walk takes: a pcapng block."""

    def __init__(self, packet: Whole, layer: int, q: Ints | None = None) -> None:
        """Wraps a packet.

        Args:
            packet: What to walk; ``place.around`` goes in front of it.
            layer: What it begins with (layout AT_*).
            q: The issues of its input. None throws them away: what is wrong with a datagram that
                was given up follows from its being cut, which is counted.
        """
        place = packet.place
        data = layer.to_bytes(8) + place.around + packet.data
        wire = packet.wire + len(data) - len(packet.data)
        size = 32 + (len(data) + 3 & ~3)
        high, low = divmod(max(place.ts_ns, 0), 1 << 32)
        block = struct.pack(">7I", 6, size, 0, high, low, len(data), wire) + data
        block = block.ljust(size - 4, b"\0") + size.to_bytes(4)
        self.buffer: Bytes = np.frombuffer(bytearray(block), dtype=np.uint8)
        self.r: Ints = np.zeros(R_SIZE, dtype=np.int64)
        self.r[R_FORMAT], self.r[R_BIG], self.r[R_NIF] = FORMAT_PCAPNG, 1, 1
        self.r[R_END] = size
        self.r[R_INPUT], self.r[R_PKT] = place.input_id, place.packet - 1
        self.ifs: Ints = np.zeros((1, I_SIZE), dtype=np.int64)
        self.ifs[0, I_LINK], self.ifs[0, I_RESOL] = LINK_ASIDE, NANOSECONDS
        self.q: Ints = np.zeros((len(ISSUE_CODES), 3), dtype=np.int64) if q is None else q


def place_of(x: Ints) -> Place:
    """The place of the packet in the registers."""
    encapsulated = int(x[X_ENCAP]) != 0
    outer = (X_OUTER, X_OUT_SRC_HI, X_OUT_SRC_LO, X_OUT_DST_HI, X_OUT_DST_LO)
    values = [int(x[k]) if encapsulated else 0 for k in outer]
    around = struct.pack(">7q", int(x[X_ENCAP]), *values, int(x[X_IF]))
    return Place(int(x[X_TS]), int(x[X_PKT]), int(x[X_INPUT]), around)


class Aside:
    """What the driver does with packets that were set aside."""

    def __init__(self, fragments: Fragments | None = None) -> None:
        """Starts with the fragments that an earlier engine has handed on, or with none."""
        self.fragments = fragments or Fragments()

    def records(self, x: Ints, buffer: Bytes, q: Ints) -> Iterator[Record]:
        """What comes of the packet in the registers; consumed while the walk changes them."""
        place = place_of(x)
        at, wire = int(x[X_AT]), int(x[X_WIRE_END])
        raw = buffer[at : int(x[X_CAP_END])].tobytes()
        if int(x[X_LAYER]) == AT_IP:
            return self._wholes(self.fragments.take(raw, wire - at, place), place, q)
        return self._subframes(raw, wire - at, place, q)

    def expired(self, now_ns: int) -> Iterator[Record]:
        """Datagrams that have waited for too long at ``now_ns``."""
        return (Record(whole, AT_IP) for whole in self.fragments.expire(now_ns))

    def rest(self) -> Iterator[Record]:
        """Datagrams that will not become complete."""
        return (Record(whole, AT_IP) for whole in self.fragments.flush())

    @staticmethod
    def _wholes(found: Iterator[Whole], place: Place, q: Ints) -> Iterator[Record]:
        for whole in found:
            yield Record(whole, AT_IP, q if whole.place is place else None)

    @staticmethod
    def _subframes(raw: bytes, wire: int, place: Place, q: Ints) -> Iterator[Record]:
        """The frames of an A-MSDU (IEEE 802.11-2020 clause 9.3.2.2), padded to four bytes."""
        at = 0
        for _ in range(MAX_SUBFRAMES):
            if at + AGGREGATE_HEAD > min(len(raw), wire):
                return
            size = AGGREGATE_HEAD + int.from_bytes(raw[at + 12 : at + 14])
            size = min(size, wire - at)
            yield Record(Whole(raw[at : at + size], size, place), AT_ETHERNET, q)
            at += size + 3 & ~3
