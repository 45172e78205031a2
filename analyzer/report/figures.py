"""Numbers as a reader wants them: exact bytes, rounded bytes, times. KB is 1000 bytes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from analyzer.report.meanings import SHOWS

if TYPE_CHECKING:
    from datetime import tzinfo

    from analyzer.result import Finding

UNKNOWN = "unknown"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNITS = ("B", "KB", "MB", "GB", "TB", "PB", "EB")


def exact(count: int | None) -> str:
    """Bytes to the last digit, ``5,243,112 B``; what a recount can be held against."""
    return UNKNOWN if count is None else f"{count:,} B"


def rounded(count: int | None) -> str:
    """Bytes with three significant digits, ``5.24 MB``."""
    if count is None:
        return UNKNOWN
    size = abs(count)
    power = 0
    # 999.5 and not 1000: what would print as "1000 KB" is "1.00 MB".
    while power < len(_UNITS) - 1 and size >= (1000 if power == 0 else 999.5 * 1000**power):
        power += 1
    if power == 0:
        return f"{count} B"
    value = size / 1000**power
    decimals = 2 if value < 9.995 else 1 if value < 99.95 else 0
    return f"{'-' if count < 0 else ''}{value:,.{decimals}f} {_UNITS[power]}"


def number(count: int | None) -> str:
    """A plain count with thousands separators."""
    return UNKNOWN if count is None else f"{count:,}"


def limit(value: float) -> str:
    """A threshold: ``65,536`` or ``0.01``."""
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:g}"


def moment(ns: int | None, zone: tzinfo = UTC) -> str:
    """Nanoseconds since 1970 as ``2026-11-24 03:29:12.345678 UTC``; the raw number if no date.

    Args:
        ns: Nanoseconds since 1970, UTC.
        zone: Zone to show it in; another one than UTC is named by its offset at that moment,
            ``2026-11-24 04:29:12.345678 +01:00``.
    """
    if ns is None:
        return UNKNOWN
    try:
        when = (_EPOCH + timedelta(microseconds=ns // 1000)).astimezone(zone)
    except (OverflowError, ValueError):
        return f"{ns} ns since 1970"
    if zone is UTC:
        return f"{when:%Y-%m-%d %H:%M:%S.%f} UTC"
    return when.isoformat(" ", "microseconds")[:26] + f" {when.isoformat()[-6:]}"


def second(ns: int | None, zone: tzinfo = UTC) -> str:
    """`moment` without the part of the second, for where the exact time stands elsewhere."""
    clock, _, offset = moment(ns, zone).rpartition(" ")
    return f"{clock.partition('.')[0]} {offset}".lstrip()


def duration(first_ns: int | None, last_ns: int | None) -> str:
    """Time between two moments in the largest fitting unit."""
    if first_ns is None or last_ns is None:
        return UNKNOWN
    seconds = abs(last_ns - first_ns) / 1e9
    if seconds < 1:
        return f"{seconds * 1000:.1f} ms"
    if seconds < 120:
        return f"{seconds:.1f} s"
    if seconds < 7200:
        return f"{seconds / 60:.1f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 172_800 else f"{seconds / 86_400:.1f} days"


def ratio(pcr: float | None) -> str:
    """Producer/consumer ratio with its sign: +1 only sends, -1 only receives."""
    return UNKNOWN if pcr is None else f"{pcr:+.3f}"


def outcome(finding: Finding) -> str:
    """What an exfiltration finding is about: an amount, a denied attempt, or mere contact."""
    if finding.shows in SHOWS:
        return SHOWS[finding.shows]
    size = amount(
        finding.uploaded_bytes, finding.size_error_bytes, finding.uploaded_bytes_is_lower_bound
    )
    return f"{size} uploaded" if finding.uploaded_bytes else size


def amount(uploaded: int | None, error: int | None, lower_bound: bool) -> str:
    """The estimate as it must always be quoted: ``at least 5.24 MB ± 3.10 KB``."""
    if uploaded is None:
        return "unknown amount"
    if not uploaded:
        return "no bytes seen"
    text = rounded(uploaded)
    if error:
        text += f" ± {rounded(error)}"
    return f"at least {text}" if lower_bound else text
