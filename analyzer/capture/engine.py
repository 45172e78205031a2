"""The packet engine: inputs in, rows of the case's tables out.

Inputs are merged by packet time: the input whose next packet is the oldest goes on until another
one has an older packet. So rotated files, overlapping files and captures of several interfaces
are walked as the one capture they are, whatever files they come in, and a conversation's state
passes from one input to the next. At a tie the input that is being read goes on.
"""

from __future__ import annotations

import heapq
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from analyzer.capture.addresses import AddressBook
from analyzer.capture.cursor import Cursor
from analyzer.capture.export import flow_columns
from analyzer.capture.flows import finish, rebuild, sweep
from analyzer.capture.layout import (
    ARENA_BYTES,
    C_SIZE,
    CAND_ROWS,
    D0,
    D_HOLES,
    DW,
    F_HASH,
    F_ID,
    F_LAST,
    F_SIZE,
    G_ARENA,
    G_CAND,
    G_CLOCK,
    G_DNS_LONG,
    G_DONE,
    G_FLOW_CAP,
    G_FREE,
    G_FREE_SLOT,
    G_HEAD_CAP,
    G_HEAD_EVICTED,
    G_HOLE_CAP,
    G_MASK,
    G_SEED,
    G_SIZE,
    HOLES,
    Q_BLOCK_LENGTH,
    Q_FAULT,
    R_FIRST,
    R_HEAD_TS,
    R_LAST,
    R_PKT,
    R_POS,
    R_SEEN,
    R_SNAPPED,
    S_FLOW,
    S_NEXT_FREE,
    S_SIZE,
    SLOT_BYTES,
    WALK_BAD,
    WALK_BLOCK,
    WALK_FLUSH,
    WALK_GROW,
    WALK_LIMIT,
    WALK_MORE,
    X_NEXT,
    X_SIZE,
)
from analyzer.capture.settle import settle
from analyzer.capture.units import Units
from analyzer.capture.walk import walk
from analyzer.capture.window import WINDOW
from analyzer.issues import Issue

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from analyzer.capture.export import Columns
    from analyzer.capture.types import Ints
    from analyzer.inputs.spec import Spec

FOREVER = (1 << 63) - 1
FIRST_ROWS = 1 << 14
MAX_FLOWS = 1 << 20  # rows are made as needed, about 1 KiB for each conversation open at once
SLOTS = 1024
MIN_WINDOW = 1 << 20
FLUSH_ROWS = 1 << 13


def cache_aligned(rows: int, columns: int) -> Ints:
    """Zeros whose rows start on cache lines when ``columns`` is a multiple of eight."""
    raw = np.zeros(rows * columns + 8, dtype=np.int64)
    start = -raw.ctypes.data // 8 % 8
    return raw[start : start + rows * columns].reshape(rows, columns)


@dataclass(frozen=True, slots=True)
class InputReport:
    """What reading one input gave; the columns of the ``inputs`` table."""

    input_id: int
    path: str
    sha256: str | None
    format: str | None
    bytes: int
    records: int
    first_ns: int | None
    last_ns: int | None
    snapped: int
    complete: bool


