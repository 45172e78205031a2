"""What an IP packet may carry besides TCP and UDP: GRE, IP in IP, 6in4, EtherIP, MPLS, L2TPv3, AH.

RFC 2784, 2890, 1701 (GRE), RFC 2637 (PPTP's GRE), draft-foschiano-erspan-03 (ERSPAN), RFC 2003,
2473 and 4213 (IP in IP), RFC 3378 (EtherIP), RFC 4023 (MPLS in IP), RFC 3931 (L2TPv3), RFC 4302
(AH). Each kernel returns the offset of what is inside and says in X_LAYER what that is, or returns
a negative issue.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.capture.bytes import u8, u16, u32
from analyzer.capture.encap import (
    E_4IN6,
    E_6IN4,
    E_ERSPAN,
    E_ETHERIP,
    E_GRE,
    E_IPIP,
    E_L2TP,
    E_WIFI,
    enter,
    enter_ip,
)
from analyzer.capture.kernel import kernel
from analyzer.capture.layout import (
    AT_ETHERNET,
    AT_GRE,
    AT_IP,
    AT_PPP,
    AT_PROTOCOL,
    AT_TYPE,
    AT_WIFI,
    Q_CUT_LINK,
    Q_ESP,
    Q_NOT_IP,
    Q_PROTOCOL,
    Q_TUNNEL,
    X_CAP_END,
    X_L4,
    X_L4_LEN,
    X_LAYER,
    X_PROTO,
    X_TYPE,
    X_VERSION,
    X_WIRE_END,
)
from analyzer.capture.plausible import plausible_frame, plausible_ip, plausible_ppp

if TYPE_CHECKING:
    from analyzer.capture.types import Bytes, Ints

TCP, UDP = 6, 17
CHECKSUM, ROUTING, KEY, SEQUENCE, ACKNOWLEDGED = 0x8000, 0x4000, 0x2000, 0x1000, 0x0080


@kernel("i(B1, i, I1)")
def erspan(b: Bytes, at: int, x: Ints) -> int:
    """Type II has eight bytes, type III twelve and possibly eight more; a frame follows."""
    if at + 8 > x[X_CAP_END]:
        return -1 - Q_CUT_LINK
    size = 8
    if u8(b, at) >> 4 == 2:
        if at + 12 > x[X_CAP_END]:
            return -1 - Q_CUT_LINK
        size = 20 if u8(b, at + 11) & 1 else 12
    enter(x, E_ERSPAN)
    x[X_LAYER] = AT_ETHERNET
    return at + size


@kernel("i(B1, i, I1)")
def gre(b: Bytes, at: int, x: Ints) -> int:
    """A GRE header of version 0 or 1."""
    cap = x[X_CAP_END]
    if at + 4 > cap:
        return -1 - Q_CUT_LINK
    flags = u16(b, at)
    kind = u16(b, at + 2)
    at += 4
    x[X_TYPE] = kind
    x[X_LAYER] = AT_TYPE
    if flags & 7 == 1:  # PPTP: without a sequence number there is only an acknowledgement
        if kind != 0x880B or not flags & SEQUENCE:
            return -1 - Q_NOT_IP
        if at + 12 > cap:
            return -1 - Q_CUT_LINK
        x[X_WIRE_END] = min(x[X_WIRE_END], at + 12 + u16(b, at))
        x[X_LAYER] = AT_PPP
        return at + (12 if flags & ACKNOWLEDGED else 8)
    if flags & 7:
        return -1 - Q_TUNNEL
    if flags & (CHECKSUM | ROUTING):
        at += 4
    if flags & KEY:
        at += 4
    if flags & SEQUENCE:
        at += 4
    if flags & ROUTING:
        for _ in range(16):
            if at + 4 > cap:
                return -1 - Q_CUT_LINK
            size = u8(b, at + 3)
            at += 4 + size
            if size == 0:
                break
    if kind == 0x88BE and not flags & SEQUENCE:  # ERSPAN type I has no header of its own
        enter(x, E_ERSPAN)
        x[X_LAYER] = AT_ETHERNET
        return at
    if kind in (0x88BE, 0x22EB):
        return erspan(b, at, x)
    if kind & 0xFF80 == 0x8200:  # Aruba: an 802.11 frame
        enter(x, E_WIFI)
        x[X_LAYER] = AT_WIFI
        return at
    if kind == 0x883E:  # WCCP, version 2 with a redirect header of four bytes
        x[X_LAYER] = AT_IP
        return at if at < cap and u8(b, at) >> 4 == 4 else at + 4
    return at


@kernel("i(B1, i, I1)")
def l2tp3(b: Bytes, at: int, x: Ints) -> int:
    """L2TPv3 over IP. How long the cookie is was agreed elsewhere; what is inside shows it."""
    cap, wire = x[X_CAP_END], x[X_WIRE_END]
    if at + 4 > cap:
        return -1 - Q_CUT_LINK
    if u32(b, at) == 0:
        return -1 - Q_NOT_IP  # control messages
    for skipped in range(4, 17, 4):
        p = at + skipped
        if p + 34 > cap:
            break
        if plausible_frame(b, p, cap, wire):
            x[X_LAYER] = AT_ETHERNET
            return p
        if plausible_ppp(b, p, cap, wire):
            x[X_LAYER] = AT_PPP
            return p
        if plausible_ip(b, p, cap, wire) and u8(b, p) in (0x45, 0x60):
            x[X_LAYER] = AT_IP
            return p
    return -1 - Q_TUNNEL


@kernel("i(B1, I1)")
def by_protocol(b: Bytes, x: Ints) -> int:
    """What the IP protocol in X_PROTO announces at X_L4."""
    at = x[X_L4]
    protocol = x[X_PROTO]
    if protocol in (4, 41):
        same = 4 if protocol == 4 else 6
        code = E_IPIP
        if x[X_VERSION] != same:
            code = E_6IN4 if same == 6 else E_4IN6
        enter_ip(x, code)
        x[X_LAYER] = AT_IP
        return at
    if protocol == 47:
        enter_ip(x, E_GRE)
        x[X_LAYER] = AT_GRE
        return at
    if protocol == 97:
        if at + 2 > x[X_CAP_END]:
            return -1 - Q_CUT_LINK
        enter_ip(x, E_ETHERIP)
        x[X_LAYER] = AT_ETHERNET
        return at + 2
    if protocol == 137:
        enter_ip(x, E_IPIP)
        x[X_LAYER] = AT_TYPE
        x[X_TYPE] = 0x8847
        return at
    if protocol == 115:
        enter_ip(x, E_L2TP)
        return l2tp3(b, at, x)
    if protocol == 50:
        return -1 - Q_ESP
    if protocol == 51 and at + 8 <= x[X_CAP_END]:
        size = (u8(b, at + 1) + 2) * 4
        if size > x[X_L4_LEN]:
            return -1 - Q_PROTOCOL
        x[X_PROTO] = u8(b, at)
        x[X_L4] = at + size
        x[X_L4_LEN] -= size
        x[X_LAYER] = AT_PROTOCOL
        return at + size
    return -1 - Q_PROTOCOL
