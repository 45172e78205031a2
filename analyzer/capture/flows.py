"""The flow table: seeded open addressing over rows that live in one array.

Rows are kept by canonical address order, so both directions find the same row; "wire side" 0 is
the smaller endpoint. A full row set asks the driver to grow (WALK_GROW). Removal shifts
neighbours back, so probes stay short; the seed is random per run, so an attacker cannot aim
collisions. Nothing that leaves the engine depends on a row's place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analyzer.capture.kernel import kernel
from analyzer.capture.layout import (
    D0,
    D_ACK,
    D_BASE,
    D_HTTP,
    D_NEXT,
    D_PKTS,
    D_REC,
    D_SLOT,
    DW,
    F_A_HI,
    F_A_LO,
    F_B_HI,
    F_B_LO,
    F_ENCAP,
    F_FIRST_PKT,
    F_FLAGS,
    F_HASH,
    F_ID,
    F_INPUT,
    F_KEY,
    F_LAST,
    F_OUT_A_HI,
    F_OUT_A_LO,
    F_OUT_B_HI,
    F_OUT_B_LO,
    F_SIZE,
    F_START,
    FL_FIN_A,
    FL_FIN_B,
    FL_RST,
    FL_SYN_A,
    FL_SYN_B,
    G_DONE,
    G_FREE,
    G_MASK,
    G_OPEN,
    G_ROWS,
    G_SEED,
    G_SERIAL,
    REC_OFF,
    SEQ_NONE,
    T_LAST,
    T_REC1,
    X_DPORT,
    X_DST_HI,
    X_DST_LO,
    X_ENCAP,
    X_INPUT,
    X_OUT_DST_HI,
    X_OUT_DST_LO,
    X_OUT_SRC_HI,
    X_OUT_SRC_LO,
    X_OUTER,
    X_PKT,
    X_PROTO,
    X_SPORT,
    X_SRC_HI,
    X_SRC_LO,
    X_TS,
    X_VERSION,
)
from analyzer.capture.types import int64

if TYPE_CHECKING:
    from analyzer.capture.types import Ints

SECOND = 1_000_000_000
IDLE_TCP, IDLE_CLOSED, IDLE_HALF, IDLE_UDP = 3600 * SECOND, 60 * SECOND, 180 * SECOND, 300 * SECOND
IDLE_ANSWERED = 60 * SECOND  # look-ups are most of a day's conversations, each over in a moment
DNS_PORT = 53


@kernel("i(i, i)", inline=True)
def mix(state: int, value: int) -> int:
    """One round of a multiply-xor hash (constants of the Fibonacci and Murmur finalisers)."""
    h = np.uint64(state) ^ (np.uint64(value) * np.uint64(0x9E3779B97F4A7C15))
    h = (h ^ (h >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
    return int64(h ^ (h >> np.uint64(32)))


@kernel("i(I1, i, i, i, i, i)", inline=True)
def key_hash(g: Ints, a_hi: int, a_lo: int, b_hi: int, b_lo: int, key: int) -> int:
    """Hash of a canonical 5-tuple: positive, never 0 (0 marks a free row)."""
    h = mix(mix(mix(mix(mix(g[G_SEED], a_hi), a_lo), b_hi), b_lo), key)
    return (h & 0x7FFFFFFFFFFFFFFF) | 1


@kernel("i(I1)", inline=True)
def source_is_b(x: Ints) -> int:
    """1 when the packet's source is the larger endpoint."""
    if x[X_SRC_HI] != x[X_DST_HI]:
        return 1 if x[X_SRC_HI] > x[X_DST_HI] else 0
    if x[X_SRC_LO] != x[X_DST_LO]:
        return 1 if x[X_SRC_LO] > x[X_DST_LO] else 0
    return 1 if x[X_SPORT] > x[X_DPORT] else 0


