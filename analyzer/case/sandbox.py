"""A stranger's SELECT on a case file: read-only, in a child process, within stated limits."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from analyzer.issues import UsageError

if TYPE_CHECKING:
    from pathlib import Path

_GRACE_SECONDS = 10.0
"""For starting the child, and for an interrupt that a long step inside DuckDB heeds late."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a SELECT may take.

    Attributes:
        timeout_seconds: Then it is interrupted; ten seconds later it is killed.
        memory_bytes: Address space of the process (RLIMIT_AS).
        max_rows: Rows of the answer; what comes behind them is cut, and that is said.
        max_bytes: The same in bytes of JSON.
    """

    timeout_seconds: float = 30.0
    memory_bytes: int = 3 << 30
    max_rows: int = 100_000
    max_bytes: int = 64 << 20


@dataclass(frozen=True, slots=True)
class Answer:
    """Rows of JSON values; `cut` when there would have been more."""

    columns: list[str]
    types: list[str]
    rows: list[list[Any]]
    cut: bool


class SandboxError(UsageError):
    """The SELECT was refused or failed: `kind` is file, statement, sql, timeout, memory or died.

    Attributes:
        line: Line of the text that DuckDB points at, None where it points at none.
    """

    def __init__(self, kind: str, detail: str, line: int | None = None) -> None:
        super().__init__(detail)
        self.kind = kind
        self.line = line


def select(path: Path, sql: str, limits: Limits) -> Answer:
    """Runs one SELECT on a DuckDB file that nobody changes meanwhile.

    Raises:
        SandboxError: It is no single SELECT, fails, or goes beyond a limit.
    """
    return _ask(path, sql, limits, describe=False)


def describe(path: Path, sql: str, limits: Limits) -> list[tuple[str, str]]:
    """Columns of one SELECT with their DuckDB types; it is bound, not run.

    Raises:
        SandboxError: As `select`.
    """
    return [(row[0], row[1]) for row in _ask(path, sql, limits, describe=True).rows]


def _ask(path: Path, sql: str, limits: Limits, *, describe: bool) -> Answer:
    request = {
        "path": str(path),
        "sql": sql,
        "describe": describe,
        "timeout_seconds": limits.timeout_seconds,
        "memory_bytes": limits.memory_bytes,
        "max_rows": limits.max_rows,
        "max_bytes": limits.max_bytes,
    }
    # Nothing of our environment: the child needs to find this program and no more.
    environment = {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p), "LC_ALL": "C.UTF-8"}
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "analyzer.case.confined"],
            input=json.dumps(request).encode("ascii"),
            capture_output=True,
            timeout=limits.timeout_seconds + _GRACE_SECONDS,
            env=environment,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise SandboxError("timeout", _late(limits)) from None
    try:
        found = json.loads(done.stdout)
    except ValueError:
        # Where malloc itself fails inside of DuckDB the process ends without a word.
        raise SandboxError(
            "died", f"it ended the process that ran it (code {done.returncode}), most likely by "
            f"its limit of {limits.memory_bytes >> 20:,} MiB"
        ) from None  # fmt: skip
    if "error" in found:
        detail = _late(limits) if found["error"] == "timeout" else found["detail"]
        raise SandboxError(found["error"], detail, found.get("line"))
    return Answer(**found)


def _late(limits: Limits) -> str:
    return f"it took longer than {limits.timeout_seconds:g} s and was stopped"
