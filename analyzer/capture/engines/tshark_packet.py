"""tshark's fields of one packet: which are asked for, and what they say about its transport."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

from analyzer.capture.plain.packet import TCP, UDP, Packet

FIELDS = (
    "frame.number", "frame.time_epoch", "frame.len", "frame.cap_len", "frame.protocols",
    "frame.interface_id", "frame.section_number", "sll.ifindex", "sll.pkttype",
    "ip.src", "ip.dst", "ip.id", "ipv6.src", "ipv6.dst", "ipv6.flow",
    "tcp.srcport", "tcp.dstport", "tcp.seq_raw", "tcp.ack_raw", "tcp.flags", "tcp.len",
    "tcp.hdr_len", "ipv6.nxt",
    "tcp.payload", "udp.srcport", "udp.dstport", "udp.length", "udp.payload",
    "tls.handshake.type", "tls.handshake.version", "tls.handshake.extension.type",
    "tls.handshake.extensions_server_name", "tls.handshake.extensions_alpn_str",
    "tls.handshake.extensions.supported_version", "quic.version",
    "dns.id", "dns.flags", "dns.count.queries", "dns.count.answers", "dns.count.auth_rr",
    "dns.count.add_rr", "dns.qry.name", "dns.qry.type", "dns.resp.name", "dns.resp.type",
    "dns.resp.ttl", "dns.a", "dns.aaaa", "dns.cname", "dns.svcb.targetname",
    "dns.svcb.svcparam.ipv4hint.ip", "dns.svcb.svcparam.ipv6hint.ip", "_ws.malformed",
    "http.request.method", "http.request.uri", "http.request.version", "http.request.line",
    "http.host", "http.content_length_header", "http.chunk_size",
    "http2.type", "http2.length", "http2.streamid", "http2.flags.end_stream",
    "http2.header.name", "http2.header.value",
)  # fmt: skip


WRAPPINGS = {
    "mpls": "mpls", "pppoes": "pppoe", "gre": "gre", "erspan": "erspan", "vxlan": "vxlan",
    "geneve": "geneve", "gtp": "gtp", "teredo": "teredo", "l2tp": "l2tp", "etherip": "etherip",
    "nsh": "nsh", "ieee8021ah": "pbb", "macsec": "macsec", "wlan": "802.11",
}  # fmt: skip
NESTED = {
    ("ip", "ip"): "ipip", ("ip", "ipv6"): "6in4", ("ipv6", "ip"): "4in6", ("ipv6", "ipv6"): "ipip",
}  # fmt: skip
NOTHING_NEXT = 59
QUOTING = ("icmp", "icmpv6", "sflow")


class Fields(dict[str, list[Any]]):
    """Values by name as ``-T ek`` writes it: dots are underscores, every value is in a list."""

    def all(self, name: str) -> list[str]:
        """All values of a field in the order of their places in the packet."""
        values = self.get(name.replace(".", "_"), [])
        return [str(v) for v in (values if isinstance(values, list) else [values])]

    def numbers(self, name: str) -> list[int]:
        """All values of a number field; what is no number is 0."""
        return [_number(value) for value in self.all(name)]

    def number(self, name: str, place: int = -1) -> int:
        """One value of a number field, the last one where ``place`` does not exist; 0 for none."""
        values = self.numbers(name)
        if not values:
            return 0
        return values[place] if place < len(values) else values[-1]

    def text(self, name: str, place: int = -1) -> str:
        """One value of a text field, the last one where ``place`` does not exist."""
        values = self.all(name)
        if not values:
            return ""
        return values[place] if place < len(values) else values[-1]

    def time_ns(self) -> int | None:
        """Time of the packet, None when the file states none."""
        if not self.all("frame.time_epoch"):
            return None
        seconds, _, fraction = self.text("frame.time_epoch").partition(".")
        # nanoseconds; more than nine digits where a file states more than a second of them
        return _number(seconds) * 1_000_000_000 + _number(fraction.ljust(9, "0") or "0")


def _number(text: str) -> int:
    if text in ("True", "true"):
        return 1
    try:
        return int(text, 16) if text[:2].lower() == "0x" else int(text)
    except ValueError:
        return 0


@dataclass(slots=True)
class TsharkPacket(Packet):
    """A packet with what tshark saw in it."""

    fields: Fields | None = None


@dataclass(frozen=True, slots=True)
class _Place:
    """Which of several nested layers is meant: each counts from 0 among its own kind."""

    network: str
    network_at: int
    transport: str
    transport_at: int


def _innermost(protocols: list[str]) -> _Place | None:
    """The innermost TCP or UDP layer; what an ICMP error or a flow sample quotes is none."""
    seen = {"ip": -1, "ipv6": -1, "tcp": -1, "udp": -1}
    network, found = "", None
    for protocol in protocols:
        if protocol in QUOTING:
            break
        if protocol not in seen:
            continue
        seen[protocol] += 1
        if protocol in ("ip", "ipv6"):
            network, found = protocol, None  # what is around it is no conversation of its own
        elif network:
            found = _Place(network, seen[network], protocol, seen[protocol])
    return found


def _around(fields: Fields, protocols: list[str], place: _Place) -> dict[str, Any]:
    """What stands around the innermost layer: its names, and the outermost IP header's ends."""
    seen = dict.fromkeys(("ip", "ipv6"), -1)
    path: list[str] = []
    before = outermost = ""
    for protocol in protocols:
        if protocol in seen:
            seen[protocol] += 1
        if protocol in WRAPPINGS and (protocol != "wlan" or outermost):  # else it is the link
            path.append(WRAPPINGS[protocol])
        elif (before, protocol) in NESTED:
            path.append(NESTED[before, protocol])
        if protocol in seen:
            if (protocol, seen[protocol]) == (place.network, place.network_at):
                break
            outermost = outermost or protocol
        before = protocol
    found: dict[str, Any] = {"encapsulation": "/".join(path) or None}
    if outermost:
        ends = (fields.text(f"{outermost}.{end}", 0) for end in ("src", "dst"))
        found["outer"] = tuple(ip_address(end).packed for end in ends)
    return found


