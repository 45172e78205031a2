"""TCP sequence space: which payload bytes are new, which fill a hole, which were seen before.

RFC 9293 section 3.4. Each side keeps the next expected sequence number and up to eight holes
behind it. A byte counts once, however often and in whatever order it is sent; what never arrives
stays a hole and is reported as missed. When a ninth hole opens, the oldest is given up for good
and counted. A jump of more than 64 MiB is taken for a stray segment, not for a hole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.capture.bytes import seq_diff
from analyzer.capture.kernel import kernel
from analyzer.capture.layout import (
    D0,
    D_BASE,
    D_BYTES,
    D_HOLES,
    D_LOST,
    D_NEXT,
    DW,
    F_FLAGS,
    FL_SYN_A,
    FL_SYN_B,
    G_HOLE_CAP,
    HOLES,
    SEQ_NONE,
)

if TYPE_CHECKING:
    from analyzer.capture.types import Ints

MAX_GAP, MAX_BACK = 1 << 26, 1 << 20


@kernel("void(I1, I2, I2, i, i, i, i)")
def open_hole(g: Ints, f: Ints, h: Ints, i: int, side: int, start: int, end: int) -> None:
    """Remembers that ``start..end`` is missing."""
    d = D0 + side * DW
    row = 2 * i + side
    count = f[i, d + D_HOLES]
    if count == HOLES:
        f[i, d + D_LOST] += seq_diff(h[row, 1], h[row, 0])
        g[G_HOLE_CAP] += 1
        for k in range(HOLES - 1):
            h[row, 2 * k] = h[row, 2 * k + 2]
            h[row, 2 * k + 1] = h[row, 2 * k + 3]
        count = HOLES - 1
    h[row, 2 * count] = start
    h[row, 2 * count + 1] = end
    f[i, d + D_HOLES] = count + 1


@kernel("i(I1, I2, I2, i, i, i, i)")
def fill(g: Ints, f: Ints, h: Ints, i: int, side: int, start: int, end: int) -> int:
    """Takes ``start..end`` out of the holes; how many missing bytes it brought."""
    d = D0 + side * DW
    row = 2 * i + side
    brought = 0
    k = 0
    while k < f[i, d + D_HOLES]:
        low, high = h[row, 2 * k], h[row, 2 * k + 1]
        if seq_diff(end, low) <= 0 or seq_diff(start, high) >= 0:
            k += 1
            continue
        left = seq_diff(start, low) > 0
        right = seq_diff(high, end) > 0
        a = start if left else low
        z = end if right else high
        brought += seq_diff(z, a)
        if left and right:
            h[row, 2 * k + 1] = start
            open_hole(g, f, h, i, side, end, high)
            k += 1
        elif left:
            h[row, 2 * k + 1] = start
            k += 1
        elif right:
            h[row, 2 * k] = end
            k += 1
        else:
            last = f[i, d + D_HOLES] - 1
            for j in range(k, last):
                h[row, 2 * j] = h[row, 2 * j + 2]
                h[row, 2 * j + 1] = h[row, 2 * j + 3]
            f[i, d + D_HOLES] = last
    return brought


@kernel("i(I2, I2, i, i)")
def hole_bytes(f: Ints, h: Ints, i: int, side: int) -> int:
    """Bytes of the open holes of one side."""
    total = 0
    for k in range(f[i, D0 + side * DW + D_HOLES]):
        total += seq_diff(h[2 * i + side, 2 * k + 1], h[2 * i + side, 2 * k])
    return total


@kernel("i(I2, I2, i, i, i)")
def contiguous(f: Ints, h: Ints, i: int, side: int, base: int) -> int:
    """Bytes from ``base`` up to the first hole or the next expected byte."""
    d = D0 + side * DW
    best = seq_diff(f[i, d + D_NEXT], base)
    for k in range(f[i, d + D_HOLES]):
        start = seq_diff(h[2 * i + side, 2 * k], base)
        stop = seq_diff(h[2 * i + side, 2 * k + 1], base)
        if stop > 0 and start < best:
            best = max(start, 0)
    return max(best, 0)


@kernel("void(I1, I2, I2, i, i, i, i)")
def before_base(g: Ints, f: Ints, h: Ints, i: int, side: int, start: int, end: int) -> None:
    """Bytes in front of the first segment of a conversation whose SYN was not seen."""
    d = D0 + side * DW
    base = f[i, d + D_BASE]
    back = seq_diff(base, start)
    if back <= 0 or back > MAX_BACK or f[i, F_FLAGS] & (FL_SYN_A if side == 0 else FL_SYN_B):
        return
    reach = min(seq_diff(base, end), back)
    if reach > 0:
        open_hole(g, f, h, i, side, end, base)
        f[i, d + D_BYTES] += seq_diff(end, start)
    else:
        f[i, d + D_BYTES] += back
    f[i, d + D_BASE] = start


@kernel("i(I1, I2, I2, i, i, i, i)", inline=True)
def account(g: Ints, f: Ints, h: Ints, i: int, side: int, seq: int, n: int) -> int:
    """Accounts ``n`` payload bytes at ``seq``.

    Returns:
        How far the next expected byte moved, holes included; 0 when nothing is new at the end.
    """
    d = D0 + side * DW
    end = (seq + n) & 0xFFFFFFFF
    if f[i, d + D_NEXT] == SEQ_NONE:
        f[i, d + D_NEXT] = seq
        f[i, d + D_BASE] = seq
    following = f[i, d + D_NEXT]
    ahead = seq_diff(seq, following)
    moved = seq_diff(end, following)
    if ahead > MAX_GAP:
        f[i, d + D_LOST] += ahead
        f[i, d + D_BYTES] += n
        f[i, d + D_NEXT] = end
        return n
    if ahead < 0:
        if f[i, d + D_HOLES] > 0:
            stop = end if moved <= 0 else following
            f[i, d + D_BYTES] += fill(g, f, h, i, side, seq, stop)
        before_base(g, f, h, i, side, seq, end)
    if moved <= 0:
        return 0
    if ahead > 0:
        open_hole(g, f, h, i, side, following, seq)
    f[i, d + D_BYTES] += min(n, moved)
    f[i, d + D_NEXT] = end
    return moved
