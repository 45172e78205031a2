"""DNS messages (RFC 1035 section 4), with compression, HTTPS and SVCB (RFC 9460), and bad ones.

A message is built from records in presentation form; `raw_*` arguments exist for what no sound
server would send, compression loops first of all.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING

from craft.frames import Link, ip, on_link, udp
from craft.packet import Packet

if TYPE_CHECKING:
    from collections.abc import Sequence

A, NS, CNAME, TXT, AAAA, SVCB, HTTPS = 1, 2, 5, 16, 28, 64, 65


@dataclass(frozen=True, slots=True)
class Record:
    """One resource record; value is an address or a name, or raw bytes for any RDATA."""

    owner: str
    type: int
    value: str | bytes
    ttl: int = 300


@dataclass(frozen=True, slots=True)
class Service:
    """RDATA of SVCB and HTTPS: priority, target, and ipv4hint / ipv6hint / alpn."""

    priority: int
    target: str
    alpn: tuple[str, ...] = ()
    ipv4hint: tuple[str, ...] = ()
    ipv6hint: tuple[str, ...] = ()

    def rdata(self) -> bytes:
        """Wire form (RFC 9460 section 2.2): parameters in ascending key order."""
        out = struct.pack(">H", self.priority) + plain_name(self.target)
        if self.alpn:
            ids = b"".join(bytes([len(x)]) + x.encode() for x in self.alpn)
            out += struct.pack(">HH", 1, len(ids)) + ids
        for key, hints in ((4, self.ipv4hint), (6, self.ipv6hint)):
            if hints:
                packed = b"".join(ip_address(hint).packed for hint in hints)
                out += struct.pack(">HH", key, len(packed)) + packed
        return out


def labels(name: str) -> list[bytes]:
    """Labels of a name in presentation form; no escapes."""
    return [part.encode("latin-1") for part in name.rstrip(".").split(".") if part]


def plain_name(name: str) -> bytes:
    """A name without compression (section 3.1)."""
    return b"".join(bytes([len(x)]) + x for x in labels(name)) + b"\0"


def pointer(offset: int) -> bytes:
    """A compression pointer (section 4.1.4)."""
    return struct.pack(">H", 0xC000 | offset)


class _Writer:
    """Message under construction, with the offsets of the names already written."""

    def __init__(self, compress: bool) -> None:
        self.data = bytearray()
        self.seen: dict[tuple[bytes, ...], int] = {}
        self.compress = compress

    def name(self, text: str) -> None:
        rest = tuple(labels(text))
        while rest:
            known = self.seen.get(rest)
            if self.compress and known is not None:
                self.data += pointer(known)
                return
            if len(self.data) < 0x4000:
                self.seen.setdefault(rest, len(self.data))
            self.data += bytes([len(rest[0])]) + rest[0]
            rest = rest[1:]
        self.data += b"\0"

    def record(self, entry: Record) -> None:
        self.name(entry.owner)
        self.data += struct.pack(">HHI", entry.type, 1, entry.ttl)
        at = len(self.data)
        self.data += b"\0\0"
        if isinstance(entry.value, bytes):
            self.data += entry.value
        elif entry.type in (A, AAAA):
            self.data += ip_address(entry.value).packed
        else:
            self.name(entry.value)
        struct.pack_into(">H", self.data, at, len(self.data) - at - 2)


def message(
    txid: int,
    qname: str | None,
    qtype: int = A,
    answers: Sequence[Record] = (),
    *,
    response: bool = False,
    rcode: int = 0,
    authority: Sequence[Record] = (),
    additional: Sequence[Record] = (),
    compress: bool = True,
) -> bytes:
    """A whole message."""
    writer = _Writer(compress)
    flags = (0x8180 if response else 0x0100) | rcode
    counts = (0 if qname is None else 1, len(answers), len(authority), len(additional))
    writer.data += struct.pack(">HHHHHH", txid, flags, *counts)
    if qname is not None:
        writer.name(qname)
        writer.data += struct.pack(">HH", qtype, 1)
    for entry in (*answers, *authority, *additional):
        writer.record(entry)
    return bytes(writer.data)


def looping_answer(txid: int, qname: str) -> bytes:
    """A response whose answer's owner is a pointer to itself."""
    head = struct.pack(">HHHHHH", txid, 0x8180, 1, 1, 0, 0) + plain_name(qname)
    head += struct.pack(">HH", A, 1)
    return head + pointer(len(head)) + struct.pack(">HHIH", A, 1, 60, 4) + b"\x0a\0\0\x01"


def over_tcp(*messages: bytes) -> bytes:
    """Length-prefixed messages (section 4.2.2)."""
    return b"".join(struct.pack(">H", len(message)) + message for message in messages)


def datagram(
    ts_ns: int,
    src: tuple[str, int],
    dst: tuple[str, int],
    payload: bytes,
    *,
    link: Link = "ethernet",
    ident: int = 0,
) -> Packet:
    """One UDP packet."""
    raw = udp(src[0], dst[0], (src[1], dst[1]), payload)
    return Packet(ts_ns, on_link(ip(src[0], dst[0], 17, raw, ident=ident), link))


def lookup(
    ts_ns: int,
    client: str,
    name: str,
    answers: Sequence[Record],
    *,
    resolver: str = "192.0.2.53",
    txid: int = 0x1234,
    qtype: int = A,
    port: int = 40000,
    link: Link = "ethernet",
) -> list[Packet]:
    """A question and its answer, one millisecond apart."""
    question = message(txid, name, qtype)
    answer = message(txid, name, qtype, answers, response=True)
    return [
        datagram(ts_ns, (client, port), (resolver, 53), question, link=link, ident=txid),
        datagram(
            ts_ns + 1_000_000, (resolver, 53), (client, port), answer, link=link, ident=txid + 1
        ),
    ]
