"""A TCP conversation as a script: who sends what, then an exact account of it.

Sequence numbers are kept unwrapped (ISN + offset), so the account is a union of plain integer
ranges and owes nothing to the product's arithmetic; they wrap only when a packet is written.
RFC 9293 section 3.4 (sequence space) and 3.5 (opening).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from craft.frames import ACK, FIN, PSH, RST, SYN, Link, TcpHeader, ip, on_link, tcp
from craft.packet import Packet

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

EPOCH_NS = 1_800_000_000_000_000_000
"""Time of the first packet of a crafted capture (January 2027)."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One TCP segment on its way past the capture point, sequence numbers unwrapped."""

    ts_ns: int
    from_client: bool
    seq: int
    ack: int
    flags: int
    payload: bytes = b""
    options: bytes = b""

    @property
    def end(self) -> int:
        """First sequence number after the payload."""
        return self.seq + len(self.payload)


@dataclass(frozen=True, slots=True)
class Account:
    """What a byte-exact recount of a conversation must give."""

    orig_bytes: int
    resp_bytes: int
    orig_missed: int
    resp_missed: int
    orig_pkts: int
    resp_pkts: int


@dataclass(frozen=True, slots=True)
class Host:
    """Address, port and initial sequence number of one end."""

    ip: str
    port: int
    isn: int


class Conversation:
    """Builds the segments of one connection in time order.

    Args:
        client: Originator's address, port and initial sequence number.
        server: Responder's.
        mss: Payload bytes per segment where a call does not say otherwise.
        start_ns: Time of the first packet.
        step_ns: Time between packets.
    """

    def __init__(
        self,
        client: Host,
        server: Host,
        *,
        mss: int = 1460,
        start_ns: int = EPOCH_NS,
        step_ns: int = 100_000,
    ) -> None:
        self.client_host = client
        self.server_host = server
        self.mss = mss
        self.now = start_ns
        self.step_ns = step_ns
        self.next = {True: client.isn + 1, False: server.isn + 1}
        self.segments: list[Segment] = []
        self.bursts: list[tuple[bool, int]] = []

    # -- the script ------------------------------------------------------------------------------

    def _emit(
        self, from_client: bool, flags: int, payload: bytes = b"", *, seq: int | None = None
    ) -> None:
        at = self.next[from_client] if seq is None else seq
        ack = self.next[not from_client] if flags & ACK else 0
        self.segments.append(Segment(self.now, from_client, at, ack, flags, payload))
        self.now += self.step_ns

    def open(self) -> Conversation:
        """SYN, SYN-ACK, ACK."""
        self._emit(True, SYN, seq=self.client_host.isn)
        self._emit(False, SYN | ACK, seq=self.server_host.isn)
        self._emit(True, ACK)
        return self

    def send(
        self, from_client: bool, data: bytes, *, sizes: Sequence[int] | None = None
    ) -> Conversation:
        """One side sends data in segments of the given sizes (the rest by MSS); the peer ACKs."""
        at, given = 0, list(sizes or ())
        count = 0
        while at < len(data):
            size = given.pop(0) if given else self.mss
            piece = data[at : at + size]
            at += len(piece)
            self._emit(from_client, ACK | (PSH if at >= len(data) else 0), piece)
            self.next[from_client] += len(piece)
            count += 1
            if count % 2 == 0 or at >= len(data):
                self._emit(not from_client, ACK)
        if data:
            self.bursts.append((from_client, len(data)))
        return self

    def client(self, data: bytes, *, sizes: Sequence[int] | None = None) -> Conversation:
        """The originator sends data."""
        return self.send(True, data, sizes=sizes)

    def server(self, data: bytes, *, sizes: Sequence[int] | None = None) -> Conversation:
        """The responder sends data."""
        return self.send(False, data, sizes=sizes)

    def ack(self, from_client: bool) -> Conversation:
        """A bare acknowledgement."""
        self._emit(from_client, ACK)
        return self

    def keep_alive(self, from_client: bool, *, garbage: bytes = b"") -> Conversation:
        """A keep-alive (RFC 9293 section 3.8.4), one below the next number, and its ACK."""
        self._emit(from_client, ACK, garbage, seq=self.next[from_client] - 1)
        self._emit(not from_client, ACK)
        return self

    def wait(self, ns: int) -> Conversation:
        """Lets time pass."""
        self.now += ns
        return self

    def close(self) -> Conversation:
        """FIN from the client, FIN from the server, last ACK."""
        self._emit(True, FIN | ACK)
        self.next[True] += 1
        self._emit(False, FIN | ACK)
        self.next[False] += 1
        self._emit(True, ACK)
        return self

    def reset(self, from_client: bool) -> Conversation:
        """RST."""
        self._emit(from_client, RST | ACK)
        return self

    # -- what a capture holds of it --------------------------------------------------------------

    def packet(self, segment: Segment, link: Link = "ethernet", ident: int = 0) -> Packet:
        """One segment as a captured packet."""
        src, dst = self.client_host, self.server_host
        if not segment.from_client:
            src, dst = dst, src
        header = TcpHeader(segment.seq, segment.ack, segment.flags, options=segment.options)
        raw = tcp(src.ip, dst.ip, (src.port, dst.port), header, segment.payload)
        return Packet(segment.ts_ns, on_link(ip(src.ip, dst.ip, 6, raw, ident=ident), link))

    def packets(
        self, segments: Iterable[Segment] | None = None, link: Link = "ethernet"
    ) -> list[Packet]:
        """The segments as packets, in time order."""
        chosen = sorted(
            self.segments if segments is None else segments, key=lambda segment: segment.ts_ns
        )
        return [self.packet(segment, link, i & 0xFFFF) for i, segment in enumerate(chosen)]

    def account(self, segments: Iterable[Segment] | None = None) -> Account:
        """Unique and missing payload bytes and packets of each side."""
        chosen = list(self.segments if segments is None else segments)
        sides = [self._side(chosen, from_client) for from_client in (True, False)]
        return Account(
            sides[0][0],
            sides[1][0],
            sides[0][1],
            sides[1][1],
            sum(segment.from_client for segment in chosen),
            sum(not segment.from_client for segment in chosen),
        )

    def _side(self, segments: list[Segment], from_client: bool) -> tuple[int, int]:
        """(unique, missing) payload bytes of one side.

        Keep-alive garbage sits below the stream's first byte or on delivered bytes, so a union of
        ranges that starts at the first payload byte of the script counts it exactly once.
        """
        host = self.client_host if from_client else self.server_host
        floor = host.isn + 1
        ranges = sorted(
            (max(segment.seq, floor), segment.end)
            for segment in segments
            if segment.from_client == from_client and segment.end > max(segment.seq, floor)
        )
        unique, reach = 0, floor
        for low, high in ranges:
            unique += max(0, high - max(low, reach))
            reach = max(reach, high)
        total = sum(size for sender, size in self.bursts if sender == from_client)
        return unique, total - unique


