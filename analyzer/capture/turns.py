"""Turns: upload evidence that a flow's totals would hide.

A turn starts when originator payload follows responder payload (or with the conversation) and
runs to the next such change. It has ``up`` and ``down`` in bytes of sequence space. These do not
end one:

* a responder burst of at most 64 bytes (HTTP/2 SETTINGS and PING, 100-continue),
* the first two larger responder bursts after the handshake when at most 700 bytes each (session
  tickets, SETTINGS),
* anything during a TLS handshake. The handshake is one turn of its own; it ends with the
  originator's first application-data record and is never evidence, unless it sends more than
  16 KiB, which no handshake does.

Thresholds apply to wire bytes. The estimate of the application payload takes off TLS record
overhead, the handshake and one request head per upload turn; for QUIC its packet headers and tags
(``quic_wire``) and a smaller head, which HTTP/3 compresses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.capture.kernel import kernel
from analyzer.capture.layout import (
    A_16,
    A_32,
    A_64,
    A_SMALL,
    A_UP,
    B_16,
    B_32,
    B_64,
    B_DRIP,
    B_LARGE,
    B_UP,
    B_WIDE,
    F_FLAGS,
    F_HIST,
    FL_APPDATA,
    FL_QUIC,
    FL_TLS,
    N_16,
    N_32,
    N_64,
    N_DRIP,
    N_TURNS,
    N_UP,
    N_WIDE,
    T_APP,
    T_BURST,
    T_DOWN,
    T_LAST,
    T_POST,
    T_REC1,
    T_UP,
)

if TYPE_CHECKING:
    from analyzer.capture.types import Ints

QUIET_BURST, TICKET_BURST, TICKET_BURSTS = 64, 700, 2
UPLOAD_MIN, UPLOAD_ALWAYS, DRIP_MIN, WIDE_MIN = 4096, 32768, 512, 2048
BIG_16, BIG_32, BIG_64 = 16384, 32768, 65536
HANDSHAKE_MAX = 16384
HEAD_DEFAULT, HEAD_MIN, HEAD_MAX, HEAD_QUIC = 400, 150, 2500, 300
UP, DOWN = 0, 1


@kernel("i(i)")
def half_octave(up: int) -> int:
    """Which of 16 half-octave classes from 64 B to 16 KiB a turn falls in."""
    octave = 6
    while octave < 13 and (up >> (octave + 1)) > 0:
        octave += 1
    upper = 1 if up >= (3 << (octave - 1)) else 0
    return (octave - 6) * 2 + upper


@kernel("void(I2, i, i)")
def remember_request(f: Ints, i: int, up: int) -> None:
    """Counts a turn below 16 KiB in the flow's histogram (saturating 16-bit counters)."""
    k = half_octave(up)
    column = F_HIST + (k >> 2)
    shift = (k & 3) * 15
    if (f[i, column] >> shift) & 0x7FFF < 0x7FFF:
        f[i, column] += 1 << shift


@kernel("i(I2, i)")
def app_estimate(f: Ints, i: int) -> int:
    """Application payload of the current turn, less an estimated request head.

    A client that writes head and body apart shows the head as a first record of its own; otherwise
    400 bytes are taken off, the middle of what storage and registry clients send.
    """
    if f[i, F_FLAGS] & FL_QUIC:
        return max(f[i, T_APP] - HEAD_QUIC, 0)
    if not f[i, F_FLAGS] & FL_TLS:
        return f[i, T_UP]
    app = f[i, T_APP]
    if f[i, T_UP] > HANDSHAKE_MAX and 2 * app < f[i, T_UP]:
        return f[i, T_UP]  # data in records of another kind: no handshake is that long
    head = HEAD_DEFAULT
    first = f[i, T_REC1]
    if HEAD_MIN <= first <= HEAD_MAX and app > first + QUIET_BURST:
        head = first
    return max(app - head, 0)


