"""The start of what each side says: hellos, heads of requests and answers, DNS over TCP.

At most 16 KiB of a direction are kept, until a unit is complete. Segments may come in any order.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum

from analyzer.capture.plain.server import (
    ALERT_BYTES,
    begins_alert,
    begins_server_hello,
    flight_length,
)

ROOM = 16384
LONGEST_METHOD = 17
METHOD = re.compile(rb"[A-Z][A-Z_-]{2,16} {1,4}(?:[/*]|[hH][tT]..)", re.DOTALL)
CONNECT = re.compile(rb"C[A-Z_-]{5}T {1,4}[!-~]")
WORD = re.compile(rb"[A-Z][A-Z_-]*")
STATUS = b"HTTP/1."
PROTOCOL = re.compile(rb"HT../", re.DOTALL)
LENGTH = re.compile(rb"(?i)\ncontent-length:[ \t]*([0-9]{0,15})")
MAX_BODY = 1 << 31


class Kind(Enum):
    """What a unit is."""

    UNKNOWN = 0
    TLS = 1
    HTTP = 2
    DNS = 3
    FLIGHT = 4
    ALERT = 5
    RESPONSE = 6


def kind_of(data: bytes) -> Kind | None:
    """What begins here: UNKNOWN for "may become one", None for nothing that is read.

    The character behind an HTTP method must fit a request target, which keeps SMTP, FTP and IRC
    verbs out (RFC 9110 section 9).
    """
    if not data:
        return Kind.UNKNOWN
    if data[0] == 22:
        if len(data) >= 2 and data[1] != 3:
            return None
        if len(data) < 6:
            return Kind.UNKNOWN
        return Kind.TLS if data[5] == 1 else _server_kind(Kind.FLIGHT, begins_server_hello(data))
    if data[0] == 21:
        return _server_kind(Kind.ALERT, begins_alert(data))
    request = _request_kind(data)
    if request is not Kind.HTTP and data[:1] == b"H":
        start = data[: len(STATUS)]
        if start == STATUS:
            return Kind.RESPONSE
        if STATUS.startswith(start):
            return Kind.UNKNOWN
    return request


def _server_kind(kind: Kind, begins: bool | None) -> Kind | None:
    return Kind.UNKNOWN if begins is None else kind if begins else None


def _request_kind(data: bytes) -> Kind | None:
    word, blank, rest = data[: LONGEST_METHOD + 1].partition(b" ")
    if not WORD.fullmatch(word) or len(word) > LONGEST_METHOD:
        return None
    if not blank:
        return Kind.UNKNOWN
    if len(word) < 3:
        return None
    rest = data[len(word) + 1 :][:8]
    target = rest[:3].lstrip(b" ") + rest[3:]  # lenient servers take several blanks
    if not target:
        return Kind.UNKNOWN
    if METHOD.match(data) or CONNECT.match(data):
        return Kind.HTTP
    short = target[:1] in (b"h", b"H") and len(target) < 4
    return Kind.UNKNOWN if short and not (len(word) == 7 and word[:1] + word[6:] == b"CT") else None


def unit_length(data: bytes, kind: Kind) -> int:
    """Length of the complete unit at the beginning, 0 when more is needed, -1 when it is none."""
    if kind is Kind.TLS:
        return _hello_length(data)
    if kind is Kind.DNS:
        size = int.from_bytes(data[:2], "big") + 2
        return size if len(data) >= max(size, 2) else 0
    if kind is Kind.FLIGHT:
        return flight_length(data)
    if kind is Kind.ALERT:
        return ALERT_BYTES if len(data) >= ALERT_BYTES else 0
    if not _speaks_http(data):
        return -1
    ends = [data.find(mark) + len(mark) for mark in (b"\n\n", b"\n\r\n") if mark in data]
    return min(ends, default=0)


def _speaks_http(data: bytes) -> bool:
    """False where the first line is complete without "HTTP/": FTP, or HTTP/0.9 without a head."""
    line, end, _ = data.partition(b"\n")
    return not end or PROTOCOL.search(line) is not None


def _hello_length(data: bytes) -> int:
    """Bytes of all records that a ClientHello spans (RFC 8446 section 5.1 allows several)."""
    at, body = 0, bytearray()
    while at + 5 <= len(data):
        size = int.from_bytes(data[at + 3 : at + 5], "big")
        if data[at] != 22 or data[at + 1] != 3 or size == 0:
            return -1
        body += data[at + 5 : at + 5 + size]
        at += 5 + size
        if len(body) >= 4 and at <= len(data):
            need = int.from_bytes(body[1:4], "big") + 4
            if len(body) >= need:
                return at
    return 0


def body_length(head: bytes) -> int | None:
    """Content-Length of a complete head, 0 when absent or no number, None when beyond reason."""
    found = LENGTH.search(head)
    value = int(found[1]) if found and found[1] else 0
    return value if value < MAX_BODY else None


@dataclass(slots=True)
class Collector:
    """Bytes of one direction from ``base`` on, until the unit there is complete.

    Attributes:
        base: Unwrapped sequence number of the first byte.
        kind: What is collected.
        data: Bytes received, zeros where none was yet.
        cut: Bytes from ``base`` on before the first that was on the wire but not captured.
    """

    base: int
    kind: Kind
    data: bytearray = field(default_factory=bytearray)
    cut: int = ROOM

    def put(self, at: int, piece: bytes) -> None:
        """Stores bytes ``at`` behind ``base``; what does not fit is left out."""
        piece = piece[: max(ROOM - at, 0)]
        if len(self.data) < at + len(piece):
            self.data.extend(bytes(at + len(piece) - len(self.data)))
        self.data[at : at + len(piece)] = piece

    def advance(self, used: int) -> None:
        """Drops what was delivered."""
        del self.data[:used]
        self.base += used
        if self.cut < ROOM:
            self.cut -= used
