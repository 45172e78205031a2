"""What a QUIC datagram shows in clear: versions, packet types, lengths, and so its turns.

RFC 8999 and RFC 9000 section 17 (headers), RFC 9369 section 3.2 (version 2 turns the packet types).

Everything behind the handshake is encrypted, acknowledgements too, so payload is told by size:

* Initial, Handshake and Retry packets are the handshake, never evidence, up to 16 KiB a side: no
  handshake sends more.
* A short datagram that answers what the other side sent is an acknowledgement. It is paid for from
  a credit of 64 bytes for each packet of the other side, so what hides in such datagrams stays
  below one byte in twenty of what came back.
* The rest is payload: 0-RTT and 1-RTT packets. Packets sent again cannot be told from new ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.capture.bytes import u8, u16, u32
from analyzer.capture.deliver import emit
from analyzer.capture.kernel import kernel
from analyzer.capture.layout import (
    C_PLACE,
    CAND_QUIC,
    D0,
    D_Q_CID,
    D_Q_CREDIT,
    D_Q_INITIALS,
    D_Q_SHAKE,
    DW,
    F_FLAGS,
    F_ID,
    F_ORIENT,
    F_WHY,
    FL_GQUIC,
    FL_QUIC,
    G_CAND,
    T_APP,
    WHY_HELLO,
    X_DPORT,
    X_SPORT,
)
from analyzer.capture.turns import HANDSHAKE_MAX, advance

if TYPE_CHECKING:
    from analyzer.capture.types import Bytes, Ints

HTTPS_PORT = 443
MAX_CID = 20
MAX_PACKETS = 16
INITIALS_MAX = 24  # for each side of a conversation; a hello of 16 KiB needs 14
INITIAL, ZERO_RTT, RETRY = 0, 1, 3
ACK_UP, ACK_DOWN = 128, 64  # largest datagram that may be nothing but an acknowledgement
ACK_CREDIT, CREDIT_MAX = 64, 4096
PACKET_BYTES = 1472  # a longer datagram is several that the capturing host had put together
OVERHEAD = 1 + 2 + 16 + 4  # first byte, packet number, tag, STREAM frame; the id comes on top
DEFAULT_CID = 8


@kernel("i(i)")
def dialect(version: int) -> int:
    """1 for versions with RFC 9000's packet types, 2 for version 2, 0 for those not read."""
    if version == 1 or 0xFF000017 <= version <= 0xFF000022:
        return 1
    if version in (0x6B3343CF, 0x709A50C4):
        return 2
    if version in (0xFACEB001, 0xFACEB002, 0xFACEB00E, 0x54303530, 0x54303531):
        return 1
    return 1 if version & 0x0F0F0F0F == 0x0A0A0A0A else 0


@kernel("i(i)")
def is_google(version: int) -> int:
    """1 for Google's versions of its own, 'Q' and three digits: their names are not read."""
    if version >> 16 != 0x5130:
        return 0
    return 1 if (version >> 8) & 0xF0 == 0x30 and version & 0xF0 == 0x30 else 0


@kernel("i(B1, i, i)")
def recognise(b: Bytes, p: int, captured: int) -> int:
    """The flag that the first datagram of a QUIC conversation earns it, 0 for other protocols."""
    if captured < 14:
        return 0
    first = u8(b, p)
    if first & 0x80:
        version = u32(b, p + 1)
        if first & 0x40 and is_google(version):
            return FL_GQUIC
        size = u8(b, p + 5)
        if not first & 0x40 or dialect(version) == 0 or size > MAX_CID or size + 7 > captured:
            return 0
        return FL_QUIC if u8(b, p + 6 + size) <= MAX_CID else 0
    if first & 0xC9 == 0x09 and is_google(u32(b, p + 9)):  # public header, up to Q043
        return FL_GQUIC
    return 0


@kernel("i(B1, i, i)")
def varint(b: Bytes, p: int, end: int) -> int:
    """A variable-length integer (RFC 9000 section 16), -1 when it lies beyond ``end``."""
    if p < 0 or p >= end:
        return -1
    first = u8(b, p)
    size = 1 << (first >> 6)
    if p + size > end:
        return -1
    if size == 1:
        return first & 0x3F
    if size == 2:
        return u16(b, p) & 0x3FFF
    if size == 4:
        return u32(b, p) & 0x3FFFFFFF
    return ((u32(b, p) & 0x3FFFFFFF) << 32) | u32(b, p + 4)


