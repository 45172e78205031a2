"""JA4, the fingerprint of a TLS client (FoxIO, technical_details/JA4.md; JA4 itself is BSD-3).

``t13d1516h2_8daaf6152771_e5627efa2ab1``: transport, newest version, whether a name was sent, how
many cipher suites and extensions, first and last character of the first ALPN protocol; then a hash
of the sorted cipher suites; then one of the sorted extensions and the signature algorithms in their
order. GREASE values (RFC 8701) count nowhere.

A capture repeats few shapes of hellos many times. A kernel reduces each hello to two 64-bit hashes
of everything that JA4 depends on, seeded per run, and `Fingerprints` computes each shape once.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from analyzer.capture.bytes import u8, u16
from analyzer.capture.flows import mix
from analyzer.capture.kernel import kernel

if TYPE_CHECKING:
    from analyzer.capture.types import Bytes, Ints

SNI, SIGNATURES, ALPN, VERSIONS = 0, 13, 16, 43
NONE = "000000000000"
VERSION_TEXT = {
    0x0304: "13", 0x0303: "12", 0x0302: "11", 0x0301: "10", 0x0300: "s3", 0x0002: "s2",
    0xFEFF: "d1", 0xFEFD: "d2", 0xFEFC: "d3",
}  # fmt: skip
KEPT = 1 << 14
SECOND_SEED = 0x5BD1E9955BD1E995
TERM = (1 << 47) - 1  # so that no sum of 32,768 of them overflows


@kernel("i(i)")
def is_grease(value: int) -> int:
    """1 for the values that clients send to be ignored (RFC 8701)."""
    return 1 if value & 0x0F0F == 0x0A0A and value >> 8 == value & 0xFF else 0


@kernel("i(B1, i, i, i, i)")
def in_order(b: Bytes, start: int, stop: int, kind: int, state: int) -> int:
    """Hash of an extension's body, GREASE values left out of the lists of 16-bit values."""
    h = mix(state, kind)
    at = start
    if kind == VERSIONS and at < stop:
        h = mix(h, u8(b, at))
        at += 1
    while at < stop:
        if kind == ALPN or at + 2 > stop:
            h = mix(h, u8(b, at))
            at += 1
            continue
        if not is_grease(u16(b, at)):
            h = mix(h, u16(b, at))
        at += 2
    return mix(h, stop - start)


@kernel("void(B1, i, i, I2, i, i)")
def shape(b: Bytes, end: int, seed: int, out: Ints, row: int, column: int) -> None:
    """Two hashes of what JA4 depends on in the complete ClientHello ``b[:end]``.

    Suites and extensions are added up, so that their order does not count. The caller has read the
    hello to its end, so every length in it fits.
    """
    for k in range(2):
        state = seed if k == 0 else seed ^ SECOND_SEED
        at = 39 + u8(b, 38)
        suites = extensions = count = more = 0
        stop = at + 2 + u16(b, at)
        at += 2
        while at + 2 <= stop:
            if not is_grease(u16(b, at)):
                suites += mix(state, u16(b, at)) & TERM
                count += 1
            at += 2
        at = stop + 1 + u8(b, stop)
        lists = mix(state, u16(b, 4))
        at += 2
        while at + 4 <= end:
            kind = u16(b, at)
            stop = at + 4 + u16(b, at + 2)
            if not is_grease(kind):
                extensions += mix(state, kind) & TERM
                more += 1
            if kind in (SIGNATURES, ALPN, VERSIONS):
                lists = in_order(b, at + 4, min(stop, end), kind, lists)
            at = stop
        h = mix(mix(mix(state, suites), extensions), lists)
        out[row, column + k] = mix(mix(h, count), more)


class Fingerprints:
    """The JA4 of every shape seen, computed once; at most 16,384 shapes are remembered."""

    def __init__(self) -> None:
        """Starts empty."""
        self._known: dict[tuple[str, int, int], str] = {}

    def known(self, transport: str, one: int, two: int) -> str | None:
        """The fingerprint of a shape by its two hashes, None when it is new."""
        return self._known.get((transport, one, two))

    def add(self, transport: str, one: int, two: int, message: bytes) -> str | None:
        """Computes the fingerprint of a new shape from a handshake message that has it."""
        found = ja4(message, transport)
        if found is not None:
            if len(self._known) >= KEPT:
                self._known.clear()
            self._known[transport, one, two] = found
        return found


def ja4(message: bytes, transport: str) -> str | None:
    """Fingerprint of a ClientHello.

    Args:
        message: The handshake message with its four bytes of header, without record headers.
        transport: 't' for TLS over TCP, 'q' for QUIC, 'd' for DTLS.

    Returns:
        The fingerprint; None when the message is no complete ClientHello.
    """
    parsed = _fields(message)
    if parsed is None:
        return None
    version, suites, extensions = parsed
    bodies: dict[int, bytes] = {}
    for kind, body in extensions:
        bodies.setdefault(kind, body)
    if VERSIONS in bodies:
        version = max(_values(bodies[VERSIONS][1:]), default=version)
    kinds = [kind for kind, _ in extensions if not is_grease(kind)]
    head = (
        f"{transport}{VERSION_TEXT.get(version, '00')}{'d' if SNI in bodies else 'i'}"
        f"{min(len(suites), 99):02}{min(len(kinds), 99):02}{_alpn(bodies.get(ALPN, b''))}"
    )
    listed = ",".join(f"{kind:04x}" for kind in sorted(kinds) if kind not in (SNI, ALPN))
    signatures = ",".join(f"{v:04x}" for v in _values(bodies.get(SIGNATURES, b"")[2:]))
    if signatures:
        listed += "_" + signatures
    return f"{head}_{_hash(','.join(f'{v:04x}' for v in sorted(suites)))}_{_hash(listed)}"


def _hash(listed: str) -> str:
    return hashlib.sha256(listed.encode()).hexdigest()[:12] if listed else NONE


def _values(body: bytes) -> list[int]:
    """16-bit values without GREASE."""
    values = [body[k] << 8 | body[k + 1] for k in range(0, len(body) - 1, 2)]
    return [v for v in values if not is_grease(v)]


def _alpn(body: bytes) -> str:
    """First and last character of the first protocol, as hex digits unless both are letters."""
    size = body[2] if len(body) > 2 else 0
    first = body[3 : 3 + size]
    if not first:
        return "00"
    ends = bytes((first[0], first[-1]))
    if ends.isalnum():
        return ends.decode("ascii")
    return first.hex()[0] + first.hex()[-1]


def _fields(message: bytes) -> tuple[int, list[int], list[tuple[int, bytes]]] | None:
    """Version, cipher suites and extensions; None when the lengths do not fit."""
    if len(message) < 42 or message[0] != 1:
        return None
    size = 4 + int.from_bytes(message[1:4], "big")
    if size > len(message):
        return None
    b = message[:size]
    at = 39 + b[38]
    if at + 2 > size:
        return None
    stop = at + 2 + (b[at] << 8 | b[at + 1])
    suites = _values(b[at + 2 : stop])
    if stop + 1 > size:
        return None
    at = stop + 1 + b[stop]
    extensions = []
    at += 2
    while at + 4 <= size:
        kind, length = b[at] << 8 | b[at + 1], b[at + 2] << 8 | b[at + 3]
        if at + 4 + length > size:
            return None
        extensions.append((kind, b[at + 4 : at + 4 + length]))
        at += 4 + length
    return b[4] << 8 | b[5], suites, extensions
