"""One direction of a TCP conversation in sequence space (RFC 9293 section 3.4).

Every byte counts once, however often and in whatever order it comes. Numbers are unwrapped: they
go on behind 2^32, so ranges are plain integers.
"""

from __future__ import annotations

from dataclasses import dataclass, field

MAX_GAP, MAX_BACK = 1 << 26, 1 << 20
MAX_HOLES = 256
"""Enough for any real loss; a forger cannot make the list grow further."""


def distance(a: int, b: int) -> int:
    """How far ``a`` lies ahead of ``b`` modulo 2^32, from -2^31 to 2^31 - 1."""
    return ((a - b + 0x80000000) & 0xFFFFFFFF) - 0x80000000


@dataclass(slots=True)
class Sequence:
    """What was seen of one direction.

    Attributes:
        start: First payload byte known, unwrapped; None before any packet.
        following: The next expected byte.
        bytes: Unique payload bytes seen.
        holes: Missing ranges between ``start`` and ``following``, ascending.
        lost: Missing bytes that were given up for good.
        capped: Holes given up because there were too many.
    """

    start: int | None = None
    following: int = 0
    bytes: int = 0
    holes: list[tuple[int, int]] = field(default_factory=list)
    lost: int = 0
    capped: int = 0

    def begin(self, seq: int) -> None:
        """Takes the first sequence number of a direction as its beginning."""
        if self.start is None:
            self.start = self.following = seq

    def unwrap(self, seq: int) -> int:
        """The number on the wire as a place in the unwrapped sequence space."""
        return self.following + distance(seq, self.following & 0xFFFFFFFF)

    @property
    def missed(self) -> int:
        """Bytes that are not in the capture."""
        return self.lost + sum(end - start for start, end in self.holes)

    def add(self, at: int, size: int, *, opened: bool) -> int:
        """Accounts ``size`` bytes at the unwrapped place ``at``.

        Args:
            at: Where they begin.
            size: How many.
            opened: The SYN was seen, so nothing can lie before the beginning.

        Returns:
            How far the next expected byte moved, holes included.
        """
        end = at + size
        ahead, moved = at - self.following, end - self.following
        if ahead > MAX_GAP:  # a stray segment, not a hole
            self.lost += ahead
            self.bytes += size
            self.following = end
            return size
        if ahead < 0:
            self._fill(at, min(end, self.following))
            if not opened:
                self._extend_back(at, end)
        if moved <= 0:
            return 0
        if ahead > 0:
            self._open(self.following, at)
        self.bytes += min(size, moved)
        self.following = end
        return moved

    def reach(self, base: int) -> int:
        """Bytes from ``base`` up to the first hole, or to the next expected byte."""
        for start, end in self.holes:
            if end > base:
                return max(min(start, self.following) - base, 0)
        return max(self.following - base, 0)

    def _open(self, start: int, end: int) -> None:
        if len(self.holes) == MAX_HOLES:
            first, last = self.holes.pop(0)
            self.lost += last - first
            self.capped += 1
        self.holes.append((start, end))

    def _fill(self, at: int, end: int) -> None:
        left: list[tuple[int, int]] = []
        for start, stop in self.holes:
            low, high = max(start, at), min(stop, end)
            if low >= high:
                left.append((start, stop))
                continue
            self.bytes += high - low
            if start < low:
                left.append((start, low))
            if high < stop:
                left.append((high, stop))
        self.holes = left

    def _extend_back(self, at: int, end: int) -> None:
        """Bytes in front of the first segment of a conversation whose SYN was not seen."""
        assert self.start is not None
        back = self.start - at
        if not 0 < back <= MAX_BACK:
            return
        if end < self.start:
            self.holes.insert(0, (end, self.start))
            self.bytes += end - at
        else:
            self.bytes += back
        self.start = at
