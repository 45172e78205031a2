"""ClientHello (RFC 8446 section 4.1.2, RFC 6066 section 3, RFC 7301, draft-ietf-tls-esni)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

SERVER_NAME, ALPN, VERSIONS, ECH = 0, 16, 43, 0xFE0D


@dataclass(slots=True)
class Hello:
    """What a ClientHello says; ``cut`` when it ends early."""

    sni: str | None = None
    alpn: str | None = None
    version: int = 0
    ech: bool = False
    cut: bool = False


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
    at = 38
    for width in (1, 2, 1):  # session id, cipher suites, compression methods
        if at + width <= len(data):
            at += width + int.from_bytes(data[at : at + width], "big")
    if at + 2 > len(data):
        return hello
    for kind, body, whole in _extensions(data[at + 2 :]):
        hello.cut |= not whole
        if kind == SERVER_NAME and hello.sni is None:
            hello.sni = _server_name(body[2:])
        elif kind == ALPN and hello.alpn is None:
            hello.alpn = _protocols(body[2:])
        elif kind == VERSIONS:
            hello.version = _newest(body[1:]) or hello.version
        elif kind == ECH:
            hello.ech = True
    return hello


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


def _newest(versions: bytes) -> int:
    """Highest version that is no GREASE value (RFC 8701), 0 for none."""
    words = [int.from_bytes(versions[k : k + 2], "big") for k in range(0, len(versions) - 1, 2)]
    return max((w for w in words if w & 0x0F0F != 0x0A0A and w < 0x0400), default=0)
