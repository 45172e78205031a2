"""Windows of bytes of one input, filled by a reader thread while the kernel walks the other one.

A window is a margin followed by 8 MiB: small enough that what the reader thread wrote is still in
the processor's cache when the kernel comes to it. What the kernel could not use at the end of one
window (part of a record, at most 320 KiB) is copied into the margin right in front of the next
one's bytes, so a record never moves more than once and never grows a buffer.
"""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING

import numpy as np

from analyzer.capture.layout import MAX_CAPTURED

if TYPE_CHECKING:
    from analyzer.capture.types import Bytes
    from analyzer.inputs.open import Stream

MARGIN = MAX_CAPTURED + (128 << 10)
WINDOW = 8 << 20


class Windows:
    """Iterates over the bytes of a stream, two buffers in turn."""

    def __init__(self, stream: Stream, size: int = WINDOW) -> None:
        """Starts the reader thread."""
        self._stream = stream
        self._size = size
        self._free: queue.SimpleQueue[Bytes | None] = queue.SimpleQueue()
        self._full: queue.SimpleQueue[tuple[Bytes, int] | BaseException] = queue.SimpleQueue()
        self._ended = False
        for _ in range(2):
            self._free.put(np.empty(MARGIN + size, dtype=np.uint8))
        self._thread = threading.Thread(target=self._read, name="acrtrace-reader", daemon=True)
        self._thread.start()

    def _read(self) -> None:
        try:
            while (buffer := self._free.get()) is not None:
                view = memoryview(buffer)[MARGIN:]  # type: ignore[arg-type]  # arrays are buffers
                filled = 0
                while filled < self._size and (n := self._stream.readinto(view[filled:])):
                    filled += n
                self._full.put((buffer, filled))
                if filled < self._size:
                    return
        except BaseException as error:  # handed to the thread that waits for bytes
            self._full.put(error)

    def next(self, rest: Bytes) -> tuple[Bytes, int, int] | None:
        """The next window with ``rest`` in front: (buffer, start, end); None at the end.

        The buffer that ``rest`` lies in is given back for refilling.
        """
        if self._ended:
            return None
        got = self._full.get()
        if isinstance(got, BaseException):
            self._ended = True
            raise got
        buffer, filled = got
        self._ended = filled < self._size
        start = MARGIN - len(rest)
        buffer[start:MARGIN] = rest
        return buffer, start, MARGIN + filled

    def give_back(self, buffer: Bytes) -> None:
        """Lets the reader thread fill this buffer again."""
        self._free.put(buffer)

    def close(self) -> None:
        """Ends the reader thread."""
        self._free.put(None)
        self._thread.join()
