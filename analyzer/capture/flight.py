"""The server's side of a handshake: how long its first flight is, and what it decides for the flow.

A flight is what is read of a server in one piece: the ServerHello (or HelloRetryRequest, RFC 8446
section 4.1), and up to TLS 1.2 the messages behind it to the end of the server's own certificate
(RFC 5246 section 7.4.2). The rest of the chain and everything that TLS 1.3 encrypts is no part of
it. Alerts (RFC 8446 section 6) are units of their own while they are in clear: two bytes of body.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.capture.bytes import u8, u16, u24
from analyzer.capture.kernel import kernel
from analyzer.capture.layout import (
    D0,
    D_BYTES,
    D_HAVE,
    D_REC,
    DW,
    F_FLAGS,
    F_OVERHEAD,
    FL_APPDATA,
    FL_DNS,
    FL_HTTP,
    FL_SSH,
    FL_TLS,
    KIND_ALERT,
    KIND_FLIGHT,
    KIND_TLS,
    KIND_UNKNOWN,
)

if TYPE_CHECKING:
    from analyzer.capture.types import Bytes, Ints

ALERT, HANDSHAKE = 21, 22
SERVER_HELLO, CERTIFICATE, SUPPLEMENTAL = 2, 11, 23
ALERT_UNIT = 7
EXT_VERSIONS = 43
TLS13 = 0x0304
OVERHEAD = 17  # TLS 1.3: one byte of content type and a tag of 16
EARLY_BYTES = 4096
HELLO_MIN = 47  # no session id, no extensions
MYSQL_REQUEST, POSTGRES_REQUEST = 36, 8


@kernel("i(B1, i, i)")
def server_kind(b: Bytes, p: int, n: int) -> int:
    """KIND_FLIGHT when a handshake record at ``p`` (at least six bytes) begins a ServerHello."""
    size = u16(b, p + 3)
    if u8(b, p + 5) != SERVER_HELLO or size == 0:
        return -1
    if size < 6:
        return KIND_FLIGHT  # the message header is torn over records
    if n < 11:
        return KIND_UNKNOWN
    if u8(b, p + 6) != 0 or u8(b, p + 9) != 3 or u8(b, p + 10) > 4:
        return -1
    return KIND_FLIGHT


@kernel("i(B1, i, i)")
def alert_kind(b: Bytes, p: int, n: int) -> int:
    """KIND_ALERT when an alert in clear stands at ``p``, KIND_UNKNOWN while it may be one."""
    if n >= 2 and u8(b, p + 1) != 3:
        return -1
    if n >= 5 and u16(b, p + 3) != 2:
        return -1
    if n < ALERT_UNIT:
        return KIND_UNKNOWN
    return KIND_ALERT if u8(b, p + 5) in (1, 2) else -1


@kernel("i(B1, i, i)")
def chosen(b: Bytes, p: int, n: int) -> int:
    """``version << 16 | cipher suite`` of a ServerHello in one record at ``p``, 0 when torn."""
    if n < HELLO_MIN or u24(b, p + 6) + 4 > u16(b, p + 3):
        return 0
    end = p + 9 + u24(b, p + 6)
    version = u16(b, p + 9)
    at = p + 44 + u8(b, p + 43)
    if end > p + n or at + 3 > end:
        return 0
    cipher = u16(b, at)
    at += 5
    while at + 4 <= end:
        if u16(b, at) == EXT_VERSIONS and u16(b, at + 2) == 2 and at + 6 <= end:
            version = u16(b, at + 4)
        at += 4 + u16(b, at + 2)
    return (version << 16) | cipher


@kernel("i(B1, i, i)")
def flight_length(b: Bytes, p: int, n: int) -> int:
    """Bytes from ``p`` to the end of the flight; 0 when more is needed, -1 when it is none.

    It may end inside a record: behind the first certificate nothing is wanted.
    """
    at = 0
    messages = kind = have = value = size = left = 0
    while at < n:
        if u8(b, p + at) != HANDSHAKE:
            return at
        if at + 5 > n:
            return 0
        length = u16(b, p + at + 3)
        if length == 0 or u8(b, p + at + 1) != 3:
            return at if at > 0 else -1
        k = at + 5
        stop = min(k + length, n)
        while k < stop:
            if left > 0:
                step = min(left, stop - k)
                k += step
                left -= step
                if left == 0 and (
                    kind == CERTIFICATE or (kind == SERVER_HELLO and chosen(b, p, k) >> 16 >= TLS13)
                ):
                    return k
                continue
            value = ((value << 8) | u8(b, p + k)) & 0xFFFFFF
            k += 1
            have += 1
            if have == 1:
                kind = value & 0xFF
                if messages == 0 and kind != SERVER_HELLO:
                    return -1
                if messages > 0 and kind != CERTIFICATE and kind != SUPPLEMENTAL:
                    return k - 1
            elif have == 4:
                size = value
                if kind != CERTIFICATE:
                    left = size
                    have = 0
                    messages += 1
                elif size < 6:
                    return k
            elif have == 10:  # behind the list's length and the first certificate's
                left = min(value, size - 6)
                if left == 0:
                    return k
        at += 5 + length
    return 0


@kernel("i(i, i)")
def overhead(version: int, cipher: int) -> int:
    """Bytes that protection adds to a record's plaintext (padding of block ciphers on average).

    RFC 8446 section 5.2, RFC 5246 section 6.2.3, RFC 5288, RFC 6655, RFC 7905, RFC 8998.
    """
    if version >= TLS13:
        return OVERHEAD
    if cipher >> 8 == 0xCC:  # ChaCha20-Poly1305: the nonce is implicit
        return 16
    if 0xC0A0 <= cipher <= 0xC0A3 or 0xC0A8 <= cipher <= 0xC0AB or 0xC0AE <= cipher <= 0xC0AF:
        return 16  # CCM_8
    if (
        0x9C <= cipher <= 0xAD
        or 0xC02B <= cipher <= 0xC032
        or 0xC050 <= cipher <= 0xC063
        or 0xC06A <= cipher <= 0xC06F
        or 0xC07A <= cipher <= 0xC093
        or 0xC09C <= cipher <= 0xC0AF
    ):
        return 24  # GCM, CCM: eight bytes of the nonce travel in the record
    if cipher in (0x04, 0x18):  # RC4 with MD5
        return 16
    if cipher in (0x05, 0x8A, 0x8E, 0x92, 0xC002, 0xC007, 0xC00C, 0xC011, 0xC016):
        return 20  # RC4 with SHA
    block = 16
    if cipher in (0x0A, 0x0D, 0x10, 0x13, 0x16, 0x1B, 0x8B, 0x8F, 0x93, 0xC003, 0xC008, 0xC00D):
        block = 8  # triple DES
    elif cipher in (0xC012, 0xC017, 0xC01A, 0xC01B, 0xC01C):
        block = 8
    mac = 20
    if cipher in (0x3C, 0x3D, 0x3E, 0x3F, 0x40, 0xC023, 0xC025, 0xC027, 0xC029) or (
        0x67 <= cipher <= 0x6D
    ):
        mac = 32
    elif cipher in (0xC024, 0xC026, 0xC028, 0xC02A):
        mac = 48
    vector = block if version >= 0x0302 else 0
    return vector + mac + block // 2


@kernel("void(I2, i, B1, i, i)")
def saw_flight(f: Ints, i: int, b: Bytes, p: int, n: int) -> None:
    """Takes from a ServerHello what its flow's accounting needs."""
    choice = chosen(b, p, n)
    if choice > 0:
        f[i, F_OVERHEAD] = overhead(choice >> 16, choice & 0xFFFF)
    f[i, F_FLAGS] |= FL_TLS