@kernel("i(I2, i)", inline=True)
def idle_limit(f: Ints, i: int) -> int:
    """How long this flow may be silent, in nanoseconds of packet time."""
    key = f[i, F_KEY]
    if (key >> 32) & 0xFF != 6:
        on_dns = (key & 0xFFFF) == DNS_PORT or ((key >> 16) & 0xFFFF) == DNS_PORT
        if on_dns and f[i, D0 + D_PKTS] > 0 and f[i, D0 + DW + D_PKTS] > 0:
            return IDLE_ANSWERED
        return IDLE_UDP
    flags = f[i, F_FLAGS]
    if flags & FL_RST or (flags & FL_FIN_A and flags & FL_FIN_B):
        return IDLE_CLOSED
    both = FL_SYN_A | FL_SYN_B
    silent = f[i, D0 + D_NEXT] == SEQ_NONE or f[i, D0 + DW + D_NEXT] == SEQ_NONE
    if flags & both and (flags & both) != both and silent:
        return IDLE_HALF
    return IDLE_TCP


@kernel("void(I1, I1, I2, i)")
def unlink(g: Ints, table: Ints, f: Ints, row: int) -> None:
    """Takes a row out of the hash table by shifting its successors back."""
    mask = g[G_MASK]
    at = f[row, F_HASH] & mask
    for _ in range(mask + 1):
        if table[at] == row + 1:
            break
        if table[at] == 0:
            return
        at = (at + 1) & mask
    hole = at
    for _ in range(mask + 1):
        at = (at + 1) & mask
        entry = table[at]
        if entry == 0:
            break
        home = f[entry - 1, F_HASH] & mask
        if ((at - home) & mask) >= ((at - hole) & mask):
            table[hole] = entry
            hole = at
    table[hole] = 0


@kernel("void(I1, I1, I2, I1, i)", entry=True)
def finish(g: Ints, table: Ints, f: Ints, done: Ints, row: int) -> None:
    """Moves a row from the table to the list that the driver writes out."""
    unlink(g, table, f, row)
    f[row, F_HASH] = 0
    done[g[G_DONE]] = row
    g[G_DONE] += 1
    g[G_OPEN] -= 1


@kernel("i(I1, I1, I2, I1, i)", inline=True)
def find(g: Ints, x: Ints, f: Ints, table: Ints, swap: int) -> int:
    """Row of the packet's flow, or -1; leaves the key's hash to ``add`` through key_hash."""
    a_hi, a_lo, b_hi, b_lo = x[X_SRC_HI], x[X_SRC_LO], x[X_DST_HI], x[X_DST_LO]
    ports = (x[X_SPORT] << 16) | x[X_DPORT]
    if swap:
        a_hi, a_lo, b_hi, b_lo = b_hi, b_lo, a_hi, a_lo
        ports = (x[X_DPORT] << 16) | x[X_SPORT]
    key = (x[X_VERSION] << 40) | (x[X_PROTO] << 32) | ports
    h = key_hash(g, a_hi, a_lo, b_hi, b_lo, key)
    mask = g[G_MASK]
    at = h & mask
    for _ in range(mask + 1):
        entry = table[at]
        if entry == 0:
            return -1
        i = entry - 1
        if (
            f[i, F_HASH] == h
            and f[i, F_KEY] == key
            and f[i, F_A_LO] == a_lo
            and f[i, F_B_LO] == b_lo
            and f[i, F_A_HI] == a_hi
            and f[i, F_B_HI] == b_hi
        ):
            return i
        at = (at + 1) & mask
    return -1


