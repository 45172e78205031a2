"""QUIC packets as clients and servers put them on the wire: the encoder to the product's decoder.

RFC 9000 section 17 (headers), RFC 9001 section 5 (protection), RFC 9369 (version 2). Only Initials
are really encrypted; what follows the handshake is noise of the right length, which is all that an
observer without keys can use.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from craft.filler import noise
from craft.frames import ethernet, ip, udp
from craft.packet import Packet
from craft.tcp import EPOCH_NS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

V1, V2, DRAFT_29 = 0x00000001, 0x6B3343CF, 0xFF00001D
SALTS = {
    V1: "38762cf7f55934b34d179ae6a4c80cadccbb7f0a",
    V2: "0dede3def700a6db819381be6e269dcbf9bd2ed9",
    DRAFT_29: "afbfec289993d24c9e9786f19c6111e04390a899",
    0xFF000017: "c3eef712c72ebb5a11a7d2432bb46365bef9f502",
    0x54303531: "7a4edef4e7ccee5fa4506c19124fc8ccda6e033d",
}
INITIAL, ZERO_RTT, HANDSHAKE, RETRY = 0, 1, 2, 3
DCID, SCID = bytes.fromhex("8394c8f03e515708"), bytes.fromhex("f067a5502a4262b5")
TAG = 16


def varint(value: int) -> bytes:
    """RFC 9000 section 16, in the fewest bytes."""
    for bits, size in ((6, 1), (14, 2), (30, 4), (62, 8)):
        if value < 1 << bits:
            return (value | (size.bit_length() - 1) << (8 * size - 2)).to_bytes(size, "big")
    raise ValueError(value)


def _expand(secret: bytes, label: str, size: int) -> bytes:
    full = b"tls13 " + label.encode()
    info = size.to_bytes(2, "big") + bytes([len(full)]) + full + b"\0"
    return hmac.digest(secret, info + b"\1", hashlib.sha256)[:size]


@dataclass(frozen=True, slots=True)
class Initial:
    """One Initial packet.

    Attributes:
        frames: Its payload, padded when ``size`` asks for it.
        version: On the wire.
        dcid, scid: Connection ids.
        key_dcid: What the keys follow from; the dcid itself when None.
        token: Of a Retry or an earlier connection.
        number: Packet number.
        number_size: Bytes it takes.
        server: Protected as the server's.
        size: Bytes of the whole packet, reached with PADDING.
    """

    frames: bytes
    version: int = V1
    dcid: bytes = DCID
    scid: bytes = SCID
    key_dcid: bytes | None = None
    token: bytes = b""
    number: int = 0
    number_size: int = 4
    server: bool = False
    size: int = 0


def protect(head: bytes, payload: bytes, secret: bytes, version: int, number: int) -> bytes:
    """AEAD and header protection (RFC 9001 sections 5.3 and 5.4); ``head`` ends with the number."""
    prefix = "quicv2 " if version == V2 else "quic "
    sizes = (("key", 16), ("iv", 12), ("hp", 16))
    key, iv, hp = (_expand(secret, prefix + label, size) for label, size in sizes)
    nonce = (int.from_bytes(iv, "big") ^ number).to_bytes(12, "big")
    sealed = AESGCM(key).encrypt(nonce, payload, head)
    size = (head[0] & 3) + 1
    block = Cipher(algorithms.AES(hp), modes.ECB()).encryptor()
    mask = block.update(sealed[4 - size : 20 - size])
    covered = bytes(a ^ b for a, b in zip(head[-size:], mask[1:], strict=False))
    return bytes([head[0] ^ (mask[0] & 15)]) + head[1:-size] + covered + sealed


def long_head(kind: int, version: int, dcid: bytes, scid: bytes, low: int = 3) -> bytes:
    """First byte, version and connection ids; version 2 has the types turned."""
    bits = (kind + 1) & 3 if version == V2 else kind
    first = 0xC0 | bits << 4 | low
    ids = bytes([len(dcid)]) + dcid + bytes([len(scid)]) + scid
    return bytes([first]) + version.to_bytes(4, "big") + ids


def initial(packet: Initial) -> bytes:
    """The protected packet."""
    head = long_head(
        INITIAL, packet.version, packet.dcid, packet.scid, packet.number_size - 1
    ) + varint(len(packet.token))
    head += packet.token
    room = packet.size - len(head) - 2 - packet.number_size - TAG
    payload = packet.frames.ljust(max(room, 4), b"\0")
    length = packet.number_size + len(payload) + TAG
    head += (length | 0x4000).to_bytes(2, "big")
    head += packet.number.to_bytes(packet.number_size, "big")
    cid = packet.dcid if packet.key_dcid is None else packet.key_dcid
    salt = SALTS[DRAFT_29 if packet.version & 0x0F0F0F0F == 0x0A0A0A0A else packet.version]
    extracted = hmac.digest(bytes.fromhex(salt), cid, hashlib.sha256)
    secret = _expand(extracted, "server in" if packet.server else "client in", 32)
    return protect(head, payload, secret, packet.version, packet.number)


def crypto(offset: int, data: bytes) -> bytes:
    """A CRYPTO frame (RFC 9000 section 19.6)."""
    return b"\x06" + varint(offset) + varint(len(data)) + data


def ack(largest: int = 0, ranges: Sequence[tuple[int, int]] = ()) -> bytes:
    """An ACK frame (section 19.3)."""
    out = b"\x02" + varint(largest) + varint(25) + varint(len(ranges)) + varint(0)
    return out + b"".join(varint(gap) + varint(size) for gap, size in ranges)


def opening(hello: bytes, *, pieces: int = 1, **fields: object) -> list[bytes]:
    """Client datagrams of 1200 bytes with a ClientHello cut into that many Initials."""
    step = -(-len(hello) // pieces)
    return [
        initial(Initial(crypto(at, hello[at : at + step]), number=k, size=1200, **fields))
        for k, at in enumerate(range(0, len(hello), step))
    ]


def handshake(size: int, dcid: bytes = DCID, scid: bytes = SCID, version: int = V1) -> bytes:
    """A Handshake packet of that many bytes."""
    return _closed(HANDSHAKE, size, dcid, scid, version)


def zero_rtt(size: int, dcid: bytes = DCID, scid: bytes = SCID, version: int = V1) -> bytes:
    """A 0-RTT packet of that many bytes."""
    return _closed(ZERO_RTT, size, dcid, scid, version)


def _closed(kind: int, size: int, dcid: bytes, scid: bytes, version: int) -> bytes:
    head = long_head(kind, version, dcid, scid)
    rest = size - len(head) - 2
    return head + (rest | 0x4000).to_bytes(2, "big") + noise(rest, f"quic {kind}")


def retry(scid: bytes, dcid: bytes = SCID, version: int = V1) -> bytes:
    """A Retry packet: the server's new connection id, a token, an integrity tag."""
    return long_head(RETRY, version, dcid, scid) + noise(40, "token") + noise(16, "tag")


