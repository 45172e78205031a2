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
    KIND_DNS,
    KIND_FLIGHT,
    KIND_HTTP,
    KIND_TLS,
    KIND_UNKNOWN,
)

if TYPE_CHECKING:
    from analyzer.capture.types import Bytes

MAX_METHOD = 9
CONTENT_LENGTH = tuple(b"content-length:")


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
        if c < 65 or c > 90:
            return -1
        length += 1
    if length > MAX_METHOD:
        return -1
    if length == n:
        return 0
    if length < 3:
        return -1
    if length + 1 == n:
        return 0
    c = u8(b, p + length + 1)
    if c in (47, 42):
        return length
    if length == 7 and u8(b, p) == 67 and u8(b, p + 6) == 84:  # CONNECT
        return length if c > 32 and c < 127 else -1
    if c in (104, 72):  # http://
        if length + 4 >= n:
            return 0
        return length if u8(b, p + length + 2) in (116, 84) else -1
    return -1


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


@kernel("i(B1, i, i, i)")
def head_length(b: Bytes, p: int, n: int, start: int) -> int:
    """Bytes of an HTTP/1 head with its blank line; the search goes on from ``start``."""
    k = max(start, 0)
    while k < n:
        if u8(b, p + k) == 10:
            if k >= 1 and u8(b, p + k - 1) == 10:
                return k + 1
            if k >= 3 and u8(b, p + k - 1) == 13 and u8(b, p + k - 2) == 10:
                return k + 1
        k += 1
    return 0


@kernel("i(B1, i, i)")
def content_length(b: Bytes, p: int, n: int) -> int:
    """Content-Length of a complete head (RFC 9112 section 6.2), 0 when absent or not a number."""
    k = 0
    while k + 16 < n:
        if u8(b, p + k) != 10:
            k += 1
            continue
        k += 1
        same = True
        for j in range(15):
            c = u8(b, p + k + j)
            if c >= 65 and c <= 90:
                c += 32
            if c != CONTENT_LENGTH[j]:
                same = False
                break
        if not same:
            continue
        k += 15
        value = 0
        digits = 0
        while k < n and digits < 15:
            c = u8(b, p + k)
            if c >= 48 and c <= 57:
                value = value * 10 + c - 48
                digits += 1
            elif c not in (32, 9) or digits > 0:
                break
            k += 1
        return value
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
    if kind == KIND_HTTP:
        return head_length(b, p, n, start)
    if kind == KIND_DNS:
        return dns_length(b, p, n)
    if kind == KIND_FLIGHT:
        return flight_length(b, p, n)
    if kind == KIND_ALERT:
        return ALERT_UNIT if n >= ALERT_UNIT else 0
    return 0
