"""Turns, kernel by kernel: what ends one, what does not, and every limit exactly at its edge."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.capture import layout as at
from analyzer.capture import turns
from craft.flowrow import FlowRow
from craft.machine import machine_code

UP, DOWN = turns.UP, turns.DOWN


def play(row: FlowRow, *steps: int, close: bool = True) -> FlowRow:
    """Positive sizes are the originator's bytes, negative ones the responder's."""
    for size in steps:
        turns.advance(row.f, 0, UP if size > 0 else DOWN, abs(size))
    if close:
        turns.close_turn(row.f, 0, turns.in_handshake(row.f, 0))
    return row


def tls_row(*, established: bool = True) -> FlowRow:
    row = FlowRow()
    row[at.F_FLAGS] = at.FL_TLS | (at.FL_APPDATA if established else 0)
    return row


# -- what ends a turn -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("steps", "count"),
    [
        ((), 0),
        ((100,), 1),
        ((-100,), 1),
        ((100, -5000), 1),
        ((100, -5000, 100), 2),
        ((100, -5000, 100, -5000, 100), 3),
        ((-5000, 100), 2),
        ((100, -64, 100), 1),
        ((100, *([-64, 100] * 50)), 1),
        ((100, -65, 100), 1),
        ((100, -65, 100, -65, 100), 1),
        ((100, -65, 100, -65, 100, -65, 100), 2),
        ((100, -700, 100, -700, 100), 1),
        ((100, -700, 100, -700, 100, -700, 100), 2),
        ((100, -701, 100), 2),
        ((100, -64, 100, -700, 100, -64, 100, -700, 100, -64, 100), 1),
        ((100, -5000, 100, -700, 100, -700, 100), 3),
    ],
)
def test_how_many_turns(steps: tuple[int, ...], count: int) -> None:
    assert play(FlowRow(), *steps)[at.N_TURNS] == count


def test_a_burst_is_the_sum_of_its_segments() -> None:
    assert play(FlowRow(), 100, -60, -5, 100, -600, -101, 100)[at.N_TURNS] == 2
    assert play(FlowRow(), 100, -32, -32, 100)[at.N_TURNS] == 1


def test_quiet_bursts_still_count_as_answered_bytes() -> None:
    row = play(FlowRow(), 4000, -64, 100, -700, close=False)
    assert (row[at.T_UP], row[at.T_DOWN]) == (4100, 764)


# -- what a turn is -------------------------------------------------------------------------------

KINDS = (at.N_UP, at.N_DRIP, at.N_WIDE)


@pytest.mark.parametrize(
    ("up", "down", "kind"),
    [
        (4096, 4095, at.N_UP),
        (4096, 4096, at.N_WIDE),
        (4095, 4094, at.N_DRIP),
        (4095, 4095, at.N_WIDE),
        (32767, 32766, at.N_UP),
        (32767, 32767, at.N_WIDE),
        (32768, 10_000_000, at.N_UP),
        (512, 511, at.N_DRIP),
        (512, 512, None),
        (511, 0, None),
        (2048, 2048, None),
        (2049, 2049, at.N_WIDE),
        (2049, 2048, at.N_DRIP),
        (1, 0, None),
    ],
)
def test_kind_of_a_turn(up: int, down: int, kind: int | None) -> None:
    row = FlowRow()
    turns.judge(row.f, 0, up, down)
    assert [column for column in KINDS if row[column]] == ([] if kind is None else [kind])
    sums = {at.N_UP: at.B_UP, at.N_DRIP: at.B_DRIP, at.N_WIDE: at.B_WIDE}
    for column, total in sums.items():
        assert row[total] == (up if column == kind else 0)
    assert row[at.B_LARGE] == up


@pytest.mark.parametrize(
    ("limit", "count", "total"),
    [
        (16384, at.N_16, at.B_16),
        (32768, at.N_32, at.B_32),
        (65536, at.N_64, at.B_64),
    ],
)
def test_turns_beyond_a_limit_are_kept_apart(limit: int, count: int, total: int) -> None:
    row = FlowRow()
    turns.judge(row.f, 0, limit - 1, 0)
    assert row[count] == 0
    turns.judge(row.f, 0, limit, 10**9)
    assert (row[count], row[total]) == (1, limit)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 70_000), st.integers(0, 70_000)), max_size=30))
def test_judging_is_the_stated_rule(pairs: list[tuple[int, int]]) -> None:
    row = FlowRow()
    for up, down in pairs:
        turns.judge(row.f, 0, up, down)
    uploads = [u for u, d in pairs if (u >= 4096 and u > d) or u >= 32768]
    drips = [u for u, d in pairs if 512 <= u < 4096 and u > d]
    wide = [u for u, d in pairs if u > 2048 and d >= u and u < 32768]
    assert (row[at.N_UP], row[at.B_UP]) == (len(uploads), sum(uploads))
    assert (row[at.N_DRIP], row[at.B_DRIP]) == (len(drips), sum(drips))
    assert (row[at.N_WIDE], row[at.B_WIDE]) == (len(wide), sum(wide))
    assert row[at.B_LARGE] == max((u for u, _ in pairs), default=0)


# -- the handshake --------------------------------------------------------------------------------


def test_nothing_ends_a_turn_during_the_handshake() -> None:
    row = play(tls_row(established=False), 300, -5000, 300, -5000, 300, -5000, 80, close=False)
    assert row[at.N_TURNS] == 0
    assert (row[at.T_UP], row[at.T_DOWN]) == (980, 15_000)


@pytest.mark.parametrize(("sent", "uploads"), [(16384, 0), (16385, 1)])
def test_a_handshake_is_evidence_only_beyond_16_kib(sent: int, uploads: int) -> None:
    row = play(tls_row(established=False), sent, -100)
    assert (row[at.N_TURNS], row[at.N_UP], row[at.N_DRIP]) == (1, uploads, 0)


def test_the_turn_after_the_handshake_has_its_ticket_bursts_anew() -> None:
    row = play(tls_row(established=False), 300, -4000, 80, close=False)
    turns.restart(row.f, 0, 80, 1)
    row[at.F_FLAGS] |= at.FL_APPDATA
    play(row, 1000, -700, 1000, -700, 3000)
    assert (row[at.N_TURNS], row[at.N_UP], row[at.B_UP]) == (2, 1, 5080)


def test_restart_never_takes_more_than_the_turn_has() -> None:
    row = play(FlowRow(), 100, close=False)
    turns.restart(row.f, 0, 5000, 0)
    assert (row[at.N_TURNS], row[at.T_UP]) == (0, 100)


def test_forget_leaves_nothing_behind() -> None:
    row = play(FlowRow(), 40_000, -5000, 2000, -3000, 70_000, close=False)
    turns.forget(row.f, 0)
    fresh = FlowRow()
    assert (row.f == fresh.f).all()


# -- the estimate and the median ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("app", "first", "estimate"),
    [
        (10_000, -1, 9_600),
        (10_000, 149, 9_600),
        (10_000, 150, 9_850),
        (10_000, 2_500, 7_500),
        (10_000, 2_501, 9_600),
        (215, 150, 65),
        (214, 150, 0),
        (100, -1, 0),
    ],
)
def test_application_payload_is_less_one_head(app: int, first: int, estimate: int) -> None:
    row = tls_row()
    row[at.T_APP], row[at.T_REC1], row[at.T_UP] = app, first, app + 50
    assert turns.app_estimate(row.f, 0) == estimate


def test_without_tls_the_turn_is_its_own_estimate() -> None:
    row = FlowRow()
    row[at.T_UP] = 7777
    assert turns.app_estimate(row.f, 0) == 7777


@pytest.mark.parametrize(
    ("up", "klass"),
    [(1, 0), (64, 0), (95, 0), (96, 1), (127, 1), (128, 2), (192, 3), (8192, 14), (12288, 15),
     (16383, 15)],
)  # fmt: skip
def test_half_octaves(up: int, klass: int) -> None:
    assert turns.half_octave(up) == klass


def test_the_histogram_saturates_without_touching_its_neighbours() -> None:
    row = FlowRow()
    turns.remember_request(row.f, 0, 96)
    for _ in range(0x7FFF + 5):
        turns.remember_request(row.f, 0, 64)
    assert row[at.F_HIST] == (1 << 15) | 0x7FFF


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(-9000, 9000).filter(bool), max_size=40), st.booleans())
def test_machine_code_gives_the_same_row(steps: list[int], tls: bool) -> None:
    left, right = (tls_row() if tls else FlowRow() for _ in range(2))
    compiled = machine_code(turns.advance)
    for size in steps:
        turns.advance(left.f, 0, UP if size > 0 else DOWN, abs(size))
        compiled(right.f, 0, UP if size > 0 else DOWN, abs(size))
    assert (left.f == right.f).all()
