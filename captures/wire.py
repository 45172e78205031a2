"""Packets of a build agent, made with scapy: DNS look-ups and TCP conversations.

Everything is computed from names and counters, nothing from a clock or a random source, so the
same script writes the same bytes on every machine.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from scapy.layers.dns import DNS, DNSQR, DNSRR
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.l2 import Ether
from scapy.packet import Packet, Raw
from scapy.utils import PcapWriter

AGENT, RESOLVER = "10.20.0.7", "168.63.129.16"
AGENT_MAC, GATEWAY_MAC = "02:00:0a:14:00:07", "02:00:0a:14:00:01"
MSS = 1440
START_US = 1_790_000_000_000_000


def noise(label: str, size: int) -> bytes:
    """Bytes that look encrypted and depend on the label alone."""
    return hashlib.shake_256(label.encode()).digest(size)


@dataclass(slots=True)
class Wire:
    """A capture in the making: packets in the order of their times."""

    packets: list[Packet] = field(default_factory=list)
    now_us: int = START_US
    ports: int = 40000

    def put(self, frame: Packet, outgoing: bool, gap_us: int = 120) -> None:
        """Adds one frame after a pause."""
        self.now_us += gap_us
        source, target = (AGENT_MAC, GATEWAY_MAC) if outgoing else (GATEWAY_MAC, AGENT_MAC)
        frame = Ether(src=source, dst=target, type=0x0800) / frame
        frame.time = self.now_us / 1_000_000
        self.packets.append(frame)

    def pause(self, milliseconds: int) -> None:
        """Lets time pass."""
        self.now_us += milliseconds * 1000

    def port(self) -> int:
        """Next client port."""
        self.ports += 2
        return self.ports

    def lookup(self, name: str, chain: list[str], address: str | None) -> None:
        """An A query and its answer; no address is NXDOMAIN."""
        port, txid = self.port(), int.from_bytes(noise(name, 2))
        question = DNSQR(qname=name, qtype="A")
        query = DNS(id=txid, rd=1, qd=question)
        head = IP(src=AGENT, dst=RESOLVER, id=txid) / UDP(sport=port, dport=53)
        self.put(head / query, outgoing=True)
        owners = [name, *chain]
        records = [
            DNSRR(rrname=owner, type="CNAME", ttl=300, rdata=target)
            for owner, target in zip(owners, chain, strict=False)
        ]
        if address:
            records.append(DNSRR(rrname=owners[-1], type="A", ttl=60, rdata=address))
        rcode = 0 if address else 3
        answer = DNS(id=txid, qr=1, rd=1, ra=1, rcode=rcode, qd=question, an=records)
        back = IP(src=RESOLVER, dst=AGENT, id=txid) / UDP(sport=53, dport=port)
        self.put(back / answer, outgoing=False, gap_us=900)

    def write(self, path: str) -> None:
        """Writes a little-endian microsecond pcap, whatever machine this is."""
        with PcapWriter(path, linktype=1, endianness="<", sync=True) as writer:
            for packet in self.packets:
                writer.write(packet)


class Connection:
    """One TCP connection between the agent and a server."""

    def __init__(self, wire: Wire, address: str, port: int = 443) -> None:
        self.wire = wire
        self.server, self.server_port, self.client_port = address, port, wire.port()
        seed = noise(f"{address}:{self.client_port}", 8)
        self.next = {True: int.from_bytes(seed[:4]), False: int.from_bytes(seed[4:])}
        self.ident = {True: 1, False: 1}
        self._segment(True, "S", options=[("MSS", MSS), ("SAckOK", b""), ("WScale", 7)])
        self.next[True] += 1
        self._segment(False, "SA", options=[("MSS", MSS), ("SAckOK", b""), ("WScale", 7)])
        self.next[False] += 1
        self._segment(True, "A")

    def send(self, data: bytes, outgoing: bool) -> None:
        """Sends data in full segments; the peer acknowledges every second one and the last."""
        for number, start in enumerate(range(0, len(data), MSS)):
            piece = data[start : start + MSS]
            last = start + MSS >= len(data)
            self._segment(outgoing, "PA" if last else "A", piece)
            self.next[outgoing] = (self.next[outgoing] + len(piece)) % 2**32
            if last or number % 2:
                self._segment(not outgoing, "A")

    def close(self) -> None:
        """Both sides finish."""
        for outgoing in (True, False):
            self._segment(outgoing, "FA")
            self.next[outgoing] = (self.next[outgoing] + 1) % 2**32
        self._segment(True, "A")

    def _segment(
        self, outgoing: bool, flags: str, data: bytes = b"", options: list | None = None
    ) -> None:
        here, there = (AGENT, self.client_port), (self.server, self.server_port)
        if not outgoing:
            here, there = there, here
        self.ident[outgoing] += 1
        segment = IP(src=here[0], dst=there[0], id=self.ident[outgoing], flags="DF", ttl=64) / TCP(
            sport=here[1],
            dport=there[1],
            seq=self.next[outgoing] % 2**32,
            ack=0 if flags == "S" else self.next[not outgoing] % 2**32,
            flags=flags,
            window=501,
            options=options or [],
        )
        self.wire.put(segment / Raw(data) if data else segment, outgoing)
