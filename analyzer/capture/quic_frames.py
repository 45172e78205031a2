"""CRYPTO frames and the handshake message they carry (RFC 9000 sections 12.4, 19.1 to 19.6, 19.19).

Senders cut a ClientHello anywhere, send the pieces in any order over several Initials, and put PING
and PADDING between. A piece that was there first stays; the buffer is bounded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.capture.quic_packets import varint

if TYPE_CHECKING:
    from collections.abc import Iterator

PADDING, PING, ACK, ACK_ECN, CRYPTO = 0x00, 0x01, 0x02, 0x03, 0x06
GOOGLE_CRYPTO = 0x08  # in its versions with TLS but its own frames
CLIENT_HELLO = 1
MAX_HELLO = 16384 - 5  # with a record header in front it is what the ClientHello parser takes


def crypto_frames(payload: bytes, google: bool = False) -> Iterator[tuple[int, bytes]]:
    """Offset and data of every CRYPTO frame; stops at a frame that an Initial must not have.

    Args:
        payload: Frames of one packet.
        google: Its version is one of Google's.
    """
    crypto = GOOGLE_CRYPTO if google else CRYPTO
    at = 0
    while at < len(payload):
        kind = payload[at]
        at += 1
        if kind == PADDING:
            at = len(payload) - len(payload[at:].lstrip(b"\0"))
        elif kind in (ACK, ACK_ECN):
            at = _behind_ack(payload, at, kind)
        elif kind == crypto:
            offset, at = varint(payload, at)
            size, at = varint(payload, at)
            if offset < 0 or size < 0 or at + size > len(payload):
                return
            yield offset, payload[at : at + size]
            at += size
        elif kind != PING:
            return


def _behind_ack(payload: bytes, at: int, kind: int) -> int:
    """Offset behind an ACK frame; the end of the payload when it is cut."""
    _, at = varint(payload, at)  # largest acknowledged
    _, at = varint(payload, at)  # delay
    ranges, at = varint(payload, at)
    fields = 1 + 2 * ranges + (3 if kind == ACK_ECN else 0)
    if ranges < 0 or fields > len(payload):
        return len(payload)
    for _ in range(fields):
        value, at = varint(payload, at)
        if value < 0:
            return len(payload)
    return at


class Pieces:
    """The beginning of one CRYPTO stream, pieces in any order."""

    __slots__ = ("data", "known")

    def __init__(self) -> None:
        """Starts with nothing."""
        self.data = bytearray()
        self.known = bytearray()  # 1 where a byte has come

    def add(self, offset: int, piece: bytes) -> None:
        """Puts a piece in its place, as far as the bound allows."""
        end = min(offset + len(piece), MAX_HELLO)
        if end <= offset:
            return
        if end > len(self.data):
            more = bytes(end - len(self.data))
            self.data += more
            self.known += more
        at = offset
        while at < end:  # only the gaps: what was there first stays
            if self.known[at]:
                taken = self.known.find(0, at, end)
                at = end if taken < 0 else taken
                continue
            taken = self.known.find(1, at, end)
            stop = end if taken < 0 else taken
            self.data[at:stop] = piece[at - offset : stop - offset]
            self.known[at:stop] = b"\1" * (stop - at)
            at = stop

    def ready(self) -> int:
        """How many bytes there are without a gap."""
        gap = self.known.find(0)
        return len(self.known) if gap < 0 else gap

    def wanted(self) -> int | None:
        """Length of the ClientHello, capped; 0 when it is another message, None if unknown yet."""
        if self.ready() < 4:
            return None
        if self.data[0] != CLIENT_HELLO:
            return 0
        return min(4 + int.from_bytes(self.data[1:4], "big"), MAX_HELLO)
