"""Finds the units in what is new of a stream: at its beginning, where one is due, behind a gap."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.capture.bytes import seq_diff, u8
from analyzer.capture.deliver import blanks, following, units
from analyzer.capture.flight import ALERT_UNIT, before_hello, may_begin, unexpected
from analyzer.capture.heads import NOTHING_YET, drain, give_up, move, release, take
from analyzer.capture.kernel import kernel
from analyzer.capture.layout import (
    D0,
    D_ACK,
    D_BASE,
    D_HAVE,
    D_HOLES,
    D_HTTP,
    D_REC,
    D_SLOT,
    DW,
    F_BODY,
    F_FLAGS,
    F_KEY,
    FL_DNS,
    FL_HTTP,
    FL_SYN_A,
    FL_SYN_B,
    G_HTTP_LOST,
    KIND_ALERT,
    KIND_DNS,
    KIND_FLIGHT,
    KIND_H2,
    KIND_HTTP,
    KIND_RESPONSE,
    KIND_SKIP,
    KIND_TLS,
    KIND_UNKNOWN,
    MODE_FREE,
    MODE_LOST,
    MODE_RAW,
    MODE_REFUSED,
    S_BASE,
    S_CUT,
    S_KIND,
    S_SCAN,
    S_TS,
    SEQ_NONE,
    SLOT_BYTES,
    W_MODE,
    X_TS,
)
from analyzer.capture.messages import after_part, due, expect_after, lose
from analyzer.capture.scan import first_kind, kind_of
from analyzer.capture.sequence import contiguous

if TYPE_CHECKING:
    from analyzer.capture.types import Bytes, Ints

DNS_PORT = 53
MAX_SILENT_GAP = 1 << 20


@kernel("void(I1, I1, I2, B1, I2, I2, I2, B1, B1, i, i, i, i, i, i)")
def feed(
    g: Ints,
    x: Ints,
    c: Ints,
    arena: Bytes,
    f: Ints,
    h: Ints,
    s: Ints,
    pool: Bytes,
    b: Bytes,
    i: int,
    side: int,
    seq: int,
    p: int,
    n: int,
    captured: int,
) -> None:
    """Puts a segment's bytes into the side's slot and delivers what is complete.

    Args:
        seq: Sequence number of ``b[p]``.
        n: Payload bytes on the wire.
        captured: How many of them are in the capture.
    """
    d = D0 + side * DW
    at = 0
    for _ in range(n // SLOT_BYTES + 2):
        slot = f[i, d + D_SLOT]
        if slot < 0:
            return
        s[slot, S_TS] = x[X_TS]
        to = seq_diff((seq + at) & 0xFFFFFFFF, s[slot, S_BASE])
        if to < 0:
            at -= to
            to = 0
        if captured < n:
            cut = seq_diff((seq + captured) & 0xFFFFFFFF, s[slot, S_BASE])
            if cut >= 0:
                s[slot, S_CUT] = min(s[slot, S_CUT], cut)
        if at >= n or to >= SLOT_BYTES:
            break
        room = min(SLOT_BYTES - to, captured - at)
        if room > 0:
            move(pool, slot * SLOT_BYTES + to, b, p + at, room)
        base = s[slot, S_BASE]
        length = contiguous(f, h, i, side, base)
        if at + room < captured:  # the rest of this segment is not in the slot yet
            length = min(length, to + room)
        drain(g, x, c, arena, f, h, s, pool, slot, length)
        while at + room >= captured and f[i, d + D_SLOT] == slot and s[slot, S_BASE] != base:
            base = s[slot, S_BASE]  # a body was stepped over: what is due may be here already
            drain(g, x, c, arena, f, h, s, pool, slot, contiguous(f, h, i, side, base))
        at += max(room, 1)
        if at >= captured:
            return
        if f[i, d + D_SLOT] != slot or s[slot, S_BASE] == base:
            return


@kernel("i(I2, i, i, i, B1, i)")
def step_over(f: Ints, i: int, side: int, seq: int, b: Bytes, p: int) -> int:
    """How far behind ``seq`` something is due; steps inside a body need no bytes."""
    d = D0 + side * DW
    offset = seq_diff(f[i, d + D_HTTP], seq)
    while offset < 0 and f[i, W_MODE + side] == KIND_SKIP:
        after_part(f, i, side, f[i, d + D_HTTP], KIND_SKIP, b, p, 0)
        offset = seq_diff(f[i, d + D_HTTP], seq)
    return offset


@kernel("i(I1, I2, i, i, i, B1, i, i)")
def look_due(g: Ints, f: Ints, i: int, side: int, seq: int, b: Bytes, p: int, captured: int) -> int:
    """How far behind ``seq`` the next HTTP message is due; -1 when its place was passed unseen."""
    d = D0 + side * DW
    if f[i, W_MODE + side] == MODE_REFUSED and kind_of(b, p, captured) == KIND_HTTP:
        # The client did not send the body whose "Expect: 100-continue" was refused.
        expect_after(f, i, side, seq, 0, MODE_FREE)
        f[i, F_BODY] = 0
    offset = seq_diff(f[i, d + D_HTTP], seq)
    due(f, i, side)
    if offset < 0:
        offset = step_over(f, i, side, seq, b, p)
    if offset < 0:
        g[G_HTTP_LOST] += 1
        lose(f, i, side, MODE_RAW if f[i, W_MODE + side] == KIND_H2 else MODE_LOST)
    return offset


@kernel("void(I1, I1, I2, B1, I2, I2, I2, B1, B1, i, i, i, i, i, i, i)")
def look(
    g: Ints,
    x: Ints,
    c: Ints,
    arena: Bytes,
    f: Ints,
    h: Ints,
    s: Ints,
    pool: Bytes,
    b: Bytes,
    i: int,
    side: int,
    seq: int,
    p: int,
    n: int,
    captured: int,
    first: int,
) -> None:
    """Looks for a hello, a request head or a DNS message at the start of new contiguous bytes."""
    d = D0 + side * DW
    record = f[i, d + D_REC]
    if record > 0 or f[i, d + D_HAVE] > 0 or captured <= 0:
        return
    key = f[i, F_KEY]
    on_dns = (key & 0xFFFF) == DNS_PORT or ((key >> 16) & 0xFFFF) == DNS_PORT
    offset = 0
    if on_dns:
        if not first and not f[i, F_FLAGS] & FL_DNS:
            return
        kind = KIND_DNS
    else:
        expected = f[i, d + D_HTTP]
        exact = expected != SEQ_NONE
        kind = 0
        if exact:
            offset = look_due(g, f, i, side, seq, b, p, captured)
            exact = offset >= 0
            offset = max(offset, 0)
            if offset >= captured:
                return
            if exact:
                offset += blanks(f, i, side, b, p + offset, captured - offset)
                kind = due(f, i, side)
        if kind == 0:
            opened = first and f[i, F_FLAGS] & (FL_SYN_A | FL_SYN_B)
            kind = first_kind(b, p + offset, captured - offset, 1 if opened else 0)
        if kind == KIND_UNKNOWN and not (first or exact):
            record_begins = u8(b, p + offset) in (21, 22)
            if not record_begins or not may_begin(f, i, side, n):
                return
        if kind < 0:
            request = before_hello(b, p + offset, captured - offset)
            if request > 0:
                offset += request
                kind = kind_of(b, p + offset, captured - offset)
            if kind < 0:
                if exact:
                    lose(f, i, side, f[i, W_MODE + side])
                return
        of_tls = kind in (KIND_TLS, KIND_FLIGHT, KIND_ALERT)
        if not exact and kind > 0 and not of_tls and f[i, W_MODE + side] == MODE_RAW:
            return
        if unexpected(f, i, side, kind, first):
            return
        if kind == KIND_ALERT:  # a server may warn about the name in front of its hello
            start = (seq + offset) & 0xFFFFFFFF
            units(g, x, c, arena, f, b, p + offset, captured - offset, kind, i, side, start)
            offset += ALERT_UNIT
            kind = kind_of(b, p + offset, captured - offset)
            if offset >= captured or kind != KIND_FLIGHT:
                return
    start = (seq + offset) & 0xFFFFFFFF
    used = 0
    if kind != KIND_UNKNOWN:
        used = units(g, x, c, arena, f, b, p + offset, captured - offset, kind, i, side, start)
        if used < 0:
            return
        if used > captured - offset or (used == captured - offset and captured == n):
            return
        if used > 0 and kind != KIND_DNS:
            kind = max(
                following(f, i, side, b, p + offset + used, captured - offset - used), KIND_UNKNOWN
            )
    offset += used
    if offset > captured:
        return
    take(g, s, f, i, side, (seq + offset) & 0xFFFFFFFF, kind, x[X_TS])
    feed(
        g,
        x,
        c,
        arena,
        f,
        h,
        s,
        pool,
        b,
        i,
        side,
        (seq + offset) & 0xFFFFFFFF,
        p + offset,
        n - offset,
        captured - offset,
    )


@kernel("void(I1, I1, I2, B1, I2, I2, I2, B1, B1, i, i, i, i, i, i)", inline=True)
def rest(
    g: Ints,
    x: Ints,
    c: Ints,
    arena: Bytes,
    f: Ints,
    h: Ints,
    s: Ints,
    pool: Bytes,
    b: Bytes,
    i: int,
    side: int,
    seq: int,
    p: int,
    n: int,
    captured: int,
) -> None:
    """Looks at the message that is due inside a segment of which a slot took the beginning."""
    offset = seq_diff(f[i, D0 + side * DW + D_HTTP], seq)
    if offset > 0 and offset < captured:
        at = (seq + offset) & 0xFFFFFFFF
        left = captured - offset
        look(g, x, c, arena, f, h, s, pool, b, i, side, at, p + offset, n - offset, left, 0)


@kernel("i(I1, I1, I2, I2, B1, i, i, i, i, i, i, i)")
def behind_gap(
    g: Ints,
    x: Ints,
    f: Ints,
    s: Ints,
    b: Bytes,
    i: int,
    side: int,
    before: int,
    seq: int,
    p: int,
    n: int,
    begins: int,
) -> int:
    """1 after taking a slot, because a segment behind a gap bears on a unit that may be filled.

    Args:
        before: Where the gap begins.
        begins: 1 when nothing of this side was seen yet but where it starts.
    """
    expected = f[i, D0 + side * DW + D_HTTP]
    if expected == SEQ_NONE:
        near = seq_diff(seq, before) < SLOT_BYTES
        if begins and near:
            take(g, s, f, i, side, before, KIND_UNKNOWN, x[X_TS])
            return 1
        if f[i, W_MODE + side] == MODE_FREE:
            f[i, W_MODE + side] = MODE_LOST
        if near and f[i, D0 + side * DW + D_BASE] != SEQ_NONE and may_begin(f, i, side, n):
            slot = take(g, s, f, i, side, before, KIND_UNKNOWN, x[X_TS])
            s[slot, S_SCAN] = NOTHING_YET  # most holes in other protocols hide no hello
            return 1
        return 0
    if f[i, W_MODE + side] == KIND_SKIP:
        step_over(f, i, side, seq, b, p)
        expected = f[i, D0 + side * DW + D_HTTP]
    behind = seq_diff((seq + n) & 0xFFFFFFFF, expected)
    if seq_diff(before, expected) > 0 or behind <= 0 or behind >= MAX_SILENT_GAP:
        return 0
    take(g, s, f, i, side, expected, KIND_UNKNOWN, x[X_TS])
    return 1


@kernel("void(I1, I1, I2, B1, I2, I2, I2, B1, i, i, i)")
def unblock(
    g: Ints,
    x: Ints,
    c: Ints,
    arena: Bytes,
    f: Ints,
    h: Ints,
    s: Ints,
    pool: Bytes,
    i: int,
    side: int,
    seq: int,
) -> None:
    """Gives up an HTTP message in whose way lies a gap that nobody will fill.

    The peer has acknowledged the missing bytes, so that only the capture lacks them, or a
    mebibyte has followed.
    """
    slot = f[i, D0 + side * DW + D_SLOT]
    kind = s[slot, S_KIND]
    if f[i, D0 + side * DW + D_HOLES] == 0 or not f[i, F_FLAGS] & FL_HTTP:
        return
    if kind in (KIND_TLS, KIND_DNS):
        return
    have = contiguous(f, h, i, side, s[slot, S_BASE])
    stop = (s[slot, S_BASE] + have) & 0xFFFFFFFF
    if seq_diff(seq, stop) <= 0 or have >= SLOT_BYTES:
        return
    ack = f[i, D0 + (1 - side) * DW + D_ACK]
    missed = ack != SEQ_NONE and seq_diff(ack, stop) > 0
    if missed or seq_diff(seq, stop) >= MAX_SILENT_GAP:
        g[G_HTTP_LOST] += 1
        if kind in (KIND_HTTP, KIND_RESPONSE) and have > 0:
            give_up(g, x, c, arena, f, s, pool, slot, have)
        else:
            release(g, s, f, slot)
            lose(f, i, side, MODE_RAW if f[i, W_MODE + side] == KIND_H2 else MODE_LOST)
