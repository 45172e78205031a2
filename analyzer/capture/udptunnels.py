"""Tunnels over UDP, believed by their content.

RFC 7348 (VXLAN), draft-ietf-nvo3-vxlan-gpe, RFC 8926 (GENEVE), 3GPP TS 29.281 section 5 (GTP-U),
RFC 4380 section 5.1.1 (Teredo), RFC 2661 section 3.1 and RFC 3931 section 4.1.2 (L2TP), RFC 7510
(MPLS in UDP), RFC 8086 (GRE in UDP).

The port only says where to look. A datagram is a tunnel's when its header is one and an IP packet
or a frame that fits stands behind it; anything else on that port stays a UDP conversation, so that
no byte that left is lost from sight.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.capture.bytes import u8, u16, u24, u32
from analyzer.capture.encap import (
    E_GENEVE,
    E_GRE_UDP,
    E_GTP,
    E_L2TP,
    E_TEREDO,
    E_UDP,
    E_VXLAN,
    E_VXLAN_GPE,
    enter_ip,
)
from analyzer.capture.framing import note
from analyzer.capture.kernel import kernel
from analyzer.capture.layout import (
    AT_ETHERNET,
    AT_GRE,
    AT_IP,
    AT_NSH,
    AT_PPP,
    AT_TYPE,
    Q_ESP,
    Q_UDP_TUNNEL,
    Q_WIREGUARD,
    X_CAP_END,
    X_L4,
    X_L4_LEN,
    X_LAYER,
    X_PKT,
    X_PROTO,
    X_TYPE,
)
from analyzer.capture.plausible import (
    plausible_frame,
    plausible_ip,
    plausible_labels,
    plausible_ppp,
)

if TYPE_CHECKING:
    from analyzer.capture.types import Bytes, Ints

UDP = 17
NO, ODD = -1, -2


@kernel("i(B1, I1)", inline=True)
def on_tunnel_port(b: Bytes, x: Ints) -> int:
    """1 for a UDP datagram on a port of a tunnel."""
    at = x[X_L4]
    if x[X_PROTO] != UDP or at + 8 > x[X_CAP_END]:
        return 0
    source, target = u16(b, at), u16(b, at + 2)
    if target in (4789, 8472, 6081, 4790, 2152, 3544, 1701, 6635, 4754, 51820, 4500):
        return 1
    return 1 if source in (2152, 3544, 1701, 51820, 4500) else 0


@kernel("i(B1, i, I1, i, i)")
def vxlan_gpe(b: Bytes, at: int, x: Ints, cap: int, wire: int) -> int:
    """The I bit, version 0; with the P bit a protocol number, without it a frame."""
    if at + 8 > cap or u8(b, at) & 0xF8 != 8 or u8(b, at + 7) != 0:
        return NO
    following = u8(b, at + 3) if u8(b, at) & 4 else 3
    at += 8
    x[X_LAYER] = AT_IP
    if following in (1, 2):
        return at if plausible_ip(b, at, cap, wire) else ODD
    if following == 3:
        x[X_LAYER] = AT_ETHERNET
        return at if plausible_frame(b, at, cap, wire) else ODD
    if following == 4:
        x[X_LAYER] = AT_NSH
        size = (u8(b, at + 1) & 0x3F) * 4 if at + 8 <= cap else 0
        if size < 8:
            return ODD
        inside = at + size
        known = plausible_ip(b, inside, cap, wire) or plausible_frame(b, inside, cap, wire)
        return at if known else ODD
    return ODD


@kernel("i(B1, i, I1, i, i)")
def vxlan(b: Bytes, at: int, x: Ints, cap: int, wire: int) -> int:
    """The I bit and a frame; receivers ignore the other bits, and some senders use GPE's."""
    if at + 8 > cap or not u8(b, at) & 8:
        return NO
    x[X_LAYER] = AT_ETHERNET
    if plausible_frame(b, at + 8, cap, wire):
        return at + 8
    if u8(b, at) & 4:
        return vxlan_gpe(b, at, x, cap, wire)
    return ODD if u32(b, at) == 0x08000000 and u8(b, at + 7) == 0 else NO


@kernel("i(B1, i, I1, i, i)")
def geneve(b: Bytes, at: int, x: Ints, cap: int, wire: int) -> int:
    """Version 0, reserved bits clear, options of the stated length, then a frame or IP."""
    if at + 8 > cap or u8(b, at) >> 6 != 0 or u8(b, at + 1) & 0x3F or u8(b, at + 7) != 0:
        return NO
    kind = u16(b, at + 2)
    inside = at + 8 + (u8(b, at) & 0x3F) * 4
    x[X_LAYER] = AT_IP
    if kind == 0x6558:
        x[X_LAYER] = AT_ETHERNET
        return inside if plausible_frame(b, inside, cap, wire) else ODD
    if kind in (0x0800, 0x86DD):
        return inside if plausible_ip(b, inside, cap, wire) else ODD
    if kind in (0x8847, 0x8848):
        x[X_LAYER] = AT_TYPE
        x[X_TYPE] = kind
        return inside if plausible_labels(b, inside, cap, wire) else ODD
    return NO


@kernel("i(B1, i, I1, i, i)")
def gtp(b: Bytes, at: int, x: Ints, cap: int, wire: int) -> int:
    """GTPv1-U with message type 255 (G-PDU), its extension headers, then IP."""
    if at + 8 > cap or u8(b, at) & 0xF0 != 0x30 or u8(b, at + 1) != 255:
        return NO
    if u16(b, at + 2) + 8 > wire - at:
        return NO
    wire = min(wire, at + 8 + u16(b, at + 2))
    p = at + 8
    if u8(b, at) & 7:
        if p + 4 > cap:
            return NO
        following = u8(b, p + 3) if u8(b, at) & 4 else 0
        p += 4
        for _ in range(16):
            if following == 0:
                break
            if p + 4 > cap:
                return ODD
            size = u8(b, p) * 4
            if size == 0 or p + size > cap:
                return ODD
            following = u8(b, p + size - 1)
            p += size
    x[X_LAYER] = AT_IP
    return p if plausible_ip(b, p, cap, wire) else ODD


