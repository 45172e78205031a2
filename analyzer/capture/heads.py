"""The head pool: the only bytes of a conversation that are kept.

A slot of 16 KiB collects the start of a ClientHello, a server's first flight, an HTTP request head
or a DNS-over-TCP stream, segments in any order, and hands each complete unit to the candidate list.
A unit that is complete in one segment never takes a slot. The pool is bounded: the slot unused for
longest (by packet time) is given up, with what it holds, and counted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.capture.bytes import seq_diff
from analyzer.capture.deliver import blanks, emit, following, message, orient, saw_hello, units
from analyzer.capture.flight import saw_flight
from analyzer.capture.kernel import kernel
from analyzer.capture.layout import (
    CAND_FLIGHT,
    CAND_TLS,
    D0,
    D_BASE,
    D_HTTP,
    D_NEXT,
    D_SLOT,
    DW,
    F_FLAGS,
    F_ID,
    FL_SYN_A,
    FL_SYN_B,
    G_DNS_LONG,
    G_FREE_SLOT,
    G_HEAD_CAP,
    G_HEAD_EVICTED,
    KIND_DNS,
    KIND_FLIGHT,
    KIND_H2,
    KIND_HTTP,
    KIND_RESPONSE,
    KIND_SKIP,
    KIND_TLS,
    KIND_UNKNOWN,
    MODE_FREE,
    MODE_RAW,
    S_BASE,
    S_CUT,
    S_FLOW,
    S_KIND,
    S_NEXT_FREE,
    S_SCAN,
    S_SIDE,
    S_TS,
    SLOT_BYTES,
    WHY_HELLO,
)
from analyzer.capture.messages import due, lose
from analyzer.capture.scan import first_kind, unit_length
from analyzer.capture.sequence import contiguous

if TYPE_CHECKING:
    from analyzer.capture.types import Bytes, Ints

NOTHING_YET = -1  # in S_SCAN: a slot for bytes that may never come; giving it up loses nothing


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
    elif kind in (KIND_HTTP, KIND_RESPONSE):
        i, side = s[slot, S_FLOW], s[slot, S_SIDE]
        message(g, x, c, arena, f, pool, at, n, kind, i, side, s[slot, S_BASE], 1)
    elif kind >= KIND_SKIP:
        lose(f, s[slot, S_FLOW], s[slot, S_SIDE], MODE_RAW if kind == KIND_H2 else MODE_FREE)
    elif kind == KIND_DNS and n > 2:
        g[G_DNS_LONG] += 1
    if n == SLOT_BYTES:
        g[G_HEAD_CAP] += 1
    release(g, s, f, slot)


@kernel("void(I2, I2, B1, i, i)")
def shift(f: Ints, s: Ints, pool: Bytes, slot: int, used: int) -> None:
    """Takes ``used`` bytes off the front of a slot; what came early, behind a gap, moves along."""
    at = slot * SLOT_BYTES
    next_byte = f[s[slot, S_FLOW], D0 + s[slot, S_SIDE] * DW + D_NEXT]
    reach = min(seq_diff(next_byte, s[slot, S_BASE]), SLOT_BYTES)
    move(pool, at, pool, at + used, reach - used)
    if s[slot, S_CUT] < SLOT_BYTES:
        s[slot, S_CUT] = max(s[slot, S_CUT] - used, 0)
    s[slot, S_BASE] = (s[slot, S_BASE] + used) & 0xFFFFFFFF
    s[slot, S_SCAN] = 0


@kernel("void(I1, I1, I2, B1, I2, I2, I2, B1, i, i)")
def drain(
    g: Ints,
    x: Ints,
    c: Ints,
    arena: Bytes,
    f: Ints,
    h: Ints,
    s: Ints,
    pool: Bytes,
    slot: int,
    length: int,
) -> None:
    """Delivers what is complete in a slot whose first ``length`` bytes are contiguous."""
    i, side = s[slot, S_FLOW], s[slot, S_SIDE]
    at = slot * SLOT_BYTES
    cut = s[slot, S_CUT]
    n = min(min(length, cut), SLOT_BYTES)
    if n <= 0 and cut > 0:
        return
    if s[slot, S_KIND] == KIND_UNKNOWN:
        d = D0 + side * DW
        kind = 0
        if s[slot, S_BASE] == f[i, d + D_HTTP]:
            kind = due(f, i, side)
            empty = blanks(f, i, side, pool, at, n)
            if empty > 0:
                shift(f, s, pool, slot, empty)
                n -= empty
                if n <= 0:
                    return
        if kind == 0:
            opened = f[i, F_FLAGS] & (FL_SYN_A | FL_SYN_B) and s[slot, S_BASE] == f[i, d + D_BASE]
            kind = first_kind(pool, at, n, 1 if opened else 0)
        if kind == KIND_UNKNOWN and n < min(SLOT_BYTES, cut):
            return
        if kind <= KIND_UNKNOWN:
            release(g, s, f, slot)
            return
        s[slot, S_KIND] = kind
        s[slot, S_SCAN] = 0
    kind = s[slot, S_KIND]
    if kind in (KIND_HTTP, KIND_RESPONSE) and n < SLOT_BYTES and cut == SLOT_BYTES:
        start = s[slot, S_SCAN]
        s[slot, S_SCAN] = n
        if n <= 0 or unit_length(pool, at, n, kind, start) == 0:
            return
    used = units(g, x, c, arena, f, pool, at, n, kind, i, side, s[slot, S_BASE])
    reach = seq_diff(f[i, D0 + side * DW + D_NEXT], s[slot, S_BASE])
    if used < 0 or (used >= n and kind != KIND_DNS and (used >= reach or used >= SLOT_BYTES)):
        release(g, s, f, slot)
        return
    if (n == SLOT_BYTES and used == 0) or (cut < SLOT_BYTES and length >= cut):
        give_up(g, x, c, arena, f, s, pool, slot, n)
        return
    if used > 0:
        if reach > SLOT_BYTES and length >= contiguous(f, h, i, side, s[slot, S_BASE]):
            s[slot, S_CUT] = min(cut, SLOT_BYTES - 1)  # what lay beyond the slot was not kept
        shift(f, s, pool, slot, used)
        if kind != KIND_DNS:
            s[slot, S_KIND] = max(following(f, i, side, pool, at, n - used), KIND_UNKNOWN)
