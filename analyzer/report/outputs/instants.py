"""Times of a result as other formats write them, and the one that an object without a time gets."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from analyzer.result import Finding, Result

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def utc(ns: int) -> datetime:
    """Nanoseconds since 1970 to the microsecond, rounded down; 64 bits of them are a date."""
    return _EPOCH + timedelta(microseconds=ns // 1000)


def iso(ns: int) -> str:
    """``2026-11-24T03:29:12.345678Z``."""
    return f"{utc(ns):%Y-%m-%dT%H:%M:%S.%f}Z"


def seen(result: Result, finding: Finding) -> int:
    """When a finding was last seen; else the run's latest time, so that it is never "now"."""
    for ns in (finding.last_ns, finding.first_ns):
        if ns is not None:
            return ns
    return latest(result)


def latest(result: Result) -> int:
    """Last packet or record of the run's inputs, 0 when none has a time; nanoseconds since 1970."""
    return max((each.last_ns for each in result.inputs if each.last_ns is not None), default=0)
