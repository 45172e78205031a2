"""A log whose clock states no year and that runs over New Year.

All its times were read in one year, that of its last line: at New Year they jump back by almost
one. What stands before such a jump is a year earlier.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from analyzer.logs.statements import OBSERVED

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import duckdb

    from analyzer.logs.format import LogFormat

HALF_A_YEAR = 182 * 86_400 * 1_000_000_000
LATE = 86_400 * 1_000_000_000
"""A line of the old year may be written late, after the first of the new one."""

MAX_JUMPS = 100
"""More are no calendar."""


@dataclass(frozen=True, slots=True)
class NewYear:
    """Where the years of a log turned.

    Attributes:
        line: The first line of the (first) new year.
        turns: How many years end in the log.
        known: False where the clock jumps too often: nothing was changed.
    """

    line: int
    turns: int
    known: bool = True


def turn(
    connection: duckdb.DuckDBPyConnection, input_id: int, formats: Iterable[LogFormat]
) -> NewYear | None:
    """Puts the lines before each New Year of an input into their year.

    Args:
        connection: The case, with the input's observations.
        input_id: The input.
        formats: Its formats.

    Returns:
        None where no year ends, or all times state theirs.
    """
    without = [each.name for each in formats if "log_year" in each.sql or "syslog" in each.sql]
    if not without:
        return None
    # Only times that were read in the year that was given can lack their own.
    ((year, zone),) = connection.execute(
        "SELECT getvariable('log_year'), getvariable('log_zone')"
    ).fetchall()
    if year is None:
        return None
    local = "timezone($zone, timezone('UTC', make_timestamp(ts_ns // 1000)))"
    chosen = (
        "input_id = $input AND format IN (SELECT unnest($formats::VARCHAR[])) "
        f"AND year({local}) = $year"
    )
    values = {"input": input_id, "formats": without, "zone": zone, "year": year}
    (span,) = connection.execute(
        f"SELECT max(ts_ns) - min(ts_ns) FROM {OBSERVED} WHERE {chosen}",  # noqa: S608
        values,
    ).fetchall()[0]
    if span is None or span <= HALF_A_YEAR:
        return None
    jumps = connection.execute(
        f"SELECT line, before, ts_ns FROM (SELECT line, ts_ns, lag(ts_ns) OVER "  # noqa: S608
        f"(ORDER BY line, ts_ns) AS before FROM {OBSERVED} WHERE {chosen}) "
        f"WHERE abs(ts_ns - before) > {HALF_A_YEAR} ORDER BY line LIMIT {MAX_JUMPS + 1}",
        values,
    ).fetchall()
    parts = _parts(jumps)
    turned = max((era for _, era in parts), default=0)
    if not turned:
        return None
    first = next(line for line, era in parts if era)
    if len(jumps) > MAX_JUMPS:
        return NewYear(first, turned, known=False)
    last = parts[-1][1]
    eras = " ".join(f"WHEN line >= {line} THEN {last - era}" for line, era in reversed(parts))
    years = f"CASE {eras} ELSE {last} END"
    moved = f"epoch_us(timezone($zone, {local} - to_years(CAST({years} AS INTEGER))))"
    by = f"(ts_ns // 1000 - {moved}) * 1000"
    connection.execute(
        f"UPDATE {OBSERVED} SET ts_ns = ts_ns - {by}, end_ns = end_ns - {by} "  # noqa: S608
        f"WHERE {chosen} AND {years} <> 0",
        values,
    )
    return NewYear(first, last)


def _parts(jumps: Sequence[tuple[int, int, int]]) -> list[tuple[int, int]]:
    """(First line, how many years ended before it), from jumps (line, time before it, its time)."""
    era, old = 0, 0
    found = []
    for line, before, now in jumps:
        if now < before:
            era, old = era + 1, before
        elif era and abs(now - old) <= LATE:
            era -= 1
        else:
            continue  # half a year without a line
        found.append((line, era))
    return found
