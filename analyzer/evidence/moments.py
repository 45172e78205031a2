"""Times as ISO 8601, without a float on the way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

SECOND_NS = 10**9
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_SECOND = 253_402_300_799  # 9999-12-31T23:59:59Z


def moment(ns: int) -> str:
    """``2026-11-28T05:20:02.0000001Z``: the seven digits that Kusto reads, rounded down.

    What lies outside of the years 1970 to 9999 is their edge.
    """
    seconds, rest = divmod(max(ns, 0), SECOND_NS)
    whole = _EPOCH + timedelta(seconds=min(seconds, _LAST_SECOND))
    return f"{whole:%Y-%m-%dT%H:%M:%S}.{rest // 100:07d}Z"
