"""Passing an engine on: the state at the boundary between two parts of a capture.

A part that ends in the middle of conversations leaves them open: next expected sequence numbers
and holes of each side, the unfinished turn, the place inside a TLS record or an HTTP request,
heads that are not complete, orientation and its reason. ``suspend`` takes all of it out of an
engine, ``resume`` starts another engine with it, in another process or on another machine: the
state is plain arrays. What both write together equals what one engine writes for the whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from analyzer.capture.aside import Aside
from analyzer.capture.engine import Engine
from analyzer.capture.flows import rebuild
from analyzer.capture.layout import (
    D0,
    D_SLOT,
    DW,
    F_HASH,
    G_FREE,
    G_FREE_SLOT,
    G_MASK,
    G_ROWS,
    G_SEED,
    S_FLOW,
    S_NEXT_FREE,
    S_SIDE,
    SLOT_BYTES,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from analyzer.capture.exchanges import Exchanges
    from analyzer.capture.export import Columns
    from analyzer.capture.fragments import Fragments
    from analyzer.capture.quic import Hellos
    from analyzer.capture.types import Bytes, Ints


@dataclass(frozen=True, slots=True)
class Boundary:
    """Open conversations at the end of a part; plain data, so it can be pickled and sent.

    Attributes:
        counters: The engine's counters (layout G_*), hash seed included.
        flows: Rows of open conversations (layout F_*), in order of their flow id.
        holes: Two rows of holes for each of them.
        slots: Slots of the head pool that are in use; S_FLOW is an index into ``flows``.
        heads: Their bytes, SLOT_BYTES each.
        dns_serial: Number of the next DNS message.
        ech: Ids of open flows whose ClientHello offered ECH.
        quic: QUIC handshakes of open flows, None when there was none.
        max_flows: Cap of the engine.
        exchanges: HTTP requests that wait for their answer or the end of their body.
        fragments: Datagrams of which fragments are missing.
    """

    counters: Ints
    flows: Ints
    holes: Ints
    slots: Ints
    heads: Bytes
    dns_serial: int
    ech: frozenset[int]
    quic: Hellos | None
    max_flows: int
    exchanges: Exchanges
    fragments: Fragments


def suspend(engine: Engine) -> Boundary:
    """Takes the open conversations out of an engine that has run; it must not run again."""
    engine.write_finished()
    engine.units.write_quic()
    rows = np.flatnonzero(engine.f[: int(engine.g[G_ROWS]), F_HASH])
    place = np.full(len(engine.f) + 1, -1, dtype=np.int64)
    place[rows] = np.arange(len(rows))
    used = np.flatnonzero(engine.s[:, S_FLOW] >= 0)
    slots = engine.s[used].copy()
    slots[:, S_FLOW] = place[slots[:, S_FLOW]]
    return Boundary(
        counters=engine.g.copy(),
        flows=engine.f[rows].copy(),
        holes=engine.h.reshape(len(engine.f), -1)[rows].copy(),
        slots=slots,
        heads=engine.pool.reshape(-1, SLOT_BYTES)[used].copy(),
        dns_serial=engine.units.dns_serial,
        ech=frozenset(engine.units.ech),
        quic=engine.units.quic,
        max_flows=engine.max_flows,
        exchanges=engine.units.web.open,
        fragments=engine.aside.fragments,
    )


def resume(boundary: Boundary, sink: Callable[[str, Columns], object]) -> Engine:
    """An engine that goes on where another one was suspended.

    Args:
        boundary: What `suspend` gave.
        sink: Takes the rows of one table.
    """
    count = len(boundary.flows)
    engine = Engine(sink, max_flows=boundary.max_flows, seed=int(boundary.counters[G_SEED]))
    if count > len(engine.f):
        engine.grow(min(max(2 * count, len(engine.f)), boundary.max_flows))
    mask = int(engine.g[G_MASK])
    engine.g[:] = boundary.counters
    engine.g[G_MASK] = mask
    engine.g[G_ROWS] = count
    engine.f[:count] = boundary.flows
    engine.h.reshape(len(engine.f), -1)[:count] = boundary.holes
    free = np.arange(len(engine.f) - 1, count - 1, -1)
    engine.free[: len(free)] = free
    engine.g[G_FREE] = len(free)
    rebuild(engine.g, engine.table, engine.f)
    held = len(boundary.slots)
    engine.s[:held] = boundary.slots
    engine.pool.reshape(-1, SLOT_BYTES)[:held] = boundary.heads
    engine.s[held:, S_NEXT_FREE] = np.append(np.arange(held + 1, len(engine.s)), -1)
    engine.g[G_FREE_SLOT] = held if held < len(engine.s) else -1
    for slot in range(held):
        flow, side = boundary.slots[slot, (S_FLOW, S_SIDE)].tolist()
        engine.f[flow, D0 + side * DW + D_SLOT] = slot
    engine.units.dns_serial = boundary.dns_serial
    engine.units.ech = set(boundary.ech)
    engine.units.web.open = boundary.exchanges
    engine.units.quic = boundary.quic
    engine.aside = Aside(boundary.fragments)
    return engine
