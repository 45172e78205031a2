"""IP fragments put together again, bounded in number, bytes and age.

RFC 791 section 3.2, RFC 8200 section 4.5. Fragments are rare, so this is Python off the packet
loop: the kernel hands a fragment over and gets the whole datagram back.

Overlaps: of bytes sent twice the first ones count, as they arrived; where the second ones differ
that is counted, because receivers do not agree on what they do (RFC 5722 has IPv6 drop them all).
Age is packet time. What is given up is handed on as far as it is contiguous from its beginning, so
the ports, and a name in the first fragment, are not lost with it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from analyzer.issues import Issue

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_OPEN = 4096
MAX_BYTES = 32 << 20
MAX_PIECES = 512
MAX_AGE_NS = 30_000_000_000
COPY_NS = 10_000_000
MAX_DATAGRAM = 65535
EXTENSIONS = (0, 43, 51, 60, 135, 139, 140)
PROTOCOL_FRAGMENT = 44

Key: TypeAlias = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Fragment:
    """One fragment as it was found.

    Attributes:
        key: Addresses, protocol and identification.
        head: Headers in front of the fragmented part, as the whole datagram has them, but for the
            length.
        offset: Where ``data`` begins in the fragmented part, bytes.
        more: Another fragment follows.
        size: Bytes on the wire.
        data: Those that were captured.
    """

    key: Key
    head: bytes
    offset: int
    more: bool
    size: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Place:
    """Where a packet was found: its time, its number, its input, and what was around it.

    ``around`` is the head of the driver's record (aside.py) and tells capture points apart.
    """

    ts_ns: int
    packet: int
    input_id: int
    around: bytes


@dataclass(frozen=True, slots=True)
class Whole:
    """A datagram, and the place of the fragment that completed it (or came last)."""

    data: bytes
    wire: int
    place: Place


@dataclass(slots=True)
class Datagram:
    """What is there of one datagram."""

    first_ns: int
    last: Place
    head: bytes = b""
    total: int = -1
    pieces: list[Fragment] = field(default_factory=list)
    spans: list[tuple[int, int]] = field(default_factory=list)
    held: int = 0
    clean: bool = True

    def complete(self) -> bool:
        """Every byte was on the wire, and the headers are there."""
        return bool(self.head) and self.spans == [(0, self.total)]


def parse(raw: bytes, wire: int) -> Fragment | None:
    """Reads the headers of a fragment; None when they make no sense.

    Args:
        raw: Captured bytes from the IP header on.
        wire: Bytes on the wire from there to the end of what encloses the packet.
    """
    if len(raw) >= 20 and raw[0] >> 4 == 4:
        return _parse4(raw, wire)
    if len(raw) >= 48 and raw[0] >> 4 == 6:
        return _parse6(raw, wire)
    return None


def _parse4(raw: bytes, wire: int) -> Fragment | None:
    size = (raw[0] & 15) * 4
    total = min(int.from_bytes(raw[2:4]) or wire, wire)
    if size < 20 or total <= size or len(raw) < size:
        return None
    bits = int.from_bytes(raw[6:8])
    head = raw[:6] + b"\0\0" + raw[8:10] + b"\0\0" + raw[12:size]
    return Fragment(
        (4, raw[12:20], raw[9], raw[4:6]),
        head,
        (bits & 0x1FFF) * 8,
        bool(bits & 0x2000),
        total - size,
        raw[size:total],
    )


def _parse6(raw: bytes, wire: int) -> Fragment | None:
    total = min((int.from_bytes(raw[4:6]) or wire - 40) + 40, wire)
    at, link, following = 40, 6, raw[6]  # link: place of the number that names the next header
    for _ in range(16):
        if at + 8 > min(len(raw), total):
            return None
        if following == PROTOCOL_FRAGMENT:
            break
        if following not in EXTENSIONS:
            return None
        size = (raw[at + 1] + 2) * 4 if following == 51 else (raw[at + 1] + 1) * 8
        link, following = at, raw[at]
        at += size
    else:
        return None
    bits = int.from_bytes(raw[at + 2 : at + 4])
    if total <= at + 8:
        return None
    head = raw[:link] + raw[at : at + 1] + raw[link + 1 : at]
    return Fragment(
        (6, raw[8:40], raw[at + 4 : at + 8]),
        head,
        bits & 0xFFF8,
        bool(bits & 1),
        total - at - 8,
        raw[at + 8 : total],
    )


class Fragments:
    """Datagrams that are not complete."""

    def __init__(self) -> None:
        """Starts empty."""
        self.open: dict[Key, Datagram] = {}
        self.held = 0
        self.done: dict[Key, tuple[int, int]] = {}  # datagrams just completed: time and input
        self.counts: dict[tuple[int, str], tuple[int, int]] = {}  # packet seen first, how often

    def take(self, raw: bytes, wire: int, place: Place) -> Iterator[Whole]:
        """Adds one fragment; what it completes, and what had to be given up for it."""
        yield from self.expire(place.ts_ns)
        fragment = parse(raw, wire)
        if fragment is None or fragment.offset + fragment.size > MAX_DATAGRAM:
            self._count("bad-ip-fragment", place)
            return
        key = (place.around, *fragment.key)
        late = self.done.get(key)
        if late is not None and late[1] != place.input_id and place.ts_ns - late[0] <= COPY_NS:
            return  # another file's copy of a datagram that is complete
        datagram = self.open.get(key)
        if datagram is None:
            datagram = self.open[key] = Datagram(place.ts_ns, place)
        datagram.last = place
        self._add(datagram, fragment, place)
        if datagram.complete():
            self._forget(key)
            self.done[key] = (place.ts_ns, place.input_id)
            if len(self.done) > MAX_OPEN:
                del self.done[next(iter(self.done))]
            yield self._whole(datagram, datagram.total)
        while len(self.open) > MAX_OPEN or self.held > MAX_BYTES:
            self._count("ip-fragment-cap", place)
            yield from self._give_up(next(iter(self.open)))

    def expire(self, now_ns: int) -> Iterator[Whole]:
        """Gives up what is older than 30 s at ``now_ns``."""
        while self.open:
            key, oldest = next(iter(self.open.items()))
            if now_ns - oldest.first_ns <= MAX_AGE_NS:
                return
            yield from self._give_up(key)

    def flush(self) -> Iterator[Whole]:
        """Gives up everything: the capture is at its end."""
        while self.open:
            yield from self._give_up(next(iter(self.open)))

    def issues(self) -> list[Issue]:
        """What was counted, by input and kind."""
        return [
            Issue(code, input_id, f"packet {packet}", DETAIL[code], count)
            for (input_id, code), (packet, count) in sorted(self.counts.items())
        ]

    def _add(self, datagram: Datagram, fragment: Fragment, place: Place) -> None:
        start, end = fragment.offset, fragment.offset + fragment.size
        if not fragment.more:
            if datagram.total not in (-1, end) or (datagram.spans and datagram.spans[-1][1] > end):
                self._count("ip-fragment-overlap", place)
                return
            datagram.total = end
        elif 0 <= datagram.total < end:
            self._count("ip-fragment-overlap", place)
            return
        if start == 0 and not datagram.head:
            datagram.head = fragment.head
        if len(datagram.pieces) >= MAX_PIECES:
            self._count("ip-fragment-cap", place)
            return
        before = _covered(datagram.spans)
        datagram.spans = _merge(datagram.spans, start, end)
        if _covered(datagram.spans) - before != fragment.size:
            datagram.clean = False
            if not _agrees(datagram.pieces, fragment):
                self._count("ip-fragment-overlap", place)
            if _covered(datagram.spans) == before:
                return  # nothing new in it
        datagram.pieces.append(fragment)
        datagram.held += len(fragment.data) + len(fragment.head)
        self.held += len(fragment.data) + len(fragment.head)

    def _give_up(self, key: Key) -> Iterator[Whole]:
        datagram = self.open[key]
        self._forget(key)
        self._count("ip-fragment", datagram.last)
        if datagram.head and datagram.spans and datagram.spans[0][0] == 0:
            yield self._whole(datagram, datagram.spans[0][1])

    def _forget(self, key: Key) -> None:
        self.held -= self.open.pop(key).held

    def _count(self, code: str, place: Place) -> None:
        packet, count = self.counts.get((place.input_id, code), (place.packet, 0))
        self.counts[place.input_id, code] = (packet, count + 1)

    @staticmethod
    def _whole(datagram: Datagram, size: int) -> Whole:
        """The datagram's first ``size`` bytes under one header."""
        body = bytearray(size)
        captured: list[tuple[int, int]] = []
        for piece in reversed(datagram.pieces):  # so that the first to arrive is written last
            part = piece.data[: max(size - piece.offset, 0)]
            body[piece.offset : piece.offset + len(part)] = part
            captured = _merge(captured, piece.offset, piece.offset + len(part))
        known = captured[0][1] if captured and captured[0][0] == 0 else 0
        head = bytearray(datagram.head)
        total = len(head) + size
        stated = total if head[0] >> 4 == 4 else total - 40
        place = 2 if head[0] >> 4 == 4 else 4
        head[place : place + 2] = (stated if stated <= MAX_DATAGRAM else 0).to_bytes(2)
        return Whole(bytes(head + body[:known]), total, datagram.last)


