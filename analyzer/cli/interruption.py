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

    def take(self, number: int, _frame: FrameType | None) -> None:
        """Signal handler: unwinds the stack, so that temporary files are removed."""
        self.code = TERMINATED if number == signal.SIGTERM else INTERRUPTED
        raise KeyboardInterrupt


@contextmanager
def interruption() -> Iterator[Interruption]:
    """Takes SIGINT and SIGTERM while the block runs; threads beside the main one get none."""
    found = Interruption()
    if threading.current_thread() is not threading.main_thread():
        yield found
        return
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [(number, signal.getsignal(number)) for number in numbers]
    for number, handler in before:
        if handler is not signal.SIG_IGN:  # nohup and shells' background jobs ignore SIGINT
            signal.signal(number, found.take)
    try:
        yield found
    finally:
        for number, handler in before:
            signal.signal(number, handler)
