"""Marks the packets of given conversations: fragments and aggregates with what they make up.

The kernel (pick.py) decides packet by packet. What the engine sets aside (aside.py) is put together
here in the same way, and the verdict on the whole is that on each of its parts: all fragments of a
datagram are marked, also those that came before the one with the ports, and the copies of them
that another capture point has.
"""

from __future__ import annotations

import ipaddress
import secrets
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from analyzer.capture.aside import Aside, Record, place_of
from analyzer.capture.fragments import COPY_NS, MAX_AGE_NS, Place, Whole, parse
from analyzer.capture.layout import (
    AT_IP,
    BLOCK_DSB,
    FOREVER,
    K_A_HI,
    K_A_LO,
    K_B_HI,
    K_B_LO,
    K_END,
    K_FIRST,
    K_INPUT,
    K_KEY,
    K_PKTS,
    K_SIZE,
    K_START,
    N_HITS,
    N_MASK,
    N_RECORD,
    N_SEED,
    N_SIZE,
    R_BIG,
    R_BLOCK,
    R_POS,
    WALK_ASIDE,
    WALK_BAD,
    WALK_BLOCK,
    WALK_GROW,
    WALK_ICMP,
    WALK_LIMIT,
    WALK_MORE,
    X_AT,
    X_CAP_END,
    X_L4,
    X_LAYER,
    X_NEXT,
    X_PROTO,
    X_SIZE,
    X_WIRE_END,
)
from analyzer.capture.pick import ICMP, enter, pick
from analyzer.capture.rewalk import FAULTS, step_over

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analyzer.capture.cursor import Cursor
    from analyzer.capture.types import Bytes, Ints

Packets = tuple[tuple[int, int], ...]
"""(input, packet number) pairs."""

MAX_GROUPS = 8192
MAX_MEMBERS = 1024
MAX_SECRETS = 16 << 20
ICMP_ERRORS = {4: (3, 4, 5, 11, 12), 6: (1, 2, 3, 4)}
"""Types that quote the packet they are about (RFC 792, RFC 4443)."""
ICMP_HEAD = 8
ICMP_DELAY_NS = 5_000_000_000
FIRST_BITS = 1 << 16


@dataclass(frozen=True, slots=True)
class Conversation:
    """What is looked for.

    Attributes:
        proto: 6 or 17.
        ends: Addresses and ports of both sides.
        start_ns: Time of its first packet.
        end_ns: Time of its last packet.
        input_id: Input that holds the first packet.
        first_packet: Its number there.
    """

    proto: int
    ends: tuple[tuple[str, int], tuple[str, int]]
    start_ns: int
    end_ns: int
    input_id: int
    first_packet: int


@dataclass(slots=True)
class Group:
    """The fragments of one datagram."""

    first_ns: int
    packets: list[tuple[int, int]] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)
    wanted: bool = False
    whole: tuple[int, int] | None = None
    """Time and input of the fragment that completed it."""


def _signed(value: int) -> int:
    return value - (1 << 64) if value >> 63 else value


def _words(address: str) -> tuple[int, int, int]:
    """Version and the two halves of an address as the registers hold it."""
    ip = ipaddress.ip_address(address)
    number = int(ip) if ip.version == 6 else 0xFFFF00000000 | int(ip)
    return ip.version, _signed(number >> 64), _signed(number & ((1 << 64) - 1))


def table_of(conversations: Sequence[Conversation], n: Ints) -> tuple[Ints, list[int]]:
    """The kernel's table, and the row of each conversation in it.

    Args:
        conversations: What is looked for.
        n: Counters; the seed is read, the mask is set.
    """
    size = 1 << max(2 * len(conversations) + 1, 8).bit_length()
    n[N_MASK] = size - 1
    k = np.zeros((size, K_SIZE), dtype=np.int64)
    rows = []
    for each in conversations:
        (va, ah, al), (vb, bh, bl) = (_words(address) for address, _ in each.ends)
        if va != vb:
            raise ValueError(f"addresses of two families: {each.ends}")
        a, b = (ah, al, each.ends[0][1]), (bh, bl, each.ends[1][1])
        a, b = min(a, b), max(a, b)
        key = (va << 40) | (each.proto << 32) | (a[2] << 16) | b[2]
        row = np.zeros(K_SIZE, dtype=np.int64)
        row[K_KEY] = key
        row[K_A_HI], row[K_A_LO], row[K_B_HI], row[K_B_LO] = a[0], a[1], b[0], b[1]
        row[K_START], row[K_END] = each.start_ns, each.end_ns
        row[K_INPUT], row[K_FIRST] = each.input_id, each.first_packet
        rows.append(int(enter(n, k, row)))
    return k, rows


