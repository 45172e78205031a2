"""Writes a deterministic benchmark capture: ``make_capture.py FILE [ROUNDS [SNAPLEN]]``
(``-`` for standard output).

20,000 TLS connections of 64 build agents, all open at once: a look-up, a handshake with a real
ClientHello, then one burst per connection and round, four shapes of traffic with packets of 66 to
1514 bytes (a pull, API calls, heartbeats, a slow upload). Every round visits every connection,
which is the worst order for a flow table. IP and TCP checksums are zero, as under offloading.

Rows of one shape have the same length, so a round is a few numpy arrays written as they are.
"""

from __future__ import annotations

import hashlib
import json
import struct
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Callable

Bytes = npt.NDArray[np.uint8]
Words = npt.NDArray[np.int64]

FLOWS = 20_000
ROUNDS = 18
START_S = 1_790_000_000
WHOLE = 262144
RECORD, ETHERNET, IP, TCP, UDP = 16, 14, 20, 32, 8
SYN, ACK, PSH, FIN = 2, 16, 8, 1
AGENTS = 64
NOISE = np.frombuffer(hashlib.shake_256(b"acrtrace benchmark").digest(1 << 16), np.uint8)


@dataclass(slots=True)
class Shape:
    """Connections that behave alike: name pattern and the bytes of each step of a burst."""

    pattern: str
    names: int
    bursts: tuple[tuple[bool, int], ...]
    count: int
    client: Words = field(init=False)
    server: Words = field(init=False)
    port: Words = field(init=False)
    sent: dict[bool, Words] = field(init=False)
    labels: Bytes = field(init=False)
    ticks: dict[bool, int] = field(init=False)

    def prepare(self, number: int) -> None:
        """Addresses, ports, first sequence numbers and names of all its connections."""
        index = np.arange(self.count, dtype=np.int64)
        self.client = (10 << 24) + (1 << 16) + 10 + index % AGENTS
        which = index % self.names
        self.server = (20 << 24) + (40 + number << 16) + which
        self.port = 20_000 + number * 10_000 + index
        base = index * 7919 + number
        self.ticks = {True: 7000, False: 90_000}
        self.sent = {True: base % 2**32, False: (base * 31) % 2**32}
        names = [self.pattern.format(int(n)).encode() for n in which]
        self.labels = np.frombuffer(b"".join(names), np.uint8).reshape(self.count, -1)


def shapes(flows: int) -> list[Shape]:
    """The four kinds of connection; True is from the agent."""
    kinds = (
        ("contoso.eastus.data.azurecr.io", 1, ((True, 310), (False, 5787))),
        ("contoso.azurecr.io", 1, ((True, 690), (False, 420))),
        ("telemetry-{:04d}.monitor.example", 2000, ((True, 60), (False, 90))),
        ("cache-{:04d}.build.example", 500, ((True, 2891), (False, 160))),
    )
    found = [Shape(*kind, count=flows // len(kinds)) for kind in kinds]
    for number, shape in enumerate(found):
        shape.prepare(number)
    return found


@dataclass(slots=True)
class Writer:
    """Writes rows of frames; each burst of a connection is contiguous and takes 20 us."""

    file: BinaryIO
    snaplen: int = WHOLE
    tick_us: int = 20
    shuffle: np.random.Generator | None = None
    clock_us: int = 0
    packets: int = 0
    bytes: int = 24

    def start(self) -> None:
        """The file header."""
        self.file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, self.snaplen, 1))

    def rows(self, frames: list[Bytes]) -> None:
        """Frames of one burst, each an array with one row per connection.

        A frame is cut at the snap length as ``tcpdump -s`` does: its record keeps the length that
        it had on the wire.
        """
        count = len(frames[0])
        order = self.shuffle.permutation(count) if self.shuffle is not None else slice(None)
        step = self.tick_us * len(frames)
        times = self.clock_us + np.arange(count, dtype=np.int64) * step
        parts = []
        for number, frame in enumerate(frames):
            length = frame.shape[1] - RECORD
            stamp = times + self.tick_us * number
            head = np.empty((count, 4), "<u4")
            head[:, 0] = START_S + stamp // 1_000_000
            head[:, 1] = stamp % 1_000_000
            head[:, 2], head[:, 3] = min(length, self.snaplen), length
            body = frame[order, RECORD : RECORD + self.snaplen]
            parts.append(np.concatenate([head.view(np.uint8), body], axis=1))
        block = np.concatenate(parts, axis=1)
        self.file.write(block.data)
        self.clock_us += count * step
        self.packets += count * len(frames)
        self.bytes += block.size


