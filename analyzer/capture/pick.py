"""A second reading of captures: which packets belong to given conversations, and where they lie.

``pick`` finds addresses and ports as the walk does (the same link layers, tunnels and IP headers)
and looks them up in a small table of conversations; what fits one, and its time, gets a bit.
``fetch`` walks the same records later and lists those that have a bit. Neither keeps conversations,
so memory is one bit a packet.

A conversation's time: in the input that holds its first packet, from that packet's number on, in
any other from its start; up to its end. Two conversations of the same ports follow one another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.capture.bytes import u8, u16
from analyzer.capture.descend import descend
from analyzer.capture.flows import key_hash, source_is_b
from analyzer.capture.framing import next_record
from analyzer.capture.ip import network
from analyzer.capture.kernel import kernel
from analyzer.capture.layout import (
    AGGREGATE,
    AT_IP,
    AT_WIFI,
    BAD,
    BLOCK,
    FORMAT_PCAP,
    FRAGMENT,
    I_OFFSET,
    I_RESOL,
    I_SNAP,
    K_A_HI,
    K_A_LO,
    K_B_HI,
    K_B_LO,
    K_END,
    K_FIRST,
    K_HASH,
    K_INPUT,
    K_KEY,
    K_PKTS,
    K_START,
    N_HITS,
    N_MASK,
    N_RECORD,
    N_ROWS,
    NEED_MORE,
    O_BIG,
    O_CAP,
    O_IF,
    O_LINK,
    O_OFF,
    O_PKT,
    O_POS,
    O_RESOL,
    O_SNAP,
    O_TS,
    O_TSOFFSET,
    O_WIRE,
    OK,
    Q_PROTOCOL,
    R_BIG,
    R_FORMAT,
    R_HEAD_TS,
    R_INPUT,
    R_PKT,
    R_POS,
    R_PREV_TS,
    R_TICK,
    WALK_ASIDE,
    WALK_BAD,
    WALK_BLOCK,
    WALK_FLUSH,
    WALK_GROW,
    WALK_ICMP,
    WALK_LIMIT,
    WALK_MORE,
    X_CAP,
    X_CAP_END,
    X_DPORT,
    X_DST_HI,
    X_DST_LO,
    X_ENCAP,
    X_IF,
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

ICMP, ICMPV6 = 1, 58


@kernel("i(B1, I1, I2)")
def locate(b: Bytes, x: Ints, q: Ints) -> int:
    """From the link layer to the ports: OK, WALK_ASIDE, WALK_ICMP, or NEED_MORE for none."""
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
            is_icmp = at == -1 - Q_PROTOCOL and x[X_PROTO] in (ICMP, ICMPV6)
            return WALK_ICMP if is_icmp else NEED_MORE
    if x[X_L4] + 4 > x[X_CAP_END]:
        return NEED_MORE
    x[X_SPORT] = u16(b, x[X_L4])
    x[X_DPORT] = u16(b, x[X_L4] + 2)
    return OK


@kernel("i(I1, I2, I1)", entry=True)
def enter(n: Ints, k: Ints, row: Ints) -> int:
    """Puts a conversation into the table, which has room for it; its place there."""
    h = key_hash(n, row[K_A_HI], row[K_A_LO], row[K_B_HI], row[K_B_LO], row[K_KEY])
    mask = n[N_MASK]
    at = h & mask
    while k[at, K_HASH] != 0:
        at = (at + 1) & mask
    for column in range(k.shape[1]):
        k[at, column] = row[column]
    k[at, K_HASH] = h
    return at


@kernel("i(I1, I1, I2)")
def belongs(x: Ints, n: Ints, k: Ints) -> int:
    """1 when the packet in the registers is one of a listed conversation; it is counted there."""
    swap = source_is_b(x)
    a_hi, a_lo, b_hi, b_lo = x[X_SRC_HI], x[X_SRC_LO], x[X_DST_HI], x[X_DST_LO]
    ports = (x[X_SPORT] << 16) | x[X_DPORT]
    if swap:
        a_hi, a_lo, b_hi, b_lo = b_hi, b_lo, a_hi, a_lo
        ports = (x[X_DPORT] << 16) | x[X_SPORT]
    key = (x[X_VERSION] << 40) | (x[X_PROTO] << 32) | ports
    h = key_hash(n, a_hi, a_lo, b_hi, b_lo, key)
    mask = n[N_MASK]
    at = h & mask
    for _ in range(mask + 1):
        if k[at, K_HASH] == 0:
            return 0
        same = (
            k[at, K_HASH] == h
            and k[at, K_KEY] == key
            and k[at, K_A_LO] == a_lo
            and k[at, K_B_LO] == b_lo
            and k[at, K_A_HI] == a_hi
            and k[at, K_B_HI] == b_hi
            and x[X_TS] <= k[at, K_END]
        )
        if same:
            own = x[X_INPUT] == k[at, K_INPUT]
            if (own and x[X_PKT] >= k[at, K_FIRST]) or (not own and x[X_TS] >= k[at, K_START]):
                k[at, K_PKTS] += 1
                return 1
        at = (at + 1) & mask
    return 0


@kernel("i(B1, I1, I2, I2, i, I1, I1, I2, B1)", entry=True)
def pick(
    b: Bytes, r: Ints, ifs: Ints, q: Ints, limit: int, x: Ints, n: Ints, k: Ints, bits: Bytes
) -> int:
    """Walks the records of one input up to ``limit`` (nanoseconds) and marks what belongs.

    Returns:
        As ``walk``: WALK_MORE, WALK_LIMIT, WALK_BLOCK, WALK_ASIDE or WALK_BAD; WALK_GROW when
        ``bits`` is too short, WALK_ICMP behind an ICMP message, whose body is at X_L4.
    """
    x[X_INPUT] = r[R_INPUT]
    while True:
        if n[N_RECORD] == 0 and (r[R_PKT] + 1) >> 3 >= bits.shape[0]:
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
        r[R_HEAD_TS] = x[X_TS]
        if x[X_TS] > limit:
            return WALK_LIMIT
        x[X_PKT] = r[R_PKT] + 1
        x[X_CAP_END] = x[X_OFF] + x[X_CAP]
        x[X_WIRE] = max(x[X_WIRE], x[X_CAP])
        found = locate(b, x, q)
        r[R_PKT] += 1
        r[R_POS] = x[X_NEXT]
        r[R_PREV_TS] = x[X_TS]
        if found in (WALK_ASIDE, WALK_ICMP):
            return found
        if found == OK and belongs(x, n, k):
            n[N_HITS] += 1
            if n[N_RECORD] == 0:
                place = x[X_PKT] >> 3
                bits[place] = u8(bits, place) | 1 << (x[X_PKT] & 7)


@kernel("i(B1, I1, I2, I2, i, I1, I1, B1, I2)", entry=True)
def fetch(
    b: Bytes, r: Ints, ifs: Ints, q: Ints, limit: int, x: Ints, n: Ints, bits: Bytes, out: Ints
) -> int:
    """Lists the marked records of one input, up to ``limit``, in ``out``; N_ROWS counts them.

    Returns:
        WALK_MORE, WALK_LIMIT before a marked packet that is later, WALK_BLOCK, WALK_BAD, or
        WALK_FLUSH when ``out`` is full.
    """
    while True:
        if n[N_ROWS] >= out.shape[0]:
            return WALK_FLUSH
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
        number = r[R_PKT] + 1
        place = number >> 3
        wanted = place < bits.shape[0] and u8(bits, place) >> (number & 7) & 1
        if wanted:
            r[R_HEAD_TS] = x[X_TS]
            if x[X_TS] > limit:
                return WALK_LIMIT
            row = n[N_ROWS]
            face = x[X_IF] & 0xFFFF
            out[row, O_TS], out[row, O_OFF], out[row, O_CAP] = x[X_TS], x[X_OFF], x[X_CAP]
            out[row, O_WIRE] = max(x[X_WIRE], x[X_CAP])
            out[row, O_LINK], out[row, O_IF], out[row, O_PKT] = x[X_LINK], x[X_IF], number
            out[row, O_POS], out[row, O_BIG] = r[R_POS], r[R_BIG]
            if r[R_FORMAT] == FORMAT_PCAP:
                out[row, O_RESOL] = 9 if r[R_TICK] == 1 else 6
                out[row, O_TSOFFSET] = 0
                out[row, O_SNAP] = 0
            else:
                out[row, O_RESOL] = ifs[face, I_RESOL]
                out[row, O_TSOFFSET] = ifs[face, I_OFFSET]
                out[row, O_SNAP] = ifs[face, I_SNAP]
            n[N_ROWS] = row + 1
        r[R_PKT] = number
        r[R_POS] = x[X_NEXT]
        r[R_PREV_TS] = x[X_TS]
