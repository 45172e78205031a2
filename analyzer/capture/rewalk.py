"""Inputs read once more, merged by packet time, by something else than the engine.

The order is the one of `analyzer.capture.merge`: the input whose next packet is the oldest goes on
until another has an older one.
"""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Protocol

from analyzer.capture.cursor import Cursor
from analyzer.capture.layout import (
    FOREVER,
    Q_BLOCK_LENGTH,
    Q_FAULT,
    R_HEAD_TS,
    R_PKT,
    R_POS,
    WALK_BAD,
    WALK_LIMIT,
    WALK_MORE,
    X_NEXT,
)
from analyzer.capture.merge import MAX_ACTIVE, MIN_WINDOW
from analyzer.capture.window import WINDOW

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from analyzer.capture.types import Ints
    from analyzer.inputs.spec import Spec

FAULTS = (IndexError, ValueError, ZeroDivisionError, OverflowError, SystemError)
"""What a kernel's bounds check raises; it costs the record that it happened on."""


class Visitor(Protocol):
    """What is done with the windows of each input."""

    def opened(self, cursor: Cursor) -> None:
        """An input is open; its ``input_id`` says which."""

    def walk(self, cursor: Cursor, limit: int) -> int:
        """Walks the window up to ``limit`` (nanoseconds): WALK_MORE, WALK_LIMIT or WALK_BAD."""
        ...

    def closed(self, cursor: Cursor) -> None:
        """An input was read to its end: ``cursor.stream`` has its size and SHA-256."""


def rewalk(
    specs: Sequence[tuple[int, Spec]],
    visitor: Visitor,
    progress: Callable[[int], None] | None = None,
    *,
    digest: bool = True,
) -> None:
    """Hands every input's windows to ``visitor``.

    Args:
        specs: Input numbers and inputs, ordered by first packet time.
        visitor: Takes them.
        progress: Told how many stored bytes have been read so far.
        digest: Compute the SHA-256 of every input.
    """
    waiting = list(specs)[::-1]
    active: list[tuple[int, int, Cursor]] = []
    finished = 0
    try:
        while waiting or active:
            while waiting and len(active) < MAX_ACTIVE and _starts_now(waiting[-1][1], active):
                number, spec = waiting.pop()
                size = max(WINDOW >> len(active), MIN_WINDOW)
                cursor = Cursor(spec, number, size, digest=digest)
                active.append((-FOREVER, number, cursor))
                if cursor.open:
                    visitor.opened(cursor)
                if not cursor.open or not _advance(cursor, visitor, -FOREVER):
                    active.pop()
                    finished += _close(cursor, visitor)
                    continue
                active[-1] = (int(cursor.r[R_HEAD_TS]), number, cursor)
                heapq.heapify(active)
            if not active:
                continue
            _, number, cursor = active[0]
            others = [entry[0] for entry in active[1:3]]
            limit = min(others, default=FOREVER)
            if waiting and len(active) < MAX_ACTIVE and waiting[-1][1].first_ns is not None:
                limit = min(limit, waiting[-1][1].first_ns)
            if _advance(cursor, visitor, limit):
                heapq.heapreplace(active, (int(cursor.r[R_HEAD_TS]), number, cursor))
            else:
                heapq.heappop(active)
                finished += _close(cursor, visitor)
            if progress is not None:
                progress(finished + sum(each.stream.stored_bytes for _, _, each in active))
    finally:
        for _, _, cursor in active:  # an exception is on its way: no reader thread outlives it
            cursor.end()


def _starts_now(spec: Spec, active: list[tuple[int, int, Cursor]]) -> bool:
    return not active or spec.first_ns is None or spec.first_ns <= active[0][0]


def _advance(cursor: Cursor, visitor: Visitor, limit: int) -> bool:
    """Walks one input up to ``limit``; False when it is used up."""
    while True:
        status = visitor.walk(cursor, limit)
        if status == WALK_BAD:
            return False
        if status == WALK_LIMIT:
            return True
        assert status == WALK_MORE
        if not cursor.refill():
            return False


def _close(cursor: Cursor, visitor: Visitor) -> int:
    cursor.end()
    visitor.closed(cursor)
    return cursor.stream.stored_bytes


def step_over(cursor: Cursor, x: Ints) -> bool:
    """Behind a kernel's fault: steps over the record it happened on; False where that fails."""
    r, q = cursor.r, cursor.q
    q[Q_FAULT, 0] += 1
    if x[X_NEXT] <= r[R_POS]:
        q[Q_BLOCK_LENGTH] = (1, r[R_PKT] + 1, r[R_POS])
        return False
    r[R_PKT] += 1
    r[R_POS] = x[X_NEXT]
    return True
