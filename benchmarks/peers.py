"""The commands that are measured: ours, and the tools of the field on the same files."""

from __future__ import annotations

import shutil
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING

from samples import DATA, HERE

if TYPE_CHECKING:
    from pathlib import Path

    from measure import Command

ANALYZE = (
    *(sys.executable, "-m", "analyzer.cli.main", "analyze", "--force"),
    *("--inventory", str(HERE.parent / "captures" / "endpoints.json")),
    *("-o", str(DATA / "report.json")),
)
LOGS = DATA / "suricata"


def analyze(*options: str) -> Command:
    """The whole product: capture in, report written."""
    return lambda path: [*ANALYZE, *options, str(path)]


def stdin(*command: str) -> Command:
    """A command that reads what is piped in."""
    return lambda _path: list(command)


def made(times: int) -> list[str]:
    """The long capture, written to standard output: so many rounds of the same connections."""
    return [sys.executable, str(HERE / "make_capture.py"), "-", str(times)]


def child(kind: str) -> Command:
    """Something that Python is asked to do, in a process of its own."""
    return lambda path: [sys.executable, str(HERE / "children.py"), kind, str(path)]


def suricata(path: Path) -> list[str]:
    """One packet thread, no rules, the logs that suricata.yaml names."""
    shutil.rmtree(LOGS, ignore_errors=True)
    LOGS.mkdir(parents=True)
    return [
        *("suricata", "-c", str(HERE / "suricata.yaml"), "--runmode", "single", "-k", "none"),
        *("-S", "/dev/null", "-l", str(LOGS), "-r", str(path)),
    ]


def ndpi(path: Path) -> list[str]:
    """nDPI's reader, one thread, no per-flow output."""
    return ["ndpiReader", "-q", "-i", str(path)]


def cat(path: Path) -> list[str]:
    """Reading, and nothing else."""
    return ["sh", "-c", 'exec cat "$1" >/dev/null', "sh", str(path)]


def out(path: Path) -> list[str]:
    """The capture on standard output."""
    return ["cat", str(path)]


def tcpdump(path: Path) -> list[str]:
    """Copying packet by packet."""
    return ["tcpdump", "-r", str(path), "-w", "/dev/null"]


def tshark_conversations(path: Path) -> list[str]:
    """Bytes per TCP conversation."""
    return ["tshark", "-n", "-r", str(path), "-q", "-z", "conv,tcp"]


def tshark_fields(path: Path) -> list[str]:
    """The fields that a script would need to answer our questions."""
    names = (
        *("frame.time_epoch", "ip.src", "ip.dst", "tcp.srcport", "tcp.dstport", "tcp.len"),
        *("tls.handshake.extensions_server_name", "dns.qry.name", "dns.a"),
    )
    fields = [word for name in names for word in ("-e", name)]
    return ["tshark", "-n", "-r", str(path), "-T", "fields", *fields]


def available(tool: str) -> bool:
    """A program on the path, or a Python package."""
    if tool in ("scapy", "pyshark"):
        return find_spec(tool) is not None and (tool == "scapy" or available("tshark"))
    return shutil.which(tool) is not None
