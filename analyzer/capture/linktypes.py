"""Link types off the quick way, each down to an IP header or to something ``descend`` knows.

tcpdump.org/linktypes.html. PPP in its variants, Cisco HDLC, FDDI, 802.11 with its radio headers,
NFLOG, PKTAP, PPI, IP over InfiniBand, Solaris ipnet, OpenBSD enc and pflog, switch tags of Broadcom
and Marvell, preempted Ethernet, and the driver's own records (aside.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.capture.bytes import e16, e32, s64, u8, u16
from analyzer.capture.kernel import kernel
from analyzer.capture.labels import cisco_or_ppp
from analyzer.capture.layout import (
    AT_ETHERNET,
    AT_IP,
    AT_LINK,
    AT_PPP,
    AT_TYPE,
    AT_WIFI,
    LINK_ASIDE,
    Q_CUT_LINK,
    Q_NOT_IP,
    Q_UNKNOWN_LINK,
    X_CAP_END,
    X_ENCAP,
    X_IF,
    X_LAYER,
    X_OUT_DST_HI,
    X_OUT_DST_LO,
    X_OUT_SRC_HI,
    X_OUT_SRC_LO,
    X_OUTER,
    X_TYPE,
)
from analyzer.capture.wifi import prism_or_avs, radiotap

if TYPE_CHECKING:
    from analyzer.capture.types import Bytes, Ints

ASIDE_HEAD = 64
NFLOG_PAYLOAD = 9


@kernel("i(B1, i, I1)")
def aside(b: Bytes, at: int, x: Ints) -> int:
    """Takes up what was around the packet that the driver has put together or taken apart."""
    if at + ASIDE_HEAD > x[X_CAP_END]:
        return -1 - Q_CUT_LINK
    x[X_LAYER] = s64(b, at)
    x[X_ENCAP] = s64(b, at + 8)
    x[X_OUTER] = s64(b, at + 16)
    x[X_OUT_SRC_HI], x[X_OUT_SRC_LO] = s64(b, at + 24), s64(b, at + 32)
    x[X_OUT_DST_HI], x[X_OUT_DST_LO] = s64(b, at + 40), s64(b, at + 48)
    x[X_IF] = s64(b, at + 56)
    return at + ASIDE_HEAD


@kernel("i(B1, i, I1)")
def nflog(b: Bytes, at: int, x: Ints) -> int:
    """Netfilter's log: attributes in the capturing host's byte order, one of them the packet."""
    cap = x[X_CAP_END]
    if at + 8 > cap or u8(b, at + 1) != 0:
        return -1 - Q_CUT_LINK
    at += 4
    big = 1 if e16(b, at, 0) > 255 and e16(b, at, 1) <= 255 else 0
    for _ in range(64):
        if at + 4 > cap:
            return -1 - Q_CUT_LINK
        size = e16(b, at, big)
        if size < 4:
            return -1 - Q_CUT_LINK
        if e16(b, at + 2, big) & 0x7FFF == NFLOG_PAYLOAD:
            x[X_LAYER] = AT_IP
            return at + 4
        at += (size + 3) & ~3
    return -1 - Q_NOT_IP


@kernel("i(B1, i, I1)")
def pktap(b: Bytes, at: int, x: Ints) -> int:
    """Apple's header: its length, a record type, the link type of what follows."""
    if at + 12 > x[X_CAP_END]:
        return -1 - Q_CUT_LINK
    size = e32(b, at, 0)
    if size < 12 or at + size > x[X_CAP_END] or e32(b, at + 4, 0) != 1:
        return -1 - Q_NOT_IP
    x[X_TYPE] = e32(b, at + 8, 0)
    x[X_LAYER] = AT_LINK
    return at + size