@kernel("void(I2, i, i, i)")
def judge(f: Ints, i: int, up: int, down: int) -> None:
    """Adds a closed turn to the flow's figures."""
    app = app_estimate(f, i)
    if up < BIG_16:
        remember_request(f, i, up)
    if up > f[i, B_LARGE]:
        f[i, B_LARGE] = up
    if (up >= UPLOAD_MIN and up > down) or up >= UPLOAD_ALWAYS:
        f[i, N_UP] += 1
        f[i, B_UP] += up
        f[i, A_UP] += app
    elif DRIP_MIN <= up < UPLOAD_MIN and up > down:
        f[i, N_DRIP] += 1
        f[i, B_DRIP] += up
        f[i, A_SMALL] += app
    elif up > WIDE_MIN:
        f[i, N_WIDE] += 1
        f[i, B_WIDE] += up
        f[i, A_SMALL] += app
    if up >= BIG_16:
        f[i, N_16] += 1
        f[i, B_16] += up
        f[i, A_16] += app
    if up >= BIG_32:
        f[i, N_32] += 1
        f[i, B_32] += up
        f[i, A_32] += app
    if up >= BIG_64:
        f[i, N_64] += 1
        f[i, B_64] += up
        f[i, A_64] += app


@kernel("void(I2, i, i)")
def close_turn(f: Ints, i: int, handshake: int) -> None:
    """Ends the current turn and starts an empty one."""
    up = f[i, T_UP]
    down = f[i, T_DOWN]
    if up > 0 or down > 0:
        f[i, N_TURNS] += 1
        if up > 0 and (not handshake or up > HANDSHAKE_MAX):
            judge(f, i, up, down)
    f[i, T_UP] = 0
    f[i, T_DOWN] = 0
    f[i, T_APP] = 0
    f[i, T_REC1] = -1
    f[i, T_BURST] = 0


@kernel("i(I2, i)", inline=True)
def in_handshake(f: Ints, i: int) -> int:
    """1 while a TLS handshake is under way."""
    flags = f[i, F_FLAGS]
    return 1 if flags & FL_TLS and not flags & FL_APPDATA else 0


@kernel("void(I2, i, i, i)", inline=True)
def advance(f: Ints, i: int, role: int, size: int) -> None:
    """Accounts ``size`` new bytes of sequence space sent by ``role`` (0 originator)."""
    if role == DOWN:
        f[i, T_DOWN] += size
        f[i, T_BURST] += size
        f[i, T_LAST] = DOWN
        return
    if f[i, T_LAST] == DOWN:
        burst = f[i, T_BURST]
        f[i, T_BURST] = 0
        if burst > QUIET_BURST and not in_handshake(f, i):
            f[i, T_POST] += 1
            if f[i, T_POST] > TICKET_BURSTS or burst > TICKET_BURST:
                close_turn(f, i, 0)
    f[i, T_LAST] = UP
    f[i, T_UP] += size


@kernel("void(I2, i, i, i)")
def restart(f: Ints, i: int, tail: int, handshake: int) -> None:
    """Splits the current turn: its last ``tail`` originator bytes begin a new one.

    Called where a handshake begins inside a conversation (STARTTLS, CONNECT) and where it ends.
    """
    tail = min(tail, f[i, T_UP])
    f[i, T_UP] -= tail
    close_turn(f, i, handshake)
    f[i, T_UP] = tail
    f[i, T_LAST] = UP
    f[i, T_POST] = 0


@kernel("void(I2, i)")
def forget(f: Ints, i: int) -> None:
    """Drops every turn so far: the originator turned out to be the other side."""
    for column in range(N_TURNS, A_64 + 1):
        f[i, column] = 0
    for column in range(F_HIST, F_HIST + 4):
        f[i, column] = 0
    f[i, T_UP] = 0
    f[i, T_DOWN] = 0
    f[i, T_APP] = 0
    f[i, T_REC1] = -1
    f[i, T_BURST] = 0
    f[i, T_POST] = 0
    f[i, T_LAST] = -1
