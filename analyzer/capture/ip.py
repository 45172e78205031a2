"""IPv4 and IPv6 headers: addresses, transport protocol and lengths.

RFC 791, RFC 8200. Lengths come from the IP headers, so a packet cut by the snap length counts in
full; a length beyond the frame is clipped to the frame and counted. IPv4 addresses are kept as
``::ffff:a.b.c.d`` beside the version. Fragments go to the driver (fragments.py), any protocol but
TCP and UDP to ``descend``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.capture.bytes import s64, u8, u16, u32
from analyzer.capture.framing import note
from analyzer.capture.kernel import kernel
from analyzer.capture.layout import (
    BY_PROTOCOL,
    FRAGMENT,
    Q_BAD_IP,
    Q_CUT_IP,
    Q_IP_BEYOND,
    Q_IPV6_CHAIN,
    X_AT,
    X_CAP_END,
    X_DST_HI,
    X_DST_LO,
    X_IP_ID,
    X_L4,
    X_L4_LEN,
    X_PKT,
    X_PROTO,
    X_SRC_HI,
    X_SRC_LO,
    X_VERSION,
    X_WIRE_END,
)

if TYPE_CHECKING:
    from analyzer.capture.types import Bytes, Ints

MAX_EXTENSIONS = 16
TCP, UDP = 6, 17


@kernel("i(B1, i, I1, I2)", inline=True)
def ipv4(b: Bytes, at: int, x: Ints, q: Ints) -> int:
    """Reads an IPv4 header; 0, or a negative value that says why not."""
    end = x[X_CAP_END]
    if at + 20 > end:
        return -1 - Q_CUT_IP
    head = (u8(b, at) & 15) * 4
    total = u16(b, at + 2)
    wire = x[X_WIRE_END] - at
    if total == 0:  # segmentation offload: the card fills the length in later
        total = wire
    if head < 20 or total < head:
        return -1 - Q_BAD_IP
    if total > wire:
        note(q, Q_IP_BEYOND, x[X_PKT], at)
        total = wire
        if total < head:
            return -1 - Q_BAD_IP
    x[X_VERSION] = 4
    x[X_SRC_HI] = 0
    x[X_SRC_LO] = 0xFFFF00000000 | u32(b, at + 12)
    x[X_DST_HI] = 0
    x[X_DST_LO] = 0xFFFF00000000 | u32(b, at + 16)
    x[X_IP_ID] = u16(b, at + 4)
    if u16(b, at + 6) & 0x3FFF:  # an offset, or more to come
        x[X_AT] = at
        return FRAGMENT
    protocol = u8(b, at + 9)
    x[X_PROTO] = protocol
    x[X_L4] = at + head
    x[X_L4_LEN] = total - head
    return 0 if protocol in (TCP, UDP) else BY_PROTOCOL


@kernel("i(B1, i, I1, I2)")
def ipv6(b: Bytes, at: int, x: Ints, q: Ints) -> int:
    """Reads an IPv6 header and its extension headers; 0, or a negative value that says why not."""
    end = x[X_CAP_END]
    if at + 40 > end:
        return -1 - Q_CUT_IP
    wire = x[X_WIRE_END] - at - 40
    total = u16(b, at + 4)
    if total == 0:  # jumbogram (RFC 2675) or segmentation offload
        total = wire
    if total > wire:
        note(q, Q_IP_BEYOND, x[X_PKT], at)
        total = wire
    x[X_VERSION] = 6
    x[X_SRC_HI] = s64(b, at + 8)
    x[X_SRC_LO] = s64(b, at + 16)
    x[X_DST_HI] = s64(b, at + 24)
    x[X_DST_LO] = s64(b, at + 32)
    x[X_IP_ID] = u32(b, at) & 0xFFFFF
    x[X_AT] = at
    protocol = u8(b, at + 6)
    stop = at + 40 + total
    at += 40
    for _ in range(MAX_EXTENSIONS):
        if protocol not in (0, 43, 44, 51, 60, 135, 139, 140):
            x[X_PROTO] = protocol
            x[X_L4] = at
            x[X_L4_LEN] = stop - at
            return 0 if protocol in (TCP, UDP) else BY_PROTOCOL
        if at + 8 > end:
            return -1 - Q_CUT_IP
        if protocol == 44:
            if u16(b, at + 2) & 0xFFF9:  # an atomic fragment (RFC 6946) is none
                return FRAGMENT
            size = 8
        elif protocol == 51:
            size = (u8(b, at + 1) + 2) * 4
        else:
            size = (u8(b, at + 1) + 1) * 8
        protocol = u8(b, at)
        at += size
        if at > stop:
            return -1 - Q_BAD_IP
    return -1 - Q_IPV6_CHAIN


@kernel("i(B1, i, I1, I2)", inline=True)
def network(b: Bytes, at: int, x: Ints, q: Ints) -> int:
    """Reads the IP header at ``at``, by its version field."""
    if at >= x[X_CAP_END]:
        return -1 - Q_CUT_IP
    version = u8(b, at) >> 4
    if version == 4:
        return ipv4(b, at, x, q)
    if version == 6:
        return ipv6(b, at, x, q)
    return -1 - Q_BAD_IP
