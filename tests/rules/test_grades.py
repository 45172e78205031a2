"""Confidence is its own field: the weaker of name and direction."""

from __future__ import annotations

import pytest

from analyzer.rules.grades import confidence


@pytest.mark.parametrize(
    ("name", "direction", "ambiguous", "small", "expected"),
    [
        ("A1", "W1", False, False, "high"),
        ("A2", "W2", False, False, "high"),
        ("A3", "W3", False, False, "medium"),
        ("A4", "W3", False, False, "medium"),
        ("A4", "W3", True, False, "low"),
        ("A5", "W1", False, False, "low"),
        ("A6", "W3", False, False, "low"),
        ("A2", "W4", False, False, "medium"),
        ("A2", "W5", False, False, "low"),
        ("A2", "W2", False, True, "low"),
        ("A1", "W1", False, True, "high"),
    ],
)
def test_confidence(name, direction, ambiguous, small, expected):
    assert confidence(name, direction, ambiguous=ambiguous, only_small=small) == expected
