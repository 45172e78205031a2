"""The case: one DuckDB database in memory or in a file, filled with columns, derived by SQL.

A file is built beside its final place and renamed when it is complete, so a run that fails leaves
nothing under the user's name, and an existing file is replaced only with force.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from analyzer.case.addresses import fill_addresses
from analyzer.case.classify import fill_endpoints, load_names
from analyzer.case.columns import append_columns
from analyzer.case.lapsed import keep_approved
from analyzer.case.nobody import CODE, announced_nobody
from analyzer.case.scripts import drop_temporary, prepare, run_script
from analyzer.case.store import store_issues
from analyzer.config import processors
from analyzer.issues import UsageError
from analyzer.schema import DERIVED, TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from analyzer.config import Settings
    from analyzer.endpoints.inventory import Inventory
    from analyzer.endpoints.match import Catalogue

MEMORY_LIMIT = "768MiB"
"""With Python, NumPy and a document of ten thousand findings beside it a run stays below 1 GiB."""

SETTINGS = """
SET TimeZone = 'UTC';
-- Object arrays are always text: DuckDB must not guess their type from a sample.
SET pandas_analyze_sample = 0;
-- DuckDB 2.0 trusts the statistics of columns too far: sums that it takes for small wrap around
-- (tests/case/test_attribute.py), and a column that is NULL throughout can end a query with an
-- internal error (tests/logs/formats/test_suricata.py).
SET disabled_optimizers = 'statistics_propagation';
"""
NO_CHECKPOINTS = "SET checkpoint_threshold = '1TB'"
"""A database in memory has nothing to recover: compressing its tables after every large statement
took a fifth of the run's processor time."""
SMALL_CASE = 100_000
"""Conversations up to which one thread derives and judges a case: each thread of a join has buffers
of its own, and keeping an order that nothing depends on costs more: 50 MiB for work of a second."""
PART = 2_000_000
"""Conversations that are attributed at a time."""
_SCHEMA = {t.name: t for t in (*TABLES, *DERIVED)}


class Case:
    """An open case. As a context manager it publishes its file unless an exception leaves it.

    Attributes:
        connection: The DuckDB connection; time zone UTC, no extension is ever loaded by itself.
        path: File that the case becomes, None for memory.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        path: Path | None,
        *,
        force: bool,
        scratch: Path,
        building: Path | None,
    ) -> None:
        self.connection = connection
        self.path = path
        self._force = force
        self._scratch = scratch
        self._building = building

    def append(self, table_name: str, columns: Mapping[str, Any]) -> int:
        """Appends a batch (see `analyzer.case.columns`) and returns its number of rows.

        Raises:
            ValueError: No such table, or the batch does not fit it.
        """
        table = _SCHEMA.get(table_name)
        if table is None:
            raise ValueError(f"no table {table_name!r}: expected one of {sorted(_SCHEMA)}")
        return append_columns(self.connection, table, columns)

    def close(self, *, publish: bool = True) -> None:
        """Closes the database; with `publish` its file takes its final name. May be called twice.

        Raises:
            UsageError: A file of that name has appeared meanwhile and force was not given.
        """
        self.connection.close()
        building, self._building = self._building, None
        try:
            if building is not None and self.path is not None and publish:
                _refuse_existing(self.path, self._force)
                building.replace(self.path)
        finally:
            shutil.rmtree(self._scratch, ignore_errors=True)

    def __enter__(self) -> Case:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close(publish=kind is None)


def open_case(
    path: Path | None = None,
    *,
    force: bool = False,
    memory_limit: str = MEMORY_LIMIT,
    temp_directory: Path | None = None,
    threads: int | None = None,
) -> Case:
    """Opens a new, empty case.

    Args:
        path: DuckDB file to write, None for memory.
        force: Replace an existing file.
        memory_limit: What DuckDB may hold before it spills, as ``512MiB``.
        temp_directory: Where it spills; None for a private directory (beside the file, if any).
        threads: Worker threads, None for the processors this process may use.

    Raises:
        UsageError: The file exists and force was not given, or its directory cannot be written.
    """
    scratch, building = _places(path, force)
    try:
        connection = duckdb.connect(
            ":memory:" if building is None else str(building),
            config={
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
                "python_enable_replacements": "false",
                "memory_limit": memory_limit,
                "temp_directory": str(temp_directory or scratch / "spill"),
                "threads": str(threads or processors()),
            },
        )
        connection.execute(SETTINGS)
        if building is None:
            connection.execute(NO_CHECKPOINTS)
        for table in _SCHEMA.values():
            connection.execute(table.ddl())
    except BaseException:
        shutil.rmtree(scratch, ignore_errors=True)
        raise
    return Case(connection, path, force=force, scratch=scratch, building=building)


def derive(case: Case, *, catalogue: Catalogue, inventory: Inventory, settings: Settings) -> None:
    """Fills `addresses`, `endpoints` and `attributed` from the base tables and makes the views.

    The steps are set-based and have total orders, so the result depends on the base tables alone,
    whatever the number of threads. Running it again replaces what it derived.

    Raises:
        UsageError: An agent's network is not one.
    """
    connection = case.connection
    (flows,) = connection.execute("SELECT count(*) FROM flows").fetchall()[0]
    if flows <= SMALL_CASE:
        connection.execute("SET threads = 1; SET preserve_insertion_order = false")
    prepare(connection, settings.thresholds, inventory.proxies)
    parts = max(-(-flows // PART), 1)
    connection.execute(f"SET VARIABLE parts = {parts}; SET VARIABLE part = 0")
    names = load_names(connection)
    connection.execute("DELETE FROM issues WHERE code = ?", [CODE])
    store_issues(case, announced_nobody(connection))
    agents = (*settings.agents, *inventory.agents)
    fill_addresses(connection, agents, catalogue=catalogue, inventory=inventory)
    run_script(connection, "stitch")
    fill_endpoints(connection, names, catalogue=catalogue, inventory=inventory)
    for script in (
        "aliases",
        "announce",
        "resolve",
        "contradict",
        "judge",
        *("attribute",) * parts,
        "views",
        "correlate",
        "pushes",
        "counters",
    ):
        if script == "views" and inventory.has_lapsed:
            keep_approved(connection, catalogue=catalogue, inventory=inventory)
        run_script(connection, script)
    drop_temporary(connection)


def _places(path: Path | None, force: bool) -> tuple[Path, Path | None]:
    """A private directory, and the file in it that is built (None for memory)."""
    if path is None:
        return Path(tempfile.mkdtemp(prefix="acrtrace-")), None
    _refuse_existing(path, force)
    try:
        scratch = Path(tempfile.mkdtemp(prefix=".acrtrace-", dir=path.parent))
    except OSError as error:
        raise UsageError(f"cannot write case file {path}: {error.strerror}") from error
    return scratch, scratch / "case.duckdb"


def _refuse_existing(path: Path, force: bool) -> None:
    if path.is_dir():
        raise UsageError(f"case file {path} is a directory")
    if not force and path.exists():
        raise UsageError(f"case file {path} exists; --force replaces it")
