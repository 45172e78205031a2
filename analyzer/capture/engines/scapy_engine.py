"""The engine for cross-checks: scapy reads containers, link layers, IP, TCP and UDP.

What scapy hands out goes through `analyzer.capture.plain`. Hellos and DNS messages are read there
too, not by scapy: its TLS layer wants whole records in one packet, and its DNS layer hides where a
message breaks off. Its pcapng reader keeps the interfaces of earlier sections, so sections are
minded here.
"""

from __future__ import annotations

import logging
import struct
from contextlib import contextmanager
from functools import partial
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from scapy.config import conf
from scapy.error import Scapy_Exception
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import (
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment,
    IPv6ExtHdrHopByHop,
    IPv6ExtHdrRouting,
    IPv6ExtHdrSegmentRouting,
)
from scapy.layers.ipsec import AH
from scapy.layers.l2 import LLC, SNAP, CookedLinux, CookedLinuxV2, Dot1AD, Dot1Q, Ether, Loopback
from scapy.packet import NoPayload
from scapy.utils import RawPcapNgReader, RawPcapReader

from analyzer.capture.blocks import About
from analyzer.capture.layout import BLOCK_DSB, BLOCK_ISB, BLOCK_NRB, MAX_CAPTURED
from analyzer.capture.plain.packet import TCP as IS_TCP
from analyzer.capture.plain.packet import UDP as IS_UDP
from analyzer.capture.plain.packet import Packet
from analyzer.capture.plain.run import SlowRun
from analyzer.capture.plain.source import Source, StreamFile
from analyzer.issues import Issue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from analyzer.capture.report import InputReport
    from analyzer.inputs.spec import Spec

LINKS = {1: Ether, 0: Loopback, 108: Loopback, 113: CookedLinux, 276: CookedLinuxV2}
RAW_LINKS = (101, 12, 14, 228, 229)
EXTENSIONS = (
    IPv6ExtHdrHopByHop,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrRouting,
    IPv6ExtHdrSegmentRouting,
    IPv6ExtHdrFragment,
    AH,
)
LIMITS = (
    "scapy: tunnels and fragments are not looked into, a modified pcap is not read, QUIC is UDP "
    "like any other (no names, turns with its packet headers); HTTP answers, HTTP/2, SOCKS and "
    "PROXY preambles, servers' hellos and TLS alerts are not written; see docs/engines.md"
)
DETAILS = {
    "unknown-link-type": "expected Ethernet, SLL, SLL2, NULL, LOOP, RAW, IPV4 or IPV6; these "
    "packets are not analysed",
    "not-ip": "neither IPv4 nor IPv6 (ARP, LLDP, 802.2 and the like); nothing to analyse",
    "ip-fragment": "fragments are not reassembled: ports and names behind the first one are lost",
    "ip-tunnel": "IP-in-IP, 6in4, GRE or L2TP; the traffic inside is not analysed",
    "udp-tunnel": "to a port of VXLAN, GENEVE, GTP-U or Teredo; the traffic inside is not analysed",
    "ip-protocol": "neither TCP nor UDP (ICMP, ESP and the like); not analysed",
    "bad-packet": "scapy could not read these headers; the packet is not analysed",
}
TUNNELS, TUNNEL_PORTS = (4, 41, 47, 115), (4789, 8472, 6081, 4790, 2152, 3544)


def extract(
    specs: Sequence[Spec],
    sink: Callable[[str, dict[str, Any]], object],
    progress: Callable[[int], None] | None = None,
    *,
    digest: bool = True,
) -> tuple[list[InputReport], list[Issue]]:
    """Reads captures with scapy; see `analyzer.capture.extract.extract`."""

    def opener(spec: Spec, order: int) -> Source:
        return ScapySource(spec, order, digest=digest, annotate=run.annotate)

    run = SlowRun(specs, opener, sink)
    with _quiet():
        reports, issues = run.run(progress)
    return reports, [*issues, Issue("engine-limits", None, "run", LIMITS)]


@contextmanager
def _quiet() -> Iterator[None]:
    """Keeps scapy's warnings off the terminal, and lets it dissect no deeper than TCP and UDP."""
    loggers = [logging.getLogger(name) for name in ("scapy.runtime", "scapy.loading")]
    levels = [logger.level for logger in loggers]
    layers = [Ether, Loopback, CookedLinux, CookedLinuxV2, Dot1Q, Dot1AD, LLC, SNAP]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    conf.layers.filter([*layers, IP, IPv6, TCP, UDP, *EXTENSIONS])
    try:
        yield
    finally:
        conf.layers.unfilter()
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


