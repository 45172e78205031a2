"""The loop over all inputs: merged by packet time, walked by one engine or shared by several.

The input whose next packet is the oldest goes on until another one has an older packet. So rotated
files, overlapping files and captures of several interfaces are walked as the one capture they are,
whatever files they come in, and a conversation's state passes from one input to the next. At a tie
the input that is being read goes on.

Several engines share a run by conversation: each walks every window, frames and addresses of which
cost little, and keeps the conversations of its share, which cost the most. So what they write
together is what one engine writes alone, wherever the capture is cut, and a window is read once.
Only bounds (open conversations, unfinished heads) are each engine's own.
"""

from __future__ import annotations

import heapq
import queue
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from analyzer.capture.caps import caps_hit
from analyzer.capture.cursor import Cursor
from analyzer.capture.layout import (
    FOREVER,
    Q_FAULT,
    R_FIRST,
    R_HEAD_TS,
    R_LAST,
    R_PKT,
    R_SEEN,
    R_SNAPPED,
    SHARED_ISSUES,
    WALK_BAD,
    WALK_LIMIT,
    WALK_MORE,
)
from analyzer.capture.report import InputReport, nothing_analysed
from analyzer.issues import Issue

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from analyzer.capture.engine import Engine
    from analyzer.capture.types import Bytes, Ints
    from analyzer.inputs.spec import Spec

MIN_WINDOW = 1 << 20
MAX_ACTIVE = 256  # inputs read at once, each with a thread and two windows


@dataclass(slots=True)
class Lane:
    """One engine's place in an input: its own copy of all that a walk writes."""

    engine: Engine
    cursor: Cursor
    r: Ints
    ifs: Ints
    q: Ints
    leads: bool

    @property
    def buffer(self) -> Bytes:
        """The window that all lanes of an input walk."""
        return self.cursor.buffer

    def go(self, limit: int) -> int:
        """Walks the window up to ``limit``: WALK_MORE, WALK_LIMIT or WALK_BAD."""
        status = self.engine.walk_window(self, limit)
        if status == WALK_MORE:
            self.engine.between_windows()
        return status


class Helper:
    """A thread that walks one engine's share while the calling thread walks another."""

    def __init__(self) -> None:
        """Starts the thread."""
        self._work: queue.SimpleQueue[tuple[Lane, int] | None] = queue.SimpleQueue()
        self._found: queue.SimpleQueue[int | BaseException] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._serve, name="acrtrace-share", daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while (job := self._work.get()) is not None:
            lane, limit = job
            try:
                self._found.put(lane.go(limit))
            except BaseException as error:  # raised again in the calling thread
                self._found.put(error)

    def start(self, lane: Lane, limit: int) -> None:
        """Begins a walk."""
        self._work.put((lane, limit))

    def result(self) -> int | BaseException:
        """Waits for the walk's end: its status, or what it raised."""
        return self._found.get()

    def stop(self) -> None:
        """Ends the thread, after the walk that is under way."""
        self._work.put(None)
        self._thread.join()


