"""The engine's one call: capture files to rows.

The engine's modules are imported here on the first call: where their kernels are not compiled yet,
that takes some twenty seconds, once, and the caller is told before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.capture import cache

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from analyzer.capture.engine import InputReport
    from analyzer.capture.export import Columns
    from analyzer.inputs.spec import Spec
    from analyzer.issues import Issue


def extract(
    specs: Sequence[Spec],
    sink: Callable[[str, Columns], object],
    progress: Callable[[int], None] | None = None,
    notice: Callable[[str], None] | None = None,
    *,
    digest: bool = True,
) -> tuple[list[InputReport], list[Issue]]:
    """Reads captures and hands the rows of ``flows``, ``names``, ``tls``, ... to ``sink``.

    Args:
        specs: Inputs as found by ``analyzer.inputs.discover``, ordered by first packet time.
        sink: Takes ``(table, columns)``; columns are one-dimensional arrays, masked where NULL.
        progress: Told how many stored bytes have been read so far.
        notice: Told lines for the user: that kernels are compiled, where they cannot be kept.
        digest: Compute the SHA-256 of every input; it costs more than the packet walk.
    """
    for line in cache.notices():
        if notice is not None:
            notice(line)
    if cache.is_cold():
        from analyzer.capture.warm import warm

        warm()
    from analyzer.capture.engine import Engine

    return Engine(sink, digest=digest).run(specs, progress)
