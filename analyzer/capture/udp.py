"""One UDP datagram: lengths, copies, turns, and DNS messages on port 53 (RFC 768, RFC 1035).

What is recognised as QUIC, by content and on any port, goes to ``quic_wire``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.capture import quic_wire
from analyzer.capture.bytes import u8, u16
from analyzer.capture.deliver import emit
from analyzer.capture.framing import note
from analyzer.capture.kernel import kernel
from analyzer.capture.layout import (
    CAND_DNS_UDP,
    D0,
    D_ACK,
    D_BYTES,
    D_HDR,
    D_HOLES,
    D_HOME,
    D_LOST,
    D_PKTS,
    D_SIG,
    D_SIG_IF,
    D_SIG_TS,
    DW,
    F_DUPES,
    F_FLAGS,
    F_ID,
    F_ORIENT,
    FL_DNS,
    FL_QUIC,
    Q_BAD_UDP,
    Q_CUT_L4,
    X_CAP_END,
    X_DPORT,
    X_IF,
    X_INPUT,
    X_IP_ID,
    X_L4,
    X_L4_LEN,
    X_PKT,
    X_SPORT,
    X_TS,
)
from analyzer.capture.seek import DNS_PORT
from analyzer.capture.tcp import COPY_NS
from analyzer.capture.turns import advance

if TYPE_CHECKING:
    from analyzer.capture.types import Bytes, Ints

SAMPLE = 64


@kernel("i(B1, I1, I2)")
def length_ok(b: Bytes, x: Ints, q: Ints) -> int:
    """Payload bytes of the datagram at X_L4, or -1 after counting the problem."""
    at = x[X_L4]
    if at + 8 > x[X_CAP_END]:
        note(q, Q_CUT_L4, x[X_PKT], at)
        return -1
    size = u16(b, at + 4)
    if size == 0:  # jumbogram or offload: the IP header knows
        size = x[X_L4_LEN]
    if size < 8:
        note(q, Q_BAD_UDP, x[X_PKT], at)
        return -1
    if size > x[X_L4_LEN]:
        note(q, Q_BAD_UDP, x[X_PKT], at)
        size = x[X_L4_LEN]
    return max(size - 8, 0)


@kernel("i(B1, I1, i, i)")
def fingerprint(b: Bytes, x: Ints, p: int, captured: int) -> int:
    """Same datagram, same value: IP id, length and the first bytes of its payload."""
    value = (x[X_IP_ID] << 20) ^ x[X_L4_LEN]
    for k in range(min(captured, SAMPLE)):
        value = ((value * 31) ^ u8(b, p + k)) & 0xFFFFFFFFFFFF
    return value


@kernel("i(I1, I2, i, i, i)")
def is_copy(x: Ints, f: Ints, i: int, side: int, value: int) -> int:
    """1 when one of the last four datagrams of this side, within 10 ms and from elsewhere, is it.

    The ring uses the columns D_SIG, D_ACK, D_HOLES and D_LOST, which only TCP needs otherwise.
    """
    d = D0 + side * DW
    if f[i, d + D_PKTS] == 0 or x[X_TS] - f[i, d + D_SIG_TS] > COPY_NS:
        return 0
    elsewhere = x[X_IF] != f[i, d + D_HOME] or ((x[X_INPUT] << 40) | x[X_IF]) != f[i, d + D_SIG_IF]
    if not elsewhere:
        return 0
    if value in (f[i, d + D_SIG], f[i, d + D_ACK], f[i, d + D_HOLES], f[i, d + D_LOST]):
        return 1
    return 0


@kernel("void(I1, I2, i, i, i)")
def remember(x: Ints, f: Ints, i: int, side: int, value: int) -> None:
    """Puts a datagram into the ring of recent ones."""
    d = D0 + side * DW
    if f[i, d + D_PKTS] == 0:
        f[i, d + D_HOME] = x[X_IF]
    k = f[i, d + D_HDR] & 3
    if k == 0:
        f[i, d + D_SIG] = value
    elif k == 1:
        f[i, d + D_ACK] = value
    elif k == 2:
        f[i, d + D_HOLES] = value
    else:
        f[i, d + D_LOST] = value
    f[i, d + D_HDR] += 1
    f[i, d + D_SIG_TS] = x[X_TS]
    f[i, d + D_SIG_IF] = (x[X_INPUT] << 40) | x[X_IF]


@kernel("i(I1, I1, I2, B1, I2, B1, i, i, i)")
def datagram(
    g: Ints, x: Ints, c: Ints, arena: Bytes, f: Ints, b: Bytes, i: int, side: int, n: int
) -> int:
    """Accounts one datagram with ``n`` payload bytes; 1 when candidates must be read at once."""
    p = x[X_L4] + 8
    captured = min(max(x[X_CAP_END] - p, 0), n)
    value = fingerprint(b, x, p, captured)
    if is_copy(x, f, i, side, value):
        f[i, F_DUPES] += 1
        return 0
    remember(x, f, i, side, value)
    d = D0 + side * DW
    f[i, d + D_PKTS] += 1
    f[i, d + D_BYTES] += n
    kind = f[i, F_FLAGS] & FL_QUIC
    if kind == 0:
        kind = quic_wire.recognise(b, p, captured)
    if kind == FL_QUIC:
        urgent = quic_wire.account(g, x, c, arena, f, b, p, captured, n, i, side)
    else:
        urgent = 0
        f[i, F_FLAGS] |= kind
        if n > 0:
            advance(f, i, 0 if f[i, F_ORIENT] == side else 1, n)
    if (x[X_SPORT] == DNS_PORT or x[X_DPORT] == DNS_PORT) and captured >= 12:
        f[i, F_FLAGS] |= FL_DNS
        emit(g, x, c, arena, b, p, captured, CAND_DNS_UDP, f[i, F_ID], 1 if captured < n else 0)
    return urgent
