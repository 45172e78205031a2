"""One engine: the state of its conversations, walked over windows, and the rows it hands over.

`analyzer.capture.merge` leads it through the inputs, alone or beside others that keep the rest of
the conversations.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import numpy as np

from analyzer.capture.addresses import AddressBook
from analyzer.capture.aside import Aside
from analyzer.capture.deliver import orient
from analyzer.capture.export import flow_columns
from analyzer.capture.flows import finish, rebuild, sweep
from analyzer.capture.layout import (
    ARENA_BYTES,
    C_SIZE,
    CAND_ROWS,
    D0,
    D_HOLES,
    D_Q_INITIALS,
    DW,
    F_FLAGS,
    F_HASH,
    F_ID,
    F_LAST,
    F_SIZE,
    FL_QUIC,
    FOREVER,
    G_ARENA,
    G_CAND,
    G_CLOCK,
    G_DONE,
    G_FLOW_CAP,
    G_FREE,
    G_FREE_SLOT,
    G_MASK,
    G_SEED,
    G_SERIAL,
    G_SHARE,
    G_SHARES,
    G_SIZE,
    HOLES,
    Q_BLOCK_LENGTH,
    Q_FAULT,
    R_PKT,
    R_POS,
    S_FLOW,
    S_NEXT_FREE,
    S_SIZE,
    SLOT_BYTES,
    WALK_ASIDE,
    WALK_BAD,
    WALK_BLOCK,
    WALK_FLUSH,
    WALK_GROW,
    WALK_MORE,
    WHY_HELLO,
    X_NEXT,
    X_SIZE,
)
from analyzer.capture.quic_wire import INITIALS_MAX
from analyzer.capture.settle import settle
from analyzer.capture.units import Units
from analyzer.capture.walk import walk
from analyzer.capture.window import WINDOW

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from analyzer.capture.aside import Record
    from analyzer.capture.export import Columns
    from analyzer.capture.merge import Lane
    from analyzer.capture.types import Ints

FIRST_ROWS = 1 << 14
MAX_FLOWS = 1 << 20  # rows are made as needed, about 1 KiB for each conversation open at once
SLOTS = 1024
FLUSH_ROWS = 1 << 13


def cache_aligned(rows: int, columns: int) -> Ints:
    """Zeros whose rows start on cache lines when ``columns`` is a multiple of eight."""
    raw = np.zeros(rows * columns + 8, dtype=np.int64)
    start = -raw.ctypes.data // 8 % 8
    return raw[start : start + rows * columns].reshape(rows, columns)


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
        share: int = 0,
        shares: int = 1,
    ) -> None:
        """Starts with an empty flow table.

        Args:
            sink: Takes the rows of one table as columns; called in packet order.
            max_flows: Open flows kept; beyond it the longest idle are ended early and counted.
            slots: Heads that may be under way at once.
            window: Bytes per window.
            digest: Compute the SHA-256 of every input.
            seed: Of the flow hash; random unless a test wants a certain one.
            share: Which share of the conversations is kept.
            shares: How many engines share the run.
        """
        self.sink = sink
        self.max_flows = max_flows
        self.window = window
        self.digest = digest
        value = secrets.randbits(62) if seed is None else seed
        self.g = np.zeros(G_SIZE, dtype=np.int64)
        self.g[G_SEED] = value
        self.g[G_SHARE], self.g[G_SHARES] = share, shares
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
        self.units.dns_serial, self.units.dns_step = share, shares
        self.aside = Aside()

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
            for place, flow in self.units.quic_clients():
                if self.f[place >> 1, F_ID] == flow:
                    orient(self.f, place >> 1, place & 1, WHY_HELLO)
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
            self.units.finish(self.f[rows])
            self._end_quic(rows)
            for first in range(0, count, FLUSH_ROWS):  # text columns are built a piece at a time
                piece = rows[first : first + FLUSH_ROWS]
                self.sink("flows", flow_columns(self.f[piece], self.units.book, self.units.ech))
                self.units.ech.difference_update(self.f[piece, F_ID].tolist())
            start = int(g[G_FREE])
            self.free[start : start + count] = np.sort(rows)[::-1]
            g[G_FREE] += count
            g[G_DONE] = 0

    def _end_quic(self, rows: Ints) -> None:
        rows = rows[self.f[rows, F_FLAGS] & FL_QUIC != 0]
        if len(rows):
            sides = (D0 + D_Q_INITIALS, D0 + DW + D_Q_INITIALS)
            initials = np.maximum(self.f[rows, sides[0]], self.f[rows, sides[1]])
            ids = self.f[rows, F_ID]
            self.units.end_quic(ids, ids[initials > INITIALS_MAX])

    # --- walking ------------------------------------------------------------------------------

    def finish_all(self) -> None:
        """Ends every conversation that is still open."""
        self._walk_each(self.aside.rest())
        sweep(self.g, self.table, self.f, self.done, FOREVER)
        self.write_finished()
        self._read_units()

    def walk_window(self, lane: Lane, limit: int) -> int:
        """Walks what is left of a window up to ``limit``.

        Returns:
            WALK_MORE at the window's end, WALK_LIMIT before a packet that is later than ``limit``
            (nanoseconds), WALK_BAD at damage.
        """
        while True:
            status = self._walk(lane, limit)
            if status == WALK_FLUSH:
                self._read_units()
            elif status == WALK_GROW:
                self._read_units()
                self._make_room()
            elif status == WALK_BLOCK:
                self._block(lane)
            elif status == WALK_ASIDE:
                self._walk_each(self.aside.records(self.x, lane.buffer, lane.q))
            else:
                return status

    def _walk_each(self, records: Iterable[Record]) -> None:
        """Walks packets that were put together or taken apart; they may hold others such."""
        for record in records:
            status = WALK_FLUSH
            while status not in (WALK_MORE, WALK_BAD):
                status = self._walk(record, FOREVER)
                if status == WALK_FLUSH:
                    self._read_units()
                elif status == WALK_GROW:
                    self._read_units()
                    self._make_room()
                elif status == WALK_ASIDE:
                    self._walk_each(self.aside.records(self.x, record.buffer, record.q))

    def _block(self, lane: Lane) -> None:
        """A block that speaks about the capture is read once, by the engine that leads."""
        if lane.leads:
            lane.cursor.take_block(int(self.x[X_NEXT]))
            self.units.annotations(lane.cursor.about.hand_out(), lane.cursor.input_id)
        else:
            lane.r[R_POS] = self.x[X_NEXT]

    def between_windows(self) -> None:
        """Ends what has been idle for long and hands over what has ended."""
        self._read_units()
        self._walk_each(self.aside.expired(int(self.g[G_CLOCK])))
        sweep(self.g, self.table, self.f, self.done, int(self.g[G_CLOCK]))
        self.write_finished()

    def _walk(self, lane: Lane | Record, limit: int) -> int:
        """Runs the kernel; a fault inside costs the record it happened on."""
        r = lane.r
        try:
            return walk(
                lane.buffer,
                r,
                lane.ifs,
                lane.q,
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
            q = lane.q
            if q[Q_FAULT, 0] == 0:
                q[Q_FAULT, 1] = r[R_PKT] + 1
            q[Q_FAULT, 0] += 1
            if self.x[X_NEXT] <= r[R_POS]:
                q[Q_BLOCK_LENGTH] = (1, r[R_PKT] + 1, r[R_POS])
                return WALK_BAD
            r[R_PKT] += 1
            self.g[G_SERIAL] += 1
            r[R_POS] = self.x[X_NEXT]
            return WALK_FLUSH
