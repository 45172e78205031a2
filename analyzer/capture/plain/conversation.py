"""One conversation: orientation, unique bytes, turns, records and heads, packet by packet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.capture.plain.heads import ROOM, Kind
from analyzer.capture.plain.listening import DNS_PORT, Listener
from analyzer.capture.plain.packet import ACK, FIN, RST, SYN, TCP
from analyzer.capture.plain.records import (
    APPLICATION_DATA,
    HEADER,
    OVERHEAD,
    Records,
    State,
    application_payload,
    plausible,
)
from analyzer.capture.plain.sequence import distance
from analyzer.capture.plain.server import before_hello, record_overhead
from analyzer.capture.plain.state import Ends, Marks, Side, Unit
from analyzer.capture.plain.turns import Turns

if TYPE_CHECKING:
    from collections.abc import Callable

    from analyzer.capture.plain.packet import Packet

COPY_NS = 10_000_000
MAX_ACK_STEP, MAX_SILENT_GAP = 1 << 30, 1 << 20
RECENT = 4
FINISHED_MAX = 96
WHYS = ("syn", "hello", "http", "port", "private", "first")
"""What says who the originator is, strongest first."""


class Conversation:
    """The state of one 5-tuple between its first packet and its end.

    Args:
        flow_id: Its number.
        packet: Its first packet, which is not accounted yet.
        originator: Side of the originator as first guessed: 0 is who sent the first packet.
        why: What the guess is founded on (WHYS).
        deliver: Takes every unit.
    """

    def __init__(
        self,
        flow_id: int,
        packet: Packet,
        originator: int,
        why: str,
        deliver: Callable[[Unit], object],
    ) -> None:
        self.flow_id = flow_id
        self.first = packet
        self.originator = originator
        self.why = why
        self.sides = (Side(self._records(0)), Side(self._records(1)))
        self.turns = Turns()
        self.marks = Marks()
        self.duplicates = 0
        self.last_was_copy = False
        self.reset = False
        self.ends = Ends(packet.ts_ns, packet.ts_ns, packet.number, packet.number, packet)
        self._deliver = deliver
        self.listener = Listener(
            self.sides,
            self.marks,
            self._hand_over,
            self._saw_hello,
            self._saw_flight,
            self._saw_request,
        )

    def end(self, number: int) -> tuple[bytes, int]:
        """Address and port of a side."""
        first = self.first
        return (first.dst, first.dport) if number else (first.src, first.sport)

    # --- the packet ---------------------------------------------------------------------------

    def take(self, packet: Packet, number: int) -> None:
        """Accounts a packet that side ``number`` sent."""
        copies = self.duplicates
        if packet.proto == TCP:
            self._segment(packet, number)
        else:
            self._datagram(packet, number)
        self.last_was_copy = self.duplicates > copies
        ends = self.ends
        ends.end_ns = max(ends.end_ns, packet.ts_ns)
        ends.last_packet, ends.last = packet.number, packet

    def _datagram(self, packet: Packet, number: int) -> None:
        side = self.sides[number]
        source = (packet.input_id, packet.interface)
        mark = (packet.ip_id, packet.size, packet.payload[:64])
        elsewhere = packet.interface != side.home or source != side.recent_from
        near = side.packets and packet.ts_ns - side.recent_ns <= COPY_NS
        if near and elsewhere and mark in side.recent:
            self.duplicates += 1
            return
        if not side.packets:
            side.home = packet.interface
        side.recent = [*side.recent, mark][-RECENT:]
        side.recent_ns, side.recent_from = packet.ts_ns, source
        side.packets += 1
        side.sequence.bytes += packet.size
        if packet.size:
            self._sent(number, packet.size)
        if DNS_PORT in (packet.sport, packet.dport) and len(packet.payload) >= 12:
            self.marks.dns = True
            cut = len(packet.payload) < packet.size
            self._hand_over(number, Kind.DNS, packet.payload, packet, cut)

    def _segment(self, packet: Packet, number: int) -> None:
        side, sequence = self.sides[number], self.sides[number].sequence
        flags, size = packet.flags, packet.size
        seq = (packet.seq + 1) & 0xFFFFFFFF if flags & SYN else packet.seq
        known = sequence.start is not None
        at = sequence.unwrap(seq) if known else seq
        fresh = size > 0 and (not known or at + size > sequence.following)
        if self._is_copy(packet, side, (seq, packet.ack, size, flags, packet.ip_id), fresh):
            self.duplicates += 1
            return
        self._flags_seen(number, flags)
        if not known and not flags & RST:
            sequence.begin(seq)
        elif flags & SYN and flags & ACK and at != sequence.following:
            self._answered_again(number, seq)
        if flags & ACK and not flags & RST:
            self._acknowledged(number, packet.ack)
        if size > 0 and self.marks.reopened and not sequence.bytes and not flags & SYN:
            self._first_data(number)
        at = sequence.unwrap(seq) if sequence.start is not None else seq
        ahead = at - sequence.following if sequence.start is not None else 0
        if size == 0 and 0 < ahead <= MAX_SILENT_GAP and not flags & (RST | SYN):
            # a FIN takes a sequence number: one byte ahead may be a FIN that the capture missed
            ended = side.fin and not flags & FIN
            if not ended and (ahead > 1 or flags & FIN):
                if not sequence.bytes and side.collector is None and ahead < ROOM:
                    self.listener.wait(number, sequence.following)  # a FIN may have overtaken it
                sequence.add(at, 0, opened=side.syn)
                self._sent(number, ahead)
                self._step_over(number, ahead)
        if size > 0:
            sequence.begin(seq)
            self._payload(packet, number, at)

    def _is_copy(self, packet: Packet, side: Side, mark: tuple[int, ...], fresh: bool) -> bool:
        """Whether this is another capture point's copy of a packet already counted."""
        source = (packet.input_id, packet.interface)
        if side.packets and packet.ts_ns - side.recent_ns <= COPY_NS:
            if mark in side.recent and source != side.recent_from:
                return True
            if not fresh and packet.interface != side.home:
                return True
        if not side.packets:
            side.home = packet.interface
        side.recent, side.recent_ns, side.recent_from = [mark], packet.ts_ns, source
        side.packets += 1
        return False

    def _flags_seen(self, number: int, flags: int) -> None:
        if flags & SYN:
            self.sides[number].syn = True
            if self.why != "syn":
                self.originator = number if not flags & ACK else 1 - number
                self.why = "syn"
        if flags & FIN:
            self.sides[number].fin = True
        if flags & RST:
            self.reset = True

    def _answered_again(self, number: int, seq: int) -> None:
        """A SYN/ACK with another number than the last one: the peer's ACK decides (RFC 9293)."""
        sequence = self.sides[number].sequence
        if sequence.bytes:
            return
        self.marks.reopened = True
        if self.sides[1 - number].acked != sequence.start:
            sequence.start = sequence.following = seq

    def _first_data(self, number: int) -> None:
        """Before the first byte of a side that gave several numbers."""
        sequence, confirmed = self.sides[number].sequence, self.sides[1 - number].acked
        if confirmed is not None:
            sequence.start = sequence.following = confirmed

    def _acknowledged(self, number: int, ack: int) -> None:
        """Takes the responder's bytes from ACK numbers while none of its packets is there."""
        side, other = self.sides[number], self.sides[1 - number]
        if not other.packets and self.originator == number and side.acked is not None:
            step = distance(ack, side.acked)
            if step <= 0:
                return
            if step <= MAX_ACK_STEP:
                self._sent(1 - number, step)
        side.acked = ack

    # --- payload ------------------------------------------------------------------------------

    def _payload(self, packet: Packet, number: int, at: int) -> None:
        side, sequence, data = self.sides[number], self.sides[number].sequence, packet.payload
        before, first = sequence.following, sequence.bytes == 0
        begun = sequence.start is not None
        ahead = at - before
        moved = sequence.add(at, packet.size, opened=side.syn)
        if moved > 0:
            self._sent(number, moved)
        old = min(max(-ahead, 0), len(data))
        listener = self.listener
        if side.collector is not None and ahead <= 0 and moved > 0:
            listener.unblock(packet, number, at)
        held, nothing = side.collector is not None, False
        if held:
            nothing = listener.feed_again(packet, number, at, data, packet.size)
        if (not held or nothing) and moved > 0 and ahead <= 0:
            listener.look(packet, number, at + old, data[old:], packet.size - old, first)
        elif not held and moved > 0 and ahead > 0:
            base = listener.behind_gap(number, before, at, packet.size, begins=first and begun)
            if base is not None:
                listener.wait(number, base)
                listener.feed(packet, number, at, data, packet.size)
        if moved <= 0:
            return
        if first and ahead <= 0 and data[:4] == b"SSH-":
            self.marks.ssh = True
        if ahead > 0:
            self._step_over(number, moved - packet.size)
        request = before_hello(data[old:]) if first else 0
        self._begin_records(number, data[old + request :], first)
        behind = packet.size - len(data)
        if side.records.state is not State.OFF:
            side.records.follow(data[old + request :], behind)
            if behind and side.records.state is State.ON:
                self._step_over(number, behind)

    def _hand_over(
        self, number: int, kind: Kind, data: bytes, packet: Packet, cut: bool = False
    ) -> None:
        ends = self.end(number), self.end(1 - number)
        self._deliver(Unit(kind, data, packet, *ends, self.flow_id, cut))

    # --- who is who, TLS ----------------------------------------------------------------------

    def _orient(self, number: int, why: str) -> None:
        """A request names the originator, unless something stronger has done so."""
        if WHYS.index(self.why) > WHYS.index(why):
            if self.originator != number:
                self.originator = number
                self.turns = Turns()
            self.why = why

    def _saw_request(self, number: int) -> None:
        self._orient(number, "http")
        self.marks.http = True

    def _saw_hello(self, number: int, tail: int) -> None:
        self._orient(number, "hello")
        if number != self.originator:
            return
        again = self.marks.in_handshake  # behind a HelloRetryRequest: all of it is handshake
        if not self.marks.tls or self.sides[number].records.state is State.OFF:
            self.marks.application = False
        self.marks.tls = True
        self.turns.restart(tail, handshake=again)

    def _saw_flight(self, number: int, data: bytes) -> None:
        """A ServerHello: the other side asked, and the cipher suite is chosen."""
        self._orient(1 - number, "hello")
        self.marks.overhead = record_overhead(data) or self.marks.overhead
        self.marks.tls = True

    def _sent(self, number: int, size: int) -> None:
        self.turns.sent(
            number == self.originator,
            size,
            in_handshake=self.marks.in_handshake,
            tls=self.marks.tls,
        )

    def _records(self, number: int) -> Records:
        def application(size: int, tail: int) -> None:
            side, added = self.sides[number], self.marks.overhead or OVERHEAD
            hidden = added == OVERHEAD  # TLS 1.3: handshake and alerts look like application data
            payload = application_payload(size, added)
            if number != self.originator:
                if not hidden or self.marks.application or not self.sides[1 - number].packets:
                    side.app += payload
                return
            if not self.marks.application:
                self.marks.application = True
                self.turns.restart(tail, handshake=True)
                if hidden and size <= FINISHED_MAX and not self.marks.joined:
                    return  # TLS 1.3: Finished
            side.app += payload
            self.turns.app += payload
            if self.turns.first is None:
                self.turns.first = payload

        def unknown(size: int) -> None:
            self._unplaced(number, size)

        def garbage() -> None:
            if number == self.originator:
                self.marks.application = True  # not a handshake any more: judge what follows

        return Records(application, unknown, garbage)

    def _begin_records(self, number: int, data: bytes, first: bool) -> None:
        """Turns the record follower on where a segment starts with a record header."""
        records, marks = self.sides[number].records, self.marks
        if records.state is not State.OFF or (marks.http and not marks.tls):
            return
        kind = plausible(data[:HEADER])
        if kind == 0:
            if first and marks.tls:
                records.state = State.LOST
            return
        if kind == APPLICATION_DATA and not marks.tls:
            marks.application = marks.joined = True
        elif not marks.tls and not first:
            return  # a handshake inside a conversation starts with a ClientHello
        marks.tls = True
        records.state = State.ON

    def _step_over(self, number: int, size: int) -> None:
        """Bytes that the capture does not hold."""
        unknown = self.sides[number].records.step_over(size)
        if unknown is None:
            return
        self._unplaced(number, unknown)
        if number != self.originator:
            return
        if self.marks.in_handshake and self.turns.down > 0:
            self.marks.application = True
            self.turns.restart(size, handshake=True)
            self.turns.app = unknown
        self.marks.application = True

    def _unplaced(self, number: int, size: int) -> None:
        """Counts bytes as application payload whose records are not known."""
        self.sides[number].app += size
        if number == self.originator:
            self.turns.app += size

    # --- the end ------------------------------------------------------------------------------

    def finish(self) -> None:
        """Ends the conversation: what was being collected, and the last turn."""
        self.listener.finish(self.ends.last)
        own = self.sides[self.originator].records
        if own.state is State.ON and own.left:  # announced and not sent to its end
            self.turns.app = max(self.turns.app - own.left, 0)
        for side in self.sides:
            if side.records.state is State.ON:
                side.app = max(side.app - side.records.left, 0)
        self.turns.close(tls=self.marks.tls, handshake=self.marks.in_handshake)
