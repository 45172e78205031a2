"""Hands complete units on to the candidate list, and frames what follows each.

A unit is a ClientHello, a DNS message over TCP, an HTTP head, or a part of an HTTP message that
only its place tells: a chunk's line, a trailer, an HTTP/2 frame.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.capture.bytes import seq_diff, u8
from analyzer.capture.flight import saw_flight
from analyzer.capture.kernel import kernel
from analyzer.capture.layout import (
    A_FOUND,
    C_BODY,
    C_CODE,
    C_CUT,
    C_DST_HI,
    C_DST_LO,
    C_FLOW,
    C_INPUT,
    C_KIND,
    C_LEN,
    C_OFF,
    C_PKT,
    C_PORTS,
    C_SRC_HI,
    C_SRC_LO,
    C_TS,
    C_VERSION,
    CAND_ALERT,
    CAND_DNS_TCP,
    CAND_FLIGHT,
    CAND_H2_DOWN,
    CAND_H2_UP,
    CAND_HTTP,
    CAND_PROXY,
    CAND_RESPONSE,
    CAND_SOCKS,
    CAND_TLS,
    D0,
    D_HTTP,
    D_NEXT,
    D_REC,
    DW,
    F_BODY,
    F_FLAGS,
    F_ID,
    F_ORIENT,
    F_WHY,
    FL_APPDATA,
    FL_DNS,
    FL_HTTP,
    FL_TLS,
    G_ARENA,
    G_CAND,
    G_DNS_LONG,
    G_HEAD_CAP,
    H_FOUND,
    KIND_ALERT,
    KIND_DNS,
    KIND_FLIGHT,
    KIND_H2,
    KIND_HTTP,
    KIND_PROXY,
    KIND_RESPONSE,
    KIND_SKIP,
    KIND_SOCKS,
    KIND_TLS,
    KIND_UNKNOWN,
    MODE_FREE,
    MODE_LOST,
    MODE_RAW,
    REC_OFF,
    SEQ_NONE,
    W_MODE,
    WHY_HELLO,
    WHY_HTTP,
    X_DPORT,
    X_DST_HI,
    X_DST_LO,
    X_INPUT,
    X_PKT,
    X_SPORT,
    X_SRC_HI,
    X_SRC_LO,
    X_TS,
    X_VERSION,
)
from analyzer.capture.messages import (
    after_part,
    after_request,
    after_response,
    due,
    expect_after,
    lose,
)
from analyzer.capture.scan import kind_of, unit_length
from analyzer.capture.turns import forget, in_handshake, restart

if TYPE_CHECKING:
    from analyzer.capture.types import Bytes, Ints

BLANKS = 4


@kernel("i(I1, I1, I2, B1, B1, i, i, i, i, i)")
def emit(
    g: Ints,
    x: Ints,
    c: Ints,
    arena: Bytes,
    b: Bytes,
    p: int,
    n: int,
    kind: int,
    flow: int,
    cut: int,
) -> int:
    """Copies a unit to the arena and lists it; the walk has made sure that there is room.

    Returns:
        Its row, or -1 when a single packet completes more than there is room for.
    """
    row = g[G_CAND]
    at = g[G_ARENA]
    if row >= c.shape[0] or at + n > arena.shape[0]:
        g[G_HEAD_CAP] += 1
        return -1
    for k in range(n):
        arena[at + k] = b[p + k]
    c[row, C_KIND], c[row, C_OFF], c[row, C_LEN], c[row, C_FLOW] = kind, at, n, flow
    c[row, C_TS], c[row, C_PKT], c[row, C_INPUT] = x[X_TS], x[X_PKT], x[X_INPUT]
    c[row, C_SRC_HI], c[row, C_SRC_LO] = x[X_SRC_HI], x[X_SRC_LO]
    c[row, C_DST_HI], c[row, C_DST_LO] = x[X_DST_HI], x[X_DST_LO]
    c[row, C_PORTS] = (x[X_SPORT] << 16) | x[X_DPORT]
    c[row, C_VERSION] = x[X_VERSION]
    c[row, C_CUT] = cut
    c[row, C_BODY] = 0
    c[row, C_CODE] = 0
    g[G_CAND] += 1
    g[G_ARENA] += n
    return row


@kernel("void(I2, i, i, i)", entry=True)
def orient(f: Ints, i: int, side: int, why: int) -> None:
    """A request names the originator, unless a SYN or a stronger request has done so."""
    if f[i, F_WHY] > why:
        if f[i, F_ORIENT] != side:
            f[i, F_ORIENT] = side
            forget(f, i)
        f[i, F_WHY] = why


@kernel("void(I2, i, i, i)")
def saw_hello(f: Ints, i: int, side: int, tail: int) -> None:
    """A ClientHello of this side begins ``tail`` bytes before the end of what was accounted."""
    orient(f, i, side, WHY_HELLO)
    if side != f[i, F_ORIENT]:
        return
    again = in_handshake(f, i)  # behind a HelloRetryRequest: what precedes is handshake, too
    if not f[i, F_FLAGS] & FL_TLS or f[i, D0 + side * DW + D_REC] == REC_OFF:
        f[i, F_FLAGS] &= ~FL_APPDATA
    f[i, F_FLAGS] |= FL_TLS
    restart(f, i, tail, again)


@kernel("i(I2, i, i, i)")
def in_place(f: Ints, i: int, side: int, seq: int) -> int:
    """1 where a message is due at ``seq``, or nothing is known; 0 for one found behind a gap."""
    if f[i, W_MODE + side] == MODE_LOST:
        return 0
    expected = f[i, D0 + side * DW + D_HTTP]
    ahead = seq_diff(seq, expected)
    return 1 if expected == SEQ_NONE or (ahead >= 0 and ahead <= BLANKS) else 0


@kernel("void(I1, I1, I2, B1, I2, B1, i, i, i, i, i, i, i)")
def message(
    g: Ints,
    x: Ints,
    c: Ints,
    arena: Bytes,
    f: Ints,
    b: Bytes,
    p: int,
    n: int,
    kind: int,
    i: int,
    side: int,
    seq: int,
    cut: int,
) -> None:
    """Hands an HTTP head on, whole or ``cut``, and frames what follows it."""
    placed = in_place(f, i, side, seq)
    f[i, F_FLAGS] |= FL_HTTP
    if kind == KIND_HTTP:
        orient(f, i, side, WHY_HTTP)
        row = emit(g, x, c, arena, b, p, n, CAND_HTTP, f[i, F_ID], cut)
        before = f[i, F_BODY]
        f[i, F_BODY] = 0
        code = after_request(f, i, side, seq, b, p, n)
        found = H_FOUND
    else:
        orient(f, i, 1 - side, WHY_HTTP)
        row = emit(g, x, c, arena, b, p, n, CAND_RESPONSE, f[i, F_ID], cut)
        before = 0
        code = after_response(f, i, side, seq, b, p, n)
        found = A_FOUND
    if row >= 0:
        c[row, C_BODY] = before
        c[row, C_CODE] = code if placed else code | found
    if cut:
        lose(f, i, side, MODE_FREE)


@kernel("i(I1, I1, I2, B1, I2, B1, i, i, i, i, i, i)")
def deliver(
    g: Ints,
    x: Ints,
    c: Ints,
    arena: Bytes,
    f: Ints,
    b: Bytes,
    p: int,
    n: int,
    kind: int,
    i: int,
    side: int,
    seq: int,
) -> int:
    """Hands one complete unit on; the sequence number at which the next one may start."""
    if kind == KIND_TLS:
        emit(g, x, c, arena, b, p, n, CAND_TLS, f[i, F_ID], 0)
        tail = seq_diff(f[i, D0 + side * DW + D_NEXT], seq)
        saw_hello(f, i, side, max(tail, 0))
        lose(f, i, side, MODE_FREE)
        return SEQ_NONE
    if kind == KIND_FLIGHT:
        emit(g, x, c, arena, b, p, n, CAND_FLIGHT, f[i, F_ID], 0)
        orient(f, i, 1 - side, WHY_HELLO)
        saw_flight(f, i, b, p, n)
        lose(f, i, side, MODE_FREE)
        return SEQ_NONE
    if kind == KIND_ALERT:
        from_client = 1 if f[i, F_ORIENT] == side else 0
        emit(g, x, c, arena, b, p, n, CAND_ALERT, f[i, F_ID], from_client)
        return SEQ_NONE
    if kind in (KIND_HTTP, KIND_RESPONSE):
        message(g, x, c, arena, f, b, p, n, kind, i, side, seq, 0)
        return f[i, D0 + side * DW + D_HTTP]
    if kind in (KIND_SOCKS, KIND_PROXY):
        preamble = CAND_SOCKS if kind == KIND_SOCKS else CAND_PROXY
        emit(g, x, c, arena, b, p, n, preamble, f[i, F_ID], 0)
        orient(f, i, side, WHY_HTTP)
        expect_after(f, i, side, (seq + n) & 0xFFFFFFFF, 0, MODE_FREE)
        return f[i, D0 + side * DW + D_HTTP]
    if kind >= KIND_SKIP:
        if kind == KIND_H2 and (n > 9 or u8(b, p + 3) in (0, 1, 5, 9)):
            way = CAND_H2_UP if side == f[i, F_ORIENT] else CAND_H2_DOWN
            emit(g, x, c, arena, b, p, n, way, f[i, F_ID], 0)
        after_part(f, i, side, seq, kind, b, p, n)
        return f[i, D0 + side * DW + D_HTTP]
    f[i, F_FLAGS] |= FL_DNS
    if n >= 14:
        emit(g, x, c, arena, b, p + 2, n - 2, CAND_DNS_TCP, f[i, F_ID], 0)
    else:
        g[G_DNS_LONG] += 1
    return (seq + n) & 0xFFFFFFFF


@kernel("i(I2, i, i, B1, i, i)")
def blanks(f: Ints, i: int, side: int, b: Bytes, p: int, n: int) -> int:
    """Empty lines in front of a message, which servers ignore (RFC 9112 section 2.2)."""
    k = 0
    if f[i, W_MODE + side] != MODE_FREE:
        return 0
    while k < min(n, BLANKS) and u8(b, p + k) in (13, 10):
        k += 1
    d = D0 + side * DW
    if f[i, d + D_HTTP] != SEQ_NONE:
        f[i, d + D_HTTP] = (f[i, d + D_HTTP] + k) & 0xFFFFFFFF
    return k


@kernel("i(I2, i, i, B1, i, i)")
def following(f: Ints, i: int, side: int, b: Bytes, p: int, n: int) -> int:
    """Kind of the unit at the place where one is due."""
    kind = due(f, i, side)
    return kind if kind > 0 or n <= 0 else kind_of(b, p, n)


@kernel("i(I1, I1, I2, B1, I2, B1, i, i, i, i, i, i)")
def units(
    g: Ints,
    x: Ints,
    c: Ints,
    arena: Bytes,
    f: Ints,
    b: Bytes,
    p: int,
    n: int,
    kind: int,
    i: int,
    side: int,
    seq: int,
) -> int:
    """Delivers every complete unit in ``b[p:p+n]``; bytes consumed, or -1 when the rest is none.

    What is left behind the consumed bytes is the start of another unit: see `following`. A body
    that is stepped over may make them more than ``n``.
    """
    used = 0
    while used < n:
        if used > 0 and kind != KIND_DNS:
            used += blanks(f, i, side, b, p + used, n - used)
            kind = following(f, i, side, b, p + used, n - used)
            if kind == KIND_UNKNOWN:
                return used
            if kind < 0:
                return -1
        size = unit_length(b, p + used, n - used, kind, 0)
        if size < 0:
            if kind >= KIND_SKIP:
                lose(f, i, side, MODE_RAW if kind == KIND_H2 else MODE_FREE)
            return -1
        if size == 0:
            return used
        at = (seq + used) & 0xFFFFFFFF
        then = deliver(g, x, c, arena, f, b, p + used, size, kind, i, side, at)
        if then == SEQ_NONE:
            return -1
        used += max(seq_diff(then, at), size)
    return used if kind != KIND_DNS else -1
