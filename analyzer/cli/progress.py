"""Progress on stderr, only when a person watches it."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import NoReturn


@contextmanager
def progress_bar() -> Iterator[Callable[[int, int | None], None] | None]:
    """A callback for stored bytes (done, total or None), or None without a terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from tqdm import tqdm

    bar: tqdm[NoReturn] | None = None

    def show(done: int, total: int | None) -> None:
        nonlocal bar
        if bar is None:  # not before: what is said until then has the line to itself
            bar = tqdm(unit="B", unit_scale=True, leave=False, file=sys.stderr, desc="reading")
        bar.total = total
        bar.update(done - bar.n)

    try:
        yield show
    finally:
        if bar is not None:
            bar.close()
