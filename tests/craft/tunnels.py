"""Builders for what may stand around a frame or an IP packet: tunnels, labels, radio headers.

Each wrapper takes an Ethernet frame and gives the bytes of a record; WRAPS lists them with the link
type of the record and the path that the flows table must name.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from craft.frames import ethernet, ip, ipv4, udp, version

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from craft.packet import Packet

A, B = "192.0.2.201", "192.0.2.202"
A6, B6 = "2001:db8:ffff::1", "2001:db8:ffff::2"


def inside(frame: bytes) -> bytes:
    """The IP packet of an Ethernet frame without tags."""
    return frame[14:]


def ethertype(packet: bytes) -> int:
    """Of an IP packet."""
    return 0x0800 if packet[0] >> 4 == 4 else 0x86DD


def over_ip(proto: int, payload: bytes, ends: tuple[str, str] = (A, B)) -> bytes:
    """An Ethernet frame with an IP packet of this protocol."""
    return ethernet(ip(*ends, proto, payload), 0x0800 if version(ends[0]) == 4 else 0x86DD)


def over_udp(port: int, payload: bytes, ends: tuple[str, str] = (A, B), source: int = 0) -> bytes:
    """An Ethernet frame with a UDP datagram to this port."""
    return over_ip(17, udp(*ends, (source or 49152 + len(payload) % 999, port), payload), ends)


def vxlan(frame: bytes, vni: int = 77, ends: tuple[str, str] = (A, B)) -> bytes:
    """RFC 7348."""
    return over_udp(4789, struct.pack(">II", 0x08000000, vni << 8) + frame, ends)


def vxlan_gpe(frame: bytes) -> bytes:
    """With the P bit and IP inside."""
    packet = inside(frame)
    kind = 1 if packet[0] >> 4 == 4 else 2
    return over_udp(4790, struct.pack(">II", 0x0C000000 | kind, 77 << 8) + packet)


def geneve(frame: bytes, options: bytes = b"\1\2\3\1abcd") -> bytes:
    """RFC 8926, with one option."""
    head = struct.pack(">BBHI", len(options) // 4, 0, 0x6558, 9 << 8)
    return over_udp(6081, head + options + frame, (A6, B6))


def gtp(frame: bytes) -> bytes:
    """GTP-U with a sequence number and a PDU session container (TS 29.281, TS 38.415)."""
    packet = inside(frame)
    body = b"\0\7\0\x85" + b"\1\x10\5\0" + packet
    head = struct.pack(">BBHI", 0x36, 255, len(body), 0x1234)
    return over_udp(2152, head + body, source=2152)


def teredo(frame: bytes, *, v4: tuple[str, str] = (A, B)) -> bytes:
    """RFC 4380 with authentication and origin; IPv4 cannot be inside and stays as it is."""
    packet = inside(frame)
    if packet[0] >> 4 == 4:
        return frame
    return over_udp(3544, b"\0\1\0\0" + bytes(9) + b"\0\0" + bytes(6) + packet, v4)


def gre(frame: bytes, *, flags: int = 0xB000) -> bytes:
    """GRE with checksum, key and sequence number (RFC 2784, 2890), IP inside."""
    packet = inside(frame)
    extra = bytes(4) * (flags >> 15 & 1) + b"\0\0\0\7" * (flags >> 13 & 1)
    extra += b"\0\0\0\1" * (flags >> 12 & 1)
    return over_ip(47, struct.pack(">HH", flags, ethertype(packet)) + extra + packet)


def gre_bridge(frame: bytes) -> bytes:
    """Transparent Ethernet bridging over GRE (NVGRE, RFC 7637)."""
    return over_ip(47, struct.pack(">HHI", 0x2000, 0x6558, 77 << 8) + frame, (A6, B6))


def pptp(frame: bytes) -> bytes:
    """Enhanced GRE (RFC 2637) with PPP, sequence and acknowledgement numbers."""
    packet = inside(frame)
    body = ppp(packet, short=True)
    head = struct.pack(">HHHHII", 0x3081, 0x880B, len(body), 5, 6, 7)
    return over_ip(47, head + body)


def erspan1(frame: bytes) -> bytes:
    """ERSPAN without a header of its own."""
    return over_ip(47, struct.pack(">HH", 0, 0x88BE) + frame)


def erspan2(frame: bytes) -> bytes:
    """ERSPAN type II: eight bytes."""
    return over_ip(47, struct.pack(">HHIII", 0x1000, 0x88BE, 1, 0x10640001, 0) + frame)


def erspan3(frame: bytes) -> bytes:
    """ERSPAN type III with the platform-specific subheader."""
    head = struct.pack(">HHI", 0x1000, 0x22EB, 1) + struct.pack(">III", 0x20640001, 9, 1)
    return over_ip(47, head + bytes(8) + frame)


def ip_in_ip(frame: bytes) -> bytes:
    """RFC 2003, 4213: IPv4 or IPv6 in IPv4."""
    packet = inside(frame)
    return over_ip(4 if packet[0] >> 4 == 4 else 41, packet)


def ip_in_ip6(frame: bytes) -> bytes:
    """RFC 2473: IPv4 or IPv6 in IPv6."""
    packet = inside(frame)
    return over_ip(4 if packet[0] >> 4 == 4 else 41, packet, (A6, B6))


def etherip(frame: bytes) -> bytes:
    """RFC 3378."""
    return over_ip(97, b"\x30\0" + frame)


def authenticated(frame: bytes) -> bytes:
    """An AH header between IP and TCP or UDP (RFC 4302); no tunnel."""
    packet = inside(frame)
    if packet[0] >> 4 != 4:
        return frame
    size = (packet[0] & 15) * 4
    ah = struct.pack(">BBHII", packet[9], 4, 0, 1, 1) + bytes(12)
    head = (
        packet[:2] + struct.pack(">H", len(packet) + 24) + packet[4:9] + b"\x33" + packet[10:size]
    )
    return ethernet(head + ah + packet[size:])


def ppp(packet: bytes, *, short: bool = False, framed: bool = False) -> bytes:
    """PPP (RFC 1661), with address and control, or with a protocol number of one byte."""
    number = 0x21 if packet[0] >> 4 == 4 else 0x57
    head = bytes([number]) if short else struct.pack(">H", number)
    return (b"\xff\x03" if framed else b"") + head + packet


def pppoe(frame: bytes) -> bytes:
    """RFC 2516; the frame is padded behind the session's payload."""
    body = ppp(inside(frame))
    return ethernet(struct.pack(">BBHH", 0x11, 0, 9, len(body)) + body, 0x8864, pad=True)


