"""The engine's bounds that were hit, as issues of the run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.capture.layout import (
    G_DNS_LONG,
    G_FLOW_CAP,
    G_HEAD_CAP,
    G_HEAD_EVICTED,
    G_HOLE_CAP,
    HOLES,
    SLOT_BYTES,
)
from analyzer.issues import Issue

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analyzer.capture.engine import Engine

INCOMPLETE = {"flow-cap", "head-evicted", "name-cap"}


def caps_hit(engines: Sequence[Engine]) -> list[Issue]:
    """Every bound that was hit, with how often; the engines of a run add up."""
    flows = sum(engine.max_flows for engine in engines)
    slots = sum(len(engine.s) for engine in engines)
    bounds = (
        (
            "flow-cap",
            [e.g[G_FLOW_CAP] for e in engines],
            f"more than {flows} conversations open at once: the longest idle ended early, so "
            "their turns are split",
        ),
        (
            "hole-cap",
            [e.g[G_HOLE_CAP] for e in engines],
            f"more than {HOLES} holes in one direction of a conversation: the oldest counts as "
            "missed for good",
        ),
        (
            "head-cap",
            [e.g[G_HEAD_CAP] for e in engines],
            f"a hello, certificate or request head longer than {SLOT_BYTES} bytes: its beginning "
            "was read",
        ),
        (
            "head-evicted",
            [e.g[G_HEAD_EVICTED] for e in engines],
            f"more than {slots} unfinished heads at once: the longest idle was given up, its name "
            "may be missing",
        ),
        (
            "dns-tcp-length",
            [e.g[G_DNS_LONG] for e in engines],
            "a DNS message over TCP was shorter than 12 or longer than 16382 bytes, or cut",
        ),
        (
            "name-cap",
            [e.units.names.state[2] for e in engines],
            "more than 1048576 different names: further ones were dropped",
        ),
    )
    return [
        Issue(code, None, "run", detail, int(sum(counts)), code in INCOMPLETE)
        for code, counts, detail in bounds
        if sum(counts)
    ]
