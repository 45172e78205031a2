"""Initial packets of a datagram, and what is inside (RFC 9000 section 17.2, RFC 9001 section 5).

A datagram may hold several packets one after the other. Only Initials are opened: every later one
is protected by keys that the handshake agrees on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag

from analyzer.capture.quic_keys import VERSIONS_2, Keys, salts

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_PACKETS = 16
INITIAL, ZERO_RTT, HANDSHAKE, RETRY = 0, 1, 2, 3
SAMPLE_BYTES, MAX_CID = 16, 20


@dataclass(frozen=True, slots=True)
class Initial:
    """Where one Initial packet lies in its datagram.

    Attributes:
        version: As on the wire.
        dcid: Destination connection id.
        start: Offset of its first byte.
        number_at: Offset of its packet number.
        end: Offset behind its tag.
    """

    version: int
    dcid: bytes
    start: int
    number_at: int
    end: int


def varint(data: bytes, at: int) -> tuple[int, int]:
    """A variable-length integer and the offset behind it; -1 where the data ends before (16)."""
    if at >= len(data):
        return -1, at
    size = 1 << (data[at] >> 6)
    if at + size > len(data):
        return -1, at
    value = int.from_bytes(data[at : at + size], "big")
    return value & ((1 << (8 * size - 2)) - 1), at + size


def kind_of(first: int, version: int) -> int:
    """The packet type behind the two bits, which version 2 has turned (RFC 9369 section 3.2)."""
    bits = (first >> 4) & 3
    return (bits - 1) & 3 if version in VERSIONS_2 else bits


def initials(data: bytes) -> Iterator[Initial]:
    """The complete Initial packets of a datagram whose version is known."""
    at = 0
    for _ in range(MAX_PACKETS):
        if at + 7 > len(data) or not data[at] & 0x80:
            return
        version = int.from_bytes(data[at + 1 : at + 5], "big")
        if not salts(version):
            return
        source = at + 6 + data[at + 5]
        if data[at + 5] > MAX_CID or source >= len(data) or data[source] > MAX_CID:
            return
        dcid = data[at + 6 : source]
        behind = source + 1 + data[source]
        kind = kind_of(data[at], version)
        if kind == RETRY:
            return
        if kind == INITIAL:
            token, behind = varint(data, behind)
            if token < 0:
                return
            behind += token
        length, number_at = varint(data, behind)
        end = number_at + length
        if length < 4 + SAMPLE_BYTES or end > len(data):
            return
        if kind == INITIAL:
            yield Initial(version, dcid, at, number_at, end)
        at = end


def unprotect(data: bytes, packet: Initial, keys: Keys) -> bytes | None:
    """The frames of an Initial, or None when these are not its keys (RFC 9001 section 5.4.2).

    The number is taken as it stands: it is relative to what was acknowledged only beyond 255, and
    handshakes do not come that far.
    """
    at = packet.number_at
    mask = keys.header.encryptor().update(data[at + 4 : at + 4 + SAMPLE_BYTES])
    first = data[packet.start] ^ (mask[0] & 0x0F)
    size = (first & 3) + 1
    number = bytes(a ^ b for a, b in zip(data[at : at + size], mask[1:], strict=False))
    head = bytes((first,)) + data[packet.start + 1 : at] + number
    nonce = int.from_bytes(keys.iv, "big") ^ int.from_bytes(number, "big")
    try:
        return keys.aead.decrypt(nonce.to_bytes(12, "big"), data[at + size : packet.end], head)
    except InvalidTag:
        return None
