"""Addresses and ports of a packet: enough to filter the tests' own recordings.

Ethernet (with tags), SLL, SLL2 and RAW; IPv4 and IPv6 without extension headers.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from craft.packet import Packet

_TAGS = (0x8100, 0x88A8)


@dataclass(frozen=True, slots=True)
class Tuple:
    """5-tuple and payload of a TCP or UDP packet."""

    proto: int
    src: str
    sport: int
    dst: str
    dport: int
    payload: bytes


def _network(packet: Packet, linktype: int) -> bytes:
    data = packet.data
    if linktype == 1:
        at = 12
        while struct.unpack_from(">H", data, at)[0] in _TAGS:
            at += 4
        return data[at + 2 :]
    return data[{113: 16, 276: 20, 101: 0}[linktype] :]


def peek(packet: Packet, linktype: int) -> Tuple | None:
    """The 5-tuple, or None for anything that is not plain TCP or UDP."""
    data = _network(packet, linktype)
    if len(data) < 28 or data[0] >> 4 not in (4, 6):
        return None
    if data[0] >> 4 == 4:
        proto, at, end = data[9], (data[0] & 15) * 4, struct.unpack_from(">H", data, 2)[0]
        src, dst = data[12:16], data[16:20]
        if struct.unpack_from(">H", data, 6)[0] & 0x1FFF:
            return None
    else:
        proto, at, end = data[6], 40, 40 + struct.unpack_from(">H", data, 4)[0]
        src, dst = data[8:24], data[24:40]
    if proto not in (6, 17):
        return None
    sport, dport = struct.unpack_from(">HH", data, at)
    skip = 8 if proto == 17 else (data[at + 12] >> 4) * 4
    payload = data[at + skip : end]
    return Tuple(proto, str(ip_address(src)), sport, str(ip_address(dst)), dport, payload)
