from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.report import figures
from craft import results


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1_000, "1.00 KB"),
        (4_096, "4.10 KB"),
        (99_960, "100 KB"),
        (999_499, "999 KB"),
        (999_500, "1.00 MB"),
        (5_243_112, "5.24 MB"),
        (10**30, "1,000,000,000,000 EB"),
        (-1_500, "-1.50 KB"),
        (None, "unknown"),
    ],
)
def test_rounded(count: int | None, text: str) -> None:
    assert figures.rounded(count) == text


@given(st.integers(min_value=1, max_value=10**19))
def test_rounded_is_within_half_a_percent(count: int) -> None:
    value, unit = figures.rounded(count).replace(",", "").split()
    size = float(value) * 1000 ** ("B", "KB", "MB", "GB", "TB", "PB", "EB").index(unit)
    assert abs(size - count) <= 0.0051 * count


def test_exact_can_be_held_against_a_recount() -> None:
    assert figures.exact(5_243_112) == "5,243,112 B"
    assert figures.exact(None) == "unknown"


def test_moment() -> None:
    assert figures.moment(0) == "1970-01-01 00:00:00.000000 UTC"
    assert figures.moment(1_795_474_332_719_847_299) == "2026-11-23 22:52:12.719847 UTC"
    assert figures.moment(-1) == "1969-12-31 23:59:59.999999 UTC"
    assert figures.moment(None) == "unknown"


@given(st.integers())
def test_no_time_is_too_strange(ns: int) -> None:
    assert figures.moment(ns)
    assert figures.duration(0, ns)


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (5_000_000, "5.0 ms"),
        (3 * 10**9, "3.0 s"),
        (300 * 10**9, "5.0 min"),
        (7_200 * 10**9, "2.0 h"),
        (259_200 * 10**9, "3.0 days"),
    ],
)
def test_duration(ns: int, text: str) -> None:
    assert figures.duration(1, ns + 1) == text


def test_amount_carries_its_doubt() -> None:
    assert figures.amount(5_243_112, 3_104, False) == "5.24 MB ± 3.10 KB"
    assert figures.amount(5_243_112, None, True) == "at least 5.24 MB"
    assert figures.amount(None, None, True) == "unknown amount"
    assert figures.amount(0, 0, True) == figures.amount(0, None, False) == "no bytes seen"


def test_limit_and_ratio() -> None:
    assert figures.limit(65_536.0) == "65,536"
    assert figures.limit(0.01) == "0.01"
    assert figures.ratio(-1.0) == "-1.000"
    assert figures.ratio(None) == "unknown"


@pytest.mark.parametrize(
    ("shows", "uploaded", "text"),
    [
        ("upload", 5_243_112, "5.24 MB ± 3.10 KB uploaded"),
        ("upload", None, "unknown amount"),
        ("denied", None, "denied by a device; nothing is known to have left"),
        ("contact", None, "contact, amount unknown"),
        (None, 1000, "1.00 KB ± 3.10 KB uploaded"),
    ],
)
def test_outcome(shows: str | None, uploaded: int | None, text: str) -> None:
    assert figures.outcome(results.make_finding(shows=shows, uploaded_bytes=uploaded)) == text


def test_a_moment_in_another_zone_has_its_offset() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    assert figures.moment(1_790_000_000_123_456_789, berlin) == (
        "2026-09-21 16:13:20.123456 +02:00"
    )
    assert figures.moment(0, berlin) == "1970-01-01 01:00:00.000000 +01:00"
    assert figures.moment(None, berlin) == figures.UNKNOWN
    assert figures.moment(253_402_300_799_999_999_999, berlin).endswith("ns since 1970")
