"""TLS records along one direction (RFC 8446 section 5.1, RFC 5246 section 6.2).

Only record headers are read; what protection adds to a record follows from the cipher suite that
the server chose (server), 17 bytes as in TLS 1.3 when that was not seen. A hole over a header loses
the place: what follows counts as payload until the next plausible header of application data.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

HEADER, MAX_RECORD = 5, 18432
APPLICATION_DATA, OVERHEAD, ALERT_SIZE = 23, 17, 19


class State(Enum):
    """Whether records are followed."""

    OFF = 0
    ON = 1
    LOST = 2


def plausible(data: bytes) -> int:
    """Content type when a TLS record header may stand at the beginning, else 0."""
    if len(data) < HEADER or not 20 <= data[0] <= 23 or data[1] != 3 or data[2] > 4:
        return 0
    return data[0] if 0 < int.from_bytes(data[3:5], "big") <= MAX_RECORD else 0


def application_payload(size: int, added: int) -> int:
    """What a record body of that size carries; one of 19 bytes is an alert in TLS 1.3."""
    return 0 if size == ALERT_SIZE and added == OVERHEAD else max(size - added, 0)


class Records:
    """Follows the records of one direction.

    Args:
        on_application: Told each application-data record's body size, and how many bytes of the
            segment are behind its first byte.
        on_unknown: Told bytes that may be payload, because the place among records is lost.
        on_garbage: Told that something else than records follows.
    """

    def __init__(
        self,
        on_application: Callable[[int, int], None],
        on_unknown: Callable[[int], None],
        on_garbage: Callable[[], None],
    ) -> None:
        self.state = State.OFF
        self.left = 0
        self.head = bytearray()
        self._application = on_application
        self._unknown = on_unknown
        self._garbage = on_garbage

    @property
    def inside(self) -> bool:
        """A record, or its header, is under way."""
        return self.left > 0 or bool(self.head)

    def step_over(self, size: int) -> int | None:
        """Steps over bytes that the capture does not hold.

        Returns:
            How many of them may be payload because the place is lost; None when it is not.
        """
        if self.state is State.OFF:
            return None
        if self.left >= size and self.left > 0:
            self.left -= size
            return None
        unknown = size - self.left
        self.state, self.left = State.LOST, 0
        return unknown

    def follow(self, data: bytes, behind: int) -> None:
        """Steps over new contiguous bytes.

        Args:
            data: The bytes.
            behind: Bytes of the segment behind them that were not captured.
        """
        at = 0
        if self.state is State.LOST:
            at = self._resync(data)
            self._unknown(at + (behind if at == len(data) else 0))
            if at == len(data):
                return
            self.state, self.left = State.ON, 0
            self.head.clear()
        while at < len(data):
            if self.left:
                step = min(self.left, len(data) - at)
                at += step
                self.left -= step
                continue
            self.head.append(data[at])
            at += 1
            if self._wrong_head():
                self.state = State.LOST
                self._garbage()
                self._unknown(len(data) - at + behind)
                return
            if len(self.head) == HEADER:
                self.left = int.from_bytes(self.head[3:], "big")
                kind = self.head[0]
                self.head.clear()
                if kind == APPLICATION_DATA:
                    self._application(self.left, len(data) - at + behind + HEADER)

    def _wrong_head(self) -> bool:
        head = self.head
        if len(head) == 1:
            return not 20 <= head[0] <= 24
        if len(head) == 2:
            return head[1] != 3
        return len(head) == HEADER and int.from_bytes(head[3:], "big") > MAX_RECORD

    @staticmethod
    def _resync(data: bytes) -> int:
        at = data.find(APPLICATION_DATA)
        while at >= 0:
            if plausible(data[at : at + HEADER]):
                return at
            at = data.find(APPLICATION_DATA, at + 1)
        return len(data)
