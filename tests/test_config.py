"""Limits, changed and refused."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from analyzer.config import COUNTED_BY, Thresholds, thresholds_with
from analyzer.issues import UsageError


def test_every_limit_but_those_that_packets_are_counted_by_can_be_changed():
    for name, value in asdict(Thresholds()).items():
        if name in COUNTED_BY:
            with pytest.raises(UsageError, match=f"{name} cannot be changed"):
                thresholds_with({name: value})
        else:
            assert thresholds_with({name: value}) == Thresholds()


def test_what_the_reader_counts_by_is_what_the_limits_say():
    """Were they to differ, reports would state limits that nothing was measured by."""
    from analyzer.capture import turns

    limits = Thresholds()
    assert tuple(getattr(limits, name) for name in COUNTED_BY) == (
        turns.UPLOAD_MIN,
        turns.UPLOAD_ALWAYS,
        turns.WIDE_MIN,
        turns.DRIP_MIN,
    )


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"tunnel_turn": 1}, "unknown limit 'tunnel_turn' .did you mean 'tunnel_turns'"),
        ({"tunnel_turns": True}, "must be a whole number from 1 to"),
        ({"tunnel_turns": "20"}, "must be a whole number"),
        ({"tunnel_turns": 1 << 60}, "must be a whole number"),
        ({"lower_bound_missed_share": float("nan")}, "must be a number from 0 to 1"),
        ({"login_turn_median_factor": 0}, "from 1 to 1,000"),
        ({"high_upload_bytes": 1 << 40}, "<= critical_upload_bytes"),
        ({"critical_write_bytes": 1000}, "medium_write_bytes .4,000. <= critical_write_bytes"),
    ],
)
def test_a_limit_that_makes_no_sense_is_refused(changes, reason):
    with pytest.raises(UsageError, match=reason):
        thresholds_with(changes)


def test_a_limit_that_cannot_be_changed_is_not_proposed():
    for name in COUNTED_BY:
        with pytest.raises(UsageError, match="unknown limit") as caught:
            thresholds_with({name.removesuffix("s") + "z": 1}, "here")
        proposed = str(caught.value).partition(";")[0]
        assert not any(f"'{each}'" in proposed for each in COUNTED_BY)