@kernel("i(B1, i, i, i)")
def long_headers(b: Bytes, p: int, captured: int, n: int) -> int:
    """Twice the payload bytes among the packets of a datagram, plus 1 when one is an Initial.

    Args:
        p: Where the datagram begins; its first packet has a long header.
        captured: Bytes of it that are there.
        n: Bytes that it has.
    """
    end = p + captured
    at = p
    payload = 0
    initial = 0
    for _ in range(MAX_PACKETS):
        if at >= end:
            break
        first = u8(b, at)
        if not first & 0x80:
            if first & 0x40:
                payload += p + n - at
            break
        if at + 7 > end:
            break
        kind = dialect(u32(b, at + 1))
        source = at + 6 + u8(b, at + 5)
        if kind == 0 or source >= end:
            break
        behind = source + 1 + u8(b, source)
        kind = ((first >> 4) - (kind - 1)) & 3
        if kind == RETRY:
            break
        if kind == INITIAL:
            initial = 1
            token = varint(b, behind, end)
            if token < 0 or token > n:
                break
            behind += (1 << (u8(b, behind) >> 6)) + token
        length = varint(b, behind, end)
        if length < 0 or length > n:
            break
        following = behind + (1 << (u8(b, behind) >> 6)) + length
        if kind == ZERO_RTT:
            payload += max(min(following, p + n) - at, 0)
        at = following
    return 2 * min(payload, n) + initial


@kernel("i(I1, I1, I2, B1, I2, B1, i, i, i, i)")
def hand_on(
    g: Ints,
    x: Ints,
    c: Ints,
    arena: Bytes,
    f: Ints,
    b: Bytes,
    p: int,
    captured: int,
    i: int,
    side: int,
) -> int:
    """Lists a datagram with an Initial; 1 when it must be read before the next packet.

    That is where the ports do not say who the client is: its hello does, and turns depend on it.
    """
    mine = D0 + side * DW + D_Q_INITIALS
    f[i, mine] += 1
    if f[i, mine] > INITIALS_MAX:
        return 0
    row = g[G_CAND]
    emit(g, x, c, arena, b, p, captured, CAND_QUIC, f[i, F_ID], 0)
    if g[G_CAND] == row:
        return 0
    c[row, C_PLACE] = 2 * i + side
    if f[i, F_WHY] <= WHY_HELLO:
        return 0
    if f[i, F_ORIENT] == side:
        return 0 if x[X_DPORT] == HTTPS_PORT else 1
    before = f[i, D0 + (1 - side) * DW + D_Q_INITIALS]
    return 0 if x[X_SPORT] == HTTPS_PORT and before > 0 else 1


@kernel("i(I1, I1, I2, B1, I2, B1, i, i, i, i, i)")
def account(
    g: Ints,
    x: Ints,
    c: Ints,
    arena: Bytes,
    f: Ints,
    b: Bytes,
    p: int,
    captured: int,
    n: int,
    i: int,
    side: int,
) -> int:
    """Accounts a datagram of a QUIC conversation; 1 when its candidate must be read at once."""
    d = D0 + side * DW
    other = D0 + (1 - side) * DW
    if not f[i, F_FLAGS] & FL_QUIC:
        f[i, F_FLAGS] |= FL_QUIC
        for k in range(2):
            f[i, D0 + k * DW + D_Q_SHAKE] = 0
            f[i, D0 + k * DW + D_Q_CREDIT] = 0
    role = 0 if f[i, F_ORIENT] == side else 1
    payload = n
    urgent = 0
    if captured > 6 and u8(b, p) & 0x80:
        seen = long_headers(b, p, captured, n)
        payload = seen >> 1
        source = p + 6 + u8(b, p + 5)
        if source < p + captured and u8(b, source) <= MAX_CID:
            f[i, d + D_Q_CID] = u8(b, source) + 1
        shake = n - payload
        f[i, d + D_Q_SHAKE] += shake
        payload += min(shake, max(f[i, d + D_Q_SHAKE] - HANDSHAKE_MAX, 0))
        if seen & 1:
            urgent = hand_on(g, x, c, arena, f, b, p, captured, i, side)
    elif n <= (ACK_UP if role == 0 else ACK_DOWN) and f[i, d + D_Q_CREDIT] >= n:
        f[i, d + D_Q_CREDIT] -= n
        return 0
    packets = 1 + max(n - 1, 0) // PACKET_BYTES
    f[i, other + D_Q_CREDIT] = min(f[i, other + D_Q_CREDIT] + packets * ACK_CREDIT, CREDIT_MAX)
    if payload > 0:
        advance(f, i, role, payload)
        if role == 0:
            cid = f[i, other + D_Q_CID] - 1 if f[i, other + D_Q_CID] > 0 else DEFAULT_CID
            f[i, T_APP] += max(payload - packets * (OVERHEAD + cid), 0)
    return urgent
