"""How much memory the tables of a run may take, and what happens where that is too little.

DuckDB spills to disk within its limit, but not everything: the groups of a large aggregate and what
a join looks up must fit. A step that does not is repeated with twice the memory, up to half of the
machine's, before the run is given up: a large case may cost memory, but not the report.
"""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import duckdb

from analyzer.issues import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from duckdb import DuckDBPyConnection

T = TypeVar("T")
_UNITS = {"bytes": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}
_UNTOLD = 8 << 30
"""Memory of a machine that does not tell it."""
_CGROUP = Path("/sys/fs/cgroup/memory.max")


def run(connection: DuckDBPyConnection, statements: str) -> None:
    """Executes statements one after another, each with as much memory as it needs.

    Raises:
        UsageError: One needs more than half of the machine's memory.
    """
    for statement in connection.extract_statements(statements):
        with_room(connection, partial(connection.execute, statement.query))


def with_room(connection: DuckDBPyConnection, step: Callable[[], T]) -> T:
    """What a step returns, which may be repeated as long as memory is what it lacks.

    Raises:
        UsageError: It needs more than half of the machine's memory.
    """
    while True:
        try:
            return step()
        except duckdb.OutOfMemoryException as error:
            _raise_limit(connection, error)


def _raise_limit(connection: DuckDBPyConnection, error: duckdb.OutOfMemoryException) -> None:
    """Doubles the limit of a connection, or gives up."""
    limit, most = _limit(connection), machine_bytes() // 2
    # A full disk is an error of the same kind.
    if "max_temp_directory_size" in str(error) or limit * 2 > most:
        reason = str(error).split("\n", 1)[0]
        raise UsageError(
            f"the tables of this run need more than {limit >> 20:,} MiB of memory or of disk, and "
            f"no more than half of this machine's memory is taken ({most >> 20:,} MiB): analyse "
            f"fewer inputs at once, or on a larger machine ({reason})"
        ) from error
    connection.execute(f"SET memory_limit = '{limit * 2 // (1 << 20)}MiB'")


def _limit(connection: DuckDBPyConnection) -> int:
    """The limit in bytes; DuckDB states it as ``1.5 GiB``."""
    ((text,),) = connection.execute("SELECT current_setting('memory_limit')").fetchall()
    number, _, unit = text.partition(" ")
    return int(float(number) * _UNITS[unit])


def machine_bytes() -> int:
    """Memory of this machine, or of the control group that confines this process."""
    try:
        found = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):  # no such call on Windows
        found = _UNTOLD
    try:
        confined = int(_CGROUP.read_text(encoding="ascii"))
    except (OSError, ValueError):  # none, or "max"
        return found
    return min(found, confined)
