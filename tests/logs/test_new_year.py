"""Logs that state no year and run over New Year."""

from __future__ import annotations

import datetime

import pytest

from analyzer.logs.extract import issues_of
from craft.logs import observed

ASKED = "dnsmasq[1]: query[A] a.example from 10.0.0.4"


def years(days: list[str], year: int = 2026, zone: str = "UTC") -> tuple[list[int], list[str]]:
    """The year of each line, and what is said."""
    text = "".join(f"{day} {ASKED}\n" for day in days)
    _, rows, tally = observed(text, zone=zone, year=year)
    told = datetime.timezone(datetime.timedelta(hours=5, minutes=30 if zone != "UTC" else -300))
    times = [datetime.datetime.fromtimestamp(row["ts_ns"] // 10**9, told) for row in rows]
    return [each.year for each in times], [issue.code for issue in issues_of(tally, 0)]


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata"])
def test_lines_before_new_year_are_of_the_year_before(zone: str) -> None:
    days = ["Dec 30 12:00:00", "Dec 31 23:59:59", "Jan  1 00:00:00", "Jan  2 12:00:00"]
    assert years(days, zone=zone) == ([2025, 2025, 2026, 2026], ["new-year"])


def test_a_late_line_of_the_old_year() -> None:
    days = ["Dec 31 23:59:58", "Jan  1 00:00:00", "Dec 31 23:59:59", "Jan  1 00:00:01"]
    assert years(days) == ([2025, 2026, 2025, 2026], ["new-year"])


def test_several_years() -> None:
    days = ["Nov  1 00:00:00", "Jan  5 00:00:00", "May  5 00:00:00", "Nov  7 00:00:00"]
    assert years([*days, "Jan  9 00:00:00"])[0] == [2024, 2025, 2025, 2025, 2026]


def test_half_a_year_without_a_line_and_small_steps_back_are_no_new_year() -> None:
    days = ["Jan  1 00:00:00", "Sep  1 00:00:01", "Sep  1 00:00:00", "Apr  1 00:00:00"]
    assert years(days) == ([2026] * 4, [])


def test_a_clock_that_jumps_all_the_time_is_left_as_it_is() -> None:
    assert years(["Dec  1 00:00:00", "Jan 20 00:00:00"] * 60) == ([2026] * 120, ["new-year"])


def test_stated_years_are_kept() -> None:
    days = ["2026-12-30T12:00:00Z", "2026-01-02T12:00:00Z"]
    _, rows, tally = observed("".join(f"{day} host {ASKED}\n" for day in days), year=2027)
    assert [row["ts_ns"] // 10**9 for row in rows] == [1798632000, 1767355200]
    assert issues_of(tally, 0) == []
