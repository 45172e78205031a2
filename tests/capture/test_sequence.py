"""Sequence space against a model that keeps every byte position in a set of plain integers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.capture import layout as at
from analyzer.capture import sequence
from craft.flowrow import FlowRow
from craft.machine import machine_code

MASK = 0xFFFFFFFF
SPAN = 600


def unwrapped(value: int, near: int) -> int:
    """The integer congruent to a 32-bit number that lies nearest to ``near``."""
    return near + ((value - near + 0x80000000) & MASK) - 0x80000000


@dataclass
class Model:
    """Bytes seen, as unwrapped positions; a SYN fixes where the stream begins."""

    base: int | None = None
    fixed: bool = False
    seen: set[int] = field(default_factory=set)
    end: int = 0
    most_holes: int = 0

    def add(self, start: int, size: int) -> int:
        """Takes a segment; how far the end moved."""
        if self.base is None:
            self.base = self.end = start
        moved = max(start + size - self.end, 0)
        if not self.fixed:
            self.base = min(self.base, start)
        self.end = max(self.end, start + size)
        self.seen.update(range(max(start, self.base), start + size))
        self.most_holes = max(self.most_holes, len(self.holes()))
        return moved

    def holes(self) -> set[tuple[int, int]]:
        """Missing ranges between the stream's beginning and its end."""
        out, low = set(), None
        for position in range(self.base or 0, self.end + 1):
            missing = position < self.end and position not in self.seen
            if missing and low is None:
                low = position
            elif not missing and low is not None:
                out.add((low, position))
                low = None
        return out

    @property
    def missed(self) -> int:
        return self.end - (self.base or 0) - len(self.seen)


def engine_holes(row: FlowRow, near: int) -> list[tuple[int, int]]:
    count = row.side(at.D_HOLES)
    bounds = [unwrapped(int(v), near) for v in row.h[0, : 2 * count]]
    return list(zip(bounds[::2], bounds[1::2], strict=True))


def begun(isn: int | None) -> tuple[FlowRow, Model]:
    """A side before its first payload, with its SYN seen unless isn is None."""
    row, model = FlowRow(), Model()
    if isn is not None:
        row.set_side(at.D_NEXT, isn & MASK)
        row.set_side(at.D_BASE, isn & MASK)
        row[at.F_FLAGS] = at.FL_SYN_A
        model.base, model.end, model.fixed = isn, isn, True
    return row, model


def play(row: FlowRow, model: Model, segments: list[tuple[int, int]], account: Any) -> None:
    for start, size in segments:
        moved = account(row.g, row.f, row.h, 0, 0, start & MASK, size)
        assert moved == model.add(start, size)


origins = st.sampled_from([0, 1, 5_000, 0x7FFFFFFF - 100, 0x80000000, MASK - 300, MASK - 1, MASK])
chunks = st.lists(st.tuples(st.integers(0, SPAN), st.integers(1, 90)), min_size=1, max_size=40)


@pytest.mark.parametrize("with_syn", [True, False])
@settings(max_examples=400, deadline=None)
@given(origin=origins, chunks=chunks, cut=st.integers(1, 40))
def test_unique_and_missed_bytes_are_those_of_a_set(
    with_syn: bool, origin: int, chunks: list[tuple[int, int]], cut: int
) -> None:
    row, model = begun(origin + 1 if with_syn else None)
    play(row, model, [(origin + a, n) for a, n in chunks[:cut]], sequence.account)
    if model.most_holes > at.HOLES:
        return  # the bound is another test's subject
    assert model.base is not None
    assert row.side(at.D_BYTES) == len(model.seen)
    assert sequence.hole_bytes(row.f, row.h, 0, 0) == model.missed
    assert row.side(at.D_LOST) == 0
    assert row.side(at.D_NEXT) == model.end & MASK
    assert row.side(at.D_BASE) == model.base & MASK
    found = engine_holes(row, origin)
    assert set(found) == model.holes()
    assert len(found) == len(set(found))
    first = min((low for low, _ in found), default=model.end)
    assert sequence.contiguous(row.f, row.h, 0, 0, row.side(at.D_BASE)) == first - model.base


