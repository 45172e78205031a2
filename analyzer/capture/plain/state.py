"""What is known of a conversation: its two sides, what was recognised, and units handed on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from analyzer.capture.plain.sequence import Sequence

if TYPE_CHECKING:
    from analyzer.capture.plain.heads import Collector, Kind
    from analyzer.capture.plain.packet import Packet
    from analyzer.capture.plain.records import Records


@dataclass(frozen=True, slots=True)
class Unit:
    """A hello, head or message for whoever reads it.

    Attributes:
        kind: What it is.
        data: Its bytes; a DNS message without length prefix.
        packet: The packet that completed it.
        source: Address and port of the side that sent it.
        target: Those of the other side.
        flow_id: Conversation that carries it.
        cut: It was not captured to its end.
    """

    kind: Kind
    data: bytes
    packet: Packet
    source: tuple[bytes, int]
    target: tuple[bytes, int]
    flow_id: int
    cut: bool


class Side:
    """One direction of a conversation."""

    def __init__(self, records: Records) -> None:
        self.packets = 0
        self.sequence = Sequence()
        self.records = records
        self.collector: Collector | None = None
        self.next_request: int | None = None
        self.app = 0
        self.acked: int | None = None
        self.home: int | None = None
        self.recent: list[object] = []
        self.recent_ns = 0
        self.recent_from: tuple[int, int] = (0, 0)
        self.syn = self.fin = False


@dataclass(slots=True)
class Marks:
    """What was recognised in the payload."""

    tls: bool = False
    application: bool = False
    joined: bool = False
    http: bool = False
    ssh: bool = False
    dns: bool = False
    reopened: bool = False
    overhead: int | None = None

    @property
    def in_handshake(self) -> bool:
        """A TLS handshake is under way."""
        return self.tls and not self.application

    @property
    def app(self) -> str | None:
        """The protocol, as in the ``flows`` table."""
        names = (("tls", self.tls), ("http", self.http), ("dns", self.dns), ("ssh", self.ssh))
        return next((name for name, seen in names if seen), None)


@dataclass(slots=True)
class Ends:
    """First and last packet."""

    start_ns: int
    end_ns: int
    first_packet: int
    last_packet: int
    last: Packet = field(repr=False)
