"""One TCP segment: flags, orientation, new bytes, turns, heads and TLS records, in this order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.capture.bytes import seq_diff, u8, u32
from analyzer.capture.flight import before_hello
from analyzer.capture.framing import note
from analyzer.capture.heads import NOTHING_YET, take
from analyzer.capture.kernel import kernel
from analyzer.capture.layout import (
    D0,
    D_ACK,
    D_BASE,
    D_BYTES,
    D_HAVE,
    D_HOME,
    D_HTTP,
    D_NEXT,
    D_PKTS,
    D_REC,
    D_SIG,
    D_SIG_IF,
    D_SIG_TS,
    D_SLOT,
    DW,
    F_DUPES,
    F_FLAGS,
    F_ORIENT,
    FL_FIN_A,
    FL_FIN_B,
    FL_REOPENED,
    FL_SSH,
    G_CAND,
    KIND_UNKNOWN,
    MODE_FREE,
    MODE_LOST,
    Q_BAD_TCP,
    Q_CUT_L4,
    S_KIND,
    S_SCAN,
    SEQ_NONE,
    SLOT_BYTES,
    W_MODE,
    X_CAP_END,
    X_IF,
    X_INPUT,
    X_IP_ID,
    X_L4,
    X_L4_LEN,
    X_PKT,
    X_TS,
)
from analyzer.capture.opening import SYN, answered_again, first_data, flags_seen, is_another
from analyzer.capture.records import begin, skip, track
from analyzer.capture.seek import MAX_SILENT_GAP, behind_gap, feed, look, rest, unblock
from analyzer.capture.sequence import account
from analyzer.capture.turns import DOWN, advance

if TYPE_CHECKING:
    from analyzer.capture.types import Bytes, Ints

FIN, RST, ACK = 1, 4, 16
COPY_NS = 10_000_000
MAX_ACK_STEP = 1 << 30


@kernel("i(B1, I1, I2)", inline=True)
def header_ok(b: Bytes, x: Ints, q: Ints) -> int:
    """Length of the TCP header at X_L4 (RFC 9293 section 3.1), or 0 after counting the problem."""
    at = x[X_L4]
    if at + 20 > x[X_CAP_END]:
        note(q, Q_CUT_L4, x[X_PKT], at)
        return 0
    size = (u8(b, at + 12) >> 4) * 4
    if size < 20 or size > x[X_L4_LEN]:
        note(q, Q_BAD_TCP, x[X_PKT], at)
        return 0
    return size


@kernel("i(I1, I2, i, i, i, i)", inline=True)
def is_copy(x: Ints, f: Ints, i: int, side: int, signature: int, fresh: int) -> int:
    """1 when this packet is another capture point's copy of one already counted."""
    d = D0 + side * DW
    token = (x[X_INPUT] << 40) | x[X_IF]
    near = x[X_TS] - f[i, d + D_SIG_TS] <= COPY_NS and f[i, d + D_PKTS] > 0
    if near and signature == f[i, d + D_SIG] and token != f[i, d + D_SIG_IF]:
        return 1
    if near and not fresh and x[X_IF] != f[i, d + D_HOME]:
        return 1
    return 0


@kernel("void(I2, i, i, i)")
def acknowledged(f: Ints, i: int, side: int, ack: int) -> None:
    """Takes the responder's bytes from ACK numbers while none of its packets is in the capture."""
    d = D0 + side * DW
    before = f[i, d + D_ACK]
    if f[i, D0 + (1 - side) * DW + D_PKTS] == 0 and f[i, F_ORIENT] == side and before != SEQ_NONE:
        step = seq_diff(ack, before)
        if step <= 0:
            return
        if step <= MAX_ACK_STEP:
            advance(f, i, DOWN, step)
    f[i, d + D_ACK] = ack


