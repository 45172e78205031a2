"""The head pool: the only bytes of a conversation that are kept.

A slot of 16 KiB collects the start of a ClientHello, a server's first flight, an HTTP request head
or a DNS-over-TCP stream, segments in any order, and hands each complete unit to the candidate list.
A unit that is complete in one segment never takes a slot. The pool is bounded: the slot unused for
longest (by packet time) is given up, with what it holds, and counted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.capture.bytes import seq_diff
from analyzer.capture.flight import saw_flight
from analyzer.capture.kernel import kernel
from analyzer.capture.layout import (
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
    CAND_HTTP,
    CAND_TLS,
    D0,
    D_HTTP,
    D_NEXT,
    D_REC,
    D_SLOT,
    DW,
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
    G_FREE_SLOT,
    G_HEAD_CAP,
    G_HEAD_EVICTED,
    KIND_ALERT,
    KIND_DNS,
    KIND_FLIGHT,
    KIND_HTTP,
    KIND_TLS,
    KIND_UNKNOWN,
    REC_OFF,
    S_BASE,
    S_CUT,
    S_FLOW,
    S_KIND,
    S_NEXT_FREE,
    S_SCAN,
    S_SIDE,
    S_TS,
    SEQ_NONE,
    SLOT_BYTES,
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
from analyzer.capture.scan import content_length, kind_of, unit_length
from analyzer.capture.turns import forget, in_handshake, restart

if TYPE_CHECKING:
    from analyzer.capture.types import Bytes, Ints

DNS_PORT = 53
NOTHING_YET = -1  # in S_SCAN: a slot for bytes that may never come; giving it up loses nothing


@kernel("void(I1, I1, I2, B1, B1, i, i, i, i, i)")
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
) -> None:
    """Copies a unit to the arena and lists it; the walk has made sure that there is room."""
    row = g[G_CAND]
    at = g[G_ARENA]
    if row >= c.shape[0] or at + n > arena.shape[0]:
        g[G_HEAD_CAP] += 1
        return
    for k in range(n):
        arena[at + k] = b[p + k]
    c[row, C_KIND], c[row, C_OFF], c[row, C_LEN], c[row, C_FLOW] = kind, at, n, flow
    c[row, C_TS], c[row, C_PKT], c[row, C_INPUT] = x[X_TS], x[X_PKT], x[X_INPUT]
    c[row, C_SRC_HI], c[row, C_SRC_LO] = x[X_SRC_HI], x[X_SRC_LO]
    c[row, C_DST_HI], c[row, C_DST_LO] = x[X_DST_HI], x[X_DST_LO]
    c[row, C_PORTS] = (x[X_SPORT] << 16) | x[X_DPORT]
    c[row, C_VERSION] = x[X_VERSION]
    c[row, C_CUT] = cut
    g[G_CAND] += 1
    g[G_ARENA] += n


@kernel("void(I1, I2, I2, i)")
def release(g: Ints, s: Ints, f: Ints, slot: int) -> None:
    """Gives a slot back to the pool."""
    f[s[slot, S_FLOW], D0 + s[slot, S_SIDE] * DW + D_SLOT] = -1
    s[slot, S_FLOW] = -1
    s[slot, S_NEXT_FREE] = g[G_FREE_SLOT]
    g[G_FREE_SLOT] = slot


@kernel("i(I1, I2, I2, i, i, i, i, i)")
def take(g: Ints, s: Ints, f: Ints, flow: int, side: int, base: int, kind: int, now: int) -> int:
    """A free slot for this side of this flow, the least recently used one if need be."""
    if g[G_FREE_SLOT] < 0:
        oldest = 0
        for k in range(s.shape[0]):
            if s[k, S_TS] < s[oldest, S_TS]:
                oldest = k
        if s[oldest, S_SCAN] != NOTHING_YET:
            g[G_HEAD_EVICTED] += 1
        release(g, s, f, oldest)
    slot = g[G_FREE_SLOT]
    g[G_FREE_SLOT] = s[slot, S_NEXT_FREE]
    s[slot, S_FLOW], s[slot, S_SIDE], s[slot, S_BASE], s[slot, S_KIND] = flow, side, base, kind
    s[slot, S_CUT], s[slot, S_TS], s[slot, S_SCAN] = SLOT_BYTES, now, 0
    f[flow, D0 + side * DW + D_SLOT] = slot
    return slot


@kernel("void(I2, i, i, i)")
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


@kernel("void(I2, i, i, i, i, B1, i)")
def saw_request(f: Ints, i: int, side: int, seq: int, length: int, b: Bytes, p: int) -> None:
    """An HTTP head of ``length`` bytes starts at sequence number ``seq``."""
    orient(f, i, side, WHY_HTTP)
    f[i, F_FLAGS] |= FL_HTTP
    body = content_length(b, p, length)
    f[i, D0 + side * DW + D_HTTP] = (seq + length + body) & 0xFFFFFFFF if body < 1 << 31 else -1


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
        return SEQ_NONE
    if kind == KIND_HTTP:
        emit(g, x, c, arena, b, p, n, CAND_HTTP, f[i, F_ID], 0)
        saw_request(f, i, side, seq, n, b, p)
        return f[i, D0 + side * DW + D_HTTP]
    if kind == KIND_FLIGHT:
        emit(g, x, c, arena, b, p, n, CAND_FLIGHT, f[i, F_ID], 0)
        orient(f, i, 1 - side, WHY_HELLO)
        saw_flight(f, i, b, p, n)
        return SEQ_NONE
    if kind == KIND_ALERT:
        from_client = 1 if f[i, F_ORIENT] == side else 0
        emit(g, x, c, arena, b, p, n, CAND_ALERT, f[i, F_ID], from_client)
        return SEQ_NONE
    f[i, F_FLAGS] |= FL_DNS
    if n >= 14:
        emit(g, x, c, arena, b, p + 2, n - 2, CAND_DNS_TCP, f[i, F_ID], 0)
    else:
        g[G_DNS_LONG] += 1
    return (seq + n) & 0xFFFFFFFF


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

    What is left behind the consumed bytes is the start of another unit of the same kind.
    """
    used = 0
    while used < n:
        if kind != KIND_DNS and kind_of(b, p + used, n - used) != kind:
            may_be = kind_of(b, p + used, n - used) == KIND_UNKNOWN
            return used if may_be and used > 0 else -1
        size = unit_length(b, p + used, n - used, kind, 0)
        if size < 0:
            return -1
        if size == 0:
            return used
        at = (seq + used) & 0xFFFFFFFF
        following = deliver(g, x, c, arena, f, b, p + used, size, kind, i, side, at)
        if following == SEQ_NONE:
            return -1
        used += max(seq_diff(following, at), size)
    return -1


