"""The engine's bounds that were hit, as issues of the run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.capture.layout import (
    G_DNS_LONG,
    G_FLOW_CAP,
    G_HEAD_CAP,
    G_HEAD_EVICTED,
    G_HOLE_CAP,
    G_HTTP_LOST,
    HOLES,
    SLOT_BYTES,
)
from analyzer.issues import Issue

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analyzer.capture.engine import Engine

INCOMPLETE = {"flow-cap", "head-evicted", "name-cap", "quic-hello-evicted", "quic-initial-cap"}


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
            "http-gap",
            [e.g[G_HTTP_LOST] for e in engines],
            "bytes are missing where an HTTP message was due: a request may be missing, and no "
            "status is given until request and answer can be told again",
        ),
        (
            "http-open-cap",
            [e.units.web.open.dropped for e in engines],
            "more than 65536 HTTP requests (64 in one connection, 256 with HTTP/2) waited for "
            "their answer at once: the oldest are reported without it",
        ),
        (
            "http2-state",
            [e.units.web.open.broken for e in engines],
            "an HTTP/2 header block could not be followed: the rest of its connection was not read",
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
        (
            "quic-hello-evicted",
            [e.units.quic.evicted for e in engines if e.units.quic],
            "too many unfinished QUIC ClientHellos at once: the longest idle was given up, its "
            "name may be missing",
        ),
        (
            "quic-initial-cap",
            [e.units.quic.skipped for e in engines if e.units.quic],
            "QUIC Initials that were not decrypted because too many before them could not be: "
            "names may be missing",
        ),
    )
    return [
        Issue(code, None, "run", detail, int(sum(counts)), code in INCOMPLETE)
        for code, counts, detail in bounds
        if sum(counts)
    ]