def l2tp(frame: bytes) -> bytes:
    """L2TPv2 (RFC 2661) with length, sequence and offset fields."""
    body = struct.pack(">HHHHH", 5, 6, 1, 2, 2) + b"\0\0" + ppp(inside(frame), framed=True)
    return over_udp(1701, struct.pack(">HH", 0x4A02, len(body) + 4) + body, source=1701)


def l2tp3(frame: bytes) -> bytes:
    """L2TPv3 over IP (RFC 3931) with a cookie of eight bytes and the default sublayer."""
    return over_ip(115, struct.pack(">I", 77) + b"cookie!!" + bytes(4) + frame)


def mpls(frame: bytes, labels: int = 3) -> bytes:
    """RFC 3032."""
    return ethernet(stack(labels) + inside(frame), 0x8847)


def stack(labels: int) -> bytes:
    """A label stack."""
    return b"".join(
        struct.pack(">I", (1000 + k) << 12 | (k == labels - 1) << 8 | 64) for k in range(labels)
    )


def pseudowire(frame: bytes) -> bytes:
    """RFC 4448 with a control word."""
    return ethernet(stack(2) + bytes(4) + frame, 0x8847)


def bare_pseudowire(frame: bytes) -> bytes:
    """RFC 4448 without a control word."""
    return ethernet(stack(1) + frame, 0x8848)


