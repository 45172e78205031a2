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
import weakref
from contextlib import ExitStack
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from analyzer import arguments
from analyzer.config import ENGINES, RULE_SECONDS, Settings, thresholds_with
from analyzer.endpoints import policy
from analyzer.endpoints.project_file import read_project_file
from analyzer.installing import installing
from analyzer.issues import UsageError
from analyzer.report.visible import visible
from analyzer.result import to_plain

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Mapping

    import pandas as pd
    from duckdb import DuckDBPyConnection

    from analyzer import result as document
    from analyzer.arguments import Paths, Time

_LOG = logging.getLogger("acrtrace")
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
        start, end: Only traffic that overlaps this time is judged: ISO 8601 texts, datetimes or
            dates, UTC where they say nothing, both ends included. A day alone is meant from its
            first to its last nanosecond.
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
    project = read_project_file(arguments.path("config", config))

    def of(name: str, value: Any, default: Any = None) -> Any:
        return value if value is not None else project.singles.get(name, default)

    names = {
        name: arguments.texts(name, values)
        for name, values in (("own", own), ("approve", approve), ("rules_off", rules_off))
    }
    off = {**dict.fromkeys(names["rules_off"], ""), **dict(project.rules_off)}
    directory = of("rules_dir", arguments.path("rules", rules))
    said_tenant = of("tenant", arguments.text("tenant", tenant))
    maps = of("log_maps", arguments.paths("log_maps", log_maps) or None, ())
    settings = Settings(
        inputs=tuple(str(path) for path in arguments.paths("paths", paths)),
        inventories=tuple(Path(path) for path in arguments.paths("inventory", inventory)),
        own=names["own"],
        approve=names["approve"],
        origins={(name, value): name for name, values in names.items() for value in values},
        agents=arguments.agents("agents", agents),
        resolvers=tuple(
            policy.resolver(text, "resolvers") for text in arguments.texts("resolvers", resolvers)
        ),
        allows=tuple(policy.allowed(text, "allows") for text in arguments.texts("allows", allows)),
        config_file=project.path,
        hash_inputs=of("hashed", arguments.truth("hash_inputs", hash_inputs), True),
        threads=of("threads", arguments.whole("threads", threads, 1, 8)),
        engine=of("engine", arguments.text("engine", engine), ENGINES[0]),
        keylog=arguments.path("keylog", keylog),
        log_format=of("log_format", arguments.text("log_format", log_format)),
        log_maps=tuple(Path(path) for path in maps),
        squid_logformat=of("squid_logformat", arguments.text("squid_logformat", squid_logformat)),
        log_timezone=of("log_timezone", arguments.text("log_timezone", log_timezone), "UTC"),
        log_year=of("log_year", arguments.whole("log_year", log_year, 1970, 2200)),
        tenant=None if said_tenant is None else policy.tenant(said_tenant, "tenant"),
        rules_dir=None if directory is None else Path(directory),
        rule_seconds=of("rule_seconds", None, RULE_SECONDS),
        rules_off=tuple(sorted(off.items())),
        from_ns=arguments.moment("start", start, ends=False),
        to_ns=arguments.moment("end", end, ends=True),
        thresholds=thresholds_with(
            {**project.thresholds, **arguments.limits("thresholds", thresholds)}
        ),
    )
    arguments.check(settings)
    arguments.function("progress", progress)
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
        from analyzer.case.one_select import lock
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
        lock(self._connection)
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
        """One SELECT on the tables of docs/schema.md (DuckDB).

        It reads these tables alone: no files, no network, no variables of Python; and it changes
        nothing. Its memory and time are not bounded, which ``acrtrace query`` is for.

        Integers keep every digit (``Int64``; DuckDB's sums of BIGINT are wider and become floats
        unless they are cast), columns called ``..._ns`` become times in UTC without
        that ending, and NULL is missing.

        Raises:
            ValueError: The result was closed.
            analyzer.issues.UsageError: It is not exactly one SELECT.
            duckdb.Error: The query is wrong, or wants what it may not have.
        """
        from analyzer.case.one_select import read_only, single_select

        pandas = _pandas()
        if not self._closer.alive:
            raise ValueError("the result was closed: its tables are gone")
        if not isinstance(query, str):
            raise UsageError(f"query: expected a text, found {query!r:.60}")
        statement = single_select(self._connection, query)
        if statement is None:
            raise UsageError(f"query: expected exactly one SELECT, found {query!r:.60}")
        with read_only(self._connection):
            arrays = self._connection.execute(statement).fetchnumpy()
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

        target = arguments.path("path", path)
        if target is None:
            raise UsageError("path: expected a path, found None")
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
            f"tables need pandas: {installing('acrtrace[pandas]')} (the document needs nothing)"
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