@settings(max_examples=300, deadline=None)
@given(
    origin=origins,
    chunks=st.lists(st.tuples(st.integers(0, 4000), st.integers(1, 60)), max_size=80),
)
def test_beyond_the_bound_nothing_is_counted_twice_or_forgotten(
    origin: int, chunks: list[tuple[int, int]]
) -> None:
    """A hole that was given up stays missed for good, so counted and missed fill the span."""
    row, model = begun(origin + 1)
    play(row, model, [(origin + a, n) for a, n in chunks], sequence.account)
    missed = sequence.hole_bytes(row.f, row.h, 0, 0) + row.side(at.D_LOST)
    assert row.side(at.D_BYTES) + missed == model.end - (origin + 1)
    assert row.side(at.D_BYTES) <= len(model.seen)
    assert row.side(at.D_HOLES) <= at.HOLES
    assert (row.side(at.D_LOST) > 0) == (row.g[at.G_HOLE_CAP] > 0)


@settings(max_examples=60, deadline=None)
@given(origin=origins, chunks=chunks)
def test_machine_code_gives_the_same_state(origin: int, chunks: list[tuple[int, int]]) -> None:
    left, right = begun(None)[0], begun(None)[0]
    compiled = machine_code(sequence.account)
    for start, size in chunks:
        args = ((origin + start) & MASK, size)
        one = sequence.account(left.g, left.f, left.h, 0, 0, *args)
        assert one == compiled(right.g, right.f, right.h, 0, 0, *args)
    assert (left.f == right.f).all()
    assert (left.h == right.h).all()


@settings(max_examples=100, deadline=None)
@given(
    origin=origins,
    sizes=st.lists(st.integers(1, 50), min_size=1, max_size=12),
    data=st.data(),
)
def test_any_order_and_any_repetition_of_all_segments_leaves_no_hole(
    origin: int, sizes: list[int], data: st.DataObject
) -> None:
    starts = [origin + 1 + sum(sizes[:k]) for k in range(len(sizes))]
    segments = list(zip(starts, sizes, strict=True))
    order = data.draw(st.permutations(segments))
    again = data.draw(st.lists(st.sampled_from(segments), max_size=6))
    row, model = begun(origin + 1)
    play(row, model, [*order, *again], sequence.account)
    if model.most_holes > at.HOLES:
        return
    assert row.side(at.D_BYTES) == sum(sizes)
    assert row.side(at.D_HOLES) == 0


def test_the_ninth_hole_gives_up_the_oldest() -> None:
    row, _ = begun(0)
    for k in range(9):
        sequence.account(row.g, row.f, row.h, 0, 0, 10 + 20 * k, 10)
    assert row.g[at.G_HOLE_CAP] == 1
    assert row.side(at.D_LOST) == 10
    assert engine_holes(row, 0)[0] == (20, 30)
    assert sequence.account(row.g, row.f, row.h, 0, 0, 0, 10) == 0
    assert row.side(at.D_BYTES) == 90


@pytest.mark.parametrize("origin", [1000, MASK - 5])
def test_a_keep_alive_brings_nothing(origin: int) -> None:
    row, _ = begun(origin)
    sequence.account(row.g, row.f, row.h, 0, 0, origin, 100)
    assert sequence.account(row.g, row.f, row.h, 0, 0, (origin + 99) & MASK, 1) == 0
    assert row.side(at.D_BYTES) == 100


def test_a_segment_before_the_syn_brings_nothing() -> None:
    row, _ = begun(5000)
    sequence.account(row.g, row.f, row.h, 0, 0, 5000, 10)
    assert sequence.account(row.g, row.f, row.h, 0, 0, 4000, 500) == 0
    assert row.side(at.D_BYTES) == 10
    assert row.side(at.D_HOLES) == 0


@pytest.mark.parametrize(
    ("back", "counted"), [(sequence.MAX_BACK, 20), (sequence.MAX_BACK + 1, 10)]
)
def test_without_a_syn_the_stream_may_begin_this_far_before_its_first_segment(
    back: int, counted: int
) -> None:
    row, _ = begun(None)
    sequence.account(row.g, row.f, row.h, 0, 0, 10_000_000, 10)
    sequence.account(row.g, row.f, row.h, 0, 0, 10_000_000 - back, 10)
    assert row.side(at.D_BYTES) == counted
    assert sequence.hole_bytes(row.f, row.h, 0, 0) == (back - 10 if counted == 20 else 0)


@pytest.mark.parametrize("gap", [1, sequence.MAX_GAP])
def test_a_gap_up_to_the_limit_is_a_hole_that_can_be_filled(gap: int) -> None:
    row, _ = begun(0)
    assert sequence.account(row.g, row.f, row.h, 0, 0, gap, 5) == gap + 5
    assert sequence.hole_bytes(row.f, row.h, 0, 0) == gap
    sequence.account(row.g, row.f, row.h, 0, 0, 0, gap)
    assert row.side(at.D_BYTES) == gap + 5
    assert row.side(at.D_HOLES) == 0