@kernel("i(I2, i, i, i, i)")
def unexpected(f: Ints, i: int, side: int, kind: int, first: int) -> int:
    """1 when bytes that look like this kind cannot be it here: inside another conversation."""
    flags = f[i, F_FLAGS]
    if kind != KIND_ALERT and kind != KIND_FLIGHT and kind != KIND_TLS:
        return 0
    if flags & FL_APPDATA and f[i, D0 + side * DW + D_REC] >= 0:
        return 1
    if kind == KIND_FLIGHT:
        return 1 if flags & FL_HTTP and not flags & FL_TLS else 0
    if kind == KIND_ALERT:
        return 0 if (first or flags & FL_TLS) and not flags & FL_APPDATA else 1
    return 0


@kernel("i(I2, i, i, i)")
def may_begin(f: Ints, i: int, side: int, size: int) -> int:
    """1 when TLS may still begin on this side: a short dialogue so far, nothing else known.

    Args:
        size: Bytes of the segment at hand, which are accounted already.
    """
    d = D0 + side * DW
    if f[i, d + D_BYTES] - size > EARLY_BYTES or f[i, d + D_REC] > 0 or f[i, d + D_HAVE] > 0:
        return 0
    return 0 if f[i, F_FLAGS] & (FL_HTTP | FL_APPDATA | FL_DNS | FL_SSH) else 1


@kernel("i(B1, i, i)")
def before_hello(b: Bytes, p: int, n: int) -> int:
    """Length of a request for TLS that stands in one segment with the hello, else 0.

    The MySQL SSLRequest packet (32 bytes behind a header, sequence number 1) and PostgreSQL's
    (code 80877103): their clients need not wait, or may have their writes joined on the way.
    """
    if n > MYSQL_REQUEST + 5 and u8(b, p) == 32 and u24(b, p + 1) == 1:
        if u8(b, p + MYSQL_REQUEST) == HANDSHAKE and u8(b, p + MYSQL_REQUEST + 5) == 1:
            return MYSQL_REQUEST
        return 0
    if n > POSTGRES_REQUEST + 5 and u24(b, p) == 0 and u8(b, p + 3) == 8:
        asks = u16(b, p + 4) == 0x04D2 and u16(b, p + 6) == 0x162F
        if asks and u8(b, p + POSTGRES_REQUEST + 5) == 1:
            return POSTGRES_REQUEST
    return 0
