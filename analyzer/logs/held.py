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


class HeldFiles(AbstractFileSystem):  # type: ignore[misc] # fsspec has no types
    """Files that are held by this object alone."""

    protocol = PROTOCOL
    cachable = False  # each case has its own

    def __init__(self) -> None:
        super().__init__()
        self._held: dict[str, bytes] = {}
        self._numbers = itertools.count()

    def hold(self, content: bytes) -> str:
        """Takes a file; returns its path."""
        name = str(next(self._numbers))
        self._held[name] = content
        return f"{PROTOCOL}://{name}"

    def drop(self, path: str) -> None:
        """Forgets a file."""
        del self._held[_name(path)]

    def open(self, path: str, mode: str = "rb", **_: Any) -> io.BytesIO:
        """The file, to be read; it is not copied."""
        if mode != "rb":
            raise PermissionError(f"{path}: blocks are only read")
        return io.BytesIO(self._content(path))

    def info(self, path: str, **_: Any) -> dict[str, Any]:
        """Its size."""
        return {"name": path, "size": len(self._content(path)), "type": "file"}

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

    def _content(self, path: str) -> bytes:
        try:
            return self._held[_name(path)]
        except KeyError:
            raise FileNotFoundError(path) from None


def _name(path: str) -> str:
    return path.rpartition("/")[2]
