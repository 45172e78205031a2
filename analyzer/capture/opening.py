"""How a conversation opens, and openings that do not agree with themselves: several SYN/ACKs.

A server that answers twice, a middlebox that answers in its place, or a half-open connection from
before (RFC 9293 section 3.5.1) gives a conversation two initial sequence numbers. The peer decides:
the number that it acknowledges is the one that counts. Until then it is the latest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.capture.kernel import kernel
from analyzer.capture.layout import (
    D0,
    D_ACK,
    D_BASE,
    D_BYTES,
    D_NEXT,
    D_PKTS,
    DW,
    F_FLAGS,
    F_ORIENT,
    F_WHY,
    FL_FIN_A,
    FL_FIN_B,
    FL_REOPENED,
    FL_RST,
    FL_SYN_A,
    FL_SYN_B,
    SEQ_NONE,
    WHY_SYN,
)

if TYPE_CHECKING:
    from analyzer.capture.types import Ints

FIN, SYN, RST, ACK = 1, 2, 4, 16


@kernel("void(I2, i, i, i)", inline=True)
def flags_seen(f: Ints, i: int, side: int, flags: int) -> None:
    """Remembers SYN, FIN and RST, and takes the orientation from a SYN."""
    if flags & SYN:
        f[i, F_FLAGS] |= FL_SYN_A if side == 0 else FL_SYN_B
        if f[i, F_WHY] != WHY_SYN:
            f[i, F_ORIENT] = side if not flags & ACK else 1 - side
            f[i, F_WHY] = WHY_SYN
    if flags & FIN:
        f[i, F_FLAGS] |= FL_FIN_A if side == 0 else FL_FIN_B
    if flags & RST:
        f[i, F_FLAGS] |= FL_RST


@kernel("void(I2, i, i, i)")
def start_at(f: Ints, i: int, side: int, seq: int) -> None:
    """Sets the first and next expected number of a side that has sent nothing yet."""
    f[i, D0 + side * DW + D_BASE] = seq
    f[i, D0 + side * DW + D_NEXT] = seq


@kernel("void(I2, i, i, i)")
def answered_again(f: Ints, i: int, side: int, seq: int) -> None:
    """A SYN/ACK of this side whose first byte would have another number than its last one's."""
    d = D0 + side * DW
    if f[i, d + D_BYTES] > 0:
        return
    f[i, F_FLAGS] |= FL_REOPENED
    confirmed = f[i, D0 + (1 - side) * DW + D_ACK]
    if confirmed != f[i, d + D_BASE]:
        start_at(f, i, side, seq)


@kernel("void(I2, i, i)")
def first_data(f: Ints, i: int, side: int) -> None:
    """Before the first byte of a side that gave several numbers: the peer's ACK decides."""
    confirmed = f[i, D0 + (1 - side) * DW + D_ACK]
    if confirmed != SEQ_NONE:
        start_at(f, i, side, confirmed)


@kernel("i(I2, i, i, i)")
def is_another(f: Ints, i: int, side: int, seq: int) -> int:
    """1 when a SYN/ACK opens another conversation: it has a new number behind data, and the peer,
    whose SYN would have said so, is not in the capture."""
    d = D0 + side * DW
    alone = f[i, D0 + (1 - side) * DW + D_PKTS] == 0
    return 1 if alone and f[i, d + D_BYTES] > 0 and seq != f[i, d + D_BASE] else 0
