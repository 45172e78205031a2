"""Runs the product the way its users do: through the API, the command line, or a pipe."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from analyzer.result import Finding, Result

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Analysis:
    """Result document of a run and the case it was made from."""

    result: Result
    case: Path

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """Rows of a query on the case, as dicts."""
        with duckdb.connect(str(self.case), read_only=True) as connection:
            cursor = connection.execute(sql)
            names = [column[0] for column in cursor.description or ()]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def exfiltration(self) -> list[Finding]:
        """Findings of the exfiltration stream."""
        return [f for f in self.result.findings if f.stream == "exfiltration"]


def analyze(
    folder: Path,
    *inputs: Path | str,
    inventories: Sequence[Path] = (),
    own: Sequence[str] = (),
    approve: Sequence[str] = (),
    agents: Sequence[tuple[str, str]] = (),
    resolvers: Sequence[str] = (),
    allows: Sequence[str] = (),
    threads: int | None = None,
    engine: str = "native",
    keylog: Path | None = None,
) -> Analysis:
    """One run through the API that keeps its case in `folder`."""
    from analyzer import api  # the kernels' cache is chosen at import, so not before it is needed
    from analyzer.config import Settings

    number = len(list(folder.glob("case-*.duckdb")))
    case = folder / f"case-{number}.duckdb"
    settings = Settings(
        inputs=tuple(str(path) for path in inputs),
        inventories=tuple(inventories),
        own=tuple(own),
        approve=tuple(approve),
        agents=tuple(agents),
        resolvers=tuple(resolvers),
        allows=tuple(allows),
        case_path=case,
        threads=threads,
        engine=engine,
        keylog=keylog,
    )
    return Analysis(api.analyze(settings), case)


@contextmanager
def standard_input(data: bytes) -> Iterator[None]:
    """Standard input is a pipe that delivers `data`, for code that reads fd 0 or sys.stdin."""
    read_end, write_end = os.pipe()

    def feed() -> None:
        with open(write_end, "wb") as pipe:  # noqa: PTH123 - a descriptor, not a path
            try:
                pipe.write(data)
            except BrokenPipeError:
                return

    saved, stream = os.dup(0), sys.stdin
    os.dup2(read_end, 0)
    os.close(read_end)
    feeder = threading.Thread(target=feed)
    feeder.start()
    try:
        with open(0, closefd=False) as sys.stdin:  # noqa: PTH123
            yield
    finally:
        sys.stdin = stream
        os.dup2(saved, 0)
        os.close(saved)
        feeder.join()


def command_line(
    *arguments: str | Path, cwd: Path, stdin: bytes = b"", **environment: str
) -> subprocess.CompletedProcess[bytes]:
    """`acrtrace ARGUMENTS` in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "analyzer.cli.main", *map(str, arguments)],
        cwd=cwd,
        input=stdin,
        capture_output=True,
        check=False,
        timeout=300,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
    )


_NUMBERS = re.compile(r"\b(packets?|frames?|frame\.number ==) #?\d+( to \d+|-\d+)?")
_PLACE = ("input", "first_packet", "last_packet", "tshark", "flow_id")


def comparable(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """Findings without what names the input: its path, and packet and flow numbers in it."""
    from analyzer.result import to_plain

    def strip(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: strip(v) for k, v in value.items() if k not in _PLACE}
        if isinstance(value, list):
            return [strip(v) for v in value]
        return _NUMBERS.sub(r"\1 N", value) if isinstance(value, str) else value

    plain = [to_plain(finding) for finding in findings]
    for each in plain:
        # A text ends with the numbers of its input and packet.
        each["conversations"] = [text.rsplit(" ", 2)[0] for text in each["conversations"]]
    return [strip(each) for each in plain]


SEVERITY = {"info": 0, "low": 1, "medium": 2, "high": 3, "critical": 4}


def above_low(finding: Finding) -> bool:
    """At least medium."""
    return SEVERITY[finding.severity] >= SEVERITY["medium"]
