"""The captures of the benchmark: made once, kept in ``benchmarks/data``."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
DATA = HERE / "data"
WHOLE = 262144


@dataclass(frozen=True, slots=True)
class Sample:
    """A capture and its size."""

    path: Path
    packets: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Pair:
    """A capture and a shorter one of the same kind: their difference is the marginal cost."""

    full: Sample
    short: Sample


def rounds(name: str, count: int, snaplen: int = WHOLE) -> Sample:
    """20,000 long connections, all open at once."""
    return _made(name, ["make_capture.py"], [str(count), str(snaplen)])


def flows(name: str, count: int, order: str) -> Sample:
    """Many short connections."""
    return _made(name, ["make_flows.py", "make_capture.py"], [str(count), order, str(WHOLE)])


def log(kind: str, count: int) -> Sample:
    """Lines of a log; `packets` are its lines, of flow logs its tuples."""
    return _made(f"log-{kind}-{count}", ["make_log.py"], [kind, str(count)])


def _made(name: str, makers: list[str], arguments: list[str]) -> Sample:
    """Makes a capture, or takes the one that is there: it is the same bytes."""
    DATA.mkdir(exist_ok=True)
    path, note = DATA / f"{name}.pcap", DATA / f"{name}.json"
    key = {"arguments": arguments, "makers": [(HERE / maker).read_text() for maker in makers]}
    if path.exists() and note.exists():
        known = json.loads(note.read_text())
        if {k: known.get(k) for k in key} == key and path.stat().st_size == known["bytes"]:
            return Sample(path, known["packets"], known["bytes"])
    # In a process of its own: a child's peak memory begins with that of the process it is forked
    # from, so this one has to stay small.
    command = [sys.executable, str(HERE / makers[0]), str(path), *arguments]
    wrote = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
    note.write_text(json.dumps({**key, **wrote}))
    return Sample(path, wrote["packets"], wrote["bytes"])


def cut(whole: Sample, name: str, packets: int) -> Sample:
    """The first packets of a capture."""
    target = DATA / f"{name}.pcap"
    size = 24
    with whole.path.open("rb") as source, target.open("wb") as out:
        out.write(source.read(24))
        for _ in range(packets):
            head = source.read(16)
            body = source.read(struct.unpack("<I", head[8:12])[0])
            out.write(head + body)
            size += len(head) + len(body)
    return Sample(target, packets, size)


def read_once(sample: Sample) -> None:
    """Into the page cache, where every tool finds it."""
    with sample.path.open("rb") as file:
        while file.read(1 << 22):
            pass
