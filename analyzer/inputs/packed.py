"""The content of one zip member: decompressed in bounded pieces, and checked at its end."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from analyzer.inputs.gunzip import Inflate
from analyzer.inputs.unpack import Unpack
from analyzer.inputs.ziparchive import METHODS
from analyzer.issues import Issue

if TYPE_CHECKING:
    from analyzer.inputs.store import Slice

_CHUNK = 1 << 18


@dataclass(frozen=True, slots=True)
class Packed:
    """Compressed bytes of a member, and what the archive claims about its content.

    Attributes:
        where: The compressed bytes.
        method: One of `ziparchive.READABLE`.
        missing: The archive ends before the compressed bytes do.
        crc: CRC-32 of the content, or None.
        size: Bytes of the content, or None.
    """

    where: Slice
    method: int
    missing: bool
    crc: int | None
    size: int | None

    def open(self) -> PackedSource:
        """See `store.Part`."""
        return PackedSource(self)


class PackedSource:
    """Reads a `Packed`; ``taken`` counts compressed bytes."""

    def __init__(self, part: Packed) -> None:
        self.problem: Issue | None = None
        self._part = part
        self._source = part.where.open()
        self._unpack: Inflate | Unpack | None = None
        if part.method == 8:
            self._unpack = Inflate(self._chunk)
        elif part.method:
            self._unpack = Unpack(METHODS[part.method], self._chunk)
        self._crc = 0
        self._size = 0
        self._checked = False

    @property
    def taken(self) -> int:
        """Compressed bytes so far."""
        return self._source.taken

    def readinto(self, view: memoryview) -> int:
        """See `store.Source`."""
        reader = self._source if self._unpack is None else self._unpack
        count = reader.readinto(view)
        if count:
            self._crc = zlib.crc32(view[:count], self._crc)
            self._size += count
        elif len(view) and not self._checked:
            self._checked = True
            self.problem = (self._unpack and self._unpack.problem) or self._doubt()
        return count

    def close(self) -> None:
        """See `store.Source`."""
        self._source.close()

    def _chunk(self) -> bytes:
        buffer = memoryview(bytearray(_CHUNK))
        return bytes(buffer[: self._source.readinto(buffer)])

    def _doubt(self) -> Issue | None:
        part = self._part
        if part.missing and (self._size, self._crc) != (part.size, part.crc):
            code, detail = "zip-truncated", "the rest of the member, found the end of the archive"
        elif part.size is not None and self._size != part.size:
            code, detail = "zip-size", f"{part.size} bytes as the archive says, found {self._size}"
        elif part.crc is not None and self._crc != part.crc:
            code, detail = "zip-checksum", "content that fits its checksum; all of it was read"
        else:
            return None
        where = f"offset {self._size}"
        return Issue(code, None, where, f"expected {detail}", incomplete=True)
