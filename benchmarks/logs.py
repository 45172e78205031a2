"""Logs: a million lines of each kind through the whole product, next to a plain Python loop."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import peers
from measure import Figures, alone, measure
from samples import HERE, Sample, log, read_once

if TYPE_CHECKING:
    from pathlib import Path

LINES = 1_000_000
PROMISED = {"azure-firewall": 500_000, "suricata": 500_000, "azure-flow-logs": 500_000}
OTHERS = 250_000
LARGE_BYTES = 10e9
MEMORY_LIMIT_MIB = 2048
KINDS = (
    *("azure-firewall", "azure-firewall-damaged", "azure-flow-logs", "zeek", "suricata", "squid"),
)


def rates(lines: int = LINES) -> list[Figures]:
    """Whole processes: start, read, judge, report."""
    found = []
    for kind in KINDS:
        sample = log(kind, lines)
        read_once(sample)

        def plain(path: Path, kind: str = kind, sample: Sample = sample) -> list[str]:
            script = str(HERE / "plain_loop.py")
            return [sys.executable, script, kind, str(path), str(sample.packets)]

        ours = alone(kind, peers.analyze("--no-hash"), sample, 3)
        loop = alone(f"{kind}, Python loop", plain, sample, 3)
        found += [ours, loop]
        print(
            f"{kind}: {ours.marginal:,.0f} lines/s (promised: {PROMISED.get(kind, OTHERS):,}), "
            f"{ours.marginal / loop.marginal:.2f} x a Python loop that only parses (promised: 2)",
            flush=True,
        )
    return found


def large() -> None:
    """Ten gigabytes of firewall lines through a pipe: what it takes of memory."""
    one = log("azure-firewall", LINES)
    lines = round(LARGE_BYTES / one.bytes * LINES)
    maker = [sys.executable, str(HERE / "make_log.py"), "-", "azure-firewall", str(lines)]
    size = Sample(one.path, lines, round(LARGE_BYTES))
    run = measure([*peers.ANALYZE, "-", "--no-hash"], size, source=maker, allowed=(0, 3))
    print(
        f"about {size.bytes / 1e9:.1f} GB of firewall lines, made while they are read: "
        f"{run.seconds:.0f} s, peak {run.peak_mib:.0f} MiB (promised: below {MEMORY_LIMIT_MIB})"
    )
