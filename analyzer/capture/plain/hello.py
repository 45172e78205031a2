"""ClientHello (RFC 8446 section 4.1.2, RFC 6066 section 3, RFC 7301, RFC 5077, RFC 9849)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from analyzer.capture.ja4 import ja4

if TYPE_CHECKING:
    from collections.abc import Iterator

SERVER_NAME, ALPN, VERSIONS, ECH = 0, 16, 43, 0xFE0D
GREASE = {0x0A0A + 0x1010 * k for k in range(16)}  # RFC 8701
TICKET, PSK, EARLY_DATA = 35, 41, 42
ECH_TYPES = {0: "outer", 1: "inner"}


@dataclass(slots=True)
class Hello:
    """What a ClientHello says, as in the table ``tls``; ``cut`` when it ends early."""

    sni: str | None = None
    alpn: str | None = None
    version: int = 0
    ech: bool = False
    cut: bool = False
    versions: str | None = None
    ciphers: int | None = None
    session_id: str | None = None
    ticket: bool = False
    psk: bool = False
    early_data: bool = False
    ech_type: str | None = None
    ech_config: int | None = None
    ja4: str | None = None


def escaped(raw: bytes) -> str:
    """A name as printable lower-case ASCII, other bytes as \\DDD (RFC 1035 section 5.1)."""
    return "".join(chr(c) if 32 < c < 127 and c != 92 else f"\\{c:03d}" for c in raw.lower())


def joined(records: bytes) -> bytes:
    """Handshake bytes of consecutive handshake records."""
    out, at = bytearray(), 0
    while at + 5 <= len(records) and records[at] == 22:
        size = int.from_bytes(records[at + 3 : at + 5], "big")
        out += records[at + 5 : at + 5 + size]
        at += 5 + size
    return bytes(out)


def client_hello(records: bytes, cut: bool) -> Hello:
    """Reads the records that a ClientHello lies in.

    Args:
        records: From the first record's header on.
        cut: They are not all there.
    """
    data = joined(records)
    hello = Hello(cut=cut)
    if len(data) < 38:
        hello.cut = True
        return hello
    size = 4 + int.from_bytes(data[1:4], "big")
    hello.cut |= size > len(data)
    data = data[:size]
    hello.version = int.from_bytes(data[4:6], "big")
    at = _fixed_fields(data, hello)
    if at + 2 > len(data):
        if not hello.cut:
            hello.ja4 = ja4(data, "t")
        return hello
    for kind, body, whole in _extensions(data[at + 2 :]):
        hello.cut |= not whole
        if kind == SERVER_NAME and hello.sni is None:
            hello.sni = _server_name(body[2:])
        elif kind == ALPN and hello.alpn is None:
            hello.alpn = _protocols(body[2:])
        elif kind == VERSIONS:
            words = _words(body[1:])
            hello.version = _newest(words) or hello.version
            listed = sorted({w for w in words if 0x0300 <= w <= 0x0304}, reverse=True)
            hello.versions = ",".join(map(str, listed)) or None
        elif kind == ECH:
            hello.ech = True
            hello.ech_type = ECH_TYPES.get(body[0]) if body else None
            hello.ech_config = body[5] if len(body) > 5 and body[0] == 0 else None
        elif kind == TICKET:
            hello.ticket = bool(body)
        elif kind == PSK:
            hello.psk = True
        elif kind == EARLY_DATA:
            hello.early_data = True
    if not hello.cut:
        hello.ja4 = ja4(data, "t")
    return hello


def _fixed_fields(data: bytes, hello: Hello) -> int:
    """Session id, cipher suites, compression methods; where they end."""
    at = 38
    if at < len(data):
        hello.session_id = data[at + 1 : at + 1 + min(data[at], 32)].hex() or None
        at += 1 + data[at]
    if at + 2 <= len(data):
        stop = at + 2 + int.from_bytes(data[at : at + 2], "big")
        if stop < len(data):
            suites = _words(data[at + 2 : stop])
            hello.ciphers = sum(suite not in GREASE for suite in suites)
        at = stop
        if at < len(data):
            at += 1 + data[at]
    return at


def _extensions(data: bytes) -> Iterator[tuple[int, bytes, bool]]:
    at = 0
    while at + 4 <= len(data):
        size = int.from_bytes(data[at + 2 : at + 4], "big")
        body = data[at + 4 : at + 4 + size]
        yield int.from_bytes(data[at : at + 2], "big"), body, len(body) == size
        at += 4 + size


def _server_name(names: bytes) -> str | None:
    at = 0
    while at + 3 <= len(names):
        size = int.from_bytes(names[at + 1 : at + 3], "big")
        if names[at] == 0:
            return escaped(names[at + 3 : at + 3 + min(size, 255)]) or None
        at += 3 + size
    return None


def _protocols(names: bytes) -> str | None:
    found, at = [], 0
    while at < len(names) and at + 1 + names[at] <= len(names):
        found.append(escaped(names[at + 1 : at + 1 + names[at]]))
        at += 1 + names[at]
    return ",".join(found) or None


def _words(body: bytes) -> list[int]:
    return [int.from_bytes(body[k : k + 2], "big") for k in range(0, len(body) - 1, 2)]


def _newest(words: list[int]) -> int:
    """Highest version that is no GREASE value (RFC 8701), 0 for none."""
    return max((w for w in words if w & 0x0F0F != 0x0A0A and w < 0x0400), default=0)
