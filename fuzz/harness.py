"""From a fuzzer's bytes to a run of the engine, and what must hold after every run.

A target gets bytes and wraps them in whatever its protocol travels in: a file, a frame, a datagram,
the segments of a TCP conversation. Everything goes through the engine that users run, so a target
reaches the code around its parser too. The invariants hold for any input: nothing is raised, no
kernel faults, no counter is negative, and what was read twice comes out twice the same.
"""

from __future__ import annotations

import io
import struct
import tarfile
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

SLOTS, FLOWS, WINDOW = 8, 64, 1 << 16
START_S = 1_800_000_000
CLIENT, SERVER = bytes((10, 1, 0, 7)), bytes((203, 0, 113, 9))
MEMORY = Path("/dev/shm")  # a file system in memory, where there is one
FOLDER = tempfile.TemporaryDirectory(prefix="acrtrace-", dir=MEMORY if MEMORY.is_dir() else None)

Rows = dict[str, list[dict[str, Any]]]


def analyse(capture: bytes) -> Rows:
    """The rows that an engine of its own makes of the bytes of one file.

    Raises:
        AssertionError: An invariant does not hold.
    """
    from analyzer.capture.engine import Engine
    from analyzer.capture.merge import Merge
    from analyzer.inputs.discover import discover

    path = Path(FOLDER.name) / "case.bin"
    path.write_bytes(capture)
    rows: Rows = {}

    def sink(table: str, columns: dict[str, Any]) -> None:
        lists = [column.tolist() for column in columns.values()]
        rows.setdefault(table, []).extend(
            dict(zip(columns, values, strict=True)) for values in zip(*lists, strict=True)
        )

    specs, _ = discover([str(path)])
    engine = Engine(sink, max_flows=FLOWS, slots=SLOTS, window=WINDOW, seed=1)
    reports, issues = Merge([engine]).run(specs)
    assert all(issue.code != "kernel-fault" for issue in issues), issues
    for flow in rows.get("flows", []):
        negative = [k for k, v in flow.items() if isinstance(v, int) and v < 0]
        assert not negative, (negative, flow)
    assert all(report.records >= 0 for report in reports)
    return rows


def boxed(data: bytes) -> bytes:
    """A gzip-compressed tar with one member."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz", compresslevel=1) as box:
        info = tarfile.TarInfo("member")
        info.size = len(data)
        box.addfile(info, io.BytesIO(data))
    return out.getvalue()


def capture_of(frames: list[bytes], linktype: int = 1) -> bytes:
    """A pcap file, a millisecond between frames."""
    out = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, linktype)]
    for number, frame in enumerate(frames):
        out.append(struct.pack("<IIII", START_S, number * 1000 % 10**6, len(frame), len(frame)))
        out.append(frame)
    return b"".join(out)


def ipv4(source: bytes, target: bytes, protocol: int, body: bytes) -> bytes:
    """Ethernet and IPv4 around a transport segment."""
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(body), 1, 0x4000, 64, protocol, 0)
    return bytes(12) + b"\x08\0" + head + source + target + body


def datagram(body: bytes, port: int, outgoing: bool = True) -> bytes:
    """A UDP datagram between the two hosts."""
    body = body[:65000]
    ports = (40000, port) if outgoing else (port, 40000)
    ends = (CLIENT, SERVER) if outgoing else (SERVER, CLIENT)
    return ipv4(*ends, 17, struct.pack(">HHHH", *ports, 8 + len(body), 0) + body)


def parts(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The script in a fuzzer's bytes: a flag byte, a length of two bytes, so many bytes, again."""
    at = 0
    for _ in range(64):
        if at + 3 > len(data):
            return
        flags, size = data[at], data[at + 1] | data[at + 2] << 8
        yield flags, data[at + 3 : at + 3 + size]
        at += 3 + size


def script(*said: tuple[int, bytes]) -> bytes:
    """The inverse of `parts`, for seeds."""
    return b"".join(bytes((flags, len(b) & 255, len(b) >> 8)) + b for flags, b in said)


def conversation(data: bytes, port: int) -> bytes:
    """A TCP conversation after `parts`.

    Flag bits: 1 from the server, 2 sent again later, 4 comes before the part ahead of it, 8 starts
    five bytes early, 16 leaves a hole of nine bytes, 32 carries FIN, 64 carries RST, 128 is cut off
    in the middle by the snap length.
    """
    sent = [1000, 5000]
    segments = [(0, 999, 2, b""), (1, 4999, 18, b""), (0, 1000, 16, b"")]
    again = []
    for flags, body in parts(data):
        side = flags & 1
        seq = sent[side] - (5 if flags & 8 else 0) + (9 if flags & 16 else 0)
        bits = 24 | (1 if flags & 32 else 0) | (4 if flags & 64 else 0)
        segment = (side, seq, bits | (flags & 128) << 1, body)
        place = len(segments) - 1 if flags & 4 else len(segments)
        segments.insert(place, segment)
        if flags & 2:
            again.append(segment)
        sent[side] = max(seq + len(body), sent[side])
    out = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1)]
    for number, (side, seq, bits, body) in enumerate([*segments, *again]):
        ports = (port, 40000) if side else (40000, port)
        ends = (SERVER, CLIENT) if side else (CLIENT, SERVER)
        head = struct.pack(
            ">HHIIBBHHH", *ports, seq & 0xFFFFFFFF, sent[1 - side], 80, bits & 255, 9999, 0, 0
        )
        frame = ipv4(*ends, 6, head + body[:60000])
        kept = len(frame) - len(body) // 2 if bits & 256 else len(frame)
        out.append(struct.pack("<IIII", START_S, number * 1000 % 10**6, kept, len(frame)))
        out.append(frame[:kept])
    return b"".join(out)