def _merge(spans: list[tuple[int, int]], start: int, end: int) -> list[tuple[int, int]]:
    """The union of sorted, disjoint spans and one more."""
    if spans and spans[-1][1] == start:  # in order, as nearly always
        return [*spans[:-1], (spans[-1][0], end)]
    out = []
    for low, high in spans:
        if high < start or low > end:
            out.append((low, high))
        else:
            start, end = min(start, low), max(end, high)
    if end > start:
        out.append((start, end))
    return sorted(out)


def _covered(spans: list[tuple[int, int]]) -> int:
    return sum(high - low for low, high in spans)


def _agrees(pieces: list[Fragment], fragment: Fragment) -> bool:
    """Whether every byte that is there twice is the same."""
    for piece in pieces:
        low = max(piece.offset, fragment.offset)
        high = min(piece.offset + len(piece.data), fragment.offset + len(fragment.data))
        if low < high:
            ours = piece.data[low - piece.offset : high - piece.offset]
            if ours != fragment.data[low - fragment.offset : high - fragment.offset]:
                return False
    return True


DETAIL = {
    "ip-fragment": "expected the other fragments of an IP datagram, found none within 30 s or "
    "before the end; it counts as far as it is there from its beginning",
    "ip-fragment-overlap": "fragments of one datagram contradict each other in the bytes or the "
    "length they give; the first to arrive counts",
    "ip-fragment-cap": "more than 4096 datagrams, 32 MiB or 512 pieces of a datagram in fragments "
    "at once; the oldest datagram, or the piece, was given up",
    "bad-ip-fragment": "the fragment's header makes no sense, or it ends beyond 65535 bytes; it is "
    "lost",
}
