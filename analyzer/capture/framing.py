"""Record framing of pcap and pcapng inside a window of bytes.

pcap: draft-ietf-opsawg-pcap; pcapng: draft-ietf-opsawg-pcapng. Both byte orders, micro- and
nanoseconds, several sections and interfaces, if_tsresol and if_tsoffset, enhanced, simple and
obsolete packet blocks; the modified pcap of Kuznetsov's patch, whose record heads are eight bytes
longer. Blocks that speak about the capture (names, secrets, statistics) are handed to the driver.
Any other block is skipped by its length, however long. A length that cannot be right ends the
input: nothing after it can be trusted to be a record.

``next_record`` leaves the packet in the X registers and returns OK, SKIP (a block without a
packet), BLOCK (one for the driver, at ``R_POS`` up to X_NEXT), NEED_MORE (the record goes on behind
the window) or BAD (damage at ``R_POS``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analyzer.capture.bytes import e16, e32, u8
from analyzer.capture.kernel import kernel
from analyzer.capture.layout import (
    BAD,
    BLOCK,
    BLOCK_DSB,
    BLOCK_ISB,
    BLOCK_NRB,
    FORMAT_PCAP,
    I_LINK,
    I_OFFSET,
    I_RESOL,
    I_SNAP,
    MAX_CAPTURED,
    MAX_INTERFACES,
    NEED_MORE,
    OK,
    Q_BLOCK_LENGTH,
    Q_BLOCK_TRAILER,
    Q_INTERFACE_CAP,
    Q_NO_TIMESTAMP,
    Q_PACKET_BEYOND_BLOCK,
    Q_RECORD_LENGTH,
    Q_UNKNOWN_INTERFACE,
    R_BASE,
    R_BIG,
    R_BLOCK,
    R_END,
    R_FORMAT,
    R_HEAD,
    R_LINK,
    R_NIF,
    R_PKT,
    R_POS,
    R_PREV_TS,
    R_SECTION,
    R_SKIP,
    R_TICK,
    SKIP,
    X_CAP,
    X_IF,
    X_LINK,
    X_NEXT,
    X_OFF,
    X_TS,
    X_WIRE,
)

if TYPE_CHECKING:
    from analyzer.capture.types import Bytes, Ints

BLOCK_SHB, BLOCK_IDB, BLOCK_PB, BLOCK_SPB, BLOCK_EPB = 0x0A0D0D0A, 1, 2, 3, 6
MODIFIED_HEAD, USUAL_HEAD = 24, 16
OPTION_TSRESOL, OPTION_TSOFFSET = 9, 14
MAX_NS = 1 << 62


@kernel("void(I2, i, i, i)", inline=True)
def note(q: Ints, kind: int, packet: int, offset: int) -> None:
    """Counts one problem of this kind and keeps the first place."""
    if q[kind, 0] == 0:
        q[kind, 1] = packet
        q[kind, 2] = offset
    q[kind, 0] += 1


@kernel("i(i, i, i, i)")
def to_ns(high: int, low: int, resol: int, offset_s: int) -> int:
    """A pcapng timestamp as nanoseconds.

    Args:
        high: Upper 32 bits of the counter.
        low: Lower 32 bits.
        resol: if_tsresol as in the file: a power of ten, or of two with the top bit set.
        offset_s: if_tsoffset, seconds.
    """
    ticks = ((high & 0x7FFFFFFF) << 32) | low
    exponent = resol & 0x7F
    if resol & 0x80:
        if exponent > 62:
            exponent = 62
        seconds = ticks >> exponent
        fraction = ticks & ((1 << exponent) - 1)
        if exponent > 32:
            fraction >>= exponent - 32
            exponent = 32
        nanos = (fraction * 1000000000) >> exponent
    else:
        if exponent > 18:
            exponent = 18
        unit = 1
        for _ in range(exponent):
            unit *= 10
        seconds = ticks // unit
        fraction = ticks - seconds * unit
        if exponent <= 9:
            for _ in range(9 - exponent):
                fraction *= 10
        else:
            for _ in range(exponent - 9):
                fraction //= 10
        nanos = fraction
    seconds += offset_s
    if seconds < 0 or seconds > MAX_NS // 1000000000 - 1:
        return 0
    return seconds * 1000000000 + nanos


@kernel("void(B1, i, i, i, I2, i)")
def read_interface(b: Bytes, pos: int, length: int, big: int, ifs: Ints, slot: int) -> None:
    """Fills one row of the interface table from an interface description block."""
    ifs[slot, I_LINK] = e16(b, pos + 8, big)
    ifs[slot, I_SNAP] = e32(b, pos + 12, big)
    ifs[slot, I_RESOL] = 6
    ifs[slot, I_OFFSET] = 0
    at = pos + 16
    end = pos + length - 4
    while at + 4 <= end:
        code = e16(b, at, big)
        size = e16(b, at + 2, big)
        if code == 0 or at + 4 + size > end:
            break
        if code == OPTION_TSRESOL and size >= 1:
            ifs[slot, I_RESOL] = u8(b, at + 4)
        elif code == OPTION_TSOFFSET and size >= 8:
            first = e32(b, at + 4, big)
            second = e32(b, at + 8, big)
            high, low = (first, second) if big else (second, first)
            if high == 0:  # an offset beyond 2^32 s is no date; the block is kept without it
                ifs[slot, I_OFFSET] = low
            elif high == 0xFFFFFFFF:
                ifs[slot, I_OFFSET] = low - 0x100000000
        at += 4 + ((size + 3) & ~3)


@kernel("i(B1, I1, I2, I1)", inline=True)
def pcap_record(b: Bytes, r: Ints, q: Ints, x: Ints) -> int:
    """One record of a pcap file."""
    pos = r[R_POS]
    head = r[R_HEAD]
    if pos + head > r[R_END]:
        return NEED_MORE
    big = r[R_BIG]
    captured = e32(b, pos + 8, big)
    if captured > MAX_CAPTURED:
        note(q, Q_RECORD_LENGTH, r[R_PKT] + 1, r[R_BASE] + pos)
        return BAD
    if pos + head + captured > r[R_END]:
        return NEED_MORE
    x[X_TS] = e32(b, pos, big) * 1000000000 + e32(b, pos + 4, big) * r[R_TICK]
    x[X_OFF] = pos + head
    x[X_CAP] = captured
    x[X_WIRE] = e32(b, pos + 12, big)
    x[X_LINK] = r[R_LINK]
    x[X_IF] = 0 if head == USUAL_HEAD else e32(b, pos + 16, big)
    x[X_NEXT] = pos + head + captured
    return OK


@kernel("i(B1, I1, I2, I2, I1, i, i, i)")
def packet_block(
    b: Bytes, r: Ints, ifs: Ints, q: Ints, x: Ints, kind: int, length: int, pos: int
) -> int:
    """An enhanced, obsolete or simple packet block that lies wholly in the window."""
    big = r[R_BIG]
    head = 12 if kind == BLOCK_SPB else 28
    room = length - head - 4
    if kind == BLOCK_SPB:
        interface = 0
        wire = e32(b, pos + 8, big)
        captured = min(wire, room)
        if r[R_NIF] > 0 and ifs[0, I_SNAP] > 0:
            captured = min(captured, ifs[0, I_SNAP])
    else:
        interface = e32(b, pos + 8, big) if kind == BLOCK_EPB else e16(b, pos + 8, big)
        captured = e32(b, pos + 20, big)
        wire = e32(b, pos + 24, big)
    r[R_PKT] += 1
    if interface >= r[R_NIF] or interface >= MAX_INTERFACES:
        note(q, Q_UNKNOWN_INTERFACE, r[R_PKT], r[R_BASE] + pos)
        return SKIP
    if captured > room:
        note(q, Q_PACKET_BEYOND_BLOCK, r[R_PKT], r[R_BASE] + pos)
        return SKIP
    if kind == BLOCK_SPB:
        note(q, Q_NO_TIMESTAMP, r[R_PKT], r[R_BASE] + pos)
        x[X_TS] = r[R_PREV_TS]
    else:
        x[X_TS] = to_ns(
            e32(b, pos + 12, big),
            e32(b, pos + 16, big),
            ifs[interface, I_RESOL],
            ifs[interface, I_OFFSET],
        )
    r[R_PKT] -= 1  # counted by the walk, which may come back to this record
    x[X_OFF] = pos + head
    x[X_CAP] = captured
    x[X_WIRE] = wire
    x[X_LINK] = ifs[interface, I_LINK]
    x[X_IF] = interface + (r[R_SECTION] << 16)
    return OK


@kernel("i(B1, I1, I2, I2, I1)")
def pcapng_block(b: Bytes, r: Ints, ifs: Ints, q: Ints, x: Ints) -> int:
    """One block of a pcapng file."""
    pos = r[R_POS]
    end = r[R_END]
    if pos + 12 > end:
        return NEED_MORE
    kind = e32(b, pos, r[R_BIG])
    if kind == BLOCK_SHB:  # reads the same in both byte orders
        if e32(b, pos + 8, 1) == 0x1A2B3C4D:
            r[R_BIG] = 1
        elif e32(b, pos + 8, 0) == 0x1A2B3C4D:
            r[R_BIG] = 0
        else:
            note(q, Q_BLOCK_LENGTH, r[R_PKT] + 1, r[R_BASE] + pos)
            return BAD
    big = r[R_BIG]
    length = e32(b, pos + 4, big)
    padded = (length + 3) & ~3
    packet = kind in (BLOCK_EPB, BLOCK_SPB, BLOCK_PB)
    about = kind in (BLOCK_NRB, BLOCK_ISB, BLOCK_DSB)
    read = packet or about or kind in (BLOCK_SHB, BLOCK_IDB)
    smallest = 12 + 4 if kind == BLOCK_SPB else 28 + 4 if packet else 12
    if length < smallest or (packet and length > MAX_CAPTURED + 65536):
        note(q, Q_BLOCK_LENGTH, r[R_PKT] + 1, r[R_BASE] + pos)
        return BAD
    if not read or length > MAX_CAPTURED + 65536:
        x[X_NEXT] = pos + padded
        if pos + padded > end:
            r[R_SKIP] = pos + padded - end
            x[X_NEXT] = end
        if kind == BLOCK_SHB:
            r[R_NIF] = 0
            r[R_SECTION] += 1
        return SKIP
    if pos + length > end:
        return NEED_MORE
    x[X_NEXT] = min(pos + padded, end)
    if pos + padded > end:
        r[R_SKIP] = pos + padded - end
    if e32(b, pos + length - 4, big) != length:
        note(q, Q_BLOCK_TRAILER, r[R_PKT] + 1, r[R_BASE] + pos)
    if packet:
        return packet_block(b, r, ifs, q, x, kind, length, pos)
    if about:
        r[R_BLOCK] = kind
        return BLOCK
    if kind == BLOCK_SHB:
        r[R_NIF] = 0
        r[R_SECTION] += 1
    elif length < 20:
        note(q, Q_BLOCK_LENGTH, r[R_PKT] + 1, r[R_BASE] + pos)
    elif r[R_NIF] >= MAX_INTERFACES:
        note(q, Q_INTERFACE_CAP, r[R_PKT] + 1, r[R_BASE] + pos)
    else:
        read_interface(b, pos, length, big, ifs, r[R_NIF])
        r[R_NIF] += 1
    return SKIP


@kernel("i(B1, I1, I2, I2, I1)", inline=True)
def next_record(b: Bytes, r: Ints, ifs: Ints, q: Ints, x: Ints) -> int:
    """The next record at R_POS, whatever the container."""
    if r[R_FORMAT] == FORMAT_PCAP:
        return pcap_record(b, r, q, x)
    return pcapng_block(b, r, ifs, q, x)


def header(b: bytes, r: Ints) -> str | None:
    """Reads the file header into the reader state; the reason when it is no capture."""
    magic = b[:4]
    orders = {
        b"\xa1\xb2\xc3\xd4": (1, 1000),
        b"\xd4\xc3\xb2\xa1": (0, 1000),
        b"\xa1\xb2\x3c\x4d": (1, 1),
        b"\x4d\x3c\xb2\xa1": (0, 1),
        b"\xa1\xb2\xcd\x34": (1, 1000),
        b"\x34\xcd\xb2\xa1": (0, 1000),
    }
    if magic == b"\x0a\x0d\x0d\x0a":
        r[R_FORMAT] = 2
        return None
    if magic not in orders:
        return f"starts with {magic.hex(' ') or 'nothing'}"
    if len(b) < 24:
        return f"pcap file header needs 24 bytes, found {len(b)}"
    big, tick = orders[magic]
    words = np.frombuffer(b[:24], dtype=">u4" if big else "<u4")
    r[R_FORMAT], r[R_BIG], r[R_TICK] = FORMAT_PCAP, big, tick
    r[R_LINK] = int(words[5]) & 0xFFFF  # the upper bits describe a frame check sequence
    r[R_HEAD] = MODIFIED_HEAD if b"\xcd" in magic else USUAL_HEAD
    r[R_POS] = 24
    return None
