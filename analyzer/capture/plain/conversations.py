"""The table of conversations: which packet belongs to which, and when one is over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from analyzer.capture.community import community_id
from analyzer.capture.plain.conversation import Conversation
from analyzer.capture.plain.dns import packed_text
from analyzer.capture.plain.listening import DNS_PORT
from analyzer.capture.plain.packet import ACK, SYN, TCP
from analyzer.issues import Issue

if TYPE_CHECKING:
    from analyzer.capture.plain.packet import Packet
    from analyzer.capture.plain.rows import Rows
    from analyzer.capture.plain.state import Unit

SECOND = 1_000_000_000
IDLE_TCP, IDLE_CLOSED, IDLE_HALF, IDLE_UDP = 3600 * SECOND, 60 * SECOND, 180 * SECOND, 300 * SECOND
IDLE_ANSWERED = 60 * SECOND
MAX_OPEN = 1 << 16
SWEEP_PACKETS = 1 << 14
WEB = (443, 80, 53, 22, 445)
SERVICES = (8080, 8443, 3128, 3306, 5432, 5671, 5672, 6379, 8000, 8888, 9000, 9093)

Key = tuple[int, tuple[bytes, int], tuple[bytes, int]]


class Reader(Protocol):
    """Whoever makes rows of hellos, heads and messages."""

    ech: set[int]

    def read(self, unit: Unit) -> None:
        """Takes one unit."""
        ...


class Conversations:
    """Packets in, rows of ``flows`` out.

    Args:
        rows: Takes the rows.
        reader: Takes what is read in the payload.
        max_open: Conversations kept; beyond it the longest idle are ended early and counted.
    """

    def __init__(self, rows: Rows, reader: Reader, max_open: int = MAX_OPEN) -> None:
        self._rows = rows
        self._reader = reader
        self._open: dict[Key, Conversation] = {}
        self._max_open = max_open
        self._serial = 0
        self._since_sweep = 0
        self._clock = 0
        self._evicted = 0
        self._holes_capped = 0

    def take(self, packet: Packet) -> Conversation:
        """Accounts a packet; the conversation it belongs to."""
        source, target = (packet.src, packet.sport), (packet.dst, packet.dport)
        key = (packet.proto, min(source, target), max(source, target))
        found = self._open.get(key)
        if found is not None and (_is_over(found, packet) or _reopens(found, packet)):
            self._finish(key, found)
            found = None
        if found is None:
            if len(self._open) >= self._max_open:
                self._evict()
            originator, why = guess_originator(packet)
            found = Conversation(self._serial, packet, originator, why, self._reader.read)
            self._serial += 1
            self._open[key] = found
        found.take(packet, 0 if found.end(0) == source else 1)
        self._clock = max(self._clock, packet.ts_ns)
        self._since_sweep += 1
        if self._since_sweep >= SWEEP_PACKETS:
            self._sweep()
        return found

    def finish(self) -> list[Issue]:
        """Ends every conversation; which bounds were hit."""
        for key, conversation in list(self._open.items()):
            self._finish(key, conversation)
        issues = []
        if self._evicted:
            detail = (
                f"more than {self._max_open} conversations open at once: the longest idle ended "
                "early, so their turns are split"
            )
            issues.append(Issue("flow-cap", None, "run", detail, self._evicted, True))
        if self._holes_capped:
            detail = "too many holes in one direction: the oldest counts as missed for good"
            issues.append(Issue("hole-cap", None, "run", detail, self._holes_capped))
        return issues

    def _sweep(self) -> None:
        self._since_sweep = 0
        for key, conversation in list(self._open.items()):
            if self._clock - conversation.ends.end_ns > idle_limit(conversation):
                self._finish(key, conversation)

    def _evict(self) -> None:
        order = sorted(self._open.items(), key=lambda item: item[1].ends.end_ns)
        for key, conversation in order[: max(len(order) // 8, 1)]:
            self._finish(key, conversation)
            self._evicted += 1

    def _finish(self, key: Key, conversation: Conversation) -> None:
        del self._open[key]
        conversation.finish()
        self._holes_capped += sum(side.sequence.capped for side in conversation.sides)
        ech = conversation.flow_id in self._reader.ech
        self._reader.ech.discard(conversation.flow_id)
        self._rows.add("flows", **flow_row(conversation, ech=ech))


def idle_limit(conversation: Conversation) -> int:
    """How long a conversation may be silent, in nanoseconds of packet time."""
    first, (a, b) = conversation.first, conversation.sides
    if first.proto != TCP:
        answered = DNS_PORT in (first.sport, first.dport) and a.packets and b.packets
        return IDLE_ANSWERED if answered else IDLE_UDP
    if conversation.reset or (a.fin and b.fin):
        return IDLE_CLOSED
    if a.syn != b.syn and (a.sequence.start is None or b.sequence.start is None):
        return IDLE_HALF
    return IDLE_TCP


def _is_over(conversation: Conversation, packet: Packet) -> bool:
    return packet.ts_ns - conversation.ends.end_ns > idle_limit(conversation)


def _reopens(conversation: Conversation, packet: Packet) -> bool:
    """Whether this SYN opens another conversation on the same 5-tuple."""
    if packet.proto != TCP or not packet.flags & SYN:
        return False
    number = 0 if conversation.end(0) == (packet.src, packet.sport) else 1
    sequence = conversation.sides[number].sequence
    if sequence.start is None or (packet.seq + 1 - sequence.start) & 0xFFFFFFFF == 0:
        return False
    if packet.flags & ACK:  # the peer's SYN would say so, if the capture had the peer
        return not conversation.sides[1 - number].packets and sequence.bytes > 0
    return True


def guess_originator(packet: Packet) -> tuple[int, str]:
    """Who is the originator (0 the sender), before a SYN or a request says so, and why."""
    source, target = _service_rank(packet.sport), _service_rank(packet.dport)
    if source != target:
        return (0 if target > source else 1), "port"
    if packet.sport == DNS_PORT and packet.proto != TCP and len(packet.payload) >= 3:
        return (1 if packet.payload[2] & 0x80 else 0), "port"
    near, far = _is_private(packet.src), _is_private(packet.dst)
    if near != far:
        return (0 if near else 1), "private"
    return 0, "first"


def _service_rank(port: int) -> int:
    """How likely a port is the server's."""
    if port in WEB:
        return 4
    if port < 1024:
        return 3
    if port in SERVICES:
        return 2
    return 1 if port < 32768 else 0