def mpls_in_udp(frame: bytes) -> bytes:
    """RFC 7510."""
    return over_udp(6635, stack(1) + inside(frame))


def backbone(frame: bytes) -> bytes:
    """IEEE 802.1ah behind a backbone tag."""
    return ethernet(struct.pack(">I", 77) + frame, 0x88E7, vlans=[(0x88A8, 5)])


def integrity_only(frame: bytes) -> bytes:
    """MACsec without encryption: tag with channel identifier, frame, check value."""
    tag = struct.pack(">BBI", 0x20, 0, 1) + bytes(8)
    return ethernet(tag + frame[12:] + bytes(16), 0x88E5)


def service_header(frame: bytes) -> bytes:
    """RFC 8300 with Ethernet inside."""
    return ethernet(struct.pack(">BBBBI", 0, 6, 1, 3, 0x100) + bytes(16) + frame, 0x894F)


# -- 802.11 --------------------------------------------------------------------------------------


def wifi(frame: bytes, *, kind: int = 0x08, control: int = 1, extra: bytes = b"") -> bytes:
    """A data frame (IEEE 802.11-2020 clause 9.3.2.1) with LLC/SNAP; to the access point."""
    llc = b"\xaa\xaa\x03\0\0\0" + frame[12:]
    addresses = b"\2\0\0\0\0\1" * (4 if control & 3 == 3 else 3)
    head = struct.pack("<BBH", kind, control, 0) + addresses[:18] + b"\x10\0" + addresses[18:]
    return head + extra + llc


def wifi_qos(frame: bytes) -> bytes:
    """QoS data with four addresses and HT control."""
    return wifi(frame, kind=0x88, control=0x83, extra=b"\0\0" + bytes(4))


def aggregate(*frames: bytes) -> bytes:
    """An A-MSDU of several frames."""
    body = b""
    for frame in frames:
        llc = b"\xaa\xaa\x03\0\0\0" + frame[12:]
        body += bytes(-len(body) % 4) + frame[:12] + struct.pack(">H", len(llc)) + llc
    return wifi(b"", kind=0x88, extra=b"\x80\0")[:26] + body


def radiotap(frame: bytes) -> bytes:
    """Radiotap with time, flags (padding and check sequence) and rate; QoS data behind it."""
    head = struct.pack("<BBHIQBB", 0, 0, 18, 0b111, 1, 0x30, 12)
    return head + wifi(frame, kind=0x88, extra=b"\0\0\0\0") + b"\xde\xad\xbe\xef"


def prism(frame: bytes) -> bytes:
    """PRISM's 144 bytes."""
    return struct.pack("<II", 0x44, 144).ljust(144, b"\0") + wifi(frame)


def avs(frame: bytes) -> bytes:
    """An AVS header of 64 bytes."""
    return struct.pack(">II", 0x80211001, 64).ljust(64, b"\0") + wifi(frame)


# -- other link types ----------------------------------------------------------------------------


