"""The packet loop: one pass over a window, from record to flow table.

``walk`` returns when the window is used up (WALK_MORE), when the next packet is later than the
limit (WALK_LIMIT: another input has an earlier one), when the candidate list is nearly full
(WALK_FLUSH), when a flow row is needed and none is free (WALK_GROW), at a block for the driver
(WALK_BLOCK), behind a packet that the driver has to put together or take apart (WALK_ASIDE), or at
damage (WALK_BAD). It can be entered again at once; the state is all in its arrays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.capture import tcp, udp
from analyzer.capture.bytes import u8, u16
from analyzer.capture.descend import descend
from analyzer.capture.flows import add, find, finish, idle_limit, source_is_b
from analyzer.capture.framing import next_record, note
from analyzer.capture.ip import network
from analyzer.capture.kernel import kernel
from analyzer.capture.layout import (
    AGGREGATE,
    ARENA_SPARE,
    AT_IP,
    AT_WIFI,
    BAD,
    BLOCK,
    CAND_SPARE,
    F_LAST,
    F_LAST_PKT,
    F_ORIENT,
    F_WHY,
    FRAGMENT,
    G_ARENA,
    G_CAND,
    G_CLOCK,
    G_DONE,
    G_FREE,
    G_SERIAL,
    G_SHARE,
    G_SHARES,
    NEED_MORE,
    OK,
    Q_CUT_L4,
    Q_WIRE_BELOW,
    R_FIRST,
    R_HEAD_TS,
    R_INPUT,
    R_LAST,
    R_PKT,
    R_POS,
    R_PREV_TS,
    R_SEEN,
    R_SNAPPED,
    WALK_ASIDE,
    WALK_BAD,
    WALK_BLOCK,
    WALK_FLUSH,
    WALK_GROW,
    WALK_LIMIT,
    WALK_MORE,
    WHY_FIRST,
    WHY_PORT,
    WHY_PRIVATE,
    X_CAP,
    X_CAP_END,
    X_DPORT,
    X_DST_HI,
    X_DST_LO,
    X_ENCAP,
    X_INPUT,
    X_L4,
    X_LAYER,
    X_LINK,
    X_NEXT,
    X_OFF,
    X_PKT,
    X_PROTO,
    X_SPORT,
    X_SRC_HI,
    X_SRC_LO,
    X_TS,
    X_VERSION,
    X_WIRE,
    X_WIRE_END,
)
from analyzer.capture.link import network_offset
from analyzer.capture.udptunnels import on_tunnel_port

if TYPE_CHECKING:
    from analyzer.capture.types import Bytes, Ints

TCP = 6
DNS_PORT = 53


@kernel("i(i)")
def service_rank(port: int) -> int:
    """How likely a port is the server's: well-known web, name and file services first."""
    if port in (443, 80, 53, 22, 445):
        return 4
    if port < 1024:
        return 3
    if port in (8080, 8443, 3128, 3306, 5432, 5671, 5672, 6379, 8000, 8888, 9000, 9093):
        return 2
    return 1 if port < 32768 else 0


@kernel("i(i, i, i)")
def is_private(version: int, high: int, low: int) -> int:
    """1 for addresses that are not routed globally (RFC 1918, 6598, 4193, 3927, 4291)."""
    if version == 4:
        a = low & 0xFFFFFFFF
        return (
            1
            if a >> 24 in (10, 127)
            or a >> 20 == 0xAC1
            or a >> 16 in (0xC0A8, 0xA9FE)
            or a >> 22 == 0x191
            else 0
        )
    top = (high >> 48) & 0xFFFF
    return 1 if top & 0xFE00 == 0xFC00 or top & 0xFFC0 == 0xFE80 or (high == 0 and low == 1) else 0


@kernel("i(I1, i)", inline=True)
def share_of(x: Ints, shares: int) -> int:
    """Which of ``shares`` engines keeps this packet's conversation; both directions agree."""
    h = (x[X_SRC_LO] ^ x[X_DST_LO]) + x[X_SPORT] + x[X_DPORT]
    return (((h & 0xFFFFFFFF) * 0x9E3779B1) >> 16 & 0xFFFF) * shares >> 16


@kernel("void(B1, I1, I2, i, i)")
def guess_orientation(b: Bytes, x: Ints, f: Ints, i: int, side: int) -> None:
    """Who is the originator, before a SYN or a request says so."""
    source, target = service_rank(x[X_SPORT]), service_rank(x[X_DPORT])
    if source != target:
        f[i, F_ORIENT] = side if target > source else 1 - side
        f[i, F_WHY] = WHY_PORT
        return
    if x[X_SPORT] == DNS_PORT and x[X_L4] + 11 <= x[X_CAP_END] and x[X_PROTO] != TCP:
        f[i, F_ORIENT] = 1 - side if u8(b, x[X_L4] + 10) & 0x80 else side
        f[i, F_WHY] = WHY_PORT
        return
    near = is_private(x[X_VERSION], x[X_SRC_HI], x[X_SRC_LO])
    far = is_private(x[X_VERSION], x[X_DST_HI], x[X_DST_LO])
    f[i, F_ORIENT] = side
    f[i, F_WHY] = WHY_FIRST
    if near != far:
        f[i, F_ORIENT] = side if near else 1 - side
        f[i, F_WHY] = WHY_PRIVATE


