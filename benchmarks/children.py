"""What the benchmark measures in processes of their own: ``children.py KIND FILE``.

Prints one JSON line: packets and the seconds spent on them, imports and compilation left out.
"""

from __future__ import annotations

import json
import sys
import time


def engine(path: str, threads: int = 1) -> int:
    """The packet engine alone: rows are handed over and dropped, inputs are not hashed (tcpdump
    does not hash either; the whole analysis does)."""
    from analyzer.capture.extract import extract
    from analyzer.inputs.discover import discover

    specs, _ = discover([path])
    reports, _ = extract(specs, lambda _table, _columns: None, digest=False, threads=threads)
    return sum(report.records for report in reports)


def shared(path: str) -> int:
    """Two engines in two threads that share the conversations."""
    return engine(path, 2)


def scapy(path: str) -> int:
    """Every packet dissected."""
    from scapy.utils import PcapReader

    with PcapReader(path) as reader:
        return sum(1 for _ in reader)


def pyshark(path: str) -> int:
    """Every packet as pyshark's objects."""
    import pyshark as library

    with library.FileCapture(path) as capture:
        return sum(1 for _ in capture)


def prepare(kind: str) -> None:
    """Imports and compiles beforehand."""
    if kind in ("engine", "shared"):
        from analyzer.capture.warm import warm

        warm()
    elif kind == "scapy":
        import scapy.all  # noqa: F401
    else:
        import pyshark as _  # noqa: F401


if __name__ == "__main__":
    name, capture_path = sys.argv[1:3]
    prepare(name)
    start = time.perf_counter()
    packets = {"engine": engine, "shared": shared, "scapy": scapy, "pyshark": pyshark}[name](
        capture_path
    )
    print(json.dumps({"packets": packets, "seconds": time.perf_counter() - start}))
