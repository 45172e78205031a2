"""From the start of a frame to its IP header: the quick way, which nearly every packet takes.

Ethernet II and 802.3/SNAP, any stack of 802.1Q/802.1ad tags (capped at 8), Linux cooked v1 and v2,
BSD NULL and LOOP, RAW, IPV4 and IPV6 (tcpdump.org/linktypes.html). Any other EtherType or link type
goes to ``descend``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.capture.bytes import u8, u16
from analyzer.capture.kernel import kernel
from analyzer.capture.layout import (
    BY_LINK,
    BY_TYPE,
    Q_CUT_LINK,
    Q_NOT_IP,
    X_AT,
    X_CAP_END,
    X_IF,
    X_LINK,
    X_OFF,
    X_TYPE,
)

if TYPE_CHECKING:
    from analyzer.capture.types import Bytes, Ints

ETHERNET, NULL, LOOP, LINUX_SLL, LINUX_SLL2, IPV4, IPV6 = 1, 0, 108, 113, 276, 228, 229
MAX_TAGS = 8


@kernel("i(i)", inline=True)
def failed(kind: int) -> int:
    """An offset that is no offset: the issue's kind, negated and shifted by one."""
    return -1 - kind


@kernel("i(B1, I1, i, i, i)")
def after_ethertype(b: Bytes, x: Ints, at: int, end: int, ethertype: int) -> int:
    """Follows VLAN tags and LLC/SNAP from an EtherType whose payload starts at ``at``."""
    tags = 0
    while ethertype in (0x8100, 0x88A8, 0x9100, 0x9200):
        if at + 4 > end or tags == MAX_TAGS:
            return failed(Q_CUT_LINK)
        ethertype = u16(b, at + 2)
        at += 4
        tags += 1
    if ethertype < 0x0600 and at + 8 <= end and u16(b, at) == 0xAAAA and u8(b, at + 2) == 3:
        ethertype = u16(b, at + 6)
        at += 8
    if ethertype in (0x0800, 0x86DD):
        return at
    x[X_TYPE] = ethertype
    x[X_AT] = at
    return BY_TYPE


@kernel("i(B1, I1)", inline=True)
def network_offset(b: Bytes, x: Ints) -> int:
    """Offset of the IP header, or a negative value that says why not."""
    at = x[X_OFF]
    end = x[X_CAP_END]
    link = x[X_LINK]
    if link == ETHERNET:
        if at + 14 > end:
            return failed(Q_CUT_LINK)
        return after_ethertype(b, x, at + 14, end, u16(b, at + 12))
    if link == LINUX_SLL2:
        if at + 20 > end:
            return failed(Q_CUT_LINK)
        # the interface and the direction tell the copies of one packet apart on "-i any"
        x[X_IF] = (u16(b, at + 6) << 8) | u8(b, at + 10)
        return after_ethertype(b, x, at + 20, end, u16(b, at))
    if link == LINUX_SLL:
        if at + 16 > end:
            return failed(Q_CUT_LINK)
        x[X_IF] = 0x10000 | u16(b, at)
        return after_ethertype(b, x, at + 16, end, u16(b, at + 14))
    if link in (NULL, LOOP):
        if at + 4 > end:
            return failed(Q_CUT_LINK)
        family = u16(b, at) | u16(b, at + 2)  # one of the halves is zero in either byte order
        if family > 0xFF:
            family = ((family & 0xFF) << 8) | (family >> 8)
        if family in (2, 10, 24, 28, 30):
            return at + 4
        return failed(Q_NOT_IP)
    if link in (101, 12, 14, IPV4, IPV6):
        return at
    return BY_LINK