@kernel("void(I1, I1, I2, B1, I2, I2, I2, B1, B1, i, i, i, i, i, i)", inline=True)
def payload(
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
    """Accounts a segment with payload and looks into what is new of it."""
    d = D0 + side * DW
    before = f[i, d + D_NEXT] if f[i, d + D_NEXT] != SEQ_NONE else seq
    base = f[i, d + D_BASE]
    first = f[i, d + D_BYTES] == 0
    ahead = seq_diff(seq, before)
    moved = account(g, f, h, i, side, seq, n)
    role = 0 if f[i, F_ORIENT] == side else 1
    if moved > 0:
        advance(f, i, role, moved)
    if f[i, d + D_SLOT] >= 0 and ahead <= 0 and moved > 0:
        unblock(g, x, c, arena, f, h, s, pool, i, side, seq)
    held = f[i, d + D_SLOT]
    nothing = 0
    if held >= 0:
        undecided = s[held, S_KIND] == KIND_UNKNOWN
        units_before = g[G_CAND]
        feed(g, x, c, arena, f, h, s, pool, b, i, side, seq, p, n, captured)
        if f[i, d + D_SLOT] < 0 and f[i, d + D_HTTP] != SEQ_NONE:
            rest(g, x, c, arena, f, h, s, pool, b, i, side, seq, p, n, captured)
        elif f[i, d + D_SLOT] < 0 and undecided and g[G_CAND] == units_before:
            # PostgreSQL's "S" may be the start of a method; the hello behind it shows it is none
            nothing = 1
    if (held < 0 or nothing) and moved > 0 and ahead <= 0:
        old = min(-ahead, captured)
        # most segments are inside a record: look() would say so, but the call alone costs
        inside = f[i, d + D_REC] > 0 or f[i, d + D_HAVE] > 0
        if not inside:
            at = (seq + old) & 0xFFFFFFFF
            left = captured - old
            new = 1 if first else 0
            look(g, x, c, arena, f, h, s, pool, b, i, side, at, p + old, n - old, left, new)
    elif held < 0 and moved > 0 and ahead > 0:
        begins = first and base != SEQ_NONE
        if behind_gap(g, x, f, s, b, i, side, before, seq, p, n, 1 if begins else 0):
            feed(g, x, c, arena, f, h, s, pool, b, i, side, seq, p, n, captured)
    if moved <= 0:
        return
    if first and ahead <= 0 and captured >= 4 and u32(b, p) == 0x5353482D:
        f[i, F_FLAGS] |= FL_SSH
    role = 0 if f[i, F_ORIENT] == side else 1  # a hello may have turned the flow round
    if ahead > 0:
        skip(f, i, side, role, moved - n)
    old = min(max(-ahead, 0), captured)
    if first:
        old += before_hello(b, p + old, captured - old)
    begin(b, f, i, side, p + old, p + captured, 1 if first else 0)
    track(b, f, i, side, role, p + old, p + captured, n - captured)


@kernel("void(I1, I1, I2, I2, I2, i, i, i, i)")
def silent_gap(
    g: Ints, x: Ints, f: Ints, h: Ints, s: Ints, i: int, side: int, seq: int, ahead: int
) -> None:
    """A segment without payload that starts behind the next expected byte: data was missed.

    It may come yet, when a FIN overtook it; then a head must find its place.
    """
    role = 0 if f[i, F_ORIENT] == side else 1
    d = D0 + side * DW
    if f[i, d + D_BYTES] == 0 and f[i, d + D_SLOT] < 0 and ahead < SLOT_BYTES:
        slot = take(g, s, f, i, side, f[i, d + D_NEXT], KIND_UNKNOWN, x[X_TS])
        s[slot, S_SCAN] = NOTHING_YET
    account(g, f, h, i, side, seq, 0)
    if f[i, W_MODE + side] == MODE_FREE and f[i, D0 + side * DW + D_HTTP] == SEQ_NONE:
        f[i, W_MODE + side] = MODE_LOST
    advance(f, i, role, ahead)
    skip(f, i, side, role, ahead)


@kernel("void(I1, I1, I2, B1, I2, I2, I2, B1, B1, i, i, i)", inline=True)
def segment(
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
    size: int,
) -> None:
    """Accounts one TCP segment of flow row ``i`` whose header has ``size`` bytes."""
    at = x[X_L4]
    d = D0 + side * DW
    flags = u8(b, at + 13)
    seq = u32(b, at + 4)
    ack = u32(b, at + 8)
    n = x[X_L4_LEN] - size
    if flags & SYN:
        seq = (seq + 1) & 0xFFFFFFFF
    signature = (seq << 30) ^ (ack << 8) ^ (n << 16) ^ flags ^ (x[X_IP_ID] << 44)
    known = f[i, d + D_NEXT]
    fresh = n > 0 and (known == SEQ_NONE or seq_diff((seq + n) & 0xFFFFFFFF, known) > 0)
    if is_copy(x, f, i, side, signature, 1 if fresh else 0):
        f[i, F_DUPES] += 1
        return
    if f[i, d + D_PKTS] == 0:
        f[i, d + D_HOME] = x[X_IF]
    f[i, d + D_SIG] = signature
    f[i, d + D_SIG_TS] = x[X_TS]
    f[i, d + D_SIG_IF] = (x[X_INPUT] << 40) | x[X_IF]
    f[i, d + D_PKTS] += 1
    flags_seen(f, i, side, flags)
    if known == SEQ_NONE and not flags & RST:
        f[i, d + D_NEXT] = seq
        f[i, d + D_BASE] = seq
    elif flags & SYN and flags & ACK and seq != known:
        answered_again(f, i, side, seq)
    if flags & ACK and not flags & RST:
        acknowledged(f, i, side, ack)
    if n > 0 and f[i, F_FLAGS] & FL_REOPENED and f[i, d + D_BYTES] == 0 and not flags & SYN:
        first_data(f, i, side)
    ahead = seq_diff(seq, f[i, d + D_NEXT]) if f[i, d + D_NEXT] != SEQ_NONE else 0
    if n == 0 and ahead > 0 and ahead <= MAX_SILENT_GAP and not flags & (RST | SYN):
        # a FIN takes a sequence number: one byte ahead may be a FIN that the capture missed
        ended = f[i, F_FLAGS] & (FL_FIN_A if side == 0 else FL_FIN_B) and not flags & FIN
        if not ended and (ahead > 1 or flags & FIN):
            silent_gap(g, x, f, h, s, i, side, seq, ahead)
    if n > 0:
        captured = min(max(x[X_CAP_END] - at - size, 0), n)
        payload(g, x, c, arena, f, h, s, pool, b, i, side, seq, at + size, n, captured)


@kernel("i(B1, I1, I2, i, i)", inline=True)
def reuses_port(b: Bytes, x: Ints, f: Ints, i: int, side: int) -> int:
    """1 when this segment is a SYN that opens another conversation on the same 5-tuple."""
    flags = u8(b, x[X_L4] + 13)
    if not flags & SYN:
        return 0
    base = f[i, D0 + side * DW + D_BASE]
    if base == SEQ_NONE:
        return 0
    seq = (u32(b, x[X_L4] + 4) + 1) & 0xFFFFFFFF
    if flags & ACK:
        return is_another(f, i, side, seq)
    return 1 if seq != base else 0