def negotiation(versions: Iterable[int], dcid: bytes = SCID, scid: bytes = DCID) -> bytes:
    """A Version Negotiation packet (section 17.2.1)."""
    head = b"\x80\0\0\0\0" + bytes([len(dcid)]) + dcid + bytes([len(scid)]) + scid
    return head + b"".join(version.to_bytes(4, "big") for version in versions)


def short(size: int, dcid: bytes = DCID) -> bytes:
    """A 1-RTT packet of that many bytes."""
    return b"\x41" + dcid + noise(size - 1 - len(dcid), "short")


CLIENT, SERVER = ("10.1.0.7", 50123), ("203.0.113.9", 443)


def datagrams(
    said: Iterable[tuple[int, bytes]],
    *,
    client: tuple[str, int] = CLIENT,
    server: tuple[str, int] = SERVER,
    start_ns: int = EPOCH_NS,
    step_ns: int = 100_000,
) -> list[Packet]:
    """Packets of a conversation: (0, payload) from the client, (1, payload) from the server."""
    out = []
    for number, (side, payload) in enumerate(said):
        (src, sport), (dst, dport) = (client, server) if side == 0 else (server, client)
        raw = udp(src, dst, (sport, dport), payload)
        ethertype = 0x86DD if ":" in src else 0x0800
        frame = ethernet(ip(src, dst, 17, raw, ident=number & 0xFFFF), ethertype)
        out.append(Packet(start_ns + number * step_ns, frame))
    return out


def established(hello: bytes) -> list[tuple[int, bytes]]:
    """A handshake with the server's Initial, its certificate, and the client's Finished."""
    answer = initial(
        Initial(ack() + crypto(0, noise(90, "hello")), dcid=SCID, scid=b"serverid", key_dcid=DCID,
                server=True, size=1200)
    )  # fmt: skip
    first = opening(hello)[0]
    ours = Initial(ack(), dcid=b"serverid", key_dcid=DCID, number=1, size=1150)
    return [
        (0, first),
        (1, answer),
        (1, handshake(1200, SCID, b"serverid")),
        (1, handshake(900, SCID, b"serverid")),
        (0, initial(ours) + handshake(50, b"serverid", SCID)),
        (0, handshake(80, b"serverid", SCID) + short(60, b"serverid")),
        (1, short(300, SCID)),
    ]