@kernel("void(I1, I2, i, i)")
def keep_outer(x: Ints, f: Ints, i: int, swap: int) -> None:
    """Writes what encapsulates a new flow's first packet into its row."""
    f[i, F_ENCAP] = (x[X_OUTER] << 48) | x[X_ENCAP]
    if x[X_OUTER] == 0:
        return
    f[i, F_OUT_A_HI], f[i, F_OUT_A_LO] = x[X_OUT_SRC_HI], x[X_OUT_SRC_LO]
    f[i, F_OUT_B_HI], f[i, F_OUT_B_LO] = x[X_OUT_DST_HI], x[X_OUT_DST_LO]
    if swap:
        f[i, F_OUT_A_HI], f[i, F_OUT_A_LO] = x[X_OUT_DST_HI], x[X_OUT_DST_LO]
        f[i, F_OUT_B_HI], f[i, F_OUT_B_LO] = x[X_OUT_SRC_HI], x[X_OUT_SRC_LO]


@kernel("i(I1, I1, I2, I1, I1, i)")
def add(g: Ints, x: Ints, f: Ints, table: Ints, free: Ints, swap: int) -> int:
    """A new row for the packet's flow; the walk has checked that one is free."""
    g[G_FREE] -= 1
    i = free[g[G_FREE]]
    if i >= g[G_ROWS]:
        g[G_ROWS] = i + 1
    for column in range(F_SIZE):
        f[i, column] = 0
    f[i, F_A_HI], f[i, F_A_LO] = x[X_SRC_HI], x[X_SRC_LO]
    f[i, F_B_HI], f[i, F_B_LO] = x[X_DST_HI], x[X_DST_LO]
    ports = (x[X_SPORT] << 16) | x[X_DPORT]
    if swap:
        f[i, F_A_HI], f[i, F_A_LO] = x[X_DST_HI], x[X_DST_LO]
        f[i, F_B_HI], f[i, F_B_LO] = x[X_SRC_HI], x[X_SRC_LO]
        ports = (x[X_DPORT] << 16) | x[X_SPORT]
    f[i, F_KEY] = (x[X_VERSION] << 40) | (x[X_PROTO] << 32) | ports
    h = key_hash(g, f[i, F_A_HI], f[i, F_A_LO], f[i, F_B_HI], f[i, F_B_LO], f[i, F_KEY])
    f[i, F_HASH] = h
    f[i, F_START] = x[X_TS]
    f[i, F_LAST] = x[X_TS]
    f[i, F_ID] = g[G_SERIAL]
    f[i, F_INPUT] = x[X_INPUT]
    f[i, F_FIRST_PKT] = x[X_PKT]
    f[i, T_LAST] = -1
    f[i, T_REC1] = -1
    if x[X_ENCAP] != 0:
        keep_outer(x, f, i, swap)
    for side in range(2):
        d = D0 + side * DW
        f[i, d + D_NEXT] = SEQ_NONE
        f[i, d + D_BASE] = SEQ_NONE
        f[i, d + D_ACK] = SEQ_NONE
        f[i, d + D_HTTP] = SEQ_NONE
        f[i, d + D_REC] = REC_OFF
        f[i, d + D_SLOT] = -1
    g[G_OPEN] += 1
    mask = g[G_MASK]
    at = h & mask
    for _ in range(mask + 1):
        if table[at] == 0:
            table[at] = i + 1
            break
        at = (at + 1) & mask
    return i


@kernel("void(I1, I1, I2, I1, i)", entry=True)
def sweep(g: Ints, table: Ints, f: Ints, done: Ints, clock: int) -> None:
    """Finishes every flow that has been idle for longer than its limit at ``clock``."""
    for i in range(g[G_ROWS]):
        if f[i, F_HASH] != 0 and clock - f[i, F_LAST] > idle_limit(f, i):
            finish(g, table, f, done, i)


@kernel("void(I1, I1, I2)", entry=True)
def rebuild(g: Ints, table: Ints, f: Ints) -> None:
    """Fills an empty table from the rows after growth."""
    mask = g[G_MASK]
    for i in range(g[G_ROWS]):
        if f[i, F_HASH] == 0:
            continue
        at = f[i, F_HASH] & mask
        for _ in range(mask + 1):
            if table[at] == 0:
                table[at] = i + 1
                break
            at = (at + 1) & mask
