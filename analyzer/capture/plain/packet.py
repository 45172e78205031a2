"""One decoded packet, whoever decoded it."""

from __future__ import annotations

from dataclasses import dataclass

TCP, UDP = 6, 17
FIN, SYN, RST, ACK = 1, 2, 4, 16


@dataclass(slots=True)
class Packet:
    """A TCP segment or UDP datagram.

    Attributes:
        input_id: Input it is in.
        number: Its number there, from 1.
        ts_ns: Time, nanoseconds since 1970 UTC.
        interface: What tells capture points of one input apart.
        src: Source address, 4 or 16 bytes.
        dst: Destination address.
        proto: 6 or 17.
        sport: Source port.
        dport: Destination port.
        size: Payload bytes on the wire.
        payload: Those of them that were captured.
        ip_id: IPv4 identification or IPv6 flow label; copies of a packet share it.
        seq: TCP sequence number as on the wire.
        ack: TCP acknowledgement number.
        flags: TCP flags.
        outer: Source and destination of the outermost IP header around this one, None for none.
        encapsulation: What the packet is wrapped in, as in the ``flows`` table.
    """

    input_id: int
    number: int
    ts_ns: int
    interface: int
    src: bytes
    dst: bytes
    proto: int
    sport: int
    dport: int
    size: int
    payload: bytes
    ip_id: int = 0
    seq: int = 0
    ack: int = 0
    flags: int = 0
    outer: tuple[bytes, bytes] | None = None
    encapsulation: str | None = None
