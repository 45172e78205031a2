"""The Python interface: ``from analyzer import analyze``, with tables as pandas DataFrames.

    result = analyze("capture.pcap", inventory="endpoints.json")
    result.verdict
    result.findings[["severity", "agent", "endpoint", "uploaded_bytes"]]
    result.flows.groupby("endpoint")["upload_bytes"].sum()

The command line is made of the same pipeline (`analyzer.api`). pandas is the extra ``pandas``
(``pip install 'acrtrace[pandas]'``) and is imported when the first table is asked for.

What this module documents is kept stable: parameters are keywords and gain defaults only, columns
of the tables are those of docs/result.schema.json (findings) and docs/schema.md.
"""

from __future__ import annotations

import logging
import os
import weakref
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from analyzer.config import ENGINES, RULE_SECONDS, Settings, thresholds_with
from analyzer.endpoints import policy
from analyzer.endpoints.project_file import read_project_file
from analyzer.issues import UsageError
from analyzer.report.visible import visible
from analyzer.result import to_plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    import pandas as pd
    from duckdb import DuckDBPyConnection

    from analyzer import result as document

    Paths = str | os.PathLike[str] | Iterable[str | os.PathLike[str]]
    Time = str | datetime

_LOG = logging.getLogger("acrtrace")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FORCED = "force=True"
_SHOWN = 20
_SHOWN_COLUMNS = ["severity", "rule", "agent", "endpoint", "uploaded_bytes", "confidence"]


def analyze(
    paths: Paths,
    *,
    inventory: Paths = (),
    own: Iterable[str] = (),
    approve: Iterable[str] = (),
    agents: Mapping[str, str | Iterable[str]] | None = None,
    resolvers: Iterable[str] = (),
    allows: Iterable[str] = (),
    tenant: str | None = None,
    config: str | os.PathLike[str] | None = None,
    start: Time | None = None,
    end: Time | None = None,
    rules: str | os.PathLike[str] | None = None,
    rules_off: Iterable[str] = (),
    thresholds: Mapping[str, float] | None = None,
    log_format: str | None = None,
    log_maps: Paths = (),
    squid_logformat: str | None = None,
    log_timezone: str | None = None,
    log_year: int | None = None,
    engine: str | None = None,
    keylog: str | os.PathLike[str] | None = None,
    threads: int | None = None,
    hash_inputs: bool | None = None,
    progress: Callable[[int, int | None], None] | None = None,
) -> Result:
    """Analyses captures and logs.

    Args:
        paths: One or several files, archives, directories or URLs.
        inventory: Files of ``az acr`` or ``az storage`` output.
        own: Names that are ours: a host name, ``acr:LABEL``, ``storage:LABEL``, a registry's label.
        approve: Names that are permitted, in the same forms.
        agents: Label of a build agent to its network or networks.
        resolvers: Addresses, networks or names of the DNS resolvers that agents may ask.
        allows: Names that the firewall lets through, ``*.`` for any labels in front.
        tenant: Id of our Microsoft Entra tenant.
        config: ``acrtrace.toml``; none is looked for, and the environment is not read. What is said
            here goes before it; declarations add up.
        start, end: Only traffic that overlaps this time is judged: ISO 8601 texts or datetimes, UTC
            where they say nothing, both ends included.
        rules: Folder of your own rules.
        rules_off: Ids of rules that are switched off, which the result states.
        thresholds: Limits that differ from the default (`analyzer.config.Thresholds`).
        log_format: What the logs are, where their content does not tell.
        log_maps: Files that describe log formats.
        squid_logformat: The ``logformat`` of squid.conf that a log was written with.
        log_timezone: Zone of log times that state none; UTC when None.
        log_year: Year of log times that state none; that of the file's last change when None.
        engine: native (when None), scapy or tshark.
        keylog: TLS secrets, for tshark.
        threads: Threads that share the conversations, 1 to 8; the size decides when None.
        hash_inputs: State the SHA-256 of every input; True when None.
        progress: Told stored bytes read so far, and how many there are (None when not known).

    Returns:
        What was found. It holds the tables in memory until it is closed or forgotten.

    Raises:
        analyzer.issues.UsageError: An argument, inventory, configuration or rule is wrong. Inputs
            that cannot be read are no exception: they are issues of the result.
    """
    project = read_project_file(None if config is None else Path(config))

    def of(name: str, value: Any, default: Any = None) -> Any:
        return value if value is not None else project.singles.get(name, default)

    off = {**dict.fromkeys(rules_off, ""), **dict(project.rules_off)}
    directory, said_tenant = of("rules_dir", rules), of("tenant", tenant)
    settings = Settings(
        inputs=tuple(str(path) for path in _paths(paths)),
        inventories=tuple(Path(path) for path in _paths(inventory)),
        own=_texts("own", own),
        approve=_texts("approve", approve),
        agents=tuple(_agents(agents or {})),
        resolvers=tuple(
            policy.resolver(text, "resolvers") for text in _texts("resolvers", resolvers)
        ),
        allows=tuple(policy.allowed(text, "allows") for text in _texts("allows", allows)),
        config_file=project.path,
        hash_inputs=of("hashed", hash_inputs, True),
        threads=of("threads", threads),
        engine=of("engine", engine, ENGINES[0]),
        keylog=None if keylog is None else Path(keylog),
        log_format=of("log_format", log_format),
        log_maps=tuple(
            Path(path) for path in _paths(of("log_maps", tuple(_paths(log_maps)) or None, ()))
        ),
        squid_logformat=of("squid_logformat", squid_logformat),
        log_timezone=of("log_timezone", log_timezone, "UTC"),
        log_year=of("log_year", log_year),
        tenant=None if said_tenant is None else policy.tenant(said_tenant, "tenant"),
        rules_dir=None if directory is None else Path(directory),
        rule_seconds=of("rule_seconds", None, RULE_SECONDS),
        rules_off=tuple(sorted(off.items())),
        from_ns=_nanoseconds("start", start),
        to_ns=_nanoseconds("end", end),
        thresholds=thresholds_with({**project.thresholds, **(thresholds or {})}),
    )
    _check(settings)
    return Result(settings, progress, (*project.inventory, *project.catalogue))


