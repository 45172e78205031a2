"""HTTP/2 frames (RFC 9113 section 4.1) with header blocks of a real encoder."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from hpack import Encoder

if TYPE_CHECKING:
    from collections.abc import Sequence

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    """One frame."""
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def data(stream: int, payload: bytes, *, end: bool = False) -> bytes:
    """DATA."""
    return frame(0, 1 if end else 0, stream, payload)


def settings(header_table: int | None = None) -> bytes:
    """SETTINGS, with SETTINGS_HEADER_TABLE_SIZE where it is given."""
    body = b"" if header_table is None else struct.pack(">HI", 1, header_table)
    return frame(4, 0, 0, body)


class Side:
    """One direction: its encoder remembers what was sent."""

    def __init__(self) -> None:
        self.encoder = Encoder()

    def headers(
        self,
        stream: int,
        fields: Sequence[tuple[str, str]],
        *,
        end: bool = False,
        pieces: int = 1,
        priority: bool = False,
        padding: int = 0,
    ) -> bytes:
        """HEADERS, and CONTINUATION for the pieces behind the first."""
        block = self.encoder.encode(list(fields))
        size = -(-len(block) // pieces)
        parts = [block[at : at + size] for at in range(0, len(block), size)]
        flags = (1 if end else 0) | (32 if priority else 0) | (8 if padding else 0)
        head = bytes([padding]) if padding else b""
        first = head + (bytes(5) if priority else b"") + parts[0] + bytes(padding)
        out = frame(1, flags | (4 if len(parts) == 1 else 0), stream, first)
        for k, part in enumerate(parts[1:], 2):
            out += frame(9, 4 if k == len(parts) else 0, stream, part)
        return out
