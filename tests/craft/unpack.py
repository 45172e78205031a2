"""Reader for captures that are known to be sound: the tests' own, independent of the product.

It exists to re-encode, cut and filter recordings; anything unusual is an error here.
"""

from __future__ import annotations

import gzip
import struct
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from craft.packet import Packet

if TYPE_CHECKING:
    from pathlib import Path

_PCAP = {
    b"\xd4\xc3\xb2\xa1": ("<", 1000),
    b"\xa1\xb2\xc3\xd4": (">", 1000),
    b"\x4d\x3c\xb2\xa1": ("<", 1),
    b"\xa1\xb2\x3c\x4d": (">", 1),
}


@dataclass(frozen=True, slots=True)
class Recording:
    """Packets of one capture file and the link type they share."""

    linktype: int
    packets: list[Packet]


def read_capture(path: Path) -> Recording:
    """Reads a pcap, or a pcapng whose interfaces share a link type, plain or gzip."""
    data = path.read_bytes()
    if data[:2] == b"\x1f\x8b":
        data = gzip.decompress(data)
    return _pcap(data) if data[:4] in _PCAP else _pcapng(data)


def _pcap(data: bytes) -> Recording:
    mark, unit = _PCAP[data[:4]]
    linktype = struct.unpack_from(mark + "I", data, 20)[0] & 0xFFFF
    packets, at = [], 24
    while at < len(data):
        seconds, fraction, captured, wire = struct.unpack_from(mark + "IIII", data, at)
        body = data[at + 16 : at + 16 + captured]
        packets.append(Packet(seconds * 1_000_000_000 + fraction * unit, body, wire))
        at += 16 + captured
    return Recording(linktype, packets)


def _resolution(options: bytes, mark: str) -> Fraction:
    """Nanoseconds per tick from the options of an Interface Description Block."""
    at = 0
    while at + 4 <= len(options):
        code, length = struct.unpack_from(mark + "HH", options, at)
        if code == 9:
            raw = options[at + 4]
            base = 2 if raw & 0x80 else 10
            return Fraction(1_000_000_000, base ** (raw & 0x7F))
        at += 4 + length + (-length % 4)
    return Fraction(1000)


def _pcapng(data: bytes) -> Recording:
    mark = "<"
    faces: list[tuple[int, Fraction]] = []
    packets: list[Packet] = []
    at = 0
    while at < len(data):
        if data[at : at + 4] == b"\x0a\x0d\x0d\x0a":
            mark = "<" if data[at + 8 : at + 12] == b"\x4d\x3c\x2b\x1a" else ">"
            faces = []
        kind, length = struct.unpack_from(mark + "II", data, at)
        body = data[at + 8 : at + length - 4]
        if kind == 1:
            faces.append((struct.unpack_from(mark + "H", body)[0], _resolution(body[8:], mark)))
        elif kind == 6:
            number, high, low, captured, wire = struct.unpack_from(mark + "IIIII", body)
            ts_ns = int(((high << 32) | low) * faces[number][1])
            packets.append(Packet(ts_ns, body[20 : 20 + captured], wire, number))
        at += length
    (linktype,) = {face[0] for face in faces}
    return Recording(linktype, packets)
