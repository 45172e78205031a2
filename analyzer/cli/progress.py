"""Progress on stderr: a bar where a person watches, now and then a line where a log is kept."""

from __future__ import annotations

import os
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from analyzer.cli.speech import say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Show = Callable[[int, int | None], None]

EVERY_SECONDS = 30.0
"""Between two lines without a terminal: a run of seconds stays silent."""


@contextmanager
def progress_bar(*, quiet: bool = False) -> Iterator[Show | None]:
    """A callback for stored bytes (done, total or None); None when nothing is to be shown."""
    if quiet:
        yield None
    elif sys.stderr.isatty():
        with _bar() as show:
            yield show
    else:
        yield lines()


def lines(clock: Callable[[], float] = time.monotonic) -> Show:
    """A callback that says how far it is, at most once in `EVERY_SECONDS`."""
    began = said = clock()

    def show(done: int, total: int | None) -> None:
        nonlocal said
        from analyzer.report.figures import rounded
        from analyzer.shares import percent

        now = clock()
        if now - said < EVERY_SECONDS:
            return
        said = now
        of = f" of {rounded(total)} ({percent(done / total)})" if total else ""
        rate = rounded(int(done / (now - began)))
        left = ""
        if total and done:
            left = f", about {max(0.0, (total - done) * (now - began) / done):,.0f} s left"
        say(f"read {rounded(done)}{of}, {rate}/s{left}")

    return show


@contextmanager
def _bar() -> Iterator[Show]:
    """Bytes, rate and time left, gone when it is done."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    plain = bool(os.environ.get("NO_COLOR"))
    progress = Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=None),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True, no_color=plain),
        transient=True,
    )
    task = None

    def show(done: int, total: int | None) -> None:
        nonlocal task
        if task is None:  # not before: what is said until then has the line to itself
            progress.start()
            task = progress.add_task("reading", total=total)
        # What follows the last byte takes its time, too: names, owners, rules.
        at_work = "judging" if total is not None and done >= total else "reading"
        progress.update(task, completed=done, total=total, description=at_work)

    try:
        yield show
    finally:
        progress.stop()