@kernel("i(B1, i, I1)")
def ppi(b: Bytes, at: int, x: Ints) -> int:
    """Per-packet information: version, flags, length, link type."""
    if at + 8 > x[X_CAP_END]:
        return -1 - Q_CUT_LINK
    x[X_TYPE] = e32(b, at + 4, 0)
    x[X_LAYER] = AT_LINK
    return at + max(e16(b, at + 2, 0), 8)


@kernel("i(B1, i, I1)")
def by_family(b: Bytes, at: int, x: Ints) -> int:
    """BSD's loopback header: an address family in the capturing host's byte order."""
    if at + 4 > x[X_CAP_END]:
        return -1 - Q_CUT_LINK
    family = max(u8(b, at), u8(b, at + 3))
    x[X_LAYER] = AT_IP
    return at + 4 if family in (2, 10, 24, 28, 30) else -1 - Q_NOT_IP


@kernel("i(B1, i, I1)")
def preempted(b: Bytes, at: int, x: Ints) -> int:
    """An Ethernet frame behind its preamble of eight bytes (IEEE 802.3br)."""
    if at + 8 > x[X_CAP_END]:
        return -1 - Q_CUT_LINK
    x[X_LAYER] = AT_ETHERNET
    return at + 8 if u8(b, at + 7) in (0xD5, 0x07, 0x19) else -1 - Q_NOT_IP


@kernel("i(B1, i, I1, i)")
def typed(b: Bytes, at: int, x: Ints, place: int) -> int:
    """A header of ``place`` bytes with an EtherType behind it."""
    if at + place + 2 > x[X_CAP_END]:
        return -1 - Q_CUT_LINK
    x[X_TYPE] = u16(b, at + place)
    x[X_LAYER] = AT_TYPE
    return at + place + 2


@kernel("i(B1, i, I1)")
def by_link(b: Bytes, at: int, x: Ints) -> int:
    """What the link type in X_TYPE announces at ``at``."""
    link = x[X_TYPE]
    cap = x[X_CAP_END]
    if link == LINK_ASIDE:
        return aside(b, at, x)
    x[X_LAYER] = AT_IP
    if link in (12, 14, 101, 228, 229):  # inside PKTAP and PPI
        return at
    if link == 1:
        x[X_LAYER] = AT_ETHERNET
        return at
    if link in (0, 108):
        return by_family(b, at, x)
    if link == 105:
        x[X_LAYER] = AT_WIFI
        return at
    if link == 127:
        return radiotap(b, at, x)
    if link in (119, 163):
        return prism_or_avs(b, at, x)
    if link == 9:
        x[X_LAYER] = AT_PPP
        return at
    if link in (50, 104):
        return cisco_or_ppp(b, at, x)
    if link == 51:  # PPPoE without its Ethernet header
        x[X_TYPE] = 0x8864
        x[X_LAYER] = AT_TYPE
        return at
    if link in (166, 204):  # PPP with a direction in front
        x[X_LAYER] = AT_PPP
        return at + 1 if at < cap and u8(b, at) < 2 else at
    if link == 10:  # FDDI: frame control and addresses, then LLC
        x[X_TYPE] = 0
        x[X_LAYER] = AT_TYPE
        return at + 13
    if link == 239:
        return nflog(b, at, x)
    if link in (149, 258):
        return pktap(b, at, x)
    if link == 192:
        return ppi(b, at, x)
    if link == 242:  # two hardware addresses, EtherType, two bytes reserved
        inside = typed(b, at, x, 40)
        return inside + 2 if inside >= 0 else inside
    if link == 226:
        return at + 24
    if link == 109:
        return at + 12
    if link == 117:
        return at + ((u8(b, at) + 3) & ~3) if at < cap else -1 - Q_CUT_LINK
    if link == 281:
        return typed(b, at, x, 16)
    if link == 282:
        x[X_LAYER] = AT_ETHERNET
        return at + 4
    if link == 284:
        return typed(b, at, x, 16)
    if link == 285:
        return typed(b, at, x, 20)
    if link == 274:
        return preempted(b, at, x)
    return -1 - Q_UNKNOWN_LINK
