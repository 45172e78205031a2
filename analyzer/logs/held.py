"""Blocks of bytes as files in memory, for DuckDB's own readers: no copy on a disk, no Python object
for each line, and a block of a compressed file or of a pipe is read like one of a plain file."""

from __future__ import annotations

import datetime
import io
import itertools
from typing import TYPE_CHECKING, Any

from fsspec import AbstractFileSystem

if TYPE_CHECKING:
    import duckdb

PROTOCOL = "acrtrace-block"
_BEFORE = datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC)


class _Reader(io.RawIOBase):
    """A file of two parts: what is read is copied once."""

    def __init__(self, parts: tuple[bytes, bytes]) -> None:
        super().__init__()
        self._parts = parts
        self._length = len(parts[0]) + len(parts[1])
        self._at = 0

    def read(self, size: int | None = -1, /) -> bytes:
        """Bytes from where it stands."""
        first, last = self._parts
        until = self._length if size is None or size < 0 else min(self._at + size, self._length)
        at, self._at = self._at, max(until, self._at)
        if until <= len(first):
            return first[at:until]
        beyond = last[max(at - len(first), 0) : until - len(first)]
        return first[at:] + beyond if at < len(first) else beyond

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Where it stands from now on."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._length}[whence]
        self._at = max(base + offset, 0)
        return self._at

    def tell(self) -> int:
        """Where it stands."""
        return self._at

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes."""
        return True


class HeldFiles(AbstractFileSystem):  # type: ignore[misc] # fsspec has no types
    """Files that are held by this object alone."""

    protocol = PROTOCOL
    cachable = False  # each case has its own

    def __init__(self) -> None:
        super().__init__()
        self._held: dict[str, tuple[bytes, bytes]] = {}
        self._numbers = itertools.count()

    def hold(self, content: bytes, end: bytes = b"") -> str:
        """Takes a file, and what else stands at its end; returns its path."""
        name = str(next(self._numbers))
        self._held[name] = (content, end)
        return f"{PROTOCOL}://{name}"

    def drop(self, path: str) -> None:
        """Forgets a file."""
        del self._held[_name(path)]

    def open(self, path: str, mode: str = "rb", **_: Any) -> _Reader:
        """The file, to be read; it is not copied."""
        if mode != "rb":
            raise PermissionError(f"{path}: blocks are only read")
        return _Reader(self._content(path))

    def info(self, path: str, **_: Any) -> dict[str, Any]:
        """Its size."""
        return {"name": path, "size": sum(map(len, self._content(path))), "type": "file"}

    def glob(self, path: str, **_: Any) -> list[str]:
        """The path itself: names hold no patterns."""
        return [path]

    def modified(self, _: str) -> datetime.datetime:
        """A block never changes."""
        return _BEFORE

    def attach(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Makes the files known to a database; :meth:`detach` takes them off."""
        connection.register_filesystem(self)
        # Blocks are read once: keeping them would hold a whole log in memory.
        connection.execute("SET enable_external_file_cache = false")

    def detach(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Takes them off."""
        connection.unregister_filesystem(PROTOCOL)

    def _content(self, path: str) -> tuple[bytes, bytes]:
        try:
            return self._held[_name(path)]
        except KeyError:
            raise FileNotFoundError(path) from None


def _name(path: str) -> str:
    return path.rpartition("/")[2]