class SectionedReader(RawPcapNgReader):  # type: ignore[misc]
    """scapy's pcapng reader, minding sections, interface numbers and time offsets."""

    section = 0
    interface = 0
    block_start = 0

    def __init__(self, *arguments: Any) -> None:
        self.about = About()
        super().__init__(*arguments)
        for kind in (BLOCK_NRB, BLOCK_ISB, BLOCK_DSB):
            # secrets are only counted: scapy would keep them in its global configuration
            self.blocktypes[kind] = partial(self._speaks, kind)

    def _speaks(self, kind: int, block: bytes, _size: int) -> None:
        self.about.take(kind, block, self.endian == ">", self.section)

    def _read_block(self, size: int = MAX_CAPTURED) -> Any:
        self.block_start = self.f.offset
        return super()._read_block(size)

    def _read_block_shb(self) -> None:
        super()._read_block_shb()
        self.interfaces: list[Any] = []
        self.section += 1

    def _read_block_idb(self, block: bytes, size: int) -> None:
        super()._read_block_idb(block, size)
        raw = self._read_options(block[8:]).get(14, b"")
        offset = struct.unpack(self.endian + "q", raw)[0] if len(raw) == 8 else 0
        link, snaplen, options = self.interfaces.pop()
        options["tsoffset"] = offset
        self.interfaces.append((link, snaplen or MAX_CAPTURED, options))  # 0: no limit

    def _read_block_epb(self, block: bytes, size: int) -> Any:
        (self.interface,) = struct.unpack(self.endian + "I", block[:4])
        return super()._read_block_epb(block, size)

    def _read_block_pkt(self, block: bytes, size: int) -> Any:
        (self.interface,) = struct.unpack(self.endian + "H", block[:2])
        return super()._read_block_pkt(block, size)

    def _read_block_spb(self, block: bytes, size: int) -> Any:
        self.interface = 0
        return super()._read_block_spb(block, size)


