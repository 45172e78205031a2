from __future__ import annotations

import pytest

from analyzer.shares import percent


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (None, "unknown"),
        (0.0, "0 %"),
        (0.0001, "under 0.1 %"),
        (0.156, "15.6 %"),
        (0.29, "29 %"),
        (0.5, "50 %"),
        (0.974, "97.4 %"),
        (0.999, "99.9 %"),
        (0.99999, "over 99.9 %"),
        (1.0, "100 %"),
    ],
)
def test_share_never_rounds_to_all_or_nothing(share: float | None, text: str) -> None:
    assert percent(share) == text
