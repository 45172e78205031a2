"""How long a handshake or request head is, from its first bytes.

Each function looks at ``b[p:p+n]`` and answers the length of the complete unit (> 0), 0 when more
bytes are needed, or -1 when it is none. Nothing is interpreted here: the parsers run later, over a
batch of complete units.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.capture.bytes import u8, u16, u24
from analyzer.capture.flight import ALERT_UNIT, alert_kind, flight_length, server_kind
from analyzer.capture.kernel import kernel
from analyzer.capture.layout import (
    KIND_ALERT,
    KIND_CHUNK,
    KIND_DNS,
    KIND_FLIGHT,
    KIND_H2,
    KIND_HTTP,
    KIND_PROXY,
    KIND_RESPONSE,
    KIND_SKIP,
    KIND_SOCKS,
    KIND_TLS,
    KIND_TRAILER,
    KIND_UNKNOWN,
)
from analyzer.capture.messages import chunk_line, frame_length, trailer_length
from analyzer.capture.preambles import preamble_kind, proxy_length, socks_length

if TYPE_CHECKING:
    from analyzer.capture.types import Bytes

MAX_METHOD = 17  # UPDATEREDIRECTREF, the longest of the registered ones
HTTP_1 = tuple(b"HTTP/1.")


@kernel("i(B1, i, i)")
def method_length(b: Bytes, p: int, n: int) -> int:
    """Length of an HTTP method at ``p`` (RFC 9110 section 9), 0 for "may become one", -1 for none.

    The character behind the blank must fit a request target: "/", "*", "http", or for CONNECT a
    host. This keeps SMTP, FTP and IRC verbs out.
    """
    length = 0
    while length < n and length <= MAX_METHOD:
        c = u8(b, p + length)
        if c == 32:
            break
        if (c < 65 or c > 90) and not (length > 0 and c in (45, 95)):
            return -1
        length += 1
    if length > MAX_METHOD:
        return -1
    if length == n:
        return 0
    if length < 3:
        return -1
    at = length + 1
    while at < n and at < length + 4 and u8(b, p + at) == 32:  # lenient servers take several
        at += 1
    if at == n:
        return 0
    c = u8(b, p + at)
    if c in (47, 42):
        return length
    if length == 7 and u8(b, p) == 67 and u8(b, p + 6) == 84:  # CONNECT
        return length if c > 32 and c < 127 else -1
    if c in (104, 72):  # http://
        if at + 3 >= n:
            return 0
        return length if u8(b, p + at + 1) in (116, 84) else -1
    return -1


@kernel("i(B1, i, i)")
def is_response(b: Bytes, p: int, n: int) -> int:
    """1 where "HTTP/1." begins a status line (RFC 9112 section 4), 0 for "may", -1 for not."""
    for k in range(7):
        if k >= n:
            return 0
        if u8(b, p + k) != HTTP_1[k]:
            return -1
    return 1


@kernel("i(B1, i, i)")
def kind_of(b: Bytes, p: int, n: int) -> int:
    """Which kind of unit begins at ``p``, KIND_UNKNOWN for "may become one", or -1 for none."""
    if n <= 0:
        return KIND_UNKNOWN
    if u8(b, p) == 22:
        if n >= 2 and u8(b, p + 1) != 3:
            return -1
        if n < 6:
            return KIND_UNKNOWN
        return KIND_TLS if u8(b, p + 5) == 1 else server_kind(b, p, n)
    if u8(b, p) == 21:
        return alert_kind(b, p, n)
    m = method_length(b, p, n)
    if m > 0:
        return KIND_HTTP
    if u8(b, p) == 72:
        r = is_response(b, p, n)
        if r > 0:
            return KIND_RESPONSE
        m = max(m, r)
    return KIND_UNKNOWN if m == 0 else -1


@kernel("i(B1, i, i)")
def torn_length(b: Bytes, p: int, n: int) -> int:
    """Handshake length when its four header bytes lie in several records; -1 while unknown."""
    at = 0
    seen = 0
    value = 0
    while at + 5 <= n:
        size = u16(b, p + at + 3)
        for k in range(size):
            if at + 5 + k >= n:
                return -1
            if seen > 0:
                value = (value << 8) | u8(b, p + at + 5 + k)
            seen += 1
            if seen == 4:
                return value + 4
        at += 5 + size
    return -1


@kernel("i(B1, i, i)")
def hello_length(b: Bytes, p: int, n: int) -> int:
    """Bytes of all records that a ClientHello spans (RFC 8446 section 5.1 allows several)."""
    at = 0
    have = 0
    need = -1
    while at + 5 <= n:
        if u8(b, p + at) != 22 or u8(b, p + at + 1) != 3:
            return -1
        size = u16(b, p + at + 3)
        if size == 0:
            return -1
        if need < 0 and have == 0 and size >= 4 and at + 9 <= n:
            need = u24(b, p + at + 6) + 4
        have += size
        at += 5 + size
        if need < 0 and have >= 4:  # a header torn over records of under four bytes
            need = torn_length(b, p, n)
        if need >= 0 and have >= need:
            return at if at <= n else 0
    return 0


@kernel("i(B1, i, i)")
def speaks_http(b: Bytes, p: int, n: int) -> int:
    """0 where the first line is complete without "HTTP/": FTP, or HTTP/0.9, which has no head."""
    for k in range(n):
        c = u8(b, p + k)
        if c == 10:
            return 0
        if c == 72 and k + 5 <= n and u8(b, p + k + 4) == 47 and u8(b, p + k + 1) == 84:
            return 1
    return 1


@kernel("i(B1, i, i, i)")
def head_length(b: Bytes, p: int, n: int, start: int) -> int:
    """Bytes of an HTTP/1 head with its blank line; the search goes on from ``start``."""
    k = max(start, 0)
    if k == 0 and not speaks_http(b, p, n):
        return -1
    while k < n:
        if u8(b, p + k) == 10:
            bare = k >= 1 and u8(b, p + k - 1) == 10
            if bare or (k >= 3 and u8(b, p + k - 1) == 13 and u8(b, p + k - 2) == 10):
                return k + 1 if speaks_http(b, p, n) else -1
        k += 1
    return 0


@kernel("i(B1, i, i)")
def dns_length(b: Bytes, p: int, n: int) -> int:
    """Bytes of one length-prefixed DNS message (RFC 1035 section 4.2.2)."""
    if n < 2:
        return 0
    size = u16(b, p) + 2
    return size if n >= size else 0


@kernel("i(B1, i, i, i, i)")
def unit_length(b: Bytes, p: int, n: int, kind: int, start: int) -> int:
    """Length of the complete unit of this kind at ``p``."""
    if kind == KIND_TLS:
        return hello_length(b, p, n)
    if kind in (KIND_HTTP, KIND_RESPONSE):
        return head_length(b, p, n, start)
    if kind == KIND_DNS:
        return dns_length(b, p, n)
    if kind == KIND_FLIGHT:
        return flight_length(b, p, n)
    if kind == KIND_ALERT:
        return ALERT_UNIT if n >= ALERT_UNIT else 0
    if kind == KIND_CHUNK:
        return chunk_line(b, p, n)
    if kind == KIND_TRAILER:
        return trailer_length(b, p, n)
    if kind == KIND_H2:
        return frame_length(b, p, n)
    if kind == KIND_SOCKS:
        return socks_length(b, p, n)
    if kind == KIND_PROXY:
        return proxy_length(b, p, n)
    return 1 if kind == KIND_SKIP else 0


@kernel("i(B1, i, i, i)")
def first_kind(b: Bytes, p: int, n: int, first: int) -> int:
    """As `kind_of`; where a conversation begins (``first``) it may be a preamble, too."""
    kind = kind_of(b, p, n)
    if not first or kind > KIND_UNKNOWN:
        return kind
    preamble = preamble_kind(b, p, n)
    return preamble if preamble > KIND_UNKNOWN else max(kind, preamble)
