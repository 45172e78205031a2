"""Times for a reader: UTC with every digit, by integer arithmetic alone."""

from __future__ import annotations

from datetime import UTC, datetime


def utc(ns: int) -> str:
    """Nanoseconds since 1970 as ISO 8601 in UTC; the raw number where no calendar reaches.

    >>> utc(1795474332719847200)
    '2026-11-23T22:52:12.719847200Z'
    """
    seconds, rest = divmod(ns, 1_000_000_000)
    try:
        moment = datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError, ValueError):
        return f"{ns} ns"
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"
