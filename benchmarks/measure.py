"""Runs commands and keeps the best of several: seconds, processor seconds, peak memory."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from samples import Pair, Sample

ROOT = Path(__file__).resolve().parent.parent
Command = Callable[[Path], list[str]]
INCOMPLETE = 3  # acrtrace: a bound was hit, and the report says so


@dataclass(frozen=True, slots=True)
class Run:
    """Best of several runs of one tool on one capture."""

    sample: Sample
    seconds: float
    peak_mib: float
    cpu_seconds: float


@dataclass(frozen=True, slots=True)
class Figures:
    """What one tool did with one kind of capture.

    Attributes:
        whole: From start to end.
        marginal: Packets per second that a longer capture adds; the whole where there is no pair.
        marginal_bytes: The same in bytes.
    """

    tool: str
    whole: Run
    marginal: float
    marginal_bytes: float

    def line(self) -> dict[str, object]:
        """One line of a table."""
        on, run = self.whole.sample, self.whole
        return {
            "tool": self.tool,
            "MB": round(on.bytes / 1e6, 1),
            "seconds": round(run.seconds, 2),
            "cpu": round(run.cpu_seconds, 2),
            "peak MiB": round(run.peak_mib),
            "packets/s": round(on.packets / run.seconds),
            "marginal packets/s": round(self.marginal),
            "marginal GB/s": round(self.marginal_bytes / 1e9, 2),
        }


def measure(
    command: list[str],
    on: Sample,
    repeat: int = 1,
    *,
    source: list[str] | None = None,
    allowed: tuple[int, ...] = (0,),
) -> Run:
    """Runs a command several times; its own JSON timing counts where it prints one.

    Args:
        command: What is measured.
        on: What it reads.
        repeat: How often; the best counts.
        source: A command whose output is piped in; its time counts, its memory does not.
        allowed: Exit codes of success.
    """
    best: Run | None = None
    for _ in range(repeat):
        start = time.perf_counter()
        feeder = subprocess.Popen(source, stdout=subprocess.PIPE, cwd=ROOT) if source else None
        with subprocess.Popen(
            command,
            stdin=feeder.stdout if feeder else None,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=ROOT,
        ) as child:
            if feeder is not None and feeder.stdout is not None:
                feeder.stdout.close()
            assert child.stdout is not None
            out = b""
            while piece := child.stdout.read(1 << 20):
                out = (out + piece)[:4096]
            _, status, used = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - start
        if feeder is not None and feeder.wait() != 0:
            raise SystemExit(f"{' '.join(source or ())}: exit code {feeder.returncode}")
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


def alone(tool: str, command: Command, on: Sample, repeat: int = 1) -> Figures:
    """One capture alone: the rate from start to end."""
    run = measure(command(on.path), on, repeat, allowed=(0, INCOMPLETE))
    return Figures(tool, run, on.packets / run.seconds, on.bytes / run.seconds)


def paired(
    tool: str, command: Command, pair: Pair, repeat: int = 5, source: Command | None = None
) -> Figures:
    """Full and short captures in turn, so that a busy moment of the machine meets both."""
    full = short = None
    for _ in range(repeat):
        one, two = (
            measure(command(s.path), s, source=source(s.path) if source else None)
            for s in (pair.full, pair.short)
        )
        full = one if full is None or one.seconds < full.seconds else full
        short = two if short is None or two.seconds < short.seconds else short
    assert full is not None
    assert short is not None
    more = max(full.seconds - short.seconds, 1e-9)
    return Figures(
        tool,
        full,
        (pair.full.packets - pair.short.packets) / more,
        (pair.full.bytes - pair.short.bytes) / more,
    )