class Result:
    """What was found, and the tables that it was found in.

    A context manager; without one the tables are freed when the object is.

    Attributes:
        document: The result document, as ``acrtrace analyze --format json`` writes it.
    """

    def __init__(
        self,
        settings: Settings,
        progress: Callable[[int, int | None], None] | None = None,
        project_files: Iterable[Path] = (),
    ) -> None:
        """Runs the analysis; `analyze` is the way to call it."""
        from analyzer import api
        from analyzer.kept import files_of_result, files_of_run

        kept = files_of_run(settings, project_files)
        stack = ExitStack()
        case, self.document = stack.enter_context(
            api.judged_case(settings, progress, lambda line: _LOG.info("%s", line))
        )
        kept += files_of_result(self.document)
        # The current directory may be another one when something is saved.
        self._kept = [path if path == "-" else Path(path).absolute() for path in kept]
        self._connection: DuckDBPyConnection = case.connection
        self._closer = weakref.finalize(self, stack.close)

    @property
    def verdict(self) -> str:
        """One of `analyzer.result.VERDICTS`."""
        return self.document.verdict

    @property
    def verdict_line(self) -> str:
        """The verdict as a sentence with its figures."""
        return self.document.verdict_line

    @property
    def coverage(self) -> document.Coverage:
        """What the inputs could and could not show."""
        return self.document.coverage

    @cached_property
    def findings(self) -> pd.DataFrame:
        """One row per finding, by stream, severity and size.

        Columns are the fields of a finding in docs/result.schema.json; ``first`` and ``last`` are
        times (UTC) in place of ``first_ns`` and ``last_ns``. The index is the finding's id.
        """
        pandas = _pandas()
        from analyzer.result import Finding

        rows = [to_plain(finding) for finding in self.document.findings]
        made = {}
        for name in Finding.__dataclass_fields__:
            values = [row[name] for row in rows]
            if name.endswith("_ns"):
                made[name.removesuffix("_ns")] = _times(pandas.array(values, dtype="Int64"))
            elif name.endswith("_bytes") or name == "flow_count":
                made[name] = pandas.array(values, dtype="Int64")
            else:
                made[name] = values
        return pandas.DataFrame(made).set_index("id")

    @cached_property
    def flows(self) -> pd.DataFrame:
        """One row per conversation: who, to whom, by what evidence, how much.

        Columns are those of the table ``attributed`` in docs/schema.md; ``start`` and ``end`` are
        times (UTC). The index is ``flow_id``.
        """
        return self.sql("SELECT * FROM attributed ORDER BY flow_id").set_index("flow_id")

    @cached_property
    def names(self) -> pd.DataFrame:
        """What gave names to addresses (table ``names`` in docs/schema.md)."""
        return self.sql("SELECT * FROM names ORDER BY ALL")

    @cached_property
    def dns(self) -> pd.DataFrame:
        """One row per DNS message (table ``dns`` in docs/schema.md). The index is ``dns_id``."""
        return self.sql("SELECT * FROM dns ORDER BY dns_id").set_index("dns_id")

    def sql(self, query: str) -> pd.DataFrame:
        """Any SELECT on the tables of docs/schema.md (DuckDB).

        Integers keep every digit (``Int64``; DuckDB's sums of BIGINT are wider and become floats
        unless they are cast), columns called ``..._ns`` become times in UTC without
        that ending, and NULL is missing.

        Raises:
            ValueError: The result was closed.
            duckdb.Error: The query is wrong.
        """
        pandas = _pandas()
        if not self._closer.alive:
            raise ValueError("the result was closed: its tables are gone")
        arrays = self._connection.execute(query).fetchnumpy()
        frame = {}
        for name, values in arrays.items():
            column = _column(pandas, values)
            if name.endswith("_ns") and column.dtype == "Int64":
                name = name.removesuffix("_ns")
                column = _times(column)
            frame[name] = column
        return pandas.DataFrame(frame)

    def save(self, path: str | os.PathLike[str], *, force: bool = False) -> Path:
        """Writes the report in the format that the path's ending names; returns the path.

        Args:
            path: File to write.
            force: Replace an existing one; never a capture, nor what the run read.

        Raises:
            analyzer.issues.UsageError: No format has this ending, the file is there, was read by
                the run or holds a capture, or it cannot be written.
        """
        from analyzer.report.formats import of_ending, render
        from analyzer.report.preflight import check_report
        from analyzer.report.write import write_report

        target = Path(path)
        form = of_ending(target.name).name
        check_report(target, force, self._kept, _FORCED)
        write_report(render(self.document, form), target, force, _FORCED)
        return target

    def close(self) -> None:
        """Frees the tables; what was taken from them, and the document, stay."""
        self._closer()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<acrtrace result: {visible(self.verdict_line)}>"

    def _repr_html_(self) -> str:
        """What a notebook shows: the verdict and the first findings, harmless whatever they say."""
        head = f"<p><b>{escape(visible(self.verdict_line))}</b></p>"
        if self.findings.empty:
            return head
        shown = self.findings[_SHOWN_COLUMNS].head(_SHOWN)
        table: str = shown.map(lambda v: visible(v) if isinstance(v, str) else v).to_html()
        more = len(self.findings) - len(shown)
        return head + table + (f"<p>and {more:,} more</p>" if more else "")


