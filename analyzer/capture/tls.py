"""ClientHello: server name, ALPN, versions, resumption, ECH, shape (RFC 8446 section 4.1.2,
RFC 6066 section 3, RFC 7301, RFC 5077, RFC 9849).

Works on a batch of units in the arena. A hello may span several records; the record headers are
taken out first. A hello that was cut is read as far as it goes and marked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.capture.bytes import u8, u16, u24
from analyzer.capture.intern import MAX_NAME, escape, intern
from analyzer.capture.ja4 import is_grease, shape
from analyzer.capture.kernel import kernel
from analyzer.capture.layout import C_CUT, C_KIND, C_LEN, C_OFF, CAND_TLS

if TYPE_CHECKING:
    from analyzer.capture.types import Bytes, Ints

EXT_SNI, EXT_ALPN, EXT_VERSIONS, EXT_ECH = 0, 16, 43, 0xFE0D
EXT_TICKET, EXT_PSK, EXT_EARLY = 35, 41, 42
O_ROW, O_SNI, O_ALPN, O_VERSION, O_ECH, O_CUT = 0, 1, 2, 3, 4, 5
O_VERSIONS, O_SUITES, O_ECH_TYPE, O_ECH_CONFIG, O_TICKET, O_PSK, O_EARLY = 6, 7, 8, 9, 10, 11, 12
O_SESSION, O_SHAPE = 13, 18  # a length and four words; two hashes, 0 and 0 for none
O_SIZE = 20
UNKNOWN = -1


@kernel("i(B1, i, i, B1)")
def join_records(b: Bytes, p: int, n: int, out: Bytes) -> int:
    """Handshake bytes of consecutive handshake records, without the record headers."""
    at = 0
    have = 0
    while at + 5 <= n and u8(b, p + at) == 22:
        size = min(u16(b, p + at + 3), n - at - 5)
        for k in range(size):
            if have == out.shape[0]:
                return have
            out[have] = b[p + at + 5 + k]
            have += 1
        at += 5 + size
    return have


@kernel("i(B1, i, i, B1)")
def server_name(b: Bytes, p: int, end: int, text: Bytes) -> int:
    """Writes the host_name of a server_name extension to ``text``; its length, 0 for none."""
    at = p + 2
    while at + 3 <= end:
        size = u16(b, at + 1)
        if u8(b, at) == 0:
            n = 0
            for k in range(min(size, min(end - at - 3, 255))):
                n = escape(text, n, u8(b, at + 3 + k))
            return n
        at += 3 + size
    return 0


@kernel("i(B1, i, i, B1)")
def protocols(b: Bytes, p: int, end: int, text: Bytes) -> int:
    """Writes the ALPN protocol names, joined by commas."""
    at = p + 2
    n = 0
    while at < end:
        size = u8(b, at)
        if at + 1 + size > end or n + 4 * size + 1 > text.shape[0]:
            break
        if n > 0:
            text[n] = 44
            n += 1
        for k in range(size):
            n = escape(text, n, u8(b, at + 1 + k))
        at += 1 + size
    return n


@kernel("i(B1, i, i, i)")
def newest_version(b: Bytes, p: int, end: int, legacy: int) -> int:
    """Highest version in supported_versions that is no GREASE value (RFC 8701)."""
    best = 0
    at = p + 1
    while at + 2 <= end:
        version = u16(b, at)
        if version & 0x0F0F != 0x0A0A and version > best and version < 0x0400:
            best = version
        at += 2
    return best if best > 0 else legacy


@kernel("i(B1, i, i)")
def version_set(b: Bytes, p: int, end: int) -> int:
    """Versions of supported_versions: bit 0 for SSL 3.0 to bit 4 for TLS 1.3."""
    found = 0
    at = p + 1
    while at + 2 <= end:
        version = u16(b, at)
        if version >= 0x0300 and version <= 0x0304:
            found |= 1 << (version & 0xFF)
        at += 2
    return found


@kernel("void(B1, i, i, I2, i, i)")
def session_id(b: Bytes, p: int, end: int, out: Ints, row: int, column: int) -> None:
    """Writes a session id (length byte, at most 32 of value) as its length and four words."""
    size = min(min(u8(b, p), 32), end - p - 1)
    out[row, column] = size
    for k in range(32):
        byte = u8(b, p + 1 + k) if k < size else 0
        word = column + 1 + (k >> 3)
        out[row, word] = (out[row, word] << 8 if k & 7 else 0) | byte


@kernel("void(B1, i, i, I2, i)")
def ech_outer(b: Bytes, start: int, stop: int, out: Ints, row: int) -> None:
    """Type and config id of an encrypted_client_hello (RFC 9849 section 5)."""
    out[row, O_ECH] = 1
    if start < stop:
        out[row, O_ECH_TYPE] = u8(b, start)
        if u8(b, start) == 0 and start + 6 <= stop:
            out[row, O_ECH_CONFIG] = u8(b, start + 5)


@kernel("void(B1, i, I2, i, B1, I1, B1, I1, I1)")
def client_hello(
    b: Bytes,
    end: int,
    out: Ints,
    row: int,
    text: Bytes,
    state: Ints,
    store: Bytes,
    ends: Ints,
    table: Ints,
) -> None:
    """Reads ``b[:end]``, a handshake message, into one row of ``out``."""
    out[row, O_SNI], out[row, O_ALPN], out[row, O_VERSION], out[row, O_ECH] = -1, -1, 0, 0
    out[row, O_ECH_TYPE], out[row, O_ECH_CONFIG], out[row, O_SUITES] = UNKNOWN, UNKNOWN, UNKNOWN
    if end < 38:
        out[row, O_CUT] = 1
        return
    if 4 + u24(b, 1) > end:
        out[row, O_CUT] = 1
    end = min(end, 4 + u24(b, 1))
    out[row, O_VERSION] = u16(b, 4)
    sound = 0
    at = 38
    if at < end:
        session_id(b, at, end, out, row, O_SESSION)
        at += 1 + u8(b, at)
    if at + 2 <= end:
        stop = at + 2 + u16(b, at)
        if stop < end:
            sound = 1
            out[row, O_SUITES] = 0
            for k in range(at + 2, stop - 1, 2):
                out[row, O_SUITES] += 1 - is_grease(u16(b, k))
        at = stop
        if at < end:
            at += 1 + u8(b, at)
    if at > end:
        return
    at += 2  # SSL 3.0 and TLS 1.0 may have no extensions: then this is the end
    while at + 4 <= end:
        kind = u16(b, at)
        start = at + 4
        stop = start + u16(b, at + 2)
        if stop > end:
            out[row, O_CUT] = 1
            stop = end
        if kind == EXT_SNI and out[row, O_SNI] < 0:
            n = server_name(b, start, stop, text)
            if n > 0:
                out[row, O_SNI] = intern(text, n, state, store, ends, table)
        elif kind == EXT_ALPN and out[row, O_ALPN] < 0:
            n = protocols(b, start, stop, text)
            if n > 0:
                out[row, O_ALPN] = intern(text, n, state, store, ends, table)
        elif kind == EXT_VERSIONS:
            out[row, O_VERSION] = newest_version(b, start, stop, out[row, O_VERSION])
            out[row, O_VERSIONS] = version_set(b, start, stop)
        elif kind == EXT_ECH:
            ech_outer(b, start, stop, out, row)
        elif kind == EXT_TICKET:
            out[row, O_TICKET] = 1 if stop > start else 0
        elif kind == EXT_PSK:
            out[row, O_PSK] = 1
        elif kind == EXT_EARLY:
            out[row, O_EARLY] = 1
        at = stop
    if sound and not out[row, O_CUT]:
        shape(b, end, state[3], out, row, O_SHAPE)


@kernel("i(I2, i, B1, I2, B1, B1, I1, B1, I1, I1)", entry=True)
def batch(
    c: Ints,
    count: int,
    arena: Bytes,
    out: Ints,
    scratch: Bytes,
    text: Bytes,
    state: Ints,
    store: Bytes,
    ends: Ints,
    table: Ints,
) -> int:
    """Reads every ClientHello among ``count`` candidates; how many rows were written."""
    rows = 0
    for k in range(count):
        if c[k, C_KIND] != CAND_TLS:
            continue
        n = join_records(arena, c[k, C_OFF], c[k, C_LEN], scratch)
        out[rows, O_ROW] = k
        out[rows, O_CUT] = c[k, C_CUT]
        client_hello(scratch, n, out, rows, text, state, store, ends, table)
        rows += 1
    return rows


TEXT_BYTES = 4 * MAX_NAME
