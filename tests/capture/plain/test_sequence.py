"""The union of sequence ranges against a set of numbers."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from analyzer.capture.plain.sequence import MAX_HOLES, Sequence, distance


@given(
    start=st.integers(0, 2**32 - 1),
    pieces=st.lists(st.tuples(st.integers(0, 400), st.integers(1, 60)), max_size=40),
)
def test_every_byte_counts_once(start: int, pieces: list[tuple[int, int]]) -> None:
    sequence = Sequence()
    sequence.begin(start)
    seen: set[int] = set()
    for offset, size in pieces:
        seq = (start + offset) & 0xFFFFFFFF
        moved = sequence.add(sequence.unwrap(seq), size, opened=True)
        top = max(seen, default=-1) + 1
        seen.update(range(offset, offset + size))
        assert moved == max(offset + size - top, 0)
    assert sequence.bytes == len(seen)
    assert sequence.missed == max(seen, default=-1) + 1 - len(seen)
    gaps = [k for k in range(max(seen, default=-1) + 2) if k not in seen]
    assert sequence.reach(start) == gaps[0] if gaps else True


def test_bytes_before_the_first_segment_count_without_a_syn() -> None:
    sequence = Sequence()
    sequence.begin(1000)
    sequence.add(1000, 100, opened=False)
    sequence.add(900, 50, opened=False)
    assert (sequence.bytes, sequence.missed) == (150, 50)
    sequence.add(950, 50, opened=False)
    assert (sequence.bytes, sequence.missed) == (200, 0)


def test_holes_are_bounded_and_counted() -> None:
    sequence = Sequence()
    sequence.begin(0)
    for k in range(MAX_HOLES + 5):
        sequence.add(10 * k + 5, 5, opened=True)
    assert len(sequence.holes) == MAX_HOLES
    assert sequence.capped == 5
    assert sequence.missed == 5 * (MAX_HOLES + 5)


def test_distance_wraps() -> None:
    assert distance(5, 2**32 - 5) == 10
    assert distance(2**32 - 5, 5) == -10
