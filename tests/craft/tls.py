"""TLS records and handshake messages as a client and a server put them on the wire.

RFC 8446 (TLS 1.3), RFC 5246 (TLS 1.2), RFC 6066 section 3 (SNI), RFC 7301 (ALPN), RFC 7685
(padding), RFC 8701 (GREASE), RFC 9849 (ECH, extension 0xfe0d). Ciphertext is deterministic noise:
only lengths and cleartext fields matter to an observer without keys.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from craft.filler import noise

if TYPE_CHECKING:
    from collections.abc import Sequence

CHANGE_CIPHER_SPEC, ALERT, HANDSHAKE, APPLICATION = 20, 21, 22, 23
TLS12, TLS13 = 0x0303, 0x0304
ECH = 0xFE0D
X25519, X25519MLKEM768 = 0x001D, 0x11EC
TAG_BYTES = 16
"""AEAD tag (RFC 5116); TLS 1.3 adds one byte of inner content type, TLS 1.2 GCM an 8-byte nonce."""


@dataclass(frozen=True, slots=True)
class Hello:
    """What a ClientHello offers.

    Attributes:
        sni: Host name, or None for no server_name extension; bytes are taken as they are.
        alpn: Protocols offered.
        versions: supported_versions, empty to leave the extension out (TLS 1.2 client).
        key_share_bytes: Size of the key share; 1216 for X25519MLKEM768.
        ech: None, "grease" or "real" (the same bytes on the wire; the outer name tells them apart).
        padding: Bytes of padding extension.
        session_id: legacy_session_id bytes.
    """

    sni: str | bytes | None = None
    alpn: tuple[str, ...] = ("h2", "http/1.1")
    versions: tuple[int, ...] = (TLS13, TLS12)
    key_share_bytes: int = 32
    ech: str | None = None
    padding: int = 0
    session_id: int = 32


def _vector(data: bytes, width: int) -> bytes:
    return len(data).to_bytes(width, "big") + data


def extension(kind: int, body: bytes) -> bytes:
    """One extension (RFC 8446 section 4.2)."""
    return struct.pack(">H", kind) + _vector(body, 2)


def _server_name(sni: str | bytes) -> bytes:
    raw = sni.encode("ascii") if isinstance(sni, str) else sni
    return extension(0, _vector(b"\0" + _vector(raw, 2), 2))


def _ech_outer(size: int = 208) -> bytes:
    """encrypted_client_hello of type outer: cipher suite, config id, enc, payload."""
    body = struct.pack(">BHHB", 0, 1, 1, 0x42)
    return body + _vector(noise(32, "enc"), 2) + _vector(noise(size, "payload"), 2)


def _extensions(hello: Hello) -> bytes:
    out = b""
    if hello.sni is not None:
        out += _server_name(hello.sni)
    out += extension(23, b"")
    out += extension(10, _vector(struct.pack(">HH", X25519, 0x0017), 2))
    if hello.alpn:
        names = b"".join(_vector(name.encode(), 1) for name in hello.alpn)
        out += extension(16, _vector(names, 2))
    if hello.versions:
        listed = b"".join(struct.pack(">H", version) for version in hello.versions)
        out += extension(43, _vector(listed, 1))
        group = X25519MLKEM768 if hello.key_share_bytes > 1000 else X25519
        share = struct.pack(">H", group) + _vector(noise(hello.key_share_bytes, "share"), 2)
        out += extension(51, _vector(share, 2))
    if hello.ech is not None:
        out += extension(ECH, _ech_outer())
    if hello.padding:
        out += extension(21, bytes(hello.padding))
    return out


def client_hello(hello: Hello) -> bytes:
    """The handshake message (type 1), without its record."""
    suites = struct.pack(">HHH", 0x1301, 0x1302, 0xC02F)
    body = struct.pack(">H", TLS12) + noise(32, "random")
    body += _vector(noise(hello.session_id, "session"), 1)
    body += _vector(suites, 2) + b"\x01\0" + _vector(_extensions(hello), 2)
    return b"\x01" + _vector(body, 3)


def record(kind: int, body: bytes, version: int = TLS12) -> bytes:
    """One record (RFC 8446 section 5.1)."""
    return struct.pack(">BHH", kind, version, len(body)) + body


def handshake_records(message: bytes, sizes: Sequence[int] = ()) -> bytes:
    """A handshake message over records of the given sizes, the rest in one."""
    out, at = b"", 0
    for size in sizes:
        out += record(HANDSHAKE, message[at : at + size], 0x0301)
        at += size
    if at < len(message):
        out += record(HANDSHAKE, message[at:], 0x0301)
    return out


def server_flight(size: int, *, tls13: bool = True) -> bytes:
    """ServerHello to Finished in exactly `size` bytes: 2.9 to 7.4 KB with a real certificate."""
    body = struct.pack(">H", TLS12) + noise(32, "server") + _vector(noise(32, "session"), 1)
    body += b"\x13\x01\0" if tls13 else b"\xc0\x2f\0"
    extensions = extension(43, struct.pack(">H", TLS13)) if tls13 else b""
    hello = b"\x02" + _vector(body + _vector(extensions, 2), 3)
    out = record(HANDSHAKE, hello)
    out += record(CHANGE_CIPHER_SPEC, b"\x01") if tls13 else b""
    rest = size - len(out) - 5
    if rest < 18:
        raise ValueError("a server flight needs more bytes")
    if tls13:
        return out + record(APPLICATION, noise(rest, "flight"))
    der = b"\x30\x80" + noise(rest - 18, "certificate") + b"\0\0"
    certificate = b"\x0b" + _vector(_vector(_vector(der, 3), 3), 3)
    return out + record(HANDSHAKE, certificate + b"\x0e\0\0\0")


@dataclass(frozen=True, slots=True)
class Choice:
    """What a ServerHello chooses.

    Attributes:
        version: TLS13 is told in supported_versions, anything older in the message itself.
        cipher: Cipher suite.
        alpn: Protocol, or None; TLS 1.3 would encrypt it.
        session_id: Session id, as it stands in the message.
        psk: The client's pre-shared key is accepted.
        retry: It is a HelloRetryRequest.
    """

    version: int = TLS13
    cipher: int = 0x1301
    alpn: str | None = None
    session_id: bytes = b""
    psk: bool = False
    ticket: bool = False
    retry: bool = False


def server_hello(choice: Choice) -> bytes:
    """The handshake message (type 2) without its record."""
    random = noise(32, "server")
    if choice.retry:
        random = hashlib.sha256(b"HelloRetryRequest").digest()
    body = struct.pack(">H", min(choice.version, TLS12)) + random
    body += _vector(choice.session_id, 1) + struct.pack(">HB", choice.cipher, 0)
    more = b""
    if choice.version >= TLS13:
        more += extension(43, struct.pack(">H", choice.version))
    if choice.psk:
        more += extension(41, b"\0\0")
    if choice.ticket:
        more += extension(35, b"")
    if choice.alpn is not None:
        more += extension(16, _vector(_vector(choice.alpn.encode(), 1), 2))
    return b"\x02" + _vector(body + (_vector(more, 2) if more else b""), 3)


def certificate_message(*chain: bytes) -> bytes:
    """A Certificate message of TLS 1.2 (RFC 5246 section 7.4.2) without its record."""
    return b"\x0b" + _vector(_vector(b"".join(_vector(der, 3) for der in chain), 3), 3)


HELLO_DONE = b"\x0e\0\0\0"


def alert(level: int, description: int) -> bytes:
    """An alert in clear."""
    return record(ALERT, bytes((level, description)))


def client_finished(*, tls13: bool = True) -> bytes:
    """The client's second flight: ChangeCipherSpec and Finished (TLS 1.2: key exchange too)."""
    if tls13:
        return record(CHANGE_CIPHER_SPEC, b"\x01") + record(APPLICATION, noise(53, "finished"))
    exchange = b"\x10" + _vector(_vector(noise(65, "point"), 1), 3)
    return (
        record(HANDSHAKE, exchange)
        + record(CHANGE_CIPHER_SPEC, b"\x01")
        + record(HANDSHAKE, noise(40, "finished"))
    )


def server_finished_tls12() -> bytes:
    """The server's last handshake flight of TLS 1.2 (51 bytes)."""
    return record(CHANGE_CIPHER_SPEC, b"\x01") + record(HANDSHAKE, noise(40, "server finished"))


def application(
    plain_bytes: int, *, record_plain: int = 16384, tls13: bool = True, seed: str = "app"
) -> bytes:
    """Application data of plain_bytes, in records of at most record_plain bytes of plaintext."""
    out, left, number = [], plain_bytes, 0
    overhead = TAG_BYTES + (1 if tls13 else 8)
    while left > 0:
        plain = min(left, record_plain)
        out.append(record(APPLICATION, noise(plain + overhead, f"{seed} {number}")))
        left -= plain
        number += 1
    return b"".join(out)


def session_ticket(size: int = 250) -> bytes:
    """A NewSessionTicket record of exactly `size` bytes on the wire (TLS 1.3, encrypted)."""
    return record(APPLICATION, noise(size - 5, "ticket"))


def close_notify(*, tls13: bool = True) -> bytes:
    """The closing alert: hidden in application data in TLS 1.3."""
    if tls13:
        return record(APPLICATION, noise(2 + 1 + TAG_BYTES, "close"))
    return record(ALERT, noise(26, "close"))
