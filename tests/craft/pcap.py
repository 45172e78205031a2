"""Writer for classic pcap files (draft-ietf-opsawg-pcap section 4 and 5), every variant.

The values that a writer may get wrong (magic, lengths) can be forced, because bad files are half
of what the tests need.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from craft.packet import Packet

Order = Literal["little", "big"]

MICRO = 0xA1B2C3D4
NANO = 0xA1B23C4D
MODIFIED = 0xA1B2CD34
"""Magic of Alexey Kuznetsov's patched libpcap: 8 more bytes in each record header."""

ETHERNET, NULL, RAW, LOOP, SLL, IPV4, IPV6, SLL2 = 1, 0, 101, 108, 113, 228, 229, 276


def order_mark(order: Order) -> str:
    """The struct module's sign for a byte order."""
    return "<" if order == "little" else ">"


def header(
    linktype: int = ETHERNET,
    *,
    order: Order = "little",
    nano: bool = False,
    snaplen: int = 262144,
    magic: int | None = None,
) -> bytes:
    """The 24 bytes of the file header."""
    value = magic if magic is not None else (NANO if nano else MICRO)
    return struct.pack(order_mark(order) + "IHHiIII", value, 2, 4, 0, 0, snaplen, linktype)


def record(
    packet: Packet,
    *,
    order: Order = "little",
    nano: bool = False,
    modified: bool = False,
    captured_len: int | None = None,
) -> bytes:
    """One record; captured_len forces a wrong length into its header."""
    seconds, rest = divmod(packet.ts_ns, 1_000_000_000)
    fraction = rest if nano else rest // 1000
    length = len(packet.data) if captured_len is None else captured_len
    head = struct.pack(order_mark(order) + "IIII", seconds, fraction, length, packet.length)
    if modified:
        head += struct.pack(order_mark(order) + "IHBB", packet.interface, 0x0800, 0, 0)
    return head + packet.data


def write_pcap(
    packets: Iterable[Packet],
    linktype: int = ETHERNET,
    *,
    order: Order = "little",
    nano: bool = False,
    snaplen: int = 262144,
    modified: bool = False,
) -> bytes:
    """A whole file. Packets longer than snaplen are cut, their wire length is kept."""
    magic = MODIFIED if modified else None
    out = [header(linktype, order=order, nano=nano, snaplen=snaplen, magic=magic)]
    for packet in packets:
        cut = packet if len(packet.data) <= snaplen else packet.snapped(snaplen)
        out.append(record(cut, order=order, nano=nano, modified=modified))
    return b"".join(out)
