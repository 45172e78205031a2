"""Ctrl-C and a polite kill: noticed whoever is at work, and always ended with clean hands."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

INTERRUPTED, TERMINATED = 130, 143


class Interruption:
    """Remembers the signal that arrived.

    DuckDB turns a KeyboardInterrupt that meets it inside a query into a RuntimeError of its own, so
    the exception alone does not tell what happened.
    """

    def __init__(self) -> None:
        """Nothing has arrived."""
        self.code: int | None = None
        self.written: list[str] = []
        self.held = False
        self.over = False

    def take(self, number: int, _frame: FrameType | None) -> None:
        """Signal handler: unwinds the stack, so that temporary files are removed.

        Once the run is over there is nothing to stop, and its exit code stands.
        """
        if self.over:
            return
        self.code = TERMINATED if number == signal.SIGTERM else INTERRUPTED
        if not self.held:
            raise KeyboardInterrupt


_current: list[Interruption] = []


@contextmanager
def held() -> Iterator[list[str]]:
    """Lets a signal wait while outputs that belong together get their names.

    Yields:
        Where to put the names of what was written: whoever is interrupted later is told them.
    """
    found = _current[-1] if _current else Interruption()
    found.held = True
    try:
        yield found.written
    finally:
        found.held = False
    if found.code is not None:
        raise KeyboardInterrupt


@contextmanager
def interruption(*, last: bool = False) -> Iterator[Interruption]:
    """Takes SIGINT and SIGTERM while the block runs; threads beside the main one get none.

    Args:
        last: Nothing follows but the end of the process: a signal does not change its exit code.
    """
    found = Interruption()
    if threading.current_thread() is not threading.main_thread():
        yield found
        return
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [(number, signal.getsignal(number)) for number in numbers]
    for number, handler in before:
        if handler is not signal.SIG_IGN:  # nohup and shells' background jobs ignore SIGINT
            signal.signal(number, found.take)
    _current.append(found)
    try:
        yield found
    finally:
        _current.pop()
        for number, handler in before:
            signal.signal(number, signal.SIG_IGN if last else handler)
