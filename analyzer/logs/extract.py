"""The readers' one call: logs to rows of the case."""

from __future__ import annotations

import datetime
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from analyzer.inputs.commands import as_utf8, piped
from analyzer.inputs.open import open_stream
from analyzer.issues import Issue
from analyzer.logs.format import known
from analyzer.logs.gather import gather
from analyzer.logs.mapping import formats_with
from analyzer.logs.observe import observe, prepare
from analyzer.logs.squid_logformat import logformat
from analyzer.logs.statements import OBSERVED
from analyzer.logs.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    import duckdb

    from analyzer.inputs.open import Stream
    from analyzer.inputs.spec import Spec
    from analyzer.logs.format import LogFormat

UNREADABLE_SHARE = 100
"""An input is incomplete from one unreadable record in this many on."""


@dataclass(frozen=True, slots=True)
class LogOptions:
    """What a log may leave open.

    Attributes:
        formats: Formats by name, those of the user first; None: the built-in ones.
        zone: IANA name of the zone of times that state none.
        year: Year of times that state none, of the last line; None
            takes the year in which the file was last written.
    """

    formats: Mapping[str, LogFormat] | None = None
    zone: str = "UTC"
    year: int | None = None


def log_formats(
    maps: Sequence[Path] = (), squid_logformat: str | None = None, chosen: str | None = None
) -> dict[str, LogFormat] | None:
    """The formats of a run: what the user describes, then the built-in ones.

    None stands for the built-in ones alone: they are read when there is a text to be told.

    Args:
        maps: Files that describe formats (docs/log-maps.md).
        squid_logformat: As squid.conf has it.
        chosen: The one that the logs are said to be.

    Raises:
        UsageError: A description is wrong, or there is no such format.
    """
    if not maps and squid_logformat is None and chosen is None:
        return None
    formats = formats_with(maps)
    if squid_logformat is not None:
        mine = logformat(squid_logformat)
        formats = {mine.name: mine, **formats}
    if chosen is not None:
        known(chosen, formats)
    return formats


def extract_logs(
    specs: Sequence[Spec],
    connection: duckdb.DuckDBPyConnection,
    first_input: int,
    progress: Callable[[int], None] | None = None,
    *,
    digest: bool = True,
    options: LogOptions,
) -> tuple[list[dict[str, Any]], list[Issue]]:
    """Reads logs, in order, into the tables of an open case; captures must be in it already.

    Args:
        specs: Inputs whose format is a log's.
        connection: The case.
        first_input: Number of the first.
        progress: Told how many stored bytes have been read so far.
        digest: Compute the SHA-256 of every input.
        options: Formats, zone and year.

    Returns:
        Rows of ``inputs``, and what could not be read.
    """
    if not specs:
        return [], []
    rows: list[dict[str, Any]] = []
    issues: list[Issue] = []
    done = 0
    for input_id, spec in enumerate(specs, first_input):
        prepare(connection, options.zone, options.year or _year_of(spec))
        stream = open_stream(spec, hashed=digest)
        with stream:
            row, found = _one(stream, connection, input_id, done, progress, options.formats)
        done += stream.stored_bytes
        rows.append(row)
        issues += found
    gather(connection, options.formats)
    return rows, issues


def _one(
    stream: Stream,
    connection: duckdb.DuckDBPyConnection,
    input_id: int,
    done: int,
    progress: Callable[[int], None] | None,
    formats: Mapping[str, LogFormat] | None,
) -> tuple[dict[str, Any], list[Issue]]:
    spec = stream.spec
    found = spec.format.log if spec.format is not None else None
    tally = Tally()
    if found is not None:

        def read(view: memoryview) -> int:
            count = stream.readinto(view)
            if progress is not None:
                progress(done + stream.stored_bytes)
            return count

        tally = observe(connection, read, found, input_id, formats)
    stream.drain()
    if stream.problem is not None:
        _leave_out_the_cut(connection, input_id, tally)
    unit = _unit(spec)
    issues = issues_of(tally, input_id, unit)
    if stream.problem is not None:
        problem = stream.problem
        issues.append(Issue(problem.code, input_id, problem.where, problem.detail, incomplete=True))
    first, last = connection.execute(
        f"SELECT min(ts_ns), max(coalesce(end_ns, ts_ns)) FROM {OBSERVED} "  # noqa: S608
        "WHERE input_id = ?",
        [input_id],
    ).fetchall()[0]
    row = {
        "input_id": input_id,
        "path": spec.path,
        "sha256": stream.sha256,
        "format": str(spec.format),
        "bytes": stream.stored_bytes,
        "records": tally.records,
        "first_ns": first,
        "last_ns": last,
        "snapped": 0,
        "complete": not any(issue.incomplete for issue in issues),
        "archive": spec.archive,
        "extract": _extract(spec, tally.program),
        "unit": unit,
    }
    return row, issues