def _pandas() -> Any:
    try:
        import pandas
    except ImportError as error:
        raise ImportError(
            "tables need pandas: pip install 'acrtrace[pandas]' (the document needs nothing)"
        ) from error
    return pandas


def _column(pandas: Any, values: Any) -> Any:
    """A column of DuckDB's NumPy arrays, with what is missing kept apart from the values."""
    import numpy as np

    mask = np.ma.getmaskarray(values) if isinstance(values, np.ma.MaskedArray) else None
    data = values.data if mask is not None else values
    if mask is None:
        mask = np.zeros(len(data), dtype=bool)
    if data.dtype.kind in "iu":
        wide = data.astype(np.int64) if data.dtype.kind == "i" else data
        return pandas.arrays.IntegerArray(wide, mask)
    if data.dtype.kind == "b":
        return pandas.arrays.BooleanArray(data.astype(bool), mask)
    if data.dtype.kind == "f":
        return pandas.array(np.where(mask, np.nan, data), dtype="float64")
    plain = [
        None if gone or value != value else value for value, gone in zip(data, mask, strict=True)
    ]
    return pandas.Series(plain, dtype=object if not _all_texts(plain) else None)


def _times(integers: Any) -> Any:
    """Nanoseconds since 1970 as times in UTC; pandas' own conversion of what may be missing goes by
    way of floats, which have no nanoseconds.
    """
    import pandas

    values = integers.to_numpy(dtype="int64", na_value=pandas.NaT.value)
    return pandas.DatetimeIndex(values.view("datetime64[ns]")).tz_localize("UTC")


