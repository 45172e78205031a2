"""The engines' one call: capture files to rows.

The native engine's modules are imported here on the first call: where their kernels are not
compiled yet, that takes about 20 seconds, once, and the caller is told before. The others are
imported when they are chosen, with the packages that they need.
"""

from __future__ import annotations

import secrets
import threading
from typing import TYPE_CHECKING

from analyzer.capture import cache
from analyzer.config import processors
from analyzer.installing import installing
from analyzer.issues import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from analyzer.capture.export import Columns
    from analyzer.capture.report import InputReport
    from analyzer.inputs.spec import Spec
    from analyzer.issues import Issue

LARGE = 32 << 20
"""Stored bytes from which on a second thread is started; standard input counts as that much."""

PACKAGES = {"scapy": ("scapy",), "tshark": ("pyshark",)}
"""Packages that an engine needs beside what acrtrace always needs."""


def extract(
    specs: Sequence[Spec],
    sink: Callable[[str, Columns], object],
    progress: Callable[[int], None] | None = None,
    notice: Callable[[str], None] | None = None,
    *,
    digest: bool = True,
    threads: int | None = None,
    engine: str = "native",
    keylog: Path | None = None,
) -> tuple[list[InputReport], list[Issue]]:
    """Reads captures and hands the rows of ``flows``, ``names``, ``tls``, ... to ``sink``.

    Args:
        specs: Inputs as found by ``analyzer.inputs.discover``, ordered by first packet time.
        sink: Takes ``(table, columns)``; columns are one-dimensional arrays, masked where NULL.
        progress: Told how many stored bytes have been read so far.
        notice: Told lines for the user: that kernels are compiled, where they cannot be kept.
        digest: Compute the SHA-256 of every input; it costs more than the packet walk.
        threads: How many engines share the conversations, each in a thread of its own; None lets
            the size of the inputs decide. What comes out is the same, in another order of rows.
        engine: One of ``analyzer.config.ENGINES``.
        keylog: TLS secrets, of use to tshark only.

    Raises:
        UsageError: The engine or what it needs is not there.
    """
    if not specs:
        return [], []
    if engine == "native":
        return _native(specs, sink, progress, notice, digest=digest, threads=threads)
    try:
        if engine == "scapy":
            from analyzer.capture.engines import scapy_engine

            return scapy_engine.extract(specs, sink, progress, digest=digest)
        from analyzer.capture.engines import tshark

        return tshark.extract(specs, sink, progress, digest=digest, keylog=keylog)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in PACKAGES[engine]:
            raise
        raise UsageError(
            f"--engine {engine} needs the Python package {PACKAGES[engine][0]}: "
            f"{installing(PACKAGES[engine][0])}"
        ) from error


def _native(
    specs: Sequence[Spec],
    sink: Callable[[str, Columns], object],
    progress: Callable[[int], None] | None,
    notice: Callable[[str], None] | None,
    *,
    digest: bool,
    threads: int | None,
) -> tuple[list[InputReport], list[Issue]]:
    for line in cache.notices():
        if notice is not None:
            notice(line)
    if cache.is_cold():
        from analyzer.capture.warm import warm

        warm()
    from analyzer.capture.engine import MAX_FLOWS, Engine
    from analyzer.capture.merge import Merge

    shares = threads or worthwhile(specs)
    if shares == 1:
        return Merge([Engine(sink, digest=digest)]).run(specs, progress)
    seed = secrets.randbits(62)
    one_at_a_time = _in_turn(sink)
    engines = [
        Engine(
            one_at_a_time,
            digest=digest,
            seed=seed,
            max_flows=MAX_FLOWS // shares,
            share=share,
            shares=shares,
        )
        for share in range(shares)
    ]
    return Merge(engines).run(specs, progress)


def worthwhile(specs: Sequence[Spec]) -> int:
    """How many threads pay for themselves: two, for inputs that take longer than starting them.

    The thread that reads and hashes an input keeps a processor busy, so a second walk only helps
    where there is a third one.
    """
    stored = sum(spec.size if spec.size is not None else LARGE for spec in specs)
    return 2 if stored >= LARGE and processors() > 2 else 1


def _in_turn(sink: Callable[[str, Columns], object]) -> Callable[[str, Columns], object]:
    """A sink that several threads may call."""
    lock = threading.Lock()

    def take(table: str, columns: Columns) -> None:
        with lock:
            sink(table, columns)

    return take