def put(frame: Bytes, at: int, size: int, values: Words | int) -> None:
    """Big-endian integers into a column."""
    for place in range(size):
        frame[:, at + place] = (np.asarray(values) >> 8 * (size - 1 - place)) & 0xFF


def ip_frame(shape: Shape, outgoing: bool, protocol: int, inner: int, resolver: bool) -> Bytes:
    """Ethernet and IPv4 headers, room for the record header before and ``inner`` bytes after."""
    frame = np.zeros((shape.count, RECORD + ETHERNET + IP + inner), np.uint8)
    macs = b"\x02\0\0\0\0\1" + b"\x02\0\0\0\0\2"
    frame[:, 16:28] = np.frombuffer(macs if outgoing else macs[6:] + macs[:6], np.uint8)
    put(frame, 28, 2, 0x0800)
    put(frame, 30, 4, 0x45000000 | IP + inner)
    put(frame, 36, 2, 0x4000)
    put(frame, 38, 2, 64 << 8 | protocol)
    server: Words | int = (168 << 24) + (63 << 16) + (129 << 8) + 16 if resolver else shape.server
    put(frame, 42, 4, shape.client if outgoing else server)
    put(frame, 46, 4, server if outgoing else shape.client)
    return frame


def tcp(shape: Shape, outgoing: bool, flags: int, payload: Bytes | None = None) -> Bytes:
    """One segment per connection (with a timestamps option); advances the sequence numbers."""
    size = 0 if payload is None else payload.shape[1]
    frame = ip_frame(shape, outgoing, 6, TCP + size, resolver=False)
    at = RECORD + ETHERNET + IP
    put(frame, at, 2, shape.port if outgoing else 443)
    put(frame, at + 2, 2, 443 if outgoing else shape.port)
    put(frame, at + 4, 4, shape.sent[outgoing])
    put(frame, at + 8, 4, shape.sent[not outgoing] if flags & ACK else 0)
    put(frame, at + 12, 4, 8 << 28 | flags << 16 | 501)
    put(frame, at + 20, 4, 0x0101080A)
    shape.ticks[outgoing] += 1  # Suricata distrusts connections whose clock stands at zero
    put(frame, at + 24, 4, shape.ticks[outgoing])
    put(frame, at + 28, 4, shape.ticks[not outgoing] if flags & ACK else 0)
    if payload is not None:
        frame[:, at + TCP :] = payload
    used = size + (flags & (SYN | FIN) != 0)
    shape.sent[outgoing] = (shape.sent[outgoing] + used) % 2**32
    return frame


def stream(shape: Shape, outgoing: bool, data: Bytes) -> list[Bytes]:
    """Data in segments of at most 1448 bytes, an acknowledgement after every second."""
    frames = []
    for number, start in enumerate(range(0, data.shape[1], 1448)):
        frames.append(tcp(shape, outgoing, ACK | PSH, data[:, start : start + 1448]))
        if number % 2:
            frames.append(tcp(shape, not outgoing, ACK))
    if len(frames) % 3:
        frames.append(tcp(shape, not outgoing, ACK))
    return frames


def spread(shape: Shape, data: bytes) -> Bytes:
    """The same bytes for every connection."""
    return np.broadcast_to(np.frombuffer(data, np.uint8), (shape.count, len(data)))


def record(shape: Shape, plain: int, seed: int, kind: int = 23) -> Bytes:
    """One TLS record of noise."""
    start = seed * 977 % (len(NOISE) - 18_000)
    body = NOISE[start : start + plain + 17].tobytes()
    return spread(shape, struct.pack(">BHH", kind, 0x0303, len(body)) + body)


def client_hello(shape: Shape) -> Bytes:
    """TLS 1.3 ClientHello (RFC 8446 section 4.1.2) with server_name and ALPN."""
    size = shape.labels.shape[1]

    def extension(kind: int, body: bytes) -> bytes:
        return struct.pack(">HH", kind, len(body)) + body

    name = struct.pack(">HHHBH", 0, size + 5, size + 3, 0, size)
    after = extension(16, b"\0\x0c\x02h2\x08http/1.1") + extension(43, b"\4\3\4\3\3")
    after += extension(10, b"\0\4\0\x1d\0\x17") + extension(13, b"\0\6\4\3\x08\4\4\1")
    after += extension(51, b"\0\x24\0\x1d\0\x20" + NOISE[:32].tobytes())
    extensions = struct.pack(">H", len(name) + size + len(after))
    suites = b"\0\6\x13\1\x13\2\x13\3\1\0"
    before = b"\3\3" + NOISE[32:64].tobytes() + b"\x20" + NOISE[64:96].tobytes() + suites
    length = len(before) + 2 + len(name) + size + len(after)
    head = struct.pack(">BHHB", 22, 0x0301, length + 4, 1) + length.to_bytes(3, "big")
    left = spread(shape, head + before + extensions + name)
    return np.concatenate([left, shape.labels, spread(shape, after)], axis=1)