class Merge:
    """One run over all inputs."""

    def __init__(self, engines: Sequence[Engine]) -> None:
        """Starts a helper thread for every engine but the first.

        Args:
            engines: Each with its share of all conversations, in order of their share.
        """
        self.engines = engines
        self.first = engines[0]
        self._helpers = [Helper() for _ in engines[1:]]
        self._lanes: dict[int, list[Lane]] = {}
        self._reports: dict[int, InputReport] = {}
        self._issues: dict[int, list[Issue]] = {}
        self._finished_bytes = 0
        self._late: set[int] = set()

    def run(
        self,
        specs: Sequence[Spec],
        progress: Callable[[int], None] | None = None,
        *,
        finish: bool = True,
    ) -> tuple[list[InputReport], list[Issue]]:
        """Walks all inputs to their end and writes every conversation.

        Args:
            specs: Inputs, ordered by first packet time.
            progress: Told how many stored bytes have been read so far.
            finish: End the conversations that are open; False to hand them on (handover).
        """
        try:
            self._walk_all(specs, progress)
        finally:
            for helper in self._helpers:
                helper.stop()
        if finish:
            for engine in self.engines:
                engine.finish_all()
        ordered = sorted(self._reports)
        return [self._reports[k] for k in ordered], [
            *(issue for k in ordered for issue in self._issues[k]),
            *self.first.aside.fragments.issues(),  # every engine puts all fragments together
            *caps_hit(self.engines),
            *self._late_inputs(),
        ]

    def _walk_all(self, specs: Sequence[Spec], progress: Callable[[int], None] | None) -> None:
        waiting = list(enumerate(specs))
        waiting.reverse()
        active: list[tuple[int, int, Cursor]] = []  # a heap by next packet time, then order
        while waiting or active:
            while waiting and _starts_now(waiting[-1][1], active):
                if len(active) >= MAX_ACTIVE:
                    self._late.add(waiting[-1][0])
                    break
                order, spec = waiting.pop()
                size = max(self.first.window >> len(active), MIN_WINDOW)
                cursor = Cursor(spec, order, size, digest=self.first.digest)
                if cursor.open and self._advance(cursor, -FOREVER, alone=False):
                    heapq.heappush(active, (int(cursor.r[R_HEAD_TS]), order, cursor))
                else:
                    self._close(cursor)
            if not active:
                continue
            _, order, cursor = heapq.heappop(active)
            # At the cap the next input cannot start yet, so it must not hold back the others.
            held = waiting if len(active) < MAX_ACTIVE - 1 else []
            if self._advance(cursor, _limit(active, held), alone=not active):
                heapq.heappush(active, (int(cursor.r[R_HEAD_TS]), order, cursor))
            else:
                self._close(cursor)
            if progress is not None:
                under_way = sum(a.stream.stored_bytes for _, _, a in active)
                progress(self._finished_bytes + under_way)

    def _lanes_of(self, cursor: Cursor) -> list[Lane]:
        """The engines' places in this input; those behind the first copy the reader state."""
        lanes = self._lanes.get(cursor.input_id)
        if lanes is None:
            lanes = [Lane(self.first, cursor, cursor.r, cursor.ifs, cursor.q, leads=True)]
            for engine in self.engines[1:]:
                r, ifs, q = cursor.r.copy(), cursor.ifs.copy(), np.zeros_like(cursor.q)
                lanes.append(Lane(engine, cursor, r, ifs, q, leads=False))
            self._lanes[cursor.input_id] = lanes
        return lanes

    def _advance(self, cursor: Cursor, limit: int, *, alone: bool) -> bool:
        """Walks one input up to ``limit``; False when it is used up.

        Args:
            alone: No other input is under way, so the way is long enough to wake the helpers for.
        """
        lanes = self._lanes_of(cursor)
        while True:
            for lane in lanes[1:]:  # refilling moved the reader on; the walks agree on the rest
                lane.r[:] = cursor.r
            found = self._together(lanes, limit) if alone else [lane.go(limit) for lane in lanes]
            if WALK_BAD in found:
                return False
            if WALK_LIMIT in found:
                return True
            if not cursor.refill():
                return False

    def _together(self, lanes: list[Lane], limit: int) -> list[int]:
        """Walks all lanes side by side."""
        for helper, lane in zip(self._helpers, lanes[1:], strict=True):
            helper.start(lane, limit)
        try:
            own = lanes[0].go(limit)
        finally:  # whatever happened here, nobody is left walking
            others = [helper.result() for helper in self._helpers]
        found = [own]
        for result in others:
            if isinstance(result, BaseException):
                raise result
            found.append(result)
        return found

    def _late_inputs(self) -> list[Issue]:
        detail = (
            f"more than {MAX_ACTIVE} inputs of the same time: these were read after others instead "
            "of beside them, so their packets are not in order with those"
        )
        late = len(self._late)
        return [Issue("input-cap", None, "run", detail, late)] if late else []

    def _close(self, cursor: Cursor) -> None:
        cursor.end()
        self._finished_bytes += cursor.stream.stored_bytes
        for lane in self._lanes.pop(cursor.input_id, [])[1:]:
            _add_counts(cursor.q, lane.q)
        found = cursor.issues()
        r = cursor.r
        if not any(issue.incomplete for issue in found):
            nothing = nothing_analysed(found, int(r[R_PKT]), cursor.input_id)
            found = found if nothing is None else [nothing, *found]
        seen = bool(r[R_SEEN])
        self._reports[cursor.input_id] = InputReport(
            input_id=cursor.input_id,
            path=cursor.spec.path,
            sha256=cursor.stream.sha256,
            format=str(cursor.spec.format) if cursor.spec.format is not None else None,
            bytes=cursor.stream.stored_bytes,
            records=int(r[R_PKT]),
            first_ns=int(r[R_FIRST]) if seen else None,
            last_ns=int(r[R_LAST]) if seen else None,
            snapped=int(r[R_SNAPPED]),
            complete=not any(issue.incomplete for issue in found),
            archive=cursor.spec.archive,
            extract=cursor.stream.extract,
        )
        self._issues[cursor.input_id] = found


def _add_counts(q: Ints, other: Ints) -> None:
    """Adds what another lane counted of its own conversations; the rest both have counted."""
    for kind in (*SHARED_ISSUES, Q_FAULT):
        count, packet, offset = other[kind].tolist()
        if not count:
            continue
        if q[kind, 0] == 0 or packet < q[kind, 1]:
            q[kind, 1:] = packet, offset
        q[kind, 0] += count


def _starts_now(spec: Spec, active: list[tuple[int, int, Cursor]]) -> bool:
    return not active or spec.first_ns is None or spec.first_ns <= active[0][0]


def _limit(others: list[tuple[int, int, Cursor]], waiting: list[tuple[int, Spec]]) -> int:
    """Up to when an input may go on before another one has an older packet."""
    limit = others[0][0] if others else FOREVER
    if waiting and waiting[-1][1].first_ns is not None:
        limit = min(limit, waiting[-1][1].first_ns)
    return limit