def nflog(frame: bytes) -> bytes:
    """Two attributes in front of the packet."""
    packet = inside(frame)
    family = 2 if packet[0] >> 4 == 4 else 10
    out = struct.pack(">BBH", family, 0, 5)
    for kind, value in ((10, b"prefix\0"), (1, bytes(4)), (9, packet)):
        out += struct.pack("<HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)
    return out


def pktap(frame: bytes) -> bytes:
    """Apple's header with Ethernet behind it."""
    return struct.pack("<III", 108, 1, 1).ljust(108, b"\0") + frame


def ppi(frame: bytes) -> bytes:
    """Per-packet information with 802.11 behind it."""
    return struct.pack("<BBHI", 0, 0, 8, 105) + wifi(frame)


def cisco_hdlc(frame: bytes) -> bytes:
    """Address, control, EtherType."""
    return b"\x0f\x00" + frame[12:]


def fddi(frame: bytes) -> bytes:
    """Frame control, addresses, LLC/SNAP."""
    return b"\x50" + frame[:12] + b"\xaa\xaa\x03\0\0\0" + frame[12:]


@dataclass(frozen=True, slots=True)
class Wrap:
    """A wrapper, the link type of what it gives, and the path in the flows table."""

    name: str
    make: Callable[[bytes], bytes]
    paths: frozenset[str | None]
    linktype: int = 1

    def packets(self, packets: Iterable[Packet]) -> list[Packet]:
        """The same packets, wrapped."""
        return [replace(packet, data=self.make(packet.data)) for packet in packets]


def _wrap(
    make: Callable[[bytes], bytes], *paths: str | None, linktype: int = 1, name: str = ""
) -> Wrap:
    return Wrap(name or make.__name__, make, frozenset(paths or (None,)), linktype)


def _twice(frame: bytes) -> bytes:
    return vxlan(erspan2(mpls(frame)))


WRAPS = [
    _wrap(vxlan, "vxlan"),
    _wrap(vxlan_gpe, "vxlan-gpe"),
    _wrap(geneve, "geneve"),
    _wrap(gtp, "gtp"),
    _wrap(teredo, "teredo", None),
    _wrap(gre, "gre"),
    _wrap(lambda f: gre(f, flags=0), "gre", name="gre_plain"),
    _wrap(gre_bridge, "gre"),
    _wrap(pptp, "gre"),
    _wrap(erspan1, "gre/erspan"),
    _wrap(erspan2, "gre/erspan"),
    _wrap(erspan3, "gre/erspan"),
    _wrap(ip_in_ip, "ipip", "6in4"),
    _wrap(ip_in_ip6, "4in6", "ipip"),
    _wrap(etherip, "etherip"),
    _wrap(authenticated),
    _wrap(pppoe, "pppoe"),
    _wrap(l2tp, "l2tp"),
    _wrap(l2tp3, "l2tp"),
    _wrap(mpls, "mpls"),
    _wrap(pseudowire, "mpls"),
    _wrap(bare_pseudowire, "mpls"),
    _wrap(mpls_in_udp, "udp/mpls"),
    _wrap(backbone, "pbb"),
    _wrap(integrity_only, "macsec"),
    _wrap(service_header, "nsh"),
    _wrap(_twice, "vxlan/gre/erspan/mpls", name="nested"),
    _wrap(wifi, linktype=105),
    _wrap(wifi_qos, linktype=105),
    _wrap(aggregate, linktype=105),
    _wrap(radiotap, linktype=127),
    _wrap(prism, linktype=119),
    _wrap(avs, linktype=163),
    _wrap(ppi, linktype=192),
    _wrap(nflog, linktype=239),
    _wrap(pktap, linktype=258),
    _wrap(lambda f: ppp(inside(f)), linktype=9, name="ppp"),
    _wrap(lambda f: ppp(inside(f), framed=True), linktype=50, name="ppp_hdlc"),
    _wrap(cisco_hdlc, linktype=104),
    _wrap(cisco_hdlc, linktype=50, name="cisco_on_ppp"),
    _wrap(fddi, linktype=10),
]


def fragments(
    frame: bytes, size: int, *, ident: int = 7, wrap: Callable[[bytes], bytes] = lambda f: f
) -> list[bytes]:
    """An Ethernet frame's IPv4 packet in fragments of ``size`` payload bytes, a multiple of 8."""
    packet = inside(frame)
    head, body = packet[: (packet[0] & 15) * 4], packet[(packet[0] & 15) * 4 :]
    src, dst = (".".join(map(str, head[at : at + 4])) for at in (12, 16))
    out = []
    for at in range(0, len(body), size):
        more = 0x2000 if at + size < len(body) else 0
        piece = ipv4(src, dst, head[9], body[at : at + size], ident=ident, fragment=more | at // 8)
        out.append(wrap(ethernet(piece)))
    return out
