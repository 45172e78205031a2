"""TLS 1.3 as it looks from outside: real ClientHello bytes, and records of the right sizes.

RFC 8446 (records, handshake), RFC 6066 section 3 (server_name), RFC 7301 (ALPN). What would be
encrypted is noise; nothing here can be decrypted, and nothing needs to be.
"""

from __future__ import annotations

import struct

from wire import Connection, Wire, noise

HANDSHAKE, CHANGE_CIPHER, APPLICATION = 22, 20, 23
CIPHERS = (0x1302, 0x1303, 0x1301, 0xC02C, 0xC030, 0xC02B, 0xC02F, 0xCCA9, 0xCCA8, 0x009D, 0x009C)
GROUPS = (29, 23, 30, 25, 24)
SIGNATURES = (0x0403, 0x0503, 0x0603, 0x0807, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601)


def record(kind: int, body: bytes, version: int = 0x0303) -> bytes:
    """One TLS record."""
    return struct.pack(">BHH", kind, version, len(body)) + body


def _vector(body: bytes, size: int) -> bytes:
    return len(body).to_bytes(size) + body


def _extension(kind: int, body: bytes) -> bytes:
    return struct.pack(">H", kind) + _vector(body, 2)


def _words(values: tuple[int, ...]) -> bytes:
    return _vector(b"".join(v.to_bytes(2) for v in values), 2)


def client_hello(name: str, alpn: tuple[str, ...], seed: str) -> bytes:
    """A ClientHello for ``name`` in one record."""
    share = struct.pack(">H", 29) + _vector(noise(seed + " share", 32), 2)
    protocols = b"".join(_vector(p.encode(), 1) for p in alpn)
    extensions = b"".join(
        (
            _extension(0, _vector(b"\0" + _vector(name.encode(), 2), 2)),
            _extension(23, b""),
            _extension(65281, b"\0"),
            _extension(10, _words(GROUPS)),
            _extension(11, b"\1\0"),
            _extension(35, b""),
            _extension(16, _vector(protocols, 2)),
            _extension(5, b"\1\0\0\0\0"),
            _extension(13, _words(SIGNATURES)),
            _extension(43, _vector(b"\3\4\3\3", 1)),
            _extension(45, b"\1\1"),
            _extension(51, _vector(share, 2)),
        )
    )
    body = (
        b"\3\3"
        + noise(seed + " random", 32)
        + _vector(noise(seed + " session", 32), 1)
        + _words(CIPHERS)
        + b"\1\0"
        + _vector(extensions, 2)
    )
    return record(HANDSHAKE, b"\1" + _vector(body, 3), 0x0301)


def server_hello(seed: str) -> bytes:
    """ServerHello with a key share, and the compatibility ChangeCipherSpec."""
    share = struct.pack(">H", 29) + _vector(noise(seed + " server share", 32), 2)
    extensions = _extension(43, b"\3\4") + _extension(51, share)
    body = b"\3\3" + noise(seed + " server random", 32) + _vector(noise(seed + " session", 32), 1)
    body += b"\x13\x02\0" + _vector(extensions, 2)
    return record(HANDSHAKE, b"\2" + _vector(body, 3)) + record(CHANGE_CIPHER, b"\1")


def encrypted(plain: int, seed: str) -> bytes:
    """``plain`` bytes of application data as records (content type and tag add 17 to each)."""
    pieces = [min(16384, plain - start) for start in range(0, plain, 16384)]
    return b"".join(
        record(APPLICATION, noise(f"{seed} {number}", size + 17))
        for number, size in enumerate(pieces)
    )


class Session:
    """An HTTPS connection: handshake on opening, then requests and answers of given sizes."""

    def __init__(
        self, wire: Wire, name: str, address: str, alpn: tuple[str, ...] = ("http/1.1",)
    ) -> None:
        self.tcp = Connection(wire, address)
        self.seed = f"{name} {self.tcp.client_port}"
        self.count = 0
        self.tcp.send(client_hello(name, alpn, self.seed), outgoing=True)
        flight = b"".join(encrypted(n, f"{self.seed} flight {n}") for n in (27, 3301, 280, 53))
        self.tcp.send(server_hello(self.seed) + flight, outgoing=False)
        finished = record(CHANGE_CIPHER, b"\1") + encrypted(52, self.seed + " finished")
        self.tcp.send(finished, outgoing=True)
        for ticket in ("first", "second"):
            self.tcp.send(encrypted(233, f"{self.seed} {ticket} ticket"), outgoing=False)

    def exchange(self, head: int, body: int, answer: int) -> None:
        """A request of head + body bytes of HTTP, answered by ``answer`` bytes."""
        self.count += 1
        seed = f"{self.seed} request {self.count}"
        data = encrypted(head, seed + " head") + encrypted(body, seed + " body")
        self.tcp.send(data, outgoing=True)
        self.tcp.send(encrypted(answer, seed + " answer"), outgoing=False)

    def close(self) -> None:
        """Alert, then FIN from both sides."""
        self.tcp.send(encrypted(2, self.seed + " close"), outgoing=True)
        self.tcp.close()
