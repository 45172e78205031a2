"""Moments and zones as a user states them, for the command line and for Python alike."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta

EXPECTED = "expected a time such as 2026-11-24, 2026-11-24T03:29:12Z or 2026-11-24T04:29:12+01:00"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_NS = 86_400_000_000_000
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{8}")
_TIME = re.compile(rf"(?:{_DAY.pattern})[T ][0-9]")


def nanoseconds(stated: str | date, *, ends: bool) -> int:
    """A moment as nanoseconds since 1970; without a zone it is UTC.

    Args:
        stated: A day or a day and a time of ISO 8601, a datetime, or a date.
        ends: It ends a time: of a day alone the last nanosecond is meant, and not its beginning.

    Raises:
        ValueError: It is none of them.
    """
    whole_day = ends
    if isinstance(stated, str):
        whole_day &= _DAY.fullmatch(stated) is not None
        if not _DAY.fullmatch(stated) and not _TIME.match(stated):
            # 2026-W48 is a week, of which fromisoformat takes the Monday.
            raise ValueError(f"neither a day nor a time: {stated!r:.60}")
        when = datetime.fromisoformat(stated)
    elif isinstance(stated, datetime):
        when, whole_day = stated, False
    elif isinstance(stated, date):
        when = datetime.combine(stated, time())
    else:
        raise ValueError(f"no time: {stated!r:.60}")
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    # int() refuses pandas.NaT, which calls itself a datetime.
    ns = int((when - _EPOCH) // timedelta(microseconds=1)) * 1000
    # In whole numbers: a day after 9999-12-31 is no date of Python's.
    return ns + _DAY_NS - 1 if whole_day else ns


def is_log_zone(name: str) -> bool:
    """True for the name of a time zone that DuckDB knows, which reads the logs."""
    if name == "UTC":
        return True
    import duckdb

    with duckdb.connect() as connection:
        query = "SELECT count(*) FROM pg_timezone_names() WHERE name = ?"
        return connection.execute(query, [name]).fetchall() != [(0,)]
