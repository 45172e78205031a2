"""What an option takes, and what it refuses."""

from __future__ import annotations

from datetime import UTC, datetime

import click
import pytest

from analyzer.cli import values

DAY = 86_400 * 1_000_000_000
HOUR = DAY // 24


def moment(flag, text):
    return values.moment(click.Context(click.Command("x")), click.Option([flag]), text)


def day(*date):
    return int(datetime(*date, tzinfo=UTC).timestamp()) * 1_000_000_000


@pytest.mark.parametrize("text", ["2026-11-24", "20261124"])
def test_a_day_begins_at_midnight_and_ends_with_its_last_nanosecond(text):
    assert moment("--from", text) == day(2026, 11, 24)
    assert moment("--to", text) == day(2026, 11, 25) - 1


@pytest.mark.parametrize(
    "text", ["2026-11-24T03:30", "2026-11-24 03:30:00", "20261124T0330", "2026-11-24T04:30+01:00"]
)
def test_a_time_is_itself_for_both(text):
    expected = day(2026, 11, 24) + 3 * HOUR + HOUR // 2
    assert moment("--from", text) == moment("--to", text) == expected


@pytest.mark.parametrize(
    "text",
    ["2026-W48", "2026W48", "2026-W48-2", "2026-W48-2T03:00", "2026W482", "2026-11", "2026", "now",
     "", "2026-11-24T", "2026-11-31", "2026-328", "２０２６-11-24"],
)  # fmt: skip
@pytest.mark.parametrize("flag", ["--from", "--to"])
def test_what_is_neither_a_day_nor_a_time_is_refused(flag, text):
    with pytest.raises(click.BadParameter, match="expected a time such as 2026-11-24"):
        moment(flag, text)


def test_the_last_day_that_there_is_ends_after_it_begins():
    begin, end = moment("--from", "9999-12-31"), moment("--to", "9999-12-31")
    assert begin is not None
    assert end == begin + DAY - 1


def test_no_time_is_none():
    assert moment("--from", None) is None
