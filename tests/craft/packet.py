"""A captured packet: bytes, time, length on the wire and the interface that saw it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet record.

    Attributes:
        ts_ns: Capture time, nanoseconds UTC.
        data: Captured bytes, from the link-layer header on.
        wire_len: Length on the wire, or None when everything was captured.
        interface: Interface number inside its section (pcapng) or file.
    """

    ts_ns: int
    data: bytes
    wire_len: int | None = None
    interface: int = 0

    @property
    def length(self) -> int:
        """Length on the wire in bytes."""
        return len(self.data) if self.wire_len is None else self.wire_len

    def snapped(self, snaplen: int) -> Packet:
        """The same packet as a capture with that snaplen would hold it."""
        return Packet(self.ts_ns, self.data[:snaplen], self.length, self.interface)

    def shifted(self, delta_ns: int) -> Packet:
        """The same packet at another time."""
        return Packet(self.ts_ns + delta_ns, self.data, self.wire_len, self.interface)