class ScapySource(Source):
    """Packets of one input, read by scapy.

    Args:
        annotate: Takes names that the file states for addresses, and the input's number.
    """

    def __init__(
        self,
        spec: Spec,
        input_id: int,
        *,
        digest: bool,
        annotate: Callable[[list[tuple[str, str]], int], object],
    ) -> None:
        super().__init__(spec, input_id, digest=digest)
        self._annotate = annotate
        self._about = About()

    def issues(self) -> list[Issue]:
        """What went wrong, and what the file says about itself."""
        return super().issues() + self._about.issues(self.input_id)

    def _packets(self) -> Iterator[Packet]:
        assert self.spec.format is not None
        file = StreamFile(self)
        is_ng = self.spec.format.container == "pcapng"
        try:
            reader = (SectionedReader if is_ng else RawPcapReader)(file)
        except Scapy_Exception as error:
            self.damaged = True
            self.note("not-a-capture", "offset 0", f"scapy: {error}", incomplete=True)
            return
        if is_ng:
            self._about = reader.about
        previous_ns = 0
        while True:
            start = file.offset
            self._annotate(self._about.hand_out(), self.input_id)
            try:
                data, about = reader._read_packet(MAX_CAPTURED)
            except EOFError:
                break
            except Exception as error:  # a parser of others on hostile bytes: the file ends here
                self._damage(start, f"scapy: {type(error).__name__}")
                return
            link = about.linktype if is_ng else reader.linktype & 0xFFFF
            wanted = len(data) if is_ng else about.caplen
            if wanted > MAX_CAPTURED or len(data) < wanted:
                break
            ts_ns = _ng_ns(reader, about) if is_ng else _pcap_ns(reader, about)
            if ts_ns is None:
                detail = "simple packet blocks carry no time; the packet before gives it"
                self.note("no-timestamp", f"packet {self.records + 1}", detail)
                ts_ns = previous_ns
            previous_ns = ts_ns
            wire = max(about.wirelen, len(data))
            self.count(ts_ns, len(data), wire)
            interface = reader.interface + (reader.section << 16) if is_ng else 0
            packet = self._decode(data, wire, link, interface, ts_ns)
            if packet is not None:
                yield packet
        self._annotate(self._about.hand_out(), self.input_id)
        start = reader.block_start if is_ng else start
        if file.offset > start or file.refused:
            self._damage(start, "a record or block is cut or damaged")

    def _damage(self, offset: int, what: str) -> None:
        self.damaged = True
        detail = f"{what}; what follows is lost"
        self.note("cut-record", f"offset {offset}", detail, incomplete=True)

    def _skip(self, code: str) -> None:
        incomplete = code == "unknown-link-type"
        self.note(code, f"packet {self.records}", DETAILS[code], incomplete=incomplete)

    def _decode(
        self, data: bytes, wire: int, link: int, interface: int, ts_ns: int
    ) -> Packet | None:
        """From the link layer to the transport layer; None for what is not analysed."""
        if link not in LINKS and link not in RAW_LINKS:
            self._skip("unknown-link-type")
            return None
        try:
            layer = self._network(data, link)
            if layer is None:
                self._skip("not-ip")
                return None
            if link == 276:
                interface = (int.from_bytes(data[6:8], "big") << 8) | data[10]
            elif link == 113:
                interface = 0x10000 | int.from_bytes(data[:2], "big")
            return self._transport(layer, len(data), wire, interface, ts_ns)
        except Exception:  # scapy raises whatever its fields raise; the packet is lost, not the run
            self._skip("bad-packet")
            return None

    @staticmethod
    def _network(data: bytes, link: int) -> Any:
        """The outermost IP layer."""
        if link in RAW_LINKS:
            version = data[0] >> 4 if data else 0
            return IP(data) if version == 4 else IPv6(data) if version == 6 else None
        layer = LINKS[link](data)
        while not isinstance(layer, NoPayload):
            if isinstance(layer, IP | IPv6):
                return layer
            layer = layer.payload
        return None

    def _transport(
        self, network: Any, captured: int, wire: int, interface: int, ts_ns: int
    ) -> Packet | None:
        before = captured - len(network.original)
        if isinstance(network, IP):
            head = network.ihl * 4
            total = min(network.len or wire - before, wire - before)
            if network.version != 4 or head < 20 or total < head:
                self._skip("bad-packet")
                return None
            if network.frag:
                self._skip("ip-fragment")
                return None
            if int(network.flags) & 1:
                self._skip("ip-fragment")
            ip_id, protocol, length = network.id, network.proto, total - head
            layer = network.payload
        else:
            layer, protocol, ip_id = network.payload, network.nh, network.fl
            if network.version != 6:
                self._skip("bad-packet")
                return None
            length = min(network.plen or wire - before - 40, wire - before - 40)
            while isinstance(layer, EXTENSIONS):  # asking for .nh would find an inner layer's
                if isinstance(layer, IPv6ExtHdrFragment) and (layer.offset or layer.m):
                    self._skip("ip-fragment")
                    if layer.offset:
                        return None
                length -= len(layer.original) - len(layer.payload.original)
                protocol, layer = layer.nh, layer.payload
        if not isinstance(layer, TCP | UDP):
            known = protocol in (IS_TCP, IS_UDP)
            tunnel = protocol in TUNNELS
            self._skip("bad-packet" if known else "ip-tunnel" if tunnel else "ip-protocol")
            return None
        return self._packet(network, layer, length, interface, ts_ns, ip_id)

    def _packet(
        self, network: Any, layer: Any, length: int, interface: int, ts_ns: int, ip_id: int
    ) -> Packet | None:
        raw = layer.original
        is_tcp = isinstance(layer, TCP)
        if is_tcp:
            head = layer.dataofs * 4
            size = length - head
            if len(raw) < 20 or head < 20 or size < 0:
                self._skip("bad-packet")
                return None
        else:
            head = 8
            size = min(layer.len or length, length) - head
            if len(raw) < head or (layer.len and layer.len < head):
                self._skip("bad-packet")
                return None
            size = max(size, 0)
            if {layer.dport, layer.sport} & set(TUNNEL_PORTS):
                self._skip("udp-tunnel")
        return Packet(
            input_id=self.input_id,
            number=self.records,
            ts_ns=ts_ns,
            interface=interface,
            src=_packed(network, "src"),
            dst=_packed(network, "dst"),
            proto=IS_TCP if is_tcp else IS_UDP,
            sport=layer.sport,
            dport=layer.dport,
            size=size,
            payload=raw[head : head + size],
            ip_id=ip_id,
            seq=layer.seq if is_tcp else 0,
            ack=layer.ack if is_tcp else 0,
            flags=int(layer.flags) if is_tcp else 0,
        )


def _packed(network: Any, name: str) -> bytes:
    return ip_address(getattr(network, name)).packed


def _pcap_ns(reader: Any, about: Any) -> int:
    return int(about.sec * 1_000_000_000 + about.usec * (1 if reader.nano else 1000))


def _ng_ns(reader: Any, about: Any) -> int | None:
    if about.tshigh is None:
        return None
    seconds, ticks = divmod((about.tshigh << 32) | about.tslow, about.tsresol)
    offset = reader.interfaces[reader.interface][2]["tsoffset"]
    return int((seconds + offset) * 1_000_000_000 + ticks * 1_000_000_000 // about.tsresol)