def lookup(shape: Shape) -> list[Bytes]:
    """DNS query and answer (RFC 1035) over UDP."""
    labels = shape.pattern.format(0).split(".")
    wire = b""
    positions = []
    for label in labels:
        wire += bytes([len(label)]) + label.encode()
        positions += [len(wire) - len(label) + n for n in range(len(label))]

    dots = [n for n, letter in enumerate(shape.pattern.format(0)) if letter == "."]
    letters = np.delete(shape.labels, dots, axis=1)
    frames = []
    for outgoing in (True, False):
        answer = b"" if outgoing else b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" + bytes(4)
        counts = struct.pack(">HHHHH", 0x0100 if outgoing else 0x8180, 1, int(not outgoing), 0, 0)
        message = spread(shape, b"\0\0" + counts + wire + b"\0\0\1\0\1" + answer).copy()
        put(message, 0, 2, shape.port)
        message[:, [12 + p for p in positions]] = letters
        if not outgoing:
            put(message, message.shape[1] - 4, 4, shape.server)
        size = UDP + message.shape[1]
        frame = ip_frame(shape, outgoing, 17, size, resolver=True)
        put(frame, 50, 2, shape.port if outgoing else 53)
        put(frame, 52, 2, 53 if outgoing else shape.port)
        put(frame, 54, 2, size)
        frame[:, 58:] = message
        frames.append(frame)
    return frames


def handshake(shape: Shape) -> list[Bytes]:
    """TCP and TLS handshake; the server's flight is 3.7 KB."""
    frames = [
        tcp(shape, True, SYN),
        tcp(shape, False, SYN | ACK),
        tcp(shape, True, ACK),
        tcp(shape, True, ACK | PSH, client_hello(shape)),
    ]
    hello = b"\2\0\0\x76\3\3" + NOISE[200:232].tobytes() + b"\x20" + NOISE[64:96].tobytes()
    hello += b"\x13\1\0\0\x2e\0\x2b\0\2\3\4\0\x33\0\x24\0\x1d\0\x20" + NOISE[96:128].tobytes()
    flight = struct.pack(">BHH", 22, 0x0303, len(hello)) + hello + b"\x14\3\3\0\1\1"
    server = np.concatenate([spread(shape, flight), record(shape, 3500, 1)], axis=1)
    finished = np.concatenate([spread(shape, b"\x14\3\3\0\1\1"), record(shape, 36, 2)], axis=1)
    return frames + stream(shape, False, server) + stream(shape, True, finished)


def make(file: BinaryIO, rounds: int = ROUNDS, snaplen: int = WHOLE, flows: int = FLOWS) -> Writer:
    """Writes the capture; 18 rounds are a little more than 1 GB."""
    kinds = shapes(flows)
    writer = Writer(file, snaplen)
    writer.start()
    for shape in kinds:
        writer.rows(lookup(shape) + handshake(shape))
    for number in range(rounds):
        for shape in kinds:
            frames = []
            for step, (outgoing, plain) in enumerate(shape.bursts):
                frames += stream(shape, outgoing, record(shape, plain, 3 + number * 2 + step))
            writer.rows(frames)
    for shape in kinds:
        writer.rows([tcp(shape, True, FIN | ACK), tcp(shape, False, FIN | ACK)])
    return writer


def into(target: str, fill: Callable[[BinaryIO], Writer]) -> None:
    """Makes the file complete or not at all, or writes to standard output for ``-``."""
    if target == "-":
        fill(sys.stdout.buffer)
        return
    path = Path(target)
    temporary = path.with_suffix(".part")
    with temporary.open("wb", buffering=1 << 20) as file:
        wrote = fill(file)
    temporary.replace(path)
    print(json.dumps({"packets": wrote.packets, "bytes": wrote.bytes}))


if __name__ == "__main__":
    into(sys.argv[1], lambda file: make(file, *(int(number) for number in sys.argv[2:4])))
