"""Listening to the start of what each side says, and handing on every unit that is complete."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from analyzer.capture.plain.heads import ROOM, Collector, Kind, body_length, kind_of, unit_length
from analyzer.capture.plain.records import State
from analyzer.capture.plain.sequence import distance
from analyzer.capture.plain.server import ALERT_BYTES, before_hello

if TYPE_CHECKING:
    from collections.abc import Callable

    from analyzer.capture.plain.packet import Packet
    from analyzer.capture.plain.state import Marks, Side

DNS_PORT = 53
EARLY_BYTES, MAX_SILENT_GAP, BLANKS = 4096, 1 << 20, 4


class Deliver(Protocol):
    """Takes one unit that a side has sent."""

    def __call__(
        self, number: int, kind: Kind, data: bytes, packet: Packet, cut: bool = False
    ) -> None:
        """Side, kind, bytes, the packet that completed it, and whether it is cut."""
        ...


class Listener:
    """Finds units in one conversation.

    Args:
        sides: The two directions.
        marks: What was recognised so far.
        deliver: Takes every unit.
        saw_hello: Told a side that sent a ClientHello, and how many bytes ago it began.
        saw_flight: Told a side that sent a ServerHello, and its records.
        saw_request: Told a side that sent an HTTP request head.
    """

    def __init__(
        self,
        sides: tuple[Side, Side],
        marks: Marks,
        deliver: Deliver,
        saw_hello: Callable[[int, int], object],
        saw_flight: Callable[[int, bytes], object],
        saw_request: Callable[[int], object],
    ) -> None:
        self._sides = sides
        self._marks = marks
        self._deliver = deliver
        self._saw_hello = saw_hello
        self._saw_flight = saw_flight
        self._saw_request = saw_request
        self._units_seen = 0

    def wait(self, number: int, base: int) -> None:
        """Begins to collect at ``base``: what was sent first is still on its way."""
        self._sides[number].collector = Collector(base, Kind.UNKNOWN)

    def finish(self, packet: Packet) -> None:
        """What was being collected will not be completed."""
        for number, side in enumerate(self._sides):
            collector = side.collector
            if collector is None or collector.kind is Kind.UNKNOWN:
                continue
            usable = min(side.sequence.reach(collector.base), collector.cut, ROOM)
            if usable > 0:
                self.give_up(packet, number, bytes(collector.data[:usable]))

    def behind_gap(
        self, number: int, before: int, at: int, size: int, *, begins: bool
    ) -> int | None:
        """Where to collect from, because what fills a gap may complete a unit; None for nowhere.

        Args:
            before: Where the gap begins.
            at: Where the segment behind it does.
            size: Its bytes.
            begins: Nothing of this side was seen yet but where it starts.
        """
        expected = self._sides[number].next_request
        if expected is None:
            near = at - before < ROOM
            return before if near and (begins or self._may_begin(number, size)) else None
        passed = before > expected or not 0 < at + size - expected < MAX_SILENT_GAP
        return None if passed else expected

    def unblock(self, packet: Packet, number: int, at: int) -> None:
        """Gives up an HTTP message in whose way lies a gap that nobody will fill.

        The peer has acknowledged the missing bytes, so that only the capture lacks them, or a
        mebibyte has followed.
        """
        side, collector = self._sides[number], self._sides[number].collector
        assert collector is not None
        if not side.sequence.holes or not self._marks.http:
            return
        if collector.kind in (Kind.TLS, Kind.DNS):
            return
        have = side.sequence.reach(collector.base)
        stop = collector.base + have
        if at <= stop or have >= ROOM:
            return
        acked = self._sides[1 - number].acked
        missed = acked is not None and distance(acked, stop & 0xFFFFFFFF) > 0
        if missed or at - stop >= MAX_SILENT_GAP:
            self.give_up(packet, number, bytes(collector.data[:have]))
            side.next_request = None

    def feed_again(self, packet: Packet, number: int, at: int, data: bytes, size: int) -> bool:
        """As `feed`; whether a look at the segment itself is due: what was collected is nothing."""
        side = self._sides[number]
        assert side.collector is not None
        undecided, before = side.collector.kind is Kind.UNKNOWN, self._units_seen
        self.feed(packet, number, at, data, size)
        if side.collector is not None:
            return False
        due = side.next_request
        if due is not None:
            if at < due < at + len(data):
                self.look(packet, number, at, data, size, first=False)
            return False
        return undecided and self._units_seen == before

    def _may_begin(self, number: int, size: int) -> bool:
        """Whether TLS may still begin: a short dialogue so far, nothing else known."""
        side, marks = self._sides[number], self._marks
        if side.sequence.bytes - size > EARLY_BYTES or side.records.inside:
            return False
        return not (marks.http or marks.application or marks.dns or marks.ssh)

    def _unexpected(self, number: int, kind: Kind, first: bool) -> bool:
        """Whether bytes that look like this kind cannot be it inside this conversation."""
        marks = self._marks
        if kind not in (Kind.TLS, Kind.FLIGHT, Kind.ALERT):
            return False
        if marks.application and self._sides[number].records.state is State.ON:
            return True
        if kind is Kind.FLIGHT:
            return marks.http and not marks.tls
        return kind is Kind.ALERT and (marks.application or not (first or marks.tls))

    def _blanks(self, number: int, at: int, data: bytes) -> int:
        """Empty lines in front of a message that is due (RFC 9112 section 2.2)."""
        side = self._sides[number]
        if side.next_request != at:
            return 0
        count = len(data[:BLANKS]) - len(data[:BLANKS].lstrip(b"\r\n"))
        side.next_request += count
        return count

    def look(
        self, packet: Packet, number: int, at: int, data: bytes, size: int, first: bool
    ) -> None:
        """Looks for a unit at the start of new contiguous bytes."""
        side = self._sides[number]
        if side.records.inside or not data:
            return
        skip = 0
        if DNS_PORT in (packet.sport, packet.dport):
            if not first and not self._marks.dns:
                return
            kind = Kind.DNS
        else:
            exact = side.next_request is not None and side.next_request >= at
            if exact and side.next_request is not None:
                skip = side.next_request - at
                if skip >= len(data):
                    return
                skip += self._blanks(number, at + skip, data[skip:])
            seen = kind_of(data[skip:])
            possible = first or exact or (data[skip] in (21, 22) and self._may_begin(number, size))
            if seen is Kind.UNKNOWN and not possible:
                return
            if seen is None:
                skip += before_hello(data[skip:])
                seen = kind_of(data[skip:])
            if seen is None:
                side.next_request = None if exact else side.next_request
                return
            kind = seen
            if self._unexpected(number, kind, first):
                return
            if kind is Kind.ALERT:  # a server may warn about the name in front of its hello
                skip += ALERT_BYTES
                if skip >= len(data) or kind_of(data[skip:]) is not Kind.FLIGHT:
                    return
                kind = Kind.FLIGHT
        used = 0
        if kind is not Kind.UNKNOWN:
            used = self._units(packet, number, at + skip, data[skip:], kind)
            if used < 0 or (used == len(data) - skip and len(data) == size):
                return
        skip += used
        if skip > len(data):
            return
        if used and kind is not Kind.DNS:
            kind = kind_of(data[skip:]) or Kind.UNKNOWN
        side.collector = Collector(at + skip, kind)
        self.feed(packet, number, at + skip, data[skip:], size - skip)

    def feed(self, packet: Packet, number: int, at: int, data: bytes, size: int) -> None:
        """Puts a segment's bytes into the collector and delivers what is complete."""
        side, done = self._sides[number], 0
        for _ in range(size // ROOM + 2):
            collector = side.collector
            if collector is None:
                return
            to = at + done - collector.base
            if to < 0:
                done, to = done - to, 0
            if len(data) < size and at + len(data) >= collector.base:
                collector.cut = min(collector.cut, at + len(data) - collector.base)
            if done >= size or to >= ROOM:
                break
            stored = max(min(ROOM - to, len(data) - done), 0)
            collector.put(to, data[done : done + stored])
            base = collector.base
            length = side.sequence.reach(base)
            if done + stored < len(data):
                length = min(length, to + stored)
            self._drain(packet, number, length)
            done += max(stored, 1)
            if done >= len(data) or side.collector is not collector or collector.base == base:
                return

    def _drain(self, packet: Packet, number: int, length: int) -> None:
        """Delivers what is complete in the first ``length`` bytes of the collector."""
        side, collector = self._sides[number], self._sides[number].collector
        assert collector is not None
        usable = min(length, collector.cut, ROOM)
        data = bytes(collector.data[:usable])
        if collector.kind is Kind.UNKNOWN:
            kind = kind_of(data)
            if kind is Kind.UNKNOWN and usable < min(ROOM, collector.cut):
                return
            if kind is None or kind is Kind.UNKNOWN:
                side.collector = None
                return
            collector.kind = kind
        kind = collector.kind
        used = self._units(packet, number, collector.base, data, kind)
        if used < 0 or (used >= usable and kind is not Kind.DNS):
            side.collector = None
        elif (usable == ROOM and used == 0) or (collector.cut < ROOM and length >= collector.cut):
            self.give_up(packet, number, data)
        elif used:
            collector.advance(used)
            if kind is not Kind.DNS:
                collector.kind = kind_of(data[used:]) or Kind.UNKNOWN

    def _units(self, packet: Packet, number: int, at: int, data: bytes, kind: Kind) -> int:
        """Delivers every complete unit; bytes used, or -1 when the rest is no start of one."""
        used = 0
        while used < len(data):
            if used and kind is not Kind.DNS:
                used += self._blanks(number, at + used, data[used:])
            rest = data[used:]
            if used and kind is not Kind.DNS:
                seen = kind_of(rest)
                if seen is Kind.UNKNOWN:
                    return used
                if seen is None:
                    return -1
                kind = seen
            size = unit_length(rest, kind)
            if size <= 0:
                return used if size == 0 else -1
            following = self._complete(packet, number, at + used, rest[:size], kind)
            if following is None:
                return -1
            used += max(following - at - used, size)
        return -1

    def _complete(
        self, packet: Packet, number: int, at: int, data: bytes, kind: Kind
    ) -> int | None:
        """Hands one complete unit on; where the next one may start."""
        side = self._sides[number]
        self._units_seen += 1
        if kind is Kind.TLS:
            self._deliver(number, kind, data, packet)
            self._saw_hello(number, max(side.sequence.following - at, 0))
            side.next_request = None
            return None
        if kind is Kind.FLIGHT:
            self._saw_flight(number, data)
            side.next_request = None
            return None
        if kind is Kind.ALERT:
            return None
        if kind is Kind.RESPONSE:  # the other side asked; answers are not read here
            self._saw_request(1 - number)
            return None
        if kind is Kind.HTTP:
            self._deliver(number, kind, data, packet)
            self._saw_request(number)
            body = body_length(data)
            side.next_request = None if body is None else at + len(data) + body
            return side.next_request
        self._marks.dns = True
        if len(data) >= 14:
            self._deliver(number, kind, data[2:], packet)
        return at + len(data)

    def give_up(self, packet: Packet, number: int, data: bytes) -> None:
        """A unit that will not be completed: what is there of it is handed on as cut."""
        side, collector = self._sides[number], self._sides[number].collector
        assert collector is not None
        if collector.kind is Kind.TLS and len(data) > 9:
            self._deliver(number, Kind.TLS, data, packet, cut=True)
            self._saw_hello(number, 0)
        elif collector.kind is Kind.HTTP:
            self._deliver(number, Kind.HTTP, data, packet, cut=True)
            self._saw_request(number)
            side.next_request = None
        elif collector.kind is Kind.RESPONSE:
            self._saw_request(1 - number)
        elif collector.kind is Kind.FLIGHT and len(data) > 9:
            self._saw_flight(number, data)
        side.collector = None
