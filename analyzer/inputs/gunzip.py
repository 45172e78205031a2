"""Streaming gzip (RFC 1952): several members, zero padding, and every byte before damage.

Memory is bounded whatever the file claims: at most one stored chunk and one output buffer.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from analyzer.issues import Issue

if TYPE_CHECKING:
    from collections.abc import Callable

_MAGIC = b"\x1f\x8b"


class Gunzip:
    """Decompresses what ``read`` delivers.

    Args:
        read: Next stored bytes, b"" at the end.

    Attributes:
        problem: Why the output ended early, None after a clean end.
    """

    _NAME, _WBITS = "gzip", 31

    def __init__(self, read: Callable[[], bytes]) -> None:
        self._read = read
        self._inflate = zlib.decompressobj(wbits=self._WBITS)
        self._pending = b""
        self._fed = 0
        self._produced = 0
        self._ended = False
        self.problem: Issue | None = None

    def readinto(self, view: memoryview) -> int:
        """Fills ``view`` as far as one stored chunk allows; 0 at the end or at damage."""
        while not self._ended:
            if self._inflate.eof and not self._next_member():
                break
            if not self._pending:
                self._pending = self._read()
            output = self._step(len(view)) if self._pending else self._finish(len(view))
            if output:
                self._produced += len(output)
                view[: len(output)] = output
                return len(output)
        return 0

    def _step(self, room: int) -> bytes:
        chunk = self._pending
        before = self._inflate.copy()
        try:
            output = self._inflate.decompress(chunk, room)
        except zlib.error as error:
            output, used = before_damage(before, chunk, room)
            self._ended = True
            self._fed += used
            expected = f"valid {self._NAME} data ({error})"
            self.problem = self._damage("damaged", expected, len(output))
            return output
        rest = self._inflate.unused_data if self._inflate.eof else self._inflate.unconsumed_tail
        self._fed += len(chunk) - len(rest)
        self._pending = rest
        return output

    def _next_member(self) -> bool:
        """Skips padding; True when another member follows (RFC 1952 section 2.2)."""
        while True:
            self._pending, skipped = self._pending.lstrip(b"\0"), len(self._pending)
            self._fed += skipped - len(self._pending)
            if len(self._pending) >= 2:
                break
            more = self._read()
            if not more:
                break
            self._pending += more
        if self._pending[:2] == _MAGIC:
            self._inflate = zlib.decompressobj(wbits=31)
            return True
        self._ended = True
        if self._pending:
            self.problem = self._damage("trailing-data", "another gzip member or the end")
        return False

    def _finish(self, room: int) -> bytes:
        """The stored bytes ended inside a member: hands out what zlib still holds of it."""
        output = self._inflate.decompress(b"", room)
        if not output:
            self._ended = True
            self.problem = self._damage("truncated", f"more {self._NAME} data, found the end of it")
        return output

    def _damage(self, what: str, expected: str, more: int = 0) -> Issue:
        detail = (
            f"expected {expected} near stored offset {self._fed}; the {self._produced + more} "
            "decompressed bytes before it were read, what follows is lost"
        )
        code = f"{self._NAME}-{what}"
        return Issue(code, None, f"offset {self._fed}", detail, incomplete=True)


class Inflate(Gunzip):
    """Bare deflate data (RFC 1951), one member: how a zip archive stores it."""

    _NAME, _WBITS = "deflate", -15

    @property
    def unused(self) -> int:
        """Bytes that were read behind the end of the data."""
        return len(self._pending)

    def _next_member(self) -> bool:
        self._ended = True
        return False


def before_damage(inflate: zlib._Decompress, chunk: bytes, room: int) -> tuple[bytes, int]:
    """What ``chunk`` decompresses to before it is damaged, and how many of its bytes are sound.

    zlib withholds the output of a call that fails, so the longest prefix that succeeds is searched
    (a wrong checksum then loses nothing), and after it the largest output that succeeds.
    """
    low, high = 0, len(chunk) - 1
    while low < high:
        middle = (low + high + 1) // 2
        if _inflates(inflate, chunk[:middle], room) is None:
            high = middle - 1
        else:
            low = middle
    used, output, rest = low, b"", chunk
    # Without any more input it may fail as well: zlib holds bits that it took before.
    if low or _inflates(inflate, b"", room) is not None:
        output = inflate.decompress(chunk[:low], room)
        rest = inflate.unconsumed_tail + chunk[low:]
    left = room - len(output)
    low, high = 0, left
    while low < high:
        middle = (low + high + 1) // 2
        if _inflates(inflate, rest, middle) is None:
            high = middle - 1
        else:
            low = middle
    return output + (inflate.decompress(rest, low) if low else b""), used


def _inflates(inflate: zlib._Decompress, data: bytes, room: int) -> bytes | None:
    try:
        return inflate.copy().decompress(data, room)
    except zlib.error:
        return None
