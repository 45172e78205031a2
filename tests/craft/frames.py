"""Builders for link and network layers: what stands between a capture record and TCP or UDP.

Lengths and checksums are right unless a test asks for wrong ones. Addresses are text, so a test
reads like the packet list it describes.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Link = Literal["ethernet", "sll", "sll2", "null", "loop", "raw"]
ETHERTYPE = {4: 0x0800, 6: 0x86DD}

LINKTYPE: dict[str, int] = {
    "ethernet": 1,
    "sll": 113,
    "sll2": 276,
    "null": 0,
    "loop": 108,
    "raw": 101,
}

FIN, SYN, RST, PSH, ACK = 0x01, 0x02, 0x04, 0x08, 0x10


def checksum(data: bytes) -> int:
    """Internet checksum (RFC 1071)."""
    if len(data) % 2:
        data += b"\0"
    total: int = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def version(address: str) -> int:
    """4 or 6."""
    return 6 if ":" in address else 4


# -- link layers ---------------------------------------------------------------------------------


def ethernet(
    payload: bytes,
    ethertype: int = 0x0800,
    *,
    vlans: Sequence[tuple[int, int]] = (),
    pad: bool = False,
) -> bytes:
    """Ethernet II, with stacked tags (TPID, VLAN id) outermost first (IEEE 802.1Q clause 9)."""
    head = b"\x02\x00\x00\x00\x00\x02\x02\x00\x00\x00\x00\x01"
    for tpid, vid in vlans:
        head += struct.pack(">HH", tpid, vid)
    frame = head + struct.pack(">H", ethertype) + payload
    return frame.ljust(60, b"\0") if pad else frame


def sll(payload: bytes, ethertype: int = 0x0800, *, packet_type: int = 0) -> bytes:
    """Linux cooked capture v1 (LINKTYPE_LINUX_SLL); packet type 4 = sent by us."""
    return struct.pack(">HHH8sH", packet_type, 1, 6, b"\x02\0\0\0\0\1\0\0", ethertype) + payload


def sll2(
    payload: bytes, ethertype: int = 0x0800, *, interface: int = 2, packet_type: int = 0
) -> bytes:
    """Linux cooked capture v2 (LINKTYPE_LINUX_SLL2), which names the interface."""
    return (
        struct.pack(">HHIHBB8s", ethertype, 0, interface, 1, packet_type, 6, b"\x02\0\0\0\0\1\0\0")
        + payload
    )


def null(payload: bytes, family: int, *, order: Literal["<", ">"] = "<") -> bytes:
    """BSD loopback (LINKTYPE_NULL): address family in the byte order of the capturing host."""
    return struct.pack(order + "I", family) + payload


def loop(payload: bytes, family: int) -> bytes:
    """OpenBSD loopback (LINKTYPE_LOOP): the family in network byte order."""
    return struct.pack(">I", family) + payload


def on_link(packet: bytes, link: Link) -> bytes:
    """Wraps an IP packet for one of the supported link types."""
    ip_version = packet[0] >> 4
    ethertype = ETHERTYPE.get(ip_version, 0x0800)
    family = 2 if ip_version == 4 else 30
    wrap: dict[str, Callable[[], bytes]] = {
        "ethernet": lambda: ethernet(packet, ethertype),
        "sll": lambda: sll(packet, ethertype),
        "sll2": lambda: sll2(packet, ethertype),
        "null": lambda: null(packet, family),
        "loop": lambda: loop(packet, family),
        "raw": lambda: packet,
    }
    return wrap[link]()


# -- network layers ------------------------------------------------------------------------------


def ipv4(
    src: str,
    dst: str,
    proto: int,
    payload: bytes,
    *,
    ident: int = 0,
    ttl: int = 64,
    options: bytes = b"",
    fragment: int = 0,
    total_length: int | None = None,
    header_words: int | None = None,
) -> bytes:
    """IPv4 (RFC 791 section 3.1). fragment is the raw flags and offset word."""
    options += bytes(-len(options) % 4)
    words = 5 + len(options) // 4 if header_words is None else header_words
    length = 20 + len(options) + len(payload) if total_length is None else total_length
    head = struct.pack(
        ">BBHHHBBH4s4s",
        0x40 | words,
        0,
        length & 0xFFFF,
        ident,
        fragment,
        ttl,
        proto,
        0,
        ip_address(src).packed,
        ip_address(dst).packed,
    )
    head += options
    return head[:10] + struct.pack(">H", checksum(head)) + head[12:] + payload


def hop_by_hop(next_header: int, data: bytes = b"") -> bytes:
    """An extension header of the common shape (RFC 8200 section 4.3), padded with Pad1."""
    body = data + bytes(-(len(data) + 2) % 8)
    return struct.pack(">BB", next_header, (len(body) + 2) // 8 - 1) + body


def fragment_header(next_header: int, offset: int, more: bool, ident: int) -> bytes:
    """IPv6 fragment header (RFC 8200 section 4.5); offset in bytes, a multiple of 8."""
    return struct.pack(">BBHI", next_header, 0, offset | int(more), ident)


def ipv6(
    src: str,
    dst: str,
    next_header: int,
    payload: bytes,
    *,
    extensions: Sequence[int] = (),
    payload_length: int | None = None,
) -> bytes:
    """IPv6 (RFC 8200 section 3), with empty extension headers of the given types in front."""
    chain, following = b"", next_header
    for kind in reversed(extensions):
        chain, following = hop_by_hop(following) + chain, kind
    body = chain + payload
    length = len(body) if payload_length is None else payload_length
    head = struct.pack(">IHBB", 6 << 28, length & 0xFFFF, following, 64)
    return head + ip_address(src).packed + ip_address(dst).packed + body


def ip(src: str, dst: str, proto: int, payload: bytes, *, ident: int = 0) -> bytes:
    """IPv4 or IPv6, by the addresses."""
    if version(src) == 4:
        return ipv4(src, dst, proto, payload, ident=ident)
    return ipv6(src, dst, proto, payload)


def _pseudo(src: str, dst: str, proto: int, length: int) -> bytes:
    packed = ip_address(src).packed + ip_address(dst).packed
    if version(src) == 4:
        return packed + struct.pack(">BBH", 0, proto, length)
    return packed + struct.pack(">II", length, proto)


# -- transport layers ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TcpHeader:
    """Fields of a TCP header (RFC 9293 section 3.1) other than the ports."""

    seq: int
    ack: int
    flags: int
    window: int = 64240
    options: bytes = field(default=b"")
    header_words: int | None = None


def tcp(src: str, dst: str, ports: tuple[int, int], header: TcpHeader, payload: bytes) -> bytes:
    """A TCP segment with its checksum."""
    options = header.options + bytes(-len(header.options) % 4)
    words = 5 + len(options) // 4 if header.header_words is None else header.header_words
    head = struct.pack(
        ">HHIIBBHHH",
        *ports,
        header.seq & 0xFFFFFFFF,
        header.ack & 0xFFFFFFFF,
        words << 4,
        header.flags,
        header.window,
        0,
        0,
    )
    body = head + options + payload
    value = checksum(_pseudo(src, dst, 6, len(body)) + body)
    return body[:16] + struct.pack(">H", value) + body[18:]


def udp(
    src: str, dst: str, ports: tuple[int, int], payload: bytes, *, length: int | None = None
) -> bytes:
    """A UDP datagram (RFC 768) with its checksum; length forces a wrong value."""
    stated = 8 + len(payload) if length is None else length
    head = struct.pack(">HHHH", *ports, stated & 0xFFFF, 0)
    value = checksum(_pseudo(src, dst, 17, 8 + len(payload)) + head + payload) or 0xFFFF
    return head[:6] + struct.pack(">H", value) + payload