class Engine:
    """The state that passes from window to window and from input to input."""

    def __init__(
        self,
        sink: Callable[[str, Columns], object],
        *,
        max_flows: int = MAX_FLOWS,
        slots: int = SLOTS,
        window: int = WINDOW,
        digest: bool = True,
        seed: int | None = None,
    ) -> None:
        """Starts with an empty flow table.

        Args:
            sink: Takes the rows of one table as columns; called in packet order.
            max_flows: Open flows kept; beyond it the longest idle are ended early and counted.
            slots: Heads that may be under way at once.
            window: Bytes per window.
            digest: Compute the SHA-256 of every input.
            seed: Of the flow hash; random unless a test wants a certain one.
        """
        self.sink = sink
        self.max_flows = max_flows
        self.window = window
        self.digest = digest
        value = secrets.randbits(62) if seed is None else seed
        self.g = np.zeros(G_SIZE, dtype=np.int64)
        self.g[G_SEED] = value
        self.x = np.zeros(X_SIZE, dtype=np.int64)
        self.f = np.zeros((0, F_SIZE), dtype=np.int64)
        self.h = np.zeros((0, 2 * HOLES), dtype=np.int64)
        self.free = np.zeros(0, dtype=np.int64)
        self.done = np.zeros(4, dtype=np.int64)
        self.table = np.zeros(2, dtype=np.int64)
        self.grow(min(FIRST_ROWS, max_flows))
        self.c = np.zeros((CAND_ROWS, C_SIZE), dtype=np.int64)
        self.arena = np.zeros(ARENA_BYTES, dtype=np.uint8)
        self.s = np.zeros((slots, S_SIZE), dtype=np.int64)
        self.s[:, S_FLOW] = -1
        self.s[:, S_NEXT_FREE] = np.arange(1, slots + 1)
        self.s[-1, S_NEXT_FREE] = -1
        self.pool = np.zeros(slots * SLOT_BYTES, dtype=np.uint8)
        self.g[G_FREE_SLOT] = 0
        self.units = Units(sink, AddressBook(), value)

    # --- memory -------------------------------------------------------------------------------

    def grow(self, rows: int) -> None:
        """Enlarges the row arrays and the index to hold ``rows`` flows."""
        old = len(self.f)
        grown = cache_aligned(rows, F_SIZE)
        grown[:old] = self.f
        self.f = grown
        holes = np.zeros((2 * rows, 2 * HOLES), dtype=np.int64)
        # Few conversations have holes; pages of the others are never touched, so never held.
        counts = self.f[:old, [D0 + D_HOLES, D0 + DW + D_HOLES]].ravel()
        used = np.flatnonzero(counts)
        holes[used] = self.h[used]
        self.h = holes
        free = np.zeros(rows, dtype=np.int64)
        count = int(self.g[G_FREE])
        free[: rows - old] = np.arange(rows - 1, old - 1, -1)
        free[rows - old : rows - old + count] = self.free[:count]
        self.free = free
        self.g[G_FREE] = count + rows - old
        done = np.zeros(rows + 4, dtype=np.int64)
        done[: len(self.done)] = self.done[: rows + 4]
        self.done = done
        size = 1 << (2 * rows - 1).bit_length()
        self.table = np.zeros(size, dtype=np.int64)
        self.g[G_MASK] = size - 1
        rebuild(self.g, self.table, self.f)

    def _make_room(self) -> None:
        """Frees rows: finished ones first, then more memory, at the cap the longest idle."""
        self.write_finished()
        if self.g[G_FREE]:
            return
        if len(self.f) < self.max_flows:
            self.grow(min(2 * len(self.f), self.max_flows))
            return
        rows = np.flatnonzero(self.f[:, F_HASH])
        share = max(len(rows) // 8, 1)
        oldest = rows[np.lexsort((self.f[rows, F_ID], self.f[rows, F_LAST]))[:share]]
        self.g[G_FLOW_CAP] += share
        for row in oldest.tolist():
            finish(self.g, self.table, self.f, self.done, row)
        self.write_finished()

    # --- hand-over ----------------------------------------------------------------------------

    def _read_units(self) -> None:
        count = int(self.g[G_CAND])
        if count:
            self.units.read(self.c[:count], self.arena)
        self.g[G_CAND] = 0
        self.g[G_ARENA] = 0

    def write_finished(self) -> None:
        """Hands the rows of finished conversations to the sink and frees them."""
        g = self.g
        count = int(g[G_DONE])
        at = 0
        while at < count:
            at = settle(
                g,
                self.x,
                self.c,
                self.arena,
                self.f,
                self.h,
                self.s,
                self.pool,
                self.done,
                at,
                count,
            )
            self._read_units()
        if count:
            rows = self.done[:count].copy()
            rows = rows[np.argsort(self.f[rows, F_ID])]
            for first in range(0, count, FLUSH_ROWS):  # text columns are built a piece at a time
                piece = rows[first : first + FLUSH_ROWS]
                self.sink("flows", flow_columns(self.f[piece], self.units.book, self.units.ech))
                self.units.ech.difference_update(self.f[piece, F_ID].tolist())
            start = int(g[G_FREE])
            self.free[start : start + count] = np.sort(rows)[::-1]
            g[G_FREE] += count
            g[G_DONE] = 0

    # --- the loop -----------------------------------------------------------------------------

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
        waiting = list(enumerate(specs))
        waiting.reverse()
        active: list[tuple[int, int, Cursor]] = []  # a heap by next packet time, then order
        reports: dict[int, InputReport] = {}
        issues: dict[int, list[Issue]] = {}
        finished_bytes = 0
        while waiting or active:
            while waiting and self._starts_now(waiting[-1][1], active):
                order, spec = waiting.pop()
                size = max(self.window >> len(active), MIN_WINDOW)
                cursor = Cursor(spec, order, size, digest=self.digest)
                if cursor.open and self._peek(cursor):
                    heapq.heappush(active, (int(cursor.r[R_HEAD_TS]), order, cursor))
                else:
                    self._close(cursor, reports, issues)
                    finished_bytes += cursor.stream.stored_bytes
            if not active:
                continue
            _, order, cursor = heapq.heappop(active)
            if self._advance(cursor, self._limit(active, waiting)):
                heapq.heappush(active, (int(cursor.r[R_HEAD_TS]), order, cursor))
            else:
                self._close(cursor, reports, issues)
                finished_bytes += cursor.stream.stored_bytes
            if progress is not None:
                progress(finished_bytes + sum(a.stream.stored_bytes for _, _, a in active))
        if finish:
            self.finish_all()
        ordered = sorted(reports)
        return [reports[k] for k in ordered], [
            *(issue for k in ordered for issue in issues[k]),
            *self._caps(),
        ]

    def finish_all(self) -> None:
        """Ends every conversation that is still open."""
        sweep(self.g, self.table, self.f, self.done, FOREVER)
        self.write_finished()
        self._read_units()

    @staticmethod
    def _starts_now(spec: Spec, active: list[tuple[int, int, Cursor]]) -> bool:
        return not active or spec.first_ns is None or spec.first_ns <= active[0][0]

    @staticmethod
    def _limit(others: list[tuple[int, int, Cursor]], waiting: list[tuple[int, Spec]]) -> int:
        """Up to when an input may go on before another one has an older packet."""
        limit = others[0][0] if others else FOREVER
        if waiting and waiting[-1][1].first_ns is not None:
            limit = min(limit, waiting[-1][1].first_ns)
        return limit

    def _peek(self, cursor: Cursor) -> bool:
        """Finds the time of an input's first packet; False when it has none."""
        return self._advance(cursor, -FOREVER)

    def _advance(self, cursor: Cursor, limit: int) -> bool:
        """Walks one input up to ``limit``; False when it is used up."""
        while True:
            status = self._walk(cursor, limit)
            if status == WALK_LIMIT:
                return True
            if status == WALK_MORE:
                self._between_windows()
                if not cursor.refill():
                    return False
            elif status == WALK_FLUSH:
                self._read_units()
            elif status == WALK_GROW:
                self._read_units()
                self._make_room()
            elif status == WALK_BLOCK:
                cursor.take_block(int(self.x[X_NEXT]))
                self.units.annotations(cursor.about.hand_out(), cursor.input_id)
            elif status == WALK_BAD:
                return False

    def _between_windows(self) -> None:
        self._read_units()
        sweep(self.g, self.table, self.f, self.done, int(self.g[G_CLOCK]))
        self.write_finished()

    def _walk(self, cursor: Cursor, limit: int) -> int:
        """Runs the kernel; a fault inside costs the record it happened on."""
        r = cursor.r
        try:
            return walk(
                cursor.buffer,
                r,
                cursor.ifs,
                cursor.q,
                limit,
                self.g,
                self.x,
                self.f,
                self.table,
                self.free,
                self.done,
                self.c,
                self.arena,
                self.h,
                self.s,
                self.pool,
            )
        except (IndexError, ValueError, ZeroDivisionError, OverflowError, SystemError):
            q = cursor.q
            if q[Q_FAULT, 0] == 0:
                q[Q_FAULT, 1] = r[R_PKT] + 1
            q[Q_FAULT, 0] += 1
            if self.x[X_NEXT] <= r[R_POS]:
                q[Q_BLOCK_LENGTH] = (1, r[R_PKT] + 1, r[R_POS])
                return WALK_BAD
            r[R_PKT] += 1
            r[R_POS] = self.x[X_NEXT]
            return WALK_FLUSH

    def _close(
        self, cursor: Cursor, reports: dict[int, InputReport], issues: dict[int, list[Issue]]
    ) -> None:
        cursor.end()
        found = cursor.issues()
        r = cursor.r
        seen = bool(r[R_SEEN])
        reports[cursor.input_id] = InputReport(
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
        )
        issues[cursor.input_id] = found

    def _caps(self) -> list[Issue]:
        """Every bound of the engine that was hit."""
        g = self.g
        bounds = (
            (
                "flow-cap",
                int(g[G_FLOW_CAP]),
                f"more than {self.max_flows} conversations open at once: the longest idle ended "
                "early, so their turns are split",
            ),
            (
                "hole-cap",
                int(g[G_HOLE_CAP]),
                f"more than {HOLES} holes in one direction of a conversation: the oldest counts as "
                "missed for good",
            ),
            (
                "head-cap",
                int(g[G_HEAD_CAP]),
                f"a ClientHello or request head longer than {SLOT_BYTES} bytes: its beginning was "
                "read",
            ),
            (
                "head-evicted",
                int(g[G_HEAD_EVICTED]),
                f"more than {len(self.s)} unfinished heads at once: the longest idle was given up, "
                "its name may be missing",
            ),
            (
                "dns-tcp-length",
                int(g[G_DNS_LONG]),
                "a DNS message over TCP was shorter than 12 or longer than 16382 bytes, or cut",
            ),
            (
                "name-cap",
                int(self.units.names.state[2]),
                "more than 1048576 different names: further ones were dropped",
            ),
        )
        return [
            Issue(
                code, None, "run", detail, count, code in ("flow-cap", "head-evicted", "name-cap")
            )
            for code, count, detail in bounds
            if count
        ]
