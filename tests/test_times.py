from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pandas as pd
import pytest

from analyzer.times import is_log_zone, nanoseconds

DAY = 86_400 * 10**9
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
BEGIN = int(datetime(2026, 11, 23, tzinfo=UTC).timestamp()) * 10**9


@pytest.mark.parametrize("day", ["2026-11-23", "20261123", date(2026, 11, 23)])
def test_a_day_begins_and_ends(day):
    assert nanoseconds(day, ends=False) == BEGIN
    assert nanoseconds(day, ends=True) == BEGIN + DAY - 1


@pytest.mark.parametrize(
    "stated",
    [
        "2026-11-23T12:00",
        "2026-11-23T13:00+01:00",
        NOON,
        NOON.replace(tzinfo=None),
        NOON.astimezone(timezone(timedelta(hours=-5))),
        pd.Timestamp(NOON),
    ],
)
def test_a_moment_is_one_at_either_end(stated):
    assert nanoseconds(stated, ends=False) == nanoseconds(stated, ends=True) == BEGIN + DAY // 2


def test_midnight_that_is_stated_is_no_day():
    assert nanoseconds("2026-11-23T00:00", ends=True) == BEGIN
    assert nanoseconds(datetime(2026, 11, 23), ends=True) == BEGIN  # noqa: DTZ001


def test_the_last_day_of_all():
    assert nanoseconds("9999-12-31", ends=True) > nanoseconds("9999-12-30", ends=False)
    assert nanoseconds(datetime.max, ends=False) > 0


@pytest.mark.parametrize("stated", ["soon", "", 5, 5.0, pd.NaT, b"2026-11-23", None])
def test_what_is_no_time(stated):
    with pytest.raises(ValueError, match=r"."):
        nanoseconds(stated, ends=True)


def test_zones():
    assert is_log_zone("UTC")
    assert is_log_zone("Europe/Berlin")
    assert not is_log_zone("Mars")
