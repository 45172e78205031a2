"""What stands in front of a conversation's own first byte: SOCKS and HAProxy's PROXY header.

SOCKS 4, 4a and 5 (RFC 1928, with RFC 1929 user names) as the client says them: greeting,
authentication and request are one unit of its direction. PROXY protocol versions 1 and 2
(haproxy.org/download/2.9/doc/proxy-protocol.txt). Each length is that of a complete unit, 0 when
more bytes are needed, -1 when it is none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.capture.bytes import u8, u16
from analyzer.capture.kernel import kernel
from analyzer.capture.layout import KIND_PROXY, KIND_SOCKS, KIND_UNKNOWN

if TYPE_CHECKING:
    from analyzer.capture.types import Bytes

PROXY_1 = tuple(b"PROXY ")
PROXY_2 = tuple(b"\r\n\r\n\0\r\nQUIT\n")
PROXY_1_MAX = 107
PROXY_2_MAX = 4096  # addresses and TLVs; the longest in use is well below
SOCKS_METHODS = 16
TEXT_MAX = 256


@kernel("i(B1, i, i)")
def proxy_length(b: Bytes, p: int, n: int) -> int:
    """Bytes of a PROXY header of either version."""
    if n < 1:
        return 0
    if u8(b, p) == 80:
        for k in range(min(n, PROXY_1_MAX)):
            if u8(b, p + k) == 10:
                return k + 1
        return -1 if n >= PROXY_1_MAX else 0
    if n < 16:
        return 0
    size = u16(b, p + 14)
    if u8(b, p + 12) >> 4 != 2 or size > PROXY_2_MAX:
        return -1
    return 16 + size if n >= 16 + size else 0


@kernel("i(B1, i, i, i)")
def text_end(b: Bytes, p: int, n: int, at: int) -> int:
    """Place behind the NUL that ends a text at ``at``; 0 for "not there yet", -1 for too long."""
    for k in range(at, min(n, at + TEXT_MAX)):
        if u8(b, p + k) == 0:
            return k + 1
    return -1 if n >= at + TEXT_MAX else 0


@kernel("i(B1, i, i)")
def socks4_length(b: Bytes, p: int, n: int) -> int:
    """Bytes of a SOCKS 4 or 4a request: the address 0.0.0.x announces a name behind the user."""
    if u8(b, p + 1) not in (1, 2):
        return -1
    if n < 9:
        return 0
    end = text_end(b, p, n, 8)
    if end <= 0 or u8(b, p + 7) == 0 or u16(b, p + 4) != 0 or u8(b, p + 6) != 0:
        return end
    return text_end(b, p, n, end)


@kernel("i(B1, i, i)")
def socks_length(b: Bytes, p: int, n: int) -> int:
    """Bytes of everything a SOCKS client says before the tunnel is open."""
    if n < 2:
        return 0
    if u8(b, p) == 4:
        return socks4_length(b, p, n)
    count = u8(b, p + 1)
    if count == 0 or count > SOCKS_METHODS:
        return -1
    for k in range(2, min(n, 2 + count)):
        c = u8(b, p + k)
        if c > 9 and c < 128:  # methods that IANA has not assigned
            return -1
    at = 2 + count
    if at >= n:
        return 0
    if u8(b, p + at) == 1:  # user name and password, RFC 1929
        if at + 2 > n:
            return 0
        at += 2 + u8(b, p + at + 1)
        if at >= n:
            return 0
        at += 1 + u8(b, p + at)
    if at + 5 > n:
        return 0
    command = u8(b, p + at + 1)
    if u8(b, p + at) != 5 or command < 1 or command > 3 or u8(b, p + at + 2) != 0:
        return -1
    kind = u8(b, p + at + 3)
    if kind == 1:
        at += 4 + 4 + 2
    elif kind == 4:
        at += 4 + 16 + 2
    elif kind == 3:
        at += 5 + u8(b, p + at + 4) + 2
    else:
        return -1
    return at if at <= n else 0


@kernel("i(B1, i, i)")
def preamble_kind(b: Bytes, p: int, n: int) -> int:
    """KIND_SOCKS, KIND_PROXY, KIND_UNKNOWN for "may become one", or -1 for neither."""
    c = u8(b, p)
    if c in (4, 5):
        size = socks_length(b, p, n)
        return -1 if size < 0 else KIND_SOCKS
    if c == 80:
        for k in range(6):
            if k >= n:
                return KIND_UNKNOWN
            if u8(b, p + k) != PROXY_1[k]:
                return -1
        return KIND_PROXY
    if c == 13:
        for k in range(12):
            if k >= n:
                return KIND_UNKNOWN
            if u8(b, p + k) != PROXY_2[k]:
                return -1
        return KIND_PROXY
    return -1
