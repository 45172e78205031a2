"""Writer for pcapng blocks and files (draft-ietf-opsawg-pcapng), every block a capture can hold.

Blocks are plain functions that return bytes, so a test can put them in any order, repeat sections
or break one on purpose; `write_pcapng` is the ordinary case.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from craft.pcap import ETHERNET, Order, order_mark

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from craft.packet import Packet

SHB, IDB, PB, SPB, NRB, ISB, EPB, DSB = 0x0A0D0D0A, 1, 2, 3, 4, 5, 6, 10
CUSTOM, CUSTOM_NOCOPY = 0xBAD, 0x40000BAD


@dataclass(frozen=True, slots=True)
class Interface:
    """What an Interface Description Block says (section 4.2).

    Attributes:
        linktype: LINKTYPE number.
        snaplen: Capture length, 0 for none.
        tsresol: Raw if_tsresol octet (9 = ns, 0x80 | n = 2^-n), or None to leave it out (us).
        tsoffset: if_tsoffset in seconds, or None to leave it out.
        name: if_name, or "" to leave it out.
    """

    linktype: int = ETHERNET
    snaplen: int = 262144
    tsresol: int | None = None
    tsoffset: int | None = None
    name: str = ""

    def ticks(self, ts_ns: int) -> int:
        """The time stamp in this interface's units, rounded down."""
        exponent = 6 if self.tsresol is None else self.tsresol & 0x7F
        base = 2 if self.tsresol is not None and self.tsresol & 0x80 else 10
        since = ts_ns - (self.tsoffset or 0) * 1_000_000_000
        return int(Fraction(since, 1_000_000_000) * base**exponent)


def block(kind: int, body: bytes, order: Order = "little", length: int | None = None) -> bytes:
    """One block with both length fields (section 3.1); length forces a wrong value."""
    padded = body + bytes(-len(body) % 4)
    total = 12 + len(padded) if length is None else length
    mark = order_mark(order)
    return struct.pack(mark + "II", kind, total) + padded + struct.pack(mark + "I", total)


def option(code: int, value: bytes, order: Order = "little") -> bytes:
    """One option, padded to 32 bits (section 3.5)."""
    return struct.pack(order_mark(order) + "HH", code, len(value)) + value + bytes(-len(value) % 4)


def section(order: Order = "little", *, length: int = -1, options: bytes = b"") -> bytes:
    """Section Header Block (section 4.1); length -1 means not stated."""
    body = struct.pack(order_mark(order) + "IHHq", 0x1A2B3C4D, 1, 0, length) + options
    return block(SHB, body, order)


def interface(face: Interface, order: Order = "little") -> bytes:
    """Interface Description Block (section 4.2)."""
    mark = order_mark(order)
    options = b""
    if face.name:
        options += option(2, face.name.encode(), order)
    if face.tsresol is not None:
        options += option(9, bytes([face.tsresol]), order)
    if face.tsoffset is not None:
        options += option(14, struct.pack(mark + "q", face.tsoffset), order)
    if options:
        options += option(0, b"", order)
    return block(IDB, struct.pack(mark + "HHI", face.linktype, 0, face.snaplen) + options, order)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)


def enhanced(
    packet: Packet, face: Interface, order: Order = "little", *, options: bytes = b""
) -> bytes:
    """Enhanced Packet Block (section 4.3)."""
    ticks = face.ticks(packet.ts_ns) & 0xFFFFFFFFFFFFFFFF
    head = struct.pack(
        order_mark(order) + "IIIII",
        packet.interface,
        ticks >> 32,
        ticks & 0xFFFFFFFF,
        len(packet.data),
        packet.length,
    )
    return block(EPB, head + _padded(packet.data) + options, order)


def simple(packet: Packet, order: Order = "little") -> bytes:
    """Simple Packet Block (section 4.4): interface 0, no time stamp."""
    head = struct.pack(order_mark(order) + "I", packet.length)
    return block(SPB, head + _padded(packet.data), order)


def obsolete(packet: Packet, face: Interface, order: Order = "little") -> bytes:
    """Packet Block of early drafts (section A.1)."""
    ticks = face.ticks(packet.ts_ns)
    head = struct.pack(
        order_mark(order) + "HHIIII",
        packet.interface,
        0xFFFF,
        ticks >> 32,
        ticks & 0xFFFFFFFF,
        len(packet.data),
        packet.length,
    )
    return block(PB, head + _padded(packet.data), order)


def name_resolution(pairs: Sequence[tuple[bytes, str]], order: Order = "little") -> bytes:
    """Name Resolution Block (section 4.5): (4- or 16-byte address, name) records."""
    body = b""
    for address, name in pairs:
        value = address + name.encode() + b"\0"
        kind = 1 if len(address) == 4 else 2
        body += option(kind, value, order)
    return block(NRB, body + option(0, b"", order), order)


def interface_statistics(number: int, order: Order = "little", **counts: int) -> bytes:
    """Interface Statistics Block (section 4.6); counts: ifrecv, ifdrop, filteraccept, osdrop."""
    codes = {"ifrecv": 4, "ifdrop": 5, "filteraccept": 6, "osdrop": 7}
    mark = order_mark(order)
    body = struct.pack(mark + "III", number, 0, 0)
    for name, value in counts.items():
        body += option(codes[name], struct.pack(mark + "Q", value), order)
    return block(ISB, body + (option(0, b"", order) if counts else b""), order)


def secrets(data: bytes, kind: int = 0x544C534B, order: Order = "little") -> bytes:
    """Decryption Secrets Block (section 4.7); the default kind is a TLS key log."""
    head = struct.pack(order_mark(order) + "II", kind, len(data))
    return block(DSB, head + data, order)


def custom(data: bytes, *, pen: int = 32473, copy: bool = True, order: Order = "little") -> bytes:
    """Custom Block (section 4.8); 32473 is the documentation PEN of RFC 5612."""
    kind = CUSTOM if copy else CUSTOM_NOCOPY
    return block(kind, struct.pack(order_mark(order) + "I", pen) + data, order)


def write_pcapng(
    packets: Iterable[Packet],
    interfaces: Sequence[Interface] = (Interface(),),
    *,
    order: Order = "little",
) -> bytes:
    """One section: header, all interfaces, one Enhanced Packet Block per packet."""
    out = [section(order)]
    out.extend(interface(face, order) for face in interfaces)
    out.extend(enhanced(packet, interfaces[packet.interface], order) for packet in packets)
    return b"".join(out)