@kernel("i(I1, I1, I2, I2, I1, I1, I1, I2, B1, I2, I2, B1, B1)", inline=True)
def packet(
    g: Ints,
    x: Ints,
    q: Ints,
    f: Ints,
    table: Ints,
    free: Ints,
    done: Ints,
    c: Ints,
    arena: Bytes,
    h: Ints,
    s: Ints,
    pool: Bytes,
    b: Bytes,
) -> int:
    """One packet from its link layer to its flow; WALK_GROW when there is no row for it.

    WALK_FLUSH when it was accounted and the candidates must be read before the next packet.
    """
    x[X_ENCAP] = 0
    x[X_WIRE_END] = x[X_OFF] + x[X_WIRE]
    at = network_offset(b, x)
    if at >= 0:
        at = network(b, at, x, q)
    if at < 0 or on_tunnel_port(b, x):
        at = descend(b, x, q, at)
        if at in (FRAGMENT, AGGREGATE):
            x[X_LAYER] = AT_IP if at == FRAGMENT else AT_WIFI
            return WALK_ASIDE
        if at < 0:
            note(q, -1 - at, x[X_PKT], x[X_LINK])
            return OK
    if x[X_L4] + 4 > x[X_CAP_END]:
        if g[G_SHARE] == 0:
            note(q, Q_CUT_L4, x[X_PKT], x[X_OFF])
        return OK
    x[X_SPORT] = u16(b, x[X_L4])
    x[X_DPORT] = u16(b, x[X_L4] + 2)
    is_tcp = x[X_PROTO] == TCP
    if g[G_SHARES] > 1 and share_of(x, g[G_SHARES]) != g[G_SHARE]:
        return OK
    size = tcp.header_ok(b, x, q) if is_tcp else udp.length_ok(b, x, q)
    if size < 0 or (is_tcp and size == 0):
        return OK
    side = source_is_b(x)
    i = find(g, x, f, table, side)
    if i >= 0 and (
        x[X_TS] - f[i, F_LAST] > idle_limit(f, i) or (is_tcp and tcp.reuses_port(b, x, f, i, side))
    ):
        finish(g, table, f, done, i)
        i = -1
    if i < 0:
        if g[G_FREE] == 0:
            return WALK_GROW
        i = add(g, x, f, table, free, side)
        guess_orientation(b, x, f, i, side)
    if is_tcp:
        tcp.segment(g, x, c, arena, f, h, s, pool, b, i, side, size)
        status = OK
    else:
        status = WALK_FLUSH if udp.datagram(g, x, c, arena, f, b, i, side, size) else OK
    if x[X_TS] > f[i, F_LAST]:
        f[i, F_LAST] = x[X_TS]
    f[i, F_LAST_PKT] = x[X_PKT]
    return status


@kernel("i(B1, I1, I2, I2, i, I1, I1, I2, I1, I1, I1, I2, B1, I2, I2, B1)", entry=True)
def walk(
    b: Bytes,
    r: Ints,
    ifs: Ints,
    q: Ints,
    limit: int,
    g: Ints,
    x: Ints,
    f: Ints,
    table: Ints,
    free: Ints,
    done: Ints,
    c: Ints,
    arena: Bytes,
    h: Ints,
    s: Ints,
    pool: Bytes,
) -> int:
    """Walks the records of one input up to ``limit`` (nanoseconds, inclusive)."""
    x[X_INPUT] = r[R_INPUT]
    while True:
        if g[G_CAND] + CAND_SPARE > c.shape[0] or g[G_ARENA] + ARENA_SPARE > arena.shape[0]:
            return WALK_FLUSH
        if g[G_DONE] + 2 > done.shape[0]:
            return WALK_GROW
        status = next_record(b, r, ifs, q, x)
        if status == NEED_MORE:
            return WALK_MORE
        if status == BAD:
            return WALK_BAD
        if status == BLOCK:
            return WALK_BLOCK
        if status != OK:
            r[R_POS] = x[X_NEXT]
            continue
        ts = x[X_TS]
        r[R_HEAD_TS] = ts
        if ts > limit:
            return WALK_LIMIT
        x[X_PKT] = r[R_PKT] + 1
        x[X_CAP_END] = x[X_OFF] + x[X_CAP]
        if x[X_WIRE] < x[X_CAP]:
            note(q, Q_WIRE_BELOW, x[X_PKT], x[X_OFF])
            x[X_WIRE] = x[X_CAP]
        status = packet(g, x, q, f, table, free, done, c, arena, h, s, pool, b)
        if status == WALK_GROW:
            return WALK_GROW
        r[R_PKT] += 1
        g[G_SERIAL] += 1
        r[R_POS] = x[X_NEXT]
        r[R_PREV_TS] = ts
        if x[X_WIRE] > x[X_CAP]:
            r[R_SNAPPED] += 1
        if r[R_SEEN] == 0 or ts < r[R_FIRST]:
            r[R_FIRST] = ts
        if r[R_SEEN] == 0 or ts > r[R_LAST]:
            r[R_LAST] = ts
        r[R_SEEN] = 1
        if ts > g[G_CLOCK]:
            g[G_CLOCK] = ts
        if status in (WALK_FLUSH, WALK_ASIDE):
            return status