def _all_texts(values: list[Any]) -> bool:
    return all(value is None or isinstance(value, str) for value in values)


def _paths(paths: Paths) -> Iterable[str | os.PathLike[str]]:
    return [paths] if isinstance(paths, str | os.PathLike) else paths


def _texts(name: str, values: Iterable[str]) -> tuple[str, ...]:
    if isinstance(values, str):
        raise UsageError(f"{name}: expected several names, for example [{values!r:.60}]")
    return tuple(values)


def _agents(agents: Mapping[str, str | Iterable[str]]) -> Iterable[tuple[str, str]]:
    for label, networks in agents.items():
        for network in [networks] if isinstance(networks, str) else networks:
            yield label, network


def _nanoseconds(name: str, time: Time | None) -> int | None:
    if time is None:
        return None
    try:
        when = datetime.fromisoformat(time) if isinstance(time, str) else time
    except ValueError as error:
        raise UsageError(
            f"{name}: {time!r:.60}: expected a time such as 2026-11-24T03:29Z"
        ) from error
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return (when - _EPOCH) // timedelta(microseconds=1) * 1000


def _check(settings: Settings) -> None:
    """What the command line checks by its options."""
    if not settings.inputs:
        raise UsageError("paths: expected at least one")
    if settings.engine not in ENGINES:
        raise UsageError(f"engine {settings.engine!r:.60} is none of {', '.join(ENGINES)}")
    if settings.threads is not None and not 1 <= settings.threads <= 8:
        raise UsageError(f"threads must be 1 to 8, found {settings.threads!r:.60}")
    if settings.keylog is not None and settings.engine != "tshark":
        raise UsageError("keylog needs engine='tshark': the others do not decrypt")
    if settings.log_year is not None and not 1970 <= settings.log_year <= 2200:
        raise UsageError(f"log_year must be 1970 to 2200, found {settings.log_year!r:.60}")
    _check_zone(settings.log_timezone)
    begin, end = settings.from_ns, settings.to_ns
    if begin is not None and end is not None and begin > end:
        raise UsageError("start is later than end")


def _check_zone(name: str) -> None:
    if name == "UTC":
        return
    import duckdb  # which reads the logs, and knows zones by itself

    with duckdb.connect() as connection:
        query = "SELECT count(*) FROM pg_timezone_names() WHERE name = ?"
        if connection.execute(query, [name]).fetchall() == [(0,)]:
            raise UsageError(f"log_timezone {name!r:.60} is no time zone, such as Europe/Berlin")
