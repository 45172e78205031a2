"""Throughput and memory next to the tools of the field: ``make bench``.

Files are read once beforehand, so that every tool reads from the page cache; of several runs the
best counts. Marginal figures are the difference between a full and a short capture: what a further
packet costs, without start-up. GB is 10^9 bytes, MiB is 2^20.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
DATA = HERE / "data"
ROUNDS = 18
MEMORY_LIMIT_MIB = 400


@dataclass(frozen=True, slots=True)
class Sample:
    """A capture and its size."""

    path: Path
    packets: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Run:
    """Best of several runs of one tool on one capture."""

    sample: Sample
    seconds: float
    peak_mib: float
    cpu_seconds: float


def sample(name: str, rounds: int) -> Sample:
    """Makes a capture, or takes the one that is there: it is the same bytes."""
    path, note = DATA / f"{name}.pcap", DATA / f"{name}.json"
    key = {"rounds": rounds, "maker": (HERE / "make_capture.py").read_text()}
    if path.exists() and note.exists():
        known = json.loads(note.read_text())
        if {k: known[k] for k in key} == key and path.stat().st_size == known["bytes"]:
            return Sample(path, known["packets"], known["bytes"])
    # In a process of its own: a child's peak memory begins with that of the process it is forked
    # from, so this one has to stay small.
    maker = [sys.executable, str(HERE / "make_capture.py"), str(path), str(rounds)]
    wrote = json.loads(subprocess.run(maker, stdout=subprocess.PIPE, check=True).stdout)
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


def measure(command: list[str], on: Sample, repeat: int, allowed: tuple[int, ...] = (0,)) -> Run:
    """Runs a command several times; its own JSON timing counts where it prints one."""
    best: Run | None = None
    for _ in range(repeat):
        start = time.perf_counter()
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=ROOT
        ) as child:
            assert child.stdout is not None
            out = child.stdout.read()
            _, status, used = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - start
        if child.returncode not in allowed:
            raise SystemExit(f"{' '.join(command)}: exit code {child.returncode}")
        if out.startswith(b'{"packets"'):
            told = json.loads(out)
            assert told["packets"] == on.packets, (command, told)
            seconds = told["seconds"]
        run = Run(on, seconds, used.ru_maxrss / 1024, used.ru_utime + used.ru_stime)
        if best is None or run.seconds < best.seconds:
            best = run
    assert best is not None
    return best


def row(tool: str, run: Run, short: Run | None) -> dict[str, object]:
    """One line of the table."""
    on = run.sample
    line: dict[str, object] = {
        "tool": tool,
        "MB": round(on.bytes / 1e6, 1),
        "seconds": round(run.seconds, 2),
        "packets/s": round(on.packets / run.seconds),
        "GB/s": round(on.bytes / 1e9 / run.seconds, 3),
        "peak MiB": round(run.peak_mib),
    }
    if short is not None:
        more = max(run.seconds - short.seconds, 1e-9)
        line["marginal packets/s"] = round((on.packets - short.sample.packets) / more)
        line["marginal GB/s"] = round((on.bytes - short.sample.bytes) / 1e9 / more, 2)
    return line


Command = Callable[[Path], list[str]]


def tools(scratch: Path) -> list[tuple[str, str | None, Command, str, int]]:
    """Name, what it needs, command, which samples, repetitions."""
    python, report = sys.executable, str(scratch / "report.json")
    inventory = str(ROOT / "captures" / "endpoints.json")
    child = str(HERE / "children.py")
    return [
        ("cat", "cat", lambda p: ["sh", "-c", f"exec cat '{p}' >/dev/null"], "big", 5),
        ("tcpdump -w", "tcpdump", lambda p: ["tcpdump", "-r", str(p), "-w", "/dev/null"], "big", 5),
        ("acrtrace engine", None, lambda p: [python, child, "engine", str(p)], "big", 5),
        (
            "acrtrace analyze",
            None,
            lambda p: [
                *(python, "-m", "analyzer.cli.main", "analyze", str(p), "--force"),
                *("--inventory", inventory, "-o", report),
            ],
            "big",
            3,
        ),
        (
            "tshark -z conv,tcp",
            "tshark",
            lambda p: ["tshark", "-n", "-r", str(p), "-q", "-z", "conv,tcp"],
            "slice",
            1,
        ),
        ("scapy", "scapy", lambda p: [python, child, "scapy", str(p)], "small slice", 1),
        ("pyshark", "pyshark", lambda p: [python, child, "pyshark", str(p)], "tiny slice", 1),
    ]


def available(tool: str | None) -> bool:
    """A program on the path, or a Python package."""
    if tool is None:
        return True
    if tool in ("scapy", "pyshark"):
        return find_spec(tool) is not None and (tool == "scapy" or available("tshark"))
    return shutil.which(tool) is not None


def main() -> None:
    """Measures everything and prints one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="size; 18 is 1.2 GB")
    rounds = parser.parse_args().rounds
    DATA.mkdir(exist_ok=True)
    print("Making captures (20,000 flows) ...", flush=True)
    full, short = sample("full", rounds), sample("short", max(rounds // 6, 1))
    samples = {
        "slice": cut(full, "slice", 200_000),
        "small slice": cut(full, "small-slice", 20_000),
        "tiny slice": cut(full, "tiny-slice", 2_000),
    }
    for path in (full.path, short.path):
        with path.open("rb") as file:
            while file.read(1 << 22):
                pass
    print(f"{full.packets:,} packets, {full.bytes:,} bytes; {os.cpu_count()} processors\n")
    lines = []
    for name, needs, command, which, repeat in tools(DATA):
        if not available(needs):
            lines.append({"tool": name, "MB": "not installed"})
        elif which == "big":
            run = measure(command(full.path), full, repeat)
            lines.append(row(name, run, measure(command(short.path), short, repeat)))
        else:
            lines.append(
                row(name, measure(command(samples[which].path), samples[which], repeat), None)
            )
        print(f"  {name}: done", flush=True)
    show(lines)


def show(lines: list[dict[str, object]]) -> None:
    """The table and the two figures that are promised."""
    import pandas as pd

    table = pd.DataFrame(lines).set_index("tool")
    print("\n" + table.to_string(na_rep="", float_format=lambda v: f"{v:,.2f}"))
    found = {str(line["tool"]): line for line in lines}
    engine, whole = found["acrtrace engine"], found["acrtrace analyze"]
    print()
    for peer in ("cat", "tcpdump -w", "tshark -z conv,tcp", "scapy", "pyshark"):
        other = found[peer]
        if "packets/s" not in other:
            continue
        key = "marginal packets/s" if "marginal packets/s" in other else "packets/s"
        ratios = [float(str(x[key])) / float(str(other[key])) for x in (engine, whole)]
        print(f"{key} against {peer}: engine {ratios[0]:.2f} x, whole analysis {ratios[1]:.2f} x")
    peak = max(float(str(engine["peak MiB"])), float(str(whole["peak MiB"])))
    print(f"peak memory {peak:.0f} MiB (promised: below {MEMORY_LIMIT_MIB} MiB)")


if __name__ == "__main__":
    main()