# -- what the network does to it -----------------------------------------------------------------


def drop(segments: Sequence[Segment], *indexes: int) -> list[Segment]:
    """The capture misses these segments (and nothing repeats them)."""
    return [segment for i, segment in enumerate(segments) if i not in indexes]


def drop_side(segments: Sequence[Segment], from_client: bool) -> list[Segment]:
    """The capture misses one direction altogether."""
    return [segment for segment in segments if segment.from_client != from_client]


def retransmit(segments: Sequence[Segment], index: int, delay_ns: int) -> list[Segment]:
    """The capture sees this segment again, delay_ns later."""
    again = replace(segments[index], ts_ns=segments[index].ts_ns + delay_ns)
    return [*segments, again]


def delay(segments: Sequence[Segment], index: int, delay_ns: int) -> list[Segment]:
    """This segment arrives delay_ns later than it should: lost before the capture, then resent."""
    late = replace(segments[index], ts_ns=segments[index].ts_ns + delay_ns)
    return [*segments[:index], late, *segments[index + 1 :]]


def merge_retransmit(
    segments: Sequence[Segment], index: int, following: int, delay_ns: int
) -> list[Segment]:
    """Two segments of one side are resent as a single one that covers both: an overlap."""
    first, second = segments[index], segments[following]
    if first.end != second.seq or first.from_client != second.from_client:
        raise ValueError("segments are not adjacent")
    joined = replace(first, ts_ns=second.ts_ns + delay_ns, payload=first.payload + second.payload)
    return [*segments, joined]


def data_indexes(segments: Sequence[Segment], from_client: bool) -> list[int]:
    """Positions of one side's segments that carry payload."""
    return [i for i, s in enumerate(segments) if s.payload and s.from_client == from_client]


def duplicated(packets: Iterable[Packet], gap_ns: int = 2_000) -> list[Packet]:
    """Every packet twice, as ``-i any`` on a router sees it: second copy on another interface."""
    out: list[Packet] = []
    for packet in packets:
        again = Packet(packet.ts_ns + gap_ns, packet.data, packet.wire_len, packet.interface)
        out.extend((packet, again))
    return sorted(out, key=lambda packet: packet.ts_ns)