@kernel("i(B1, i, I1, i, i)")
def teredo(b: Bytes, at: int, x: Ints, cap: int, wire: int) -> int:
    """Optional authentication and origin, then IPv6 that ends where the datagram does."""
    if at + 4 <= cap and u16(b, at) == 1:
        at += 4 + u8(b, at + 2) + u8(b, at + 3) + 9
    if at + 8 <= cap and u16(b, at) == 0:
        at += 8
    x[X_LAYER] = AT_IP
    if at + 8 > cap or u8(b, at) >> 4 != 6 or u16(b, at + 4) + 40 != wire - at:
        return NO
    return at if plausible_ip(b, at, cap, wire) else NO


@kernel("i(B1, i, I1, i, i)")
def l2tp(b: Bytes, at: int, x: Ints, cap: int, wire: int) -> int:
    """A data message of version 2 with PPP, or of version 3 with a frame, PPP or IP."""
    if at + 8 > cap:
        return NO
    flags = u16(b, at)
    if flags & 0x8000:
        return NO  # a control message
    p = at + 2
    if flags & 0x000F == 2:
        if flags & 0x34F0:  # bits that are not L, S, O or P
            return NO
        if flags & 0x4000:
            wire = min(wire, at + u16(b, p))
            p += 2
        p += 4
        if flags & 0x0800:
            p += 4
        if flags & 0x0200:
            if p + 2 > cap:
                return NO
            p += 2 + u16(b, p)
        x[X_LAYER] = AT_PPP
        return p if plausible_ppp(b, p, cap, wire) else ODD
    if flags != 3 or u16(b, p) != 0:
        return NO
    for p in range(at + 8, at + 21, 4):
        x[X_LAYER] = AT_ETHERNET
        if p + 34 <= cap and plausible_frame(b, p, cap, wire):
            return p
        x[X_LAYER] = AT_PPP
        if p + 24 <= cap and plausible_ppp(b, p, cap, wire):
            return p
    return ODD


@kernel("i(B1, i, I1, i, i)")
def gre_in_udp(b: Bytes, at: int, x: Ints, cap: int, wire: int) -> int:
    """Version 0 with IP or a frame behind the header."""
    if at + 4 > cap or u16(b, at) & 0x4FFF:
        return NO
    flags, kind = u16(b, at), u16(b, at + 2)
    p = at + 4 + ((flags >> 15) + ((flags >> 13) & 1) + ((flags >> 12) & 1)) * 4
    x[X_LAYER] = AT_GRE
    if kind in (0x0800, 0x86DD) and plausible_ip(b, p, cap, wire):
        return at
    if kind == 0x6558 and plausible_frame(b, p, cap, wire):
        return at
    return NO


@kernel("i(B1, i, I1, I2, i, i)")
def encrypted(b: Bytes, at: int, x: Ints, q: Ints, cap: int, port: int) -> int:
    """Counts WireGuard and ESP in UDP (RFC 3948), which stay UDP conversations."""
    if port == 51820:
        if at + 4 <= cap and 1 <= u8(b, at) <= 4 and u24(b, at + 1) == 0:
            note(q, Q_WIREGUARD, x[X_PKT], at)
    elif at + 8 <= cap and u32(b, at) != 0:
        note(q, Q_ESP, x[X_PKT], at)
    return NO


@kernel("i(B1, I1, I2)")
def by_port(b: Bytes, x: Ints, q: Ints) -> int:
    """Offset of what a tunnel over UDP carries, or a negative value when this datagram is none."""
    at = x[X_L4]
    size = u16(b, at + 4)
    if size == 0:
        size = x[X_L4_LEN]
    if size < 8 or size > x[X_L4_LEN]:
        return NO
    source, target = u16(b, at), u16(b, at + 2)
    wire = at + size
    cap = min(x[X_CAP_END], wire)
    at += 8
    code = 0
    got = NO
    if target in (4789, 8472):
        code, got = E_VXLAN, vxlan(b, at, x, cap, wire)
    elif target == 6081:
        code, got = E_GENEVE, geneve(b, at, x, cap, wire)
    elif target == 4790:
        code, got = E_VXLAN_GPE, vxlan_gpe(b, at, x, cap, wire)
    elif 2152 in (target, source):
        code, got = E_GTP, gtp(b, at, x, cap, wire)
    elif 3544 in (target, source):
        code, got = E_TEREDO, teredo(b, at, x, cap, wire)
    elif 1701 in (target, source):
        code, got = E_L2TP, l2tp(b, at, x, cap, wire)
    elif target == 6635:
        x[X_LAYER], x[X_TYPE] = AT_TYPE, 0x8847
        code, got = E_UDP, at if plausible_labels(b, at, cap, wire) else NO
    elif target == 4754:
        code, got = E_GRE_UDP, gre_in_udp(b, at, x, cap, wire)
    else:
        got = encrypted(b, at, x, q, cap, 51820 if 51820 in (source, target) else 4500)
    if got == ODD:
        note(q, Q_UDP_TUNNEL, x[X_PKT], at)
    if got < 0:
        return NO
    x[X_L4_LEN] = size
    enter_ip(x, code)
    return got
