"""Accessors: int64 whatever the bytes, both byte orders, and a trap behind the window."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.capture import bytes as access

ORDERED = (("u8", 1), ("u16", 2), ("u24", 3), ("u32", 4))


def window(data: bytes) -> np.ndarray:
    return np.frombuffer(bytearray(data), dtype=np.uint8)


@settings(max_examples=100, deadline=None)
@given(st.binary(min_size=12, max_size=12), st.integers(0, 4))
def test_values_are_those_of_int_from_bytes(data: bytes, at: int) -> None:
    b = window(data)
    for name, size in ORDERED:
        assert getattr(access, name)(b, at) == int.from_bytes(data[at : at + size], "big")
    assert access.s64(b, at) == int.from_bytes(data[at : at + 8], "big", signed=True)
    for size, name in ((2, "e16"), (4, "e32")):
        for big, order in ((1, "big"), (0, "little")):
            expected = int.from_bytes(data[at : at + size], order)  # type: ignore[arg-type]
            assert getattr(access, name)(b, at, big) == expected


@pytest.mark.parametrize(("name", "size"), ORDERED)
def test_a_read_behind_the_window_trips(name: str, size: int) -> None:
    with pytest.raises(IndexError):
        getattr(access, name)(window(bytes(8)), 9 - size)


@pytest.mark.parametrize(
    ("a", "b", "distance"),
    [
        (0, 0, 0),
        (5, 3, 2),
        (3, 5, -2),
        (0, 0xFFFFFFFF, 1),
        (0xFFFFFFFF, 0, -1),
        (0x7FFFFFFF, 0, 0x7FFFFFFF),
        (0x80000000, 0, -0x80000000),
    ],
)
def test_sequence_distance_wraps(a: int, b: int, distance: int) -> None:
    assert access.seq_diff(a, b) == distance
