from __future__ import annotations

import pytest

from analyzer.rules.times import utc


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (0, "1970-01-01T00:00:00.000000000Z"),
        (1_795_474_332_719_847_201, "2026-11-23T22:52:12.719847201Z"),
        (-1, "1969-12-31T23:59:59.999999999Z"),
        (2**63 - 1, "2262-04-11T23:47:16.854775807Z"),
        (10**30, "1000000000000000000000000000000 ns"),
    ],
)
def test_utc_keeps_every_digit(ns, text):
    assert utc(ns) == text
