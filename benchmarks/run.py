"""Throughput and memory next to the tools of the field: ``make bench``.

Files are read once beforehand, so that every tool reads from the page cache; of several runs the
best counts. Marginal figures are the difference between a full and a short capture: what a further
packet costs, without start-up. GB is 10^9 bytes, MiB is 2^20. ``--only`` names parts.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING

import logs
import peers
from measure import Figures, alone, measure, paired
from samples import HERE, Pair, Sample, cut, flows, read_once, rounds

if TYPE_CHECKING:
    from collections.abc import Callable

ROUNDS = 18
MEMORY_LIMIT_MIB = 400


def note(text: str) -> None:
    """A line of progress."""
    print(f"  {text}", file=sys.stderr, flush=True)


def table(title: str, found: list[Figures]) -> dict[str, Figures]:
    """Prints a table."""
    import pandas as pd

    frame = pd.DataFrame([figures.line() for figures in found]).set_index("tool")
    print(f"\n{title}\n{frame.to_string(float_format=lambda v: f'{v:,.2f}')}", flush=True)
    return {figures.tool: figures for figures in found}


def ratio(found: dict[str, Figures], ours: str, peer: str, promised: str = "") -> None:
    """Prints one ratio of marginal packets per second."""
    if ours in found and peer in found:
        value = found[ours].marginal / found[peer].marginal
        print(f"{ours} / {peer}: {value:.2f} x {promised}")


def fast_tools(pair: Pair) -> list[Figures]:
    """Ours and the peers that take a long capture."""
    commands = [
        ("cat", "cat", peers.cat),
        ("tcpdump -w", "tcpdump", peers.tcpdump),
        ("Suricata", "suricata", peers.suricata),
        ("ndpiReader", "ndpiReader", peers.ndpi),
        ("engine", "cat", peers.child("engine")),
        ("analyze --no-hash", "cat", peers.analyze("--no-hash")),
        ("analyze", "cat", peers.analyze()),
    ]
    found = []
    for name, needs, command in commands:
        if peers.available(needs):
            found.append(paired(name, command, pair))
            note(f"{name}: done")
        else:
            note(f"{name}: not installed")
    return found


def pair_of(count: int, snaplen: int, name: str) -> Pair:
    """A full and a short capture, both in the page cache."""
    pair = Pair(rounds(name, count, snaplen), rounds(f"{name}-short", max(count // 6, 1), snaplen))
    read_once(pair.full)
    read_once(pair.short)
    return pair


def full_packets(count: int) -> None:
    """Packets of 66 to 1514 bytes."""
    pair = pair_of(count, 262144, "full")
    found = fast_tools(pair)
    for size, tool, needs, command in (
        (200_000, "tshark -z conv,tcp", "tshark", peers.tshark_conversations),
        (200_000, "tshark -T fields", "tshark", peers.tshark_fields),
        (20_000, "scapy", "scapy", peers.child("scapy")),
        (2_000, "pyshark", "pyshark", peers.child("pyshark")),
    ):
        if peers.available(needs):
            found.append(alone(tool, command, cut(pair.full, f"slice-{size}", size)))
            note(f"{tool}: done")
    title = f"Whole packets: {pair.full.packets:,}, 20,000 connections open at once"
    by_tool = table(title, found)
    for ours in ("engine", "analyze --no-hash", "analyze"):
        ratio(by_tool, ours, "tcpdump -w", "(promised: 1)")
        ratio(by_tool, ours, "Suricata", "(promised: 2)")
        ratio(by_tool, ours, "ndpiReader")
        ratio(by_tool, ours, "tshark -T fields", "(promised: 100)")
    ratio(by_tool, "analyze", "scapy")
    ratio(by_tool, "analyze", "pyshark")
    ours = [by_tool[tool].whole.peak_mib for tool in ("analyze", "analyze --no-hash")]
    print(f"peak memory {max(ours):.0f} MiB (promised: below {MEMORY_LIMIT_MIB} MiB)")


def short_packets(count: int) -> None:
    """The same traffic as ``tcpdump -s 96`` keeps it."""
    by_tool = table("Snap length 96", fast_tools(pair_of(count, 96, "snap96")))
    for ours in ("engine", "analyze --no-hash", "analyze"):
        ratio(by_tool, ours, "tcpdump -w")
        ratio(by_tool, ours, "Suricata", "(promised: 5)")


def threads(count: int) -> None:
    """One engine, and two that share the conversations."""
    for snaplen, name, title in (
        (262144, "full", "Whole packets"),
        (96, "snap96", "Snap length 96"),
    ):
        pair = pair_of(count, snaplen, name)
        found = [
            paired("one thread", peers.child("engine"), pair),
            paired("two threads", peers.child("shared"), pair),
        ]
        by_tool = table(f"{title}, engine", found)
        ratio(by_tool, "two threads", "one thread", "(promised: 1.5)")


def pipe(count: int) -> None:
    """From a pipe, and ten gigabytes of it."""
    pair = pair_of(count, 262144, "full")
    ours = [*peers.ANALYZE, "-"]
    nothing = peers.stdin("sh", "-c", "exec cat >/dev/null")
    found = [
        paired("cat | cat", nothing, pair, source=peers.out),
        paired("cat | analyze --no-hash", peers.stdin(*ours, "--no-hash"), pair, source=peers.out),
        paired("cat | analyze", peers.stdin(*ours), pair, source=peers.out),
    ]
    by_tool = table("From a pipe", found)
    ratio(by_tool, "cat | analyze --no-hash", "cat | cat", "(promised: 0.8)")
    ratio(by_tool, "cat | analyze", "cat | cat")
    for times in (1, max(round(10e9 / pair.full.bytes), 2)):
        size = Sample(pair.full.path, 0, pair.full.bytes * times)
        run = measure([*ours, "--no-hash"], size, source=peers.made(count * times))
        print(
            f"about {size.bytes / 1e9:.1f} GB of 20,000 connections, made while it is read: "
            f"{run.seconds:.1f} s, peak {run.peak_mib:.0f} MiB"
        )


def connections(_count: int) -> None:
    """What a connection more costs when there are many."""
    found = []
    for order in ("neighbours", "interleaved"):
        for many in (20_000, 1_000_000):
            sample = flows(f"flows-{order}-{many}", many, order)
            read_once(sample)
            found.append(alone(f"{order}, {many:,} flows", peers.child("engine"), sample, 3))
            note(f"{order} {many}: engine done")
            whole = peers.analyze("--no-hash")
            found.append(alone(f"{order}, {many:,} flows, analyze", whole, sample, 1))
            note(f"{order} {many}: analysis done")
    table("Connections of 13 packets", found)
    cost = {figures.tool: 1 / figures.marginal for figures in found}
    for order in ("neighbours", "interleaved"):
        for what in ("", ", analyze"):
            few, many = (cost[f"{order}, {n:,} flows{what}"] for n in (20_000, 1_000_000))
            promised = "(promised: below 1.3)" if order == "neighbours" else ""
            print(f"{order}{what}: a packet costs {many / few:.2f} x at 1 M flows {promised}")


def compiling(_count: int) -> None:
    """Every kernel, from nothing."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "analyzer.capture.warm"]
        env = {**os.environ, "ACRTRACE_CACHE_DIR": folder}
        done = subprocess.run(
            command, env=env, cwd=HERE.parent, stdout=subprocess.PIPE, text=True, check=True
        )
    print(f"\nCold compilation: {done.stdout.strip()} (promised: below 25 s)")


def log_lines(_count: int) -> None:
    """A million lines of each kind of log, and ten gigabytes."""
    table("Logs (packets: lines; of flow logs tuples)", logs.rates())
    logs.large()


def judging(_count: int) -> None:
    """Attribution and rules alone: a million conversations, ten thousand findings."""
    subprocess.run([sys.executable, str(HERE / "judge.py")], cwd=HERE.parent, check=True)


PARTS: dict[str, Callable[[int], None]] = {
    "full": full_packets,
    "snap96": short_packets,
    "threads": threads,
    "pipe": pipe,
    "flows": connections,
    "judge": judging,
    "compile": compiling,
    "logs": log_lines,
}


def main() -> None:
    """Measures the parts that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="size; 18 is 1.2 GB")
    parser.add_argument("--only", nargs="*", choices=PARTS, default=list(PARTS))
    arguments = parser.parse_args()
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
    for name in arguments.only:
        PARTS[name](arguments.rounds)


if __name__ == "__main__":
    main()
