"""Ends conversations: the last turn, what a slot still holds, and the bytes that never came."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.capture.heads import give_up, release
from analyzer.capture.kernel import kernel
from analyzer.capture.layout import (
    ARENA_SPARE,
    D0,
    D_HOLES,
    D_LOST,
    D_REC,
    D_SLOT,
    DW,
    F_A_HI,
    F_A_LO,
    F_APP,
    F_B_HI,
    F_B_LO,
    F_INPUT,
    F_KEY,
    F_LAST,
    F_LAST_PKT,
    F_ORIENT,
    G_ARENA,
    G_CAND,
    KIND_UNKNOWN,
    S_BASE,
    S_CUT,
    S_KIND,
    SLOT_BYTES,
    T_APP,
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
from analyzer.capture.sequence import contiguous, hole_bytes
from analyzer.capture.turns import close_turn, in_handshake

if TYPE_CHECKING:
    from analyzer.capture.types import Bytes, Ints

TCP = 6


@kernel("void(I1, I2, i, i)")
def as_packet(x: Ints, f: Ints, i: int, side: int) -> None:
    """Sets the packet registers to what the last packet of one side would have."""
    x[X_TS], x[X_PKT], x[X_INPUT] = f[i, F_LAST], f[i, F_LAST_PKT], f[i, F_INPUT]
    x[X_VERSION] = f[i, F_KEY] >> 40
    x[X_SRC_HI], x[X_SRC_LO] = f[i, F_A_HI], f[i, F_A_LO]
    x[X_DST_HI], x[X_DST_LO] = f[i, F_B_HI], f[i, F_B_LO]
    x[X_SPORT], x[X_DPORT] = (f[i, F_KEY] >> 16) & 0xFFFF, f[i, F_KEY] & 0xFFFF
    if side == 1:
        x[X_SRC_HI], x[X_SRC_LO], x[X_DST_HI], x[X_DST_LO] = (
            f[i, F_B_HI],
            f[i, F_B_LO],
            f[i, F_A_HI],
            f[i, F_A_LO],
        )
        x[X_SPORT], x[X_DPORT] = x[X_DPORT], x[X_SPORT]


@kernel("i(I1, I1, I2, B1, I2, I2, I2, B1, I1, i, i)", entry=True)
def settle(
    g: Ints,
    x: Ints,
    c: Ints,
    arena: Bytes,
    f: Ints,
    h: Ints,
    s: Ints,
    pool: Bytes,
    done: Ints,
    start: int,
    count: int,
) -> int:
    """Settles ``done[start:count]``; where it stopped (the candidate list may be full before)."""
    for k in range(start, count):
        if g[G_CAND] + 4 > c.shape[0] or g[G_ARENA] + ARENA_SPARE > arena.shape[0]:
            return k
        i = done[k]
        for side in range(2):
            slot = f[i, D0 + side * DW + D_SLOT]
            if slot < 0:
                continue
            n = min(contiguous(f, h, i, side, s[slot, S_BASE]), min(s[slot, S_CUT], SLOT_BYTES))
            if s[slot, S_KIND] == KIND_UNKNOWN or n <= 0:
                release(g, s, f, slot)
            else:
                as_packet(x, f, i, side)
                give_up(g, x, c, arena, f, s, pool, slot, n)
        own = D0 + f[i, F_ORIENT] * DW
        if f[i, own + D_REC] > 0:  # a record that was announced and not sent to its end
            f[i, T_APP] = max(f[i, T_APP] - f[i, own + D_REC], 0)
        for side in range(2):
            unsent = max(f[i, D0 + side * DW + D_REC], 0)
            f[i, F_APP + side] = max(f[i, F_APP + side] - unsent, 0)
        close_turn(f, i, in_handshake(f, i))
        if (f[i, F_KEY] >> 32) & 0xFF == TCP:
            for side in range(2):
                f[i, D0 + side * DW + D_LOST] += hole_bytes(f, h, i, side)
                f[i, D0 + side * DW + D_HOLES] = 0
    return count
