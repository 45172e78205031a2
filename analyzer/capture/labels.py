"""What stands behind an EtherType or a PPP protocol number: MPLS, PPPoE, PPP, PBB, MACsec, tags.

RFC 3032 (MPLS), RFC 4385 and 4448 (pseudowires), RFC 2516 (PPPoE), RFC 1661, 1662, 3518 and 1990
(PPP), IEEE 802.1Q clause 9, 802.1AE clause 9, 802.1BR, RFC 8300 (NSH). Each kernel returns the
offset of what is inside and says in X_LAYER what that is, or returns a negative issue.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.capture.bytes import u8, u16, u32
from analyzer.capture.encap import E_MACSEC, E_MPLS, E_NSH, E_PBB, E_PPP, E_PPPOE, enter
from analyzer.capture.kernel import kernel
from analyzer.capture.layout import (
    AT_ETHERNET,
    AT_IP,
    AT_NSH,
    AT_PPP,
    AT_TYPE,
    Q_CUT_LINK,
    Q_MACSEC,
    Q_MPLS,
    Q_NOT_IP,
    Q_PPP_ENCODED,
    Q_PPPOE,
    X_CAP_END,
    X_LAYER,
    X_TYPE,
    X_WIRE_END,
)
from analyzer.capture.plausible import label_end, plausible_frame, plausible_ip

if TYPE_CHECKING:
    from analyzer.capture.types import Bytes, Ints


@kernel("i(B1, i, I1)")
def ethernet(b: Bytes, at: int, x: Ints) -> int:
    """An Ethernet header."""
    if at + 14 > x[X_CAP_END]:
        return -1 - Q_CUT_LINK
    x[X_TYPE] = u16(b, at + 12)
    x[X_LAYER] = AT_TYPE
    return at + 14


@kernel("i(B1, i, I1)")
def mpls(b: Bytes, at: int, x: Ints) -> int:
    """A label stack. Nothing names what is under it: IP by its version, or a pseudowire."""
    cap, wire = x[X_CAP_END], x[X_WIRE_END]
    end = label_end(b, at, cap)
    if end < 0 or end >= cap:
        return -1 - Q_MPLS
    enter(x, E_MPLS)
    x[X_LAYER] = AT_ETHERNET
    first = u8(b, end) >> 4
    if plausible_ip(b, end, cap, wire):
        x[X_LAYER] = AT_IP
        return end
    if first == 0 and plausible_frame(b, end + 4, cap, wire):  # behind a control word
        return end + 4
    if plausible_frame(b, end, cap, wire):
        return end
    return -1 - Q_MPLS


@kernel("i(B1, i, I1)")
def pppoe(b: Bytes, at: int, x: Ints) -> int:
    """A PPPoE session header (RFC 2516 section 4)."""
    if at + 6 > x[X_CAP_END]:
        return -1 - Q_CUT_LINK
    if u16(b, at) != 0x1100:
        return -1 - Q_PPPOE
    enter(x, E_PPPOE)
    x[X_WIRE_END] = min(x[X_WIRE_END], at + 6 + u16(b, at + 4))
    x[X_CAP_END] = min(x[X_CAP_END], x[X_WIRE_END])
    x[X_LAYER] = AT_PPP
    return at + 6


@kernel("i(B1, i, I1)")
def ppp(b: Bytes, at: int, x: Ints) -> int:
    """A PPP frame, with or without address and control, protocol number in one byte or two."""
    cap = x[X_CAP_END]
    if at + 4 > cap:
        return -1 - Q_CUT_LINK
    if u16(b, at) == 0xFF03:
        at += 2
    protocol = u8(b, at)
    at += 1
    if not protocol & 1:
        protocol = (protocol << 8) | u8(b, at)
        at += 1
    if protocol in (0x21, 0x57):
        x[X_LAYER] = AT_IP
        return at
    if protocol in (0x281, 0x283):
        x[X_LAYER] = AT_TYPE
        x[X_TYPE] = 0x8847
        return at
    if protocol == 0x31 and at + 2 <= cap and u8(b, at + 1) == 1:  # bridged Ethernet
        x[X_LAYER] = AT_ETHERNET
        return at + 2
    if protocol == 0x3D and at + 4 <= cap and u8(b, at) & 0xC0 == 0xC0:  # a whole frame in a link
        enter(x, E_PPP)
        x[X_LAYER] = AT_PPP
        return at + 4
    if protocol in (0xFB, 0xFD, 0x53, 0x55, 0x2D, 0x2F, 0x3D):
        return -1 - Q_PPP_ENCODED
    return -1 - Q_NOT_IP


@kernel("i(B1, i, I1)")
def macsec(b: Bytes, at: int, x: Ints) -> int:
    """A security tag; without encryption the frame behind it can be read."""
    cap = x[X_CAP_END]
    if at + 6 > cap:
        return -1 - Q_CUT_LINK
    control = u8(b, at)
    if control & 0x0C:
        return -1 - Q_MACSEC
    at += 14 if control & 0x20 else 6
    if at + 2 > cap:
        return -1 - Q_CUT_LINK
    enter(x, E_MACSEC)
    x[X_TYPE] = u16(b, at)
    x[X_LAYER] = AT_TYPE
    return at + 2


@kernel("i(B1, i, I1)")
def nsh(b: Bytes, at: int, x: Ints) -> int:
    """A Network Service Header: next protocol 1 IPv4, 2 IPv6, 3 Ethernet, 5 MPLS."""
    if at + 8 > x[X_CAP_END]:
        return -1 - Q_CUT_LINK
    size = (u8(b, at + 1) & 0x3F) * 4
    following = u8(b, at + 3)
    if size < 8:
        return -1 - Q_NOT_IP
    enter(x, E_NSH)
    x[X_LAYER] = AT_IP
    if following == 3:
        x[X_LAYER] = AT_ETHERNET
    elif following == 5:
        x[X_LAYER] = AT_TYPE
        x[X_TYPE] = 0x8847
    elif following not in (1, 2):
        return -1 - Q_NOT_IP
    return at + size


@kernel("i(B1, i, I1)")
def by_type(b: Bytes, at: int, x: Ints) -> int:
    """What the EtherType in X_TYPE announces at ``at``."""
    cap = x[X_CAP_END]
    kind = x[X_TYPE]
    x[X_LAYER] = AT_TYPE
    if kind in (0x0800, 0x86DD):
        x[X_LAYER] = AT_IP
        return at
    tag = 0
    if kind in (0x8100, 0x88A8, 0x9100, 0x9200, 0x8926):  # 802.1Q, QinQ, VN-tag
        tag = 2
    elif kind == 0x893F:  # 802.1BR
        tag = 6
    elif kind < 0x0600 and at + 8 <= cap and u16(b, at) == 0xAAAA and u8(b, at + 2) == 3:
        tag = 6  # SNAP
    if tag > 0:
        if at + tag + 2 > cap:
            return -1 - Q_CUT_LINK
        x[X_TYPE] = u16(b, at + tag)
        return at + tag + 2
    if kind < 0x0600 and at + 3 <= cap and u16(b, at) == 0x0606 and u8(b, at + 2) == 3:
        x[X_LAYER] = AT_IP  # the LLC access point of IP
        return at + 3
    if kind in (0x8847, 0x8848):
        return mpls(b, at, x)
    if kind == 0x8864:
        return pppoe(b, at, x)
    if kind == 0x6558:
        x[X_LAYER] = AT_ETHERNET
        return at
    if kind == 0x880B:
        x[X_LAYER] = AT_PPP
        return at
    if kind == 0x894F:
        x[X_LAYER] = AT_NSH
        return at
    if kind == 0x88E7:  # provider backbone bridging: four bytes of I-TAG, then the customer's frame
        enter(x, E_PBB)
        x[X_LAYER] = AT_ETHERNET
        return at + 4
    if kind == 0x88E5:
        return macsec(b, at, x)
    return -1 - Q_NOT_IP


@kernel("i(B1, i, I1)")
def cisco_or_ppp(b: Bytes, at: int, x: Ints) -> int:
    """HDLC: PPP behind FF 03, else Cisco's address, control and EtherType."""
    if at + 4 > x[X_CAP_END]:
        return -1 - Q_CUT_LINK
    if u32(b, at) >> 16 in (0x0F00, 0x8F00):
        x[X_TYPE] = u16(b, at + 2)
        x[X_LAYER] = AT_TYPE
        return at + 4
    x[X_LAYER] = AT_PPP
    return at
