"""ServerHello and HelloRetryRequest: what the server chose (RFC 8446 section 4.1.3, RFC 5246
section 7.4.1.3), and up to TLS 1.2 where its certificate stands.

Works on a batch of flights in the arena, like `tls` does on ClientHellos. A flight that was cut is
read as far as it goes and marked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.capture.bytes import u8, u16, u24
from analyzer.capture.flight import CERTIFICATE, SERVER_HELLO
from analyzer.capture.intern import intern
from analyzer.capture.kernel import kernel
from analyzer.capture.layout import C_CUT, C_KIND, C_LEN, C_OFF, CAND_FLIGHT
from analyzer.capture.tls import (
    EXT_ALPN,
    EXT_PSK,
    EXT_TICKET,
    EXT_VERSIONS,
    join_records,
    protocols,
    session_id,
)

if TYPE_CHECKING:
    from analyzer.capture.types import Bytes, Ints

V_ROW, V_VERSION, V_CIPHER, V_ALPN, V_RETRY, V_PSK, V_TICKET, V_CUT = 0, 1, 2, 3, 4, 5, 6, 7
V_CERT, V_CERT_LEN, V_SESSION = 8, 9, 10  # V_SESSION: a length and four words
V_SIZE = 15
UNKNOWN = -1

# SHA-256 of "HelloRetryRequest", the random of such a message
RETRY_RANDOM = tuple(
    bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")
)


@kernel("i(B1)")
def is_retry(b: Bytes) -> int:
    """1 when the ServerHello at the start of ``b`` is a HelloRetryRequest."""
    for k in range(32):
        if u8(b, 6 + k) != RETRY_RANDOM[k]:
            return 0
    return 1


@kernel("void(B1, i, I2, i, B1, I1, B1, I1, I1)")
def server_hello(
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
    """Reads the ServerHello at the start of ``b[:end]`` into one row of ``out``."""
    out[row, V_VERSION], out[row, V_CIPHER] = UNKNOWN, UNKNOWN
    out[row, V_ALPN], out[row, V_CERT] = -1, -1
    if end < 38:
        out[row, V_CUT] = 1
        return
    if 4 + u24(b, 1) > end:
        out[row, V_CUT] = 1
    end = min(end, 4 + u24(b, 1))
    if end < 38:
        return
    version = u16(b, 4)
    out[row, V_RETRY] = is_retry(b)
    at = 38
    if at < end:
        session_id(b, at, end, out, row, V_SESSION)
        at += 1 + u8(b, at)
    if at + 2 <= end:
        out[row, V_CIPHER] = u16(b, at)
    at += 5
    while at + 4 <= end:
        kind = u16(b, at)
        start = at + 4
        stop = start + u16(b, at + 2)
        if stop > end:
            out[row, V_CUT] = 1
            stop = end
        if kind == EXT_VERSIONS and stop - start == 2:
            version = u16(b, start)
        elif kind == EXT_ALPN and out[row, V_ALPN] < 0:
            n = protocols(b, start, stop, text)
            if n > 0:
                out[row, V_ALPN] = intern(text, n, state, store, ends, table)
        elif kind == EXT_TICKET:
            out[row, V_TICKET] = 1
        elif kind == EXT_PSK:
            out[row, V_PSK] = 1
        at = stop
    if not out[row, V_CUT] or version != 0x0303:  # 1.2 and cut: what is missing may say 1.3
        out[row, V_VERSION] = version


@kernel("void(B1, i, I2, i)")
def find_certificate(b: Bytes, end: int, out: Ints, row: int) -> None:
    """Where the first certificate of a Certificate message behind the ServerHello lies."""
    at = 0
    while at + 4 <= end:
        size = u24(b, at + 1)
        if u8(b, at) == CERTIFICATE:
            if at + 10 > end:
                out[row, V_CUT] = 1
                return
            length = min(u24(b, at + 7), size - 6)
            if length > 0 and at + 10 + length > end:
                out[row, V_CUT] = 1
            elif length > 0:
                out[row, V_CERT] = at + 10
                out[row, V_CERT_LEN] = length
            return
        at += 4 + size


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
    """Reads every flight among ``count`` candidates; how many rows were written."""
    rows = 0
    for k in range(count):
        if c[k, C_KIND] != CAND_FLIGHT:
            continue
        n = join_records(arena, c[k, C_OFF], c[k, C_LEN], scratch)
        if n > 0 and u8(scratch, 0) != SERVER_HELLO:
            continue
        out[rows, V_ROW] = k
        out[rows, V_CUT] = 0
        server_hello(scratch, n, out, rows, text, state, store, ends, table)
        find_certificate(scratch, n, out, rows)
        if c[k, C_CUT] and out[rows, V_VERSION] < 0x0304 and out[rows, V_CERT] < 0:
            out[rows, V_CUT] = 1
        rows += 1
    return rows