class Picker:
    """A visitor (rewalk.py) that marks packets.

    Args:
        conversations: What is looked for.
        icmp: Also ICMP errors that quote a packet of them, up to 5 s behind the end.

    Attributes:
        bits: By input, one bit for each packet, numbered from 1.
        secrets: Kind and content of the decryption secrets blocks, in the order read.
        secrets_dropped: Blocks beyond 16 MiB of them.
        given_up: Datagrams in fragments that were forgotten, because there were too many.
        icmp_errors: ICMP errors that were marked.
    """

    def __init__(self, conversations: Sequence[Conversation], *, icmp: bool = False) -> None:
        self.bits: dict[int, Bytes] = {}
        self.secrets: list[tuple[int, bytes]] = []
        self.secrets_dropped = 0
        self.given_up = 0
        self.icmp_errors = 0
        self._icmp = icmp
        self._secret_bytes = 0
        self._n = np.zeros(N_SIZE, dtype=np.int64)
        self._n[N_SEED] = secrets.randbits(62)
        self._x = np.zeros(X_SIZE, dtype=np.int64)
        self._k, self._rows = table_of(conversations, self._n)
        self._aside = Aside()
        self._groups: OrderedDict[tuple[object, ...], Group] = OrderedDict()
        self._whose: dict[Place, Group] = {}

    @property
    def counts(self) -> list[int]:
        """Packets (datagrams, where they came in fragments) of each conversation."""
        return [int(self._k[row, K_PKTS]) for row in self._rows]

    def marked(self, input_id: int) -> int:
        """How many packets of an input are marked."""
        bits = self.bits.get(input_id)
        return 0 if bits is None else int(np.bitwise_count(bits).sum())

    # --- visitor ------------------------------------------------------------------------------

    def opened(self, cursor: Cursor) -> None:
        """Makes room for its marks."""
        self.bits[cursor.input_id] = np.zeros(FIRST_BITS, dtype=np.uint8)

    def walk(self, cursor: Cursor, limit: int) -> int:
        """Marks what belongs in the window, up to ``limit``."""
        x = self._x
        while True:
            status = self._pick(cursor, limit)
            if status == WALK_GROW:
                bits = self.bits[cursor.input_id]
                self.bits[cursor.input_id] = np.concatenate([bits, np.zeros_like(bits)])
            elif status == WALK_BLOCK:
                self._block(cursor)
            elif status == WALK_ASIDE:
                self._set_aside(cursor.buffer, cursor.q, None)
            elif status == WALK_ICMP:
                if self._icmp:
                    self._icmp_error(cursor.buffer)
            elif status in (WALK_MORE, WALK_LIMIT, WALK_BAD):
                return status
            elif not step_over(cursor, x):
                return WALK_BAD

    def closed(self, cursor: Cursor) -> None:
        """Nothing is left of it but its marks."""

    def finish(self) -> None:
        """Judges the datagrams that did not become complete."""
        for whole in self._aside.fragments.flush():
            self._judge(whole, (), None)

    # --- inside -------------------------------------------------------------------------------

    def _pick(self, cursor: Cursor | Record, limit: int) -> int:
        """Runs the kernel; -2 for a fault inside."""
        own = not isinstance(cursor, Record)
        self._n[N_RECORD] = 0 if own else 1
        bits = self.bits[cursor.input_id] if not isinstance(cursor, Record) else _NO_BITS
        try:
            return pick(
                cursor.buffer,
                cursor.r,
                cursor.ifs,
                cursor.q,
                limit,
                self._x,
                self._n,
                self._k,
                bits,
            )
        except FAULTS:
            return -2

    def _block(self, cursor: Cursor) -> None:
        r = cursor.r
        start, end = int(r[R_POS]), int(self._x[X_NEXT])
        if r[R_BLOCK] == BLOCK_DSB:
            self._secret(cursor.buffer[start + 8 : end - 4].tobytes(), bool(r[R_BIG]))
        cursor.take_block(end)
        cursor.about.hand_out()

    def _secret(self, body: bytes, big: bool) -> None:
        order = "big" if big else "little"
        size = int.from_bytes(body[4:8], order)  # type: ignore[arg-type]
        if len(body) < 8 or size > len(body) - 8:
            return
        if self._secret_bytes + size > MAX_SECRETS:
            self.secrets_dropped += 1
            return
        self._secret_bytes += size
        kind = int.from_bytes(body[:4], order)  # type: ignore[arg-type]
        self.secrets.append((kind, body[8 : 8 + size]))

    def _mark(self, packets: Packets) -> None:
        for input_id, number in packets:
            bits = self.bits[input_id]
            while number >> 3 >= len(bits):
                bits = self.bits[input_id] = np.concatenate([bits, np.zeros_like(bits)])
            bits[number >> 3] |= 1 << (number & 7)

    def _walk_record(self, record: Record, sources: Packets) -> bool:
        """Whether a packet that was put together or taken apart belongs, with what is in it."""
        before = int(self._n[N_HITS])
        while True:
            status = self._pick(record, FOREVER)
            if status == WALK_ASIDE:
                if self._set_aside(record.buffer, record.q, sources):
                    return True
            elif status != WALK_ICMP:  # one record: whatever else came, it was read
                return int(self._n[N_HITS]) > before

    def _set_aside(self, buffer: Bytes, q: Ints, sources: Packets | None) -> bool:
        """The packet in the registers, which lies in ``sources``; True when those were marked."""
        x = self._x
        place = place_of(x)
        packets = ((place.input_id, place.packet),) if sources is None else sources
        if int(x[X_LAYER]) != AT_IP:
            marked = False
            for record in self._aside.records(x, buffer, q):
                marked = self._walk_record(record, packets) or marked
            if marked:
                self._mark(packets)
            return marked
        at, wire = int(x[X_AT]), int(x[X_WIRE_END])
        raw = buffer[at : int(x[X_CAP_END])].tobytes()
        group = self._group(raw, wire - at, place, packets)
        for whole in self._aside.fragments.take(raw, wire - at, place):
            if self._judge(whole, packets, q if whole.place is place else None) and group is None:
                self._mark(packets)
        if group is not None and group.wanted:
            self._mark(packets)
        return group is not None and group.wanted

    def _group(self, raw: bytes, wire: int, place: Place, packets: Packets) -> Group | None:
        """The datagram that a fragment is part of, or copies a part of."""
        fragment = parse(raw, wire)
        if fragment is None:
            return None
        key = (place.around, *fragment.key)
        group = self._groups.get(key)
        if group is not None:
            late = place.ts_ns - group.first_ns > MAX_AGE_NS
            if group.whole is not None:
                copy = place.input_id != group.whole[1]
                late = not copy or abs(place.ts_ns - group.whole[0]) > COPY_NS
            if late:
                self._forget(key)
                group = None
        if group is None:
            group = self._groups[key] = Group(place.ts_ns)
        if len(group.packets) < MAX_MEMBERS:
            group.packets += packets
            group.places.append(place)
            self._whose[place] = group
        while len(self._groups) > MAX_GROUPS:
            oldest = next(iter(self._groups))
            self.given_up += self._groups[oldest].whole is None
            self._forget(oldest)
        return group

    def _forget(self, key: tuple[object, ...]) -> None:
        for place in self._groups.pop(key).places:
            self._whose.pop(place, None)

    def _judge(self, whole: Whole, packets: Packets, q: Ints | None) -> bool:
        """Whether a datagram belongs; if so all its fragments are marked."""
        group = self._whose.get(whole.place)
        parts = tuple(group.packets) if group is not None else packets
        found = self._walk_record(Record(whole, AT_IP, q), parts)
        if group is not None:
            group.whole = (whole.place.ts_ns, whole.place.input_id)
            group.wanted = group.wanted or found
            if found:
                self._mark(parts)
        return found

    def _icmp_error(self, buffer: Bytes) -> None:
        """Marks an ICMP error that quotes a packet of a conversation, of either direction."""
        x = self._x
        at, end = int(x[X_L4]), int(x[X_CAP_END])
        if at < 0 or at + ICMP_HEAD > end:
            return
        version = 4 if x[X_PROTO] == ICMP else 6
        if int(buffer[at]) not in ICMP_ERRORS[version]:
            return
        quoted = buffer[at + ICMP_HEAD : end].tobytes()
        place = place_of(x)
        packets = ((place.input_id, place.packet),)
        for delay in (0, ICMP_DELAY_NS):
            then = Place(place.ts_ns - delay, place.packet, place.input_id, place.around)
            before = int(self._n[N_HITS])
            counts = self._k[:, K_PKTS].copy()
            self._pick(Record(Whole(quoted, len(quoted), then), AT_IP), FOREVER)
            found = int(self._n[N_HITS]) > before
            self._k[:, K_PKTS] = counts  # a quotation is no packet of the conversation
            if found:
                self.icmp_errors += 1
                self._mark(packets)
                return


_NO_BITS: Bytes = np.zeros(0, dtype=np.uint8)