def skipped(fields: Fields) -> tuple[str, str]:
    """Code and sentence for a packet that `decode` gives nothing for."""
    protocols = fields.text("frame.protocols").split(":")
    if not {"ip", "ipv6"} & set(protocols):
        return "not-ip", "tshark sees neither IPv4 nor IPv6; nothing to analyse"
    if {"tcp", "udp"} & set(protocols) and not {"icmp", "icmpv6"} & set(protocols):
        return "bad-packet", "tshark could not read these headers; the packet is not analysed"
    return "ip-protocol", "neither TCP nor UDP (ICMP, ESP, a fragment and the like); not analysed"


def is_block(fields: Fields) -> bool:
    """Whether this is a pcapng block without a packet, which tshark lists like one."""
    return fields.time_ns() is None and fields.text("frame.protocols") == "data"


def decode(fields: Fields, input_id: int, ts_ns: int) -> TsharkPacket | None:
    """The innermost TCP segment or UDP datagram of a packet, None when there is none."""
    protocols = fields.text("frame.protocols").split(":")
    if protocols[-2:] == ["teredo", "ipv6"] and fields.number("ipv6.nxt") == NOTHING_NEXT:
        protocols = protocols[:-2]  # a bubble: the datagram itself is all there is
    place = _innermost(protocols)
    if place is None:
        return None
    try:
        src = ip_address(fields.text(f"{place.network}.src", place.network_at)).packed
        dst = ip_address(fields.text(f"{place.network}.dst", place.network_at)).packed
    except ValueError:
        return None
    at, kind = place.transport_at, place.transport
    if len(fields.all(f"{kind}.dstport")) <= at:
        return None
    is_tcp = kind == "tcp"
    if is_tcp and (len(fields.all("tcp.len")) <= at or fields.number("tcp.hdr_len", at) < 20):
        return None
    size = fields.number("tcp.len", at) if is_tcp else max(fields.number("udp.length", at) - 8, 0)
    payload = _payload(fields, kind, at)
    if not is_tcp and fields.number("frame.cap_len") >= fields.number("frame.len"):
        size = min(size, len(payload))  # tshark prints a length beyond the packet as it stands
    return TsharkPacket(
        input_id=input_id,
        number=fields.number("frame.number"),
        ts_ns=ts_ns,
        interface=_interface(fields),
        src=src,
        dst=dst,
        proto=TCP if is_tcp else UDP,
        sport=fields.number(f"{kind}.srcport", at),
        dport=fields.number(f"{kind}.dstport", at),
        size=max(size, 0),
        payload=payload[: max(size, 0)],
        ip_id=fields.number("ip.id" if place.network == "ip" else "ipv6.flow", place.network_at),
        seq=fields.number("tcp.seq_raw", at) if is_tcp else 0,
        ack=fields.number("tcp.ack_raw", at) if is_tcp else 0,
        flags=fields.number("tcp.flags", at) if is_tcp else 0,
        fields=fields,
        **_around(fields, protocols, place),
    )


def _payload(fields: Fields, kind: str, at: int) -> bytes:
    values, layers = fields.all(f"{kind}.payload"), len(fields.all(f"{kind}.dstport"))
    if not values or (len(values) != layers and at != layers - 1):
        return b""
    try:
        return bytes.fromhex(values[at if len(values) == layers else -1].replace(":", ""))
    except ValueError:
        return b""


def _interface(fields: Fields) -> int:
    """What tells capture points apart: the cooked header's interface and direction if there is."""
    if fields.all("sll.ifindex"):
        return (fields.number("sll.ifindex") << 8) | fields.number("sll.pkttype")
    if fields.all("sll.pkttype"):
        return 0x10000 | fields.number("sll.pkttype")
    return fields.number("frame.interface_id") + (fields.number("frame.section_number") << 16)
