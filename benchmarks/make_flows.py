"""Writes a capture of many short connections: ``make_flows.py FILE FLOWS ORDER SNAPLEN``.

ORDER ``neighbours``: each connection's packets stand together, one connection after the other, as
they come from agents that open, use and close. ORDER ``interleaved``: all connections are open at
once, and each step of their lives visits every one of them in a random order of its own. A SNAPLEN
cuts frames as ``tcpdump -s`` does. A connection is a look-up, a TLS handshake, one request and its
answer, and an end: 13 packets.
"""

from __future__ import annotations

import struct
import sys
from typing import BinaryIO

import numpy as np
from make_capture import (
    ACK,
    FIN,
    NOISE,
    PSH,
    SYN,
    Bytes,
    Shape,
    Writer,
    client_hello,
    into,
    lookup,
    record,
    spread,
    stream,
    tcp,
)

CHUNK = 5_000
TICK_US = 280  # a million connections take an hour
PATTERNS = (
    ("registry-{:04d}.azurecr.io", 400),
    ("telemetry-{:04d}.monitor.example", 2000),
    ("cache-{:04d}.build.example", 500),
    ("packages-{:04d}.mirror.example", 1000),
)


def shape_of(first: int, count: int) -> Shape:
    """Connections ``first`` to ``first + count``, all of one name pattern."""
    number = first // CHUNK % len(PATTERNS)
    pattern, names = PATTERNS[number]
    shape = Shape(pattern, names, (), count)
    shape.prepare(number)
    index = first + np.arange(count, dtype=np.int64)
    shape.client = (10 << 24) + (1 << 16) + 10 + index % 64
    shape.port = 1024 + index // 64
    return shape


def life(shape: Shape) -> list[Bytes]:
    """Every frame of the connections, in order."""
    hello = b"\2\0\0\x76\3\3" + NOISE[200:232].tobytes() + b"\x20" + NOISE[64:96].tobytes()
    hello += b"\x13\1\0\0\x2e\0\x2b\0\2\3\4\0\x33\0\x24\0\x1d\0\x20" + NOISE[96:128].tobytes()
    flight = struct.pack(">BHH", 22, 0x0303, len(hello)) + hello + b"\x14\3\3\0\1\1"
    server = np.concatenate([spread(shape, flight), record(shape, 900, 1)], axis=1)
    request = [spread(shape, b"\x14\3\3\0\1\1"), record(shape, 36, 2), record(shape, 310, 3)]
    return [
        *lookup(shape),
        tcp(shape, True, SYN),
        tcp(shape, False, SYN | ACK),
        tcp(shape, True, ACK),
        tcp(shape, True, ACK | PSH, client_hello(shape)),
        *stream(shape, False, server),
        *stream(shape, True, np.concatenate(request, axis=1)),
        tcp(shape, False, ACK | PSH, record(shape, 420, 4)),
        tcp(shape, True, FIN | ACK),
        tcp(shape, False, FIN | ACK),
    ]


def make(file: BinaryIO, flows: int, order: str, snaplen: int) -> Writer:
    """Writes the capture."""
    writer = Writer(file, snaplen, TICK_US)
    writer.start()
    if order == "interleaved":
        writer.shuffle = np.random.default_rng(1)
        for frame in life(shape_of(0, flows)):
            writer.rows([frame])
    else:
        for first in range(0, flows, CHUNK):
            writer.rows(life(shape_of(first, min(CHUNK, flows - first))))
    return writer


if __name__ == "__main__":
    _, target, count, order, snaplen = sys.argv
    into(target, lambda file: make(file, int(count), order, int(snaplen)))