@kernel("void(B1, i, B1, i, i)")
def move(to: Bytes, at: int, b: Bytes, p: int, n: int) -> None:
    """Copies ``n`` bytes forward (a loop: slice assignment allocates)."""
    for k in range(n):
        to[at + k] = b[p + k]


@kernel("void(I1, I1, I2, B1, I2, I2, B1, i, i)")
def give_up(
    g: Ints, x: Ints, c: Ints, arena: Bytes, f: Ints, s: Ints, pool: Bytes, slot: int, n: int
) -> None:
    """A unit that will not be completed: what is there of a hello or head is handed on as cut."""
    at = slot * SLOT_BYTES
    flow = f[s[slot, S_FLOW], F_ID]
    kind = s[slot, S_KIND]
    if kind == KIND_TLS and n > 9:
        emit(g, x, c, arena, pool, at, n, CAND_TLS, flow, 1)
        saw_hello(f, s[slot, S_FLOW], s[slot, S_SIDE], 0)
    elif kind == KIND_FLIGHT and n > 9:
        emit(g, x, c, arena, pool, at, n, CAND_FLIGHT, flow, 1)
        orient(f, s[slot, S_FLOW], 1 - s[slot, S_SIDE], WHY_HELLO)
        saw_flight(f, s[slot, S_FLOW], pool, at, n)
    elif kind == KIND_HTTP:
        emit(g, x, c, arena, pool, at, n, CAND_HTTP, flow, 1)
    elif kind == KIND_DNS and n > 2:
        g[G_DNS_LONG] += 1
    if n == SLOT_BYTES:
        g[G_HEAD_CAP] += 1
    release(g, s, f, slot)


@kernel("void(I1, I1, I2, B1, I2, I2, B1, i, i)")
def drain(
    g: Ints, x: Ints, c: Ints, arena: Bytes, f: Ints, s: Ints, pool: Bytes, slot: int, length: int
) -> None:
    """Delivers what is complete in a slot whose first ``length`` bytes are contiguous."""
    i, side = s[slot, S_FLOW], s[slot, S_SIDE]
    at = slot * SLOT_BYTES
    cut = s[slot, S_CUT]
    n = min(min(length, cut), SLOT_BYTES)
    if s[slot, S_KIND] == KIND_UNKNOWN:
        kind = kind_of(pool, at, n)
        if kind == KIND_UNKNOWN and n < min(SLOT_BYTES, cut):
            return
        if kind <= KIND_UNKNOWN:
            release(g, s, f, slot)
            return
        s[slot, S_KIND] = kind
        s[slot, S_SCAN] = 0
    kind = s[slot, S_KIND]
    if kind == KIND_HTTP and n < SLOT_BYTES and cut == SLOT_BYTES:
        start = s[slot, S_SCAN]
        s[slot, S_SCAN] = n
        if unit_length(pool, at, n, kind, start) == 0:
            return
    used = units(g, x, c, arena, f, pool, at, n, kind, i, side, s[slot, S_BASE])
    if used < 0 or (used >= n and kind != KIND_DNS):
        release(g, s, f, slot)
        return
    if (n == SLOT_BYTES and used == 0) or (cut < SLOT_BYTES and length >= cut):
        give_up(g, x, c, arena, f, s, pool, slot, n)
        return
    if used > 0:
        move(pool, at, pool, at + used, n - used)
        s[slot, S_BASE] = (s[slot, S_BASE] + used) & 0xFFFFFFFF
        s[slot, S_SCAN] = 0
