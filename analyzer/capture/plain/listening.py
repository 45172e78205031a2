"""Listening to the start of what each side says, and handing on every unit that is complete."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from analyzer.capture.plain.heads import ROOM, Collector, Kind, body_length, kind_of, unit_length
from analyzer.capture.plain.records import State

if TYPE_CHECKING:
    from collections.abc import Callable

    from analyzer.capture.plain.packet import Packet
    from analyzer.capture.plain.state import Marks, Side

DNS_PORT = 53


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
        saw_request: Told a side that sent an HTTP request head.
    """

    def __init__(
        self,
        sides: tuple[Side, Side],
        marks: Marks,
        deliver: Deliver,
        saw_hello: Callable[[int, int], object],
        saw_request: Callable[[int], object],
    ) -> None:
        self._sides = sides
        self._marks = marks
        self._deliver = deliver
        self._saw_hello = saw_hello
        self._saw_request = saw_request

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
            seen = kind_of(data[skip:])
            if seen is None or (seen is Kind.UNKNOWN and not (first or exact)):
                return
            kind = seen
            encrypted = self._marks.application and side.records.state is State.ON
            if kind is Kind.TLS and encrypted:
                return
        used = 0
        if kind is not Kind.UNKNOWN:
            used = self._units(packet, number, at + skip, data[skip:], kind)
            if used < 0 or (used == len(data) - skip and len(data) == size):
                return
        skip += used
        if skip > len(data):
            return
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

    def _units(self, packet: Packet, number: int, at: int, data: bytes, kind: Kind) -> int:
        """Delivers every complete unit; bytes used, or -1 when the rest is no start of one."""
        used = 0
        while used < len(data):
            rest = data[used:]
            if kind is not Kind.DNS:
                seen = kind_of(rest)
                if seen is not kind:
                    return used if seen is Kind.UNKNOWN and used > 0 else -1
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
        if kind is Kind.TLS:
            self._deliver(number, kind, data, packet)
            self._saw_hello(number, max(side.sequence.following - at, 0))
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
        side.collector = None
