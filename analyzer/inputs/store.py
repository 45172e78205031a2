"""Where stored bytes lie, and how they are taken from there: a file, a part of one, a pipe.

A part is read with pread, so any number of them share one file without sharing a position.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from analyzer.inputs.regular import open_regular

if TYPE_CHECKING:
    from collections.abc import Callable

    from analyzer.issues import Issue

SPILL_BYTES = 64 << 30
"""Most that a run writes to its temporary file."""

SPILL_RESERVE = 1 << 30
"""Free space that is left on the temporary file's disk, or a twentieth of a small one."""

_COPY = 1 << 20


class Source(Protocol):
    """Bytes of an input from the first to the last, before its own decompression."""

    @property
    def taken(self) -> int:
        """Bytes taken from where they are stored (in a zip: compressed ones); for progress."""

    @property
    def problem(self) -> Issue | None:
        """Why they ended early or are in doubt, None while all is well."""

    def readinto(self, view: memoryview) -> int:
        """Fills the beginning of ``view``; 0 at the end.

        Raises:
            OSError: They cannot be read.
        """

    def close(self) -> None:
        """Gives back what was opened."""


class Part(Protocol):
    """An input that is no file of its own: a member of an archive, an object behind a URL."""

    def open(self) -> Source:
        """Opens it from the beginning, as often as asked.

        Raises:
            OSError: It cannot be opened.
        """


class Descriptor:
    """A file or pipe that is read where it stands."""

    def __init__(self, fd: int, *, owned: bool, head: bytes = b"") -> None:
        self.taken = 0
        self.problem: Issue | None = None
        self._fd, self._owned = fd, owned
        self._head = memoryview(head)

    def readinto(self, view: memoryview) -> int:
        """See `Source`."""
        if len(self._head):
            count = min(len(view), len(self._head))
            view[:count] = self._head[:count]
            self._head = self._head[count:]
        else:
            count = os.readv(self._fd, [view])
        self.taken += count
        return count

    def close(self) -> None:
        """See `Source`."""
        if self._owned:
            os.close(self._fd)


class Store(Protocol):
    """A file that is read at any place."""

    @property
    def size(self) -> int:
        """Bytes it holds."""

    def open(self) -> int:
        """A descriptor for pread.

        Raises:
            OSError: It cannot be opened, or is another file than before.
        """

    def release(self, fd: int) -> None:
        """Takes back what `open` gave."""


@dataclass(frozen=True, slots=True)
class FileStore:
    """A regular file, opened anew by each reader so that many archives need no many descriptors."""

    source: str
    size: int
    identity: tuple[int, int]

    def open(self) -> int:
        """See `Store`."""
        fd, info = open_regular(self.source)
        if (info.st_dev, info.st_ino) != self.identity:
            os.close(fd)
            raise OSError(0, "another file took its place since the run began")
        return fd

    def release(self, fd: int) -> None:
        """See `Store`."""
        os.close(fd)


@dataclass(frozen=True, slots=True)
class Slice:
    """A range of a store; what lies behind the store's end is missing."""

    store: Store
    start: int
    size: int

    def open(self) -> SliceSource:
        """See `Part`."""
        return SliceSource(self)

    def within(self, start: int, size: int) -> Slice:
        """A range of this range, cut at its end."""
        start = min(max(start, 0), self.size)
        return Slice(self.store, self.start + start, min(max(size, 0), self.size - start))


class SliceSource:
    """Reads a `Slice`; besides being a `Source` it can be moved."""

    def __init__(self, part: Slice) -> None:
        self.taken = 0
        self.problem: Issue | None = None
        self.at = 0
        self._part = part
        self._fd: int | None = part.store.open()

    def readinto(self, view: memoryview) -> int:
        """See `Source`."""
        room = min(len(view), self._part.size - self.at)
        if room <= 0 or self.at < 0 or self._fd is None:
            return 0
        count = os.preadv(self._fd, [view[:room]], self._part.start + self.at)
        self.at += count
        self.taken += count
        return count

    def read_at(self, at: int, size: int) -> bytes:
        """Up to ``size`` bytes from ``at``; fewer only at the end."""
        self.at = at
        return read_up_to(self.readinto, size)

    def close(self) -> None:
        """See `Source`."""
        if self._fd is not None:
            self._part.store.release(self._fd)
            self._fd = None


def read_up_to(readinto: Callable[[memoryview], int], size: int) -> bytes:
    """Up to ``size`` bytes; fewer only at the end."""
    buffer = bytearray(size)
    view, filled = memoryview(buffer), 0
    while filled < size and (count := readinto(view[filled:])):
        filled += count
    return bytes(view[:filled])


@dataclass(slots=True)
class Spill:
    """A temporary file without a name, for members that cannot be read where they are.

    It is unlinked before the first byte is written, so nothing of it outlives the run. It lies in
    TMPDIR, else in /var/tmp, because /tmp is often kept in memory.

    Attributes:
        limit: Most bytes it may hold.
        full: True once something did not fit.
    """

    limit: int = SPILL_BYTES
    size: int = 0
    full: bool = False
    _fd: int | None = field(default=None, repr=False)

    def open(self) -> int:
        """See `Store`."""
        if self._fd is None:
            with tempfile.TemporaryFile(dir=_folder()) as file:
                self._fd = os.dup(file.fileno())
        return self._fd

    def release(self, fd: int) -> None:
        """See `Store`; the file stays open until the last part of it is forgotten."""

    def take(self, head: bytes, readinto: Callable[[memoryview], int], rest: int) -> Slice | None:
        """Copies a member: ``head``, then up to ``rest`` bytes.

        Returns:
            Where it lies now, None when it does not fit; ``rest`` has then been read in part.

        Raises:
            OSError: The member cannot be read.
        """
        start = self.size
        view = memoryview(bytearray(min(max(rest, 1), _COPY)))
        piece: memoryview | bytes = head
        while True:
            if not self._write(piece):
                self.size, self.full = start, True
                return None
            count = readinto(view[:rest]) if rest else 0
            if not count:
                return Slice(self, start, self.size - start)
            piece = view[:count]
            rest -= count

    def _write(self, piece: memoryview | bytes) -> bool:
        if self.size + len(piece) > self.limit:
            return False
        try:
            fd = self.open()
            disk = os.fstatvfs(fd)
            reserve = min(SPILL_RESERVE, disk.f_blocks * disk.f_frsize // 20)
            if disk.f_bavail * disk.f_frsize < reserve + len(piece):
                return False
            while len(piece):
                count = os.pwrite(fd, piece, self.size)
                self.size += count
                piece = piece[count:]
        except OSError:  # the disk is full or not writable: told as what it costs
            return False
        return True

    def __del__(self) -> None:
        if self._fd is not None:
            os.close(self._fd)


def _folder() -> str | None:
    if "TMPDIR" not in os.environ and os.access("/var/tmp", os.W_OK | os.X_OK):  # noqa: S108
        return "/var/tmp"  # noqa: S108 - nameless files only
    return None