def _is_private(address: bytes) -> bool:
    """Addresses that are not routed globally (RFC 1918, 6598, 4193, 3927, 4291)."""
    if len(address) == 4:
        a, b = address[0], address[1]
        return (
            a in (10, 127)
            or (a == 172 and b >> 4 == 1)
            or (a, b) in ((192, 168), (169, 254))
            or (a == 100 and b >> 6 == 1)
        )
    top = int.from_bytes(address[:2], "big")
    return top & 0xFE00 == 0xFC00 or top & 0xFFC0 == 0xFE80 or address == bytes(15) + b"\1"


def flow_row(conversation: Conversation, *, ech: bool) -> dict[str, object]:
    """The ``flows`` row of a finished conversation."""
    number, first, ends = conversation.originator, conversation.first, conversation.ends
    own, other = conversation.sides[number], conversation.sides[1 - number]
    (orig, orig_port), (resp, resp_port) = conversation.end(number), conversation.end(1 - number)
    orig_ip, resp_ip = packed_text(orig), packed_text(resp)
    is_tcp = first.proto == TCP
    ended = conversation.reset or (own.fin and other.fin)
    row: dict[str, object] = {
        "flow_id": conversation.flow_id,
        "input_id": first.input_id,
        "community_id": community_id(first.proto, orig_ip, orig_port, resp_ip, resp_port),
        "start_ns": ends.start_ns,
        "end_ns": ends.end_ns,
        "proto": "tcp" if is_tcp else "udp",
        "orig_ip": orig_ip,
        "orig_port": orig_port,
        "resp_ip": resp_ip,
        "resp_port": resp_port,
        "orientation": conversation.why,
        "orig_bytes": own.sequence.bytes,
        "resp_bytes": other.sequence.bytes,
        "orig_pkts": own.packets,
        "resp_pkts": other.packets,
        "orig_missed_bytes": own.sequence.missed,
        "missed_bytes": own.sequence.missed + other.sequence.missed,
        "duplicate_pkts": conversation.duplicates,
        "app": conversation.marks.app,
        "open_at_start": is_tcp and not (own.syn or other.syn),
        "open_at_end": is_tcp and not ended,
        "one_sided": "resp" if not own.packets else "orig" if not other.packets else None,
        "orig_app_bytes": own.app if conversation.marks.tls else None,
        "resp_app_bytes": other.app if conversation.marks.tls else None,
        "ech": "offered" if ech else None,
        "bytes_grade": "measured",
        "first_packet": ends.first_packet,
        "last_packet": ends.last_packet,
    }
    if first.encapsulation is not None:
        row["encapsulation"] = first.encapsulation
    if first.outer is not None:
        source, target = (packed_text(address) for address in first.outer)
        ends_outside = (target, source) if number else (source, target)
        row["outer_orig_ip"], row["outer_resp_ip"] = ends_outside
    if own.packets and (is_tcp or other.packets):
        row.update(conversation.turns.figures)
        row["median_request"] = conversation.turns.median_request()
    return row