def _leave_out_the_cut(connection: duckdb.DuckDBPyConnection, input_id: int, tally: Tally) -> None:
    """The last line of an input that breaks off may be half a line: half a name, half a number."""
    line = tally.damage.unended
    if not line:
        return
    mine = f"FROM {OBSERVED} WHERE input_id = ? AND line = ?"
    ((stated,),) = connection.execute(f"SELECT count(*) {mine}", [input_id, line]).fetchall()
    if stated:
        connection.execute(f"DELETE {mine}", [input_id, line])
        tally.records -= 1
        tally.lost.add(line, "expected a whole line: the input breaks off inside of it")


def _unit(spec: Spec) -> str:
    """What places in the log count."""
    found = spec.format.log if spec.format is not None else None
    return "record" if found is not None and found.layout == "documents" else "line"


def _extract(spec: Spec, program: str | None) -> str | None:
    """The command that prints the log as lines: UTF-16 becomes UTF-8, a document its records."""
    form = spec.format
    if form is None or form.log is None:
        return spec.extract
    steps = [as_utf8(form.log.encoding)] if form.log.encoding.startswith("utf-16") else []
    if _unit(spec) == "record":
        if program is None:
            return None
        steps.append(f"jq {program}")
    if not steps:
        return spec.extract
    member = spec.archive is not None
    return piped(spec.path, form.compression, spec.extract, steps, member=member)


def issues_of(tally: Tally, input_id: int, unit: str = "line") -> list[Issue]:
    """What was wrong with the lines (records) of one input; from 1 % on, data is missing."""
    bad = tally.lost.count + sum(count for count, _ in tally.unusable.values())
    bad += tally.others
    share = bad * UNREADABLE_SHARE >= max(tally.records + tally.lost.count + tally.others, 1)
    found = []
    if tally.lost.count:
        begins = f" (begins in {tally.lost.begins})" if tally.lost.begins else ""
        found.append(
            Issue(
                "unreadable-record",
                input_id,
                f"{unit} {tally.lost.first_line}",
                f"{tally.lost.reason}{begins}; the record is lost",
                tally.lost.count,
                share,
            )
        )
    for reason, (count, line) in tally.unusable.items():
        detail = f"expected a record of its format, found {reason}; it is left out"
        found.append(Issue("unusable-record", input_id, f"{unit} {line}", detail, count, share))
    if tally.others:
        detail = f"expected a record of the log's format, found another {unit}; it is left out"
        where = f"{unit} {tally.first_other}"
        found.append(Issue("unknown-line", input_id, where, detail, tally.others, share))
    damage = tally.damage
    if damage.undecodable:
        detail = "bytes that are no text in the log's encoding; they are read as U+FFFD"
        where = f"line {damage.first_undecodable}"
        found.append(Issue("undecodable-text", input_id, where, detail, damage.undecodable))
    if damage.overlong:
        detail = "expected lines of at most 1,048,576 characters; cut there"
        where = f"line {damage.first_overlong}"
        found.append(Issue("overlong-line", input_id, where, detail, damage.overlong, True))
    if (turned := tally.new_year) is not None:
        detail = "the time, which states no year, jumps back by more than half a year: "
        if turned.known:
            detail += "lines before New Year are of the year before (--log-year: the last line's)"
        else:
            detail += "too often for years to end there; all lines keep one year"
        where = f"{unit} {turned.line}"
        found.append(Issue("new-year", input_id, where, detail, turned.turns, not turned.known))
    if damage.zeros:
        detail = "expected text, found NUL bytes (a log that was truncated while it was written "
        detail += "to, or a block that never reached the disk); they are skipped"
        where = f"offset {damage.first_zero - 1}"
        found.append(Issue("hole-in-text", input_id, where, detail, damage.zeros))
    return found


def _year_of(spec: Spec) -> int | None:
    """The year in which a file was last written; for what is no file, nobody can tell."""
    if spec.source is None:
        return None
    try:
        changed = os.stat(spec.source).st_mtime  # noqa: PTH116 - names need not be text
    except OSError:
        return None
    return datetime.datetime.fromtimestamp(changed, datetime.UTC).year
