"""The members of a tar archive, one header at a time, in the order in which they are stored.

Sources: POSIX.1-2017 pax, "ustar Interchange Format" and "pax Header Block"; the GNU tar manual,
"Basic Tar Format", for long names, sparse files and sizes in base 256. The standard library reads
the header block; it would also read a long name of any claimed size into memory, which is why the
sequence of headers is followed here. Zero blocks between members are skipped, as ``tar -i`` does.
"""

from __future__ import annotations

import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from analyzer.inputs.store import SliceSource, read_up_to

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from analyzer.inputs.store import Slice

BLOCK = 512
NAME_BYTES = 1 << 16
"""Longest name or pax header that is read; what is longer is stepped over."""

_REGULAR = (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE)
_KINDS = {
    tarfile.LNKTYPE: "a link",
    tarfile.SYMTYPE: "a link",
    tarfile.CHRTYPE: "a device",
    tarfile.BLKTYPE: "a device",
    tarfile.FIFOTYPE: "a named pipe",
    tarfile.DIRTYPE: "a directory",
    tarfile.GNUTYPE_SPARSE: "a sparse file",
}
_NO_DATA = tuple(k for k in _KINDS if k != tarfile.GNUTYPE_SPARSE)


class Reader(Protocol):
    """A tar archive from its beginning."""

    at: int

    def read(self, size: int) -> bytes:
        """Up to ``size`` bytes; fewer only at the end."""

    def skip(self, size: int) -> int:
        """Steps over up to ``size`` bytes; fewer only at the end."""


@dataclass(frozen=True, slots=True)
class TarMember:
    """What a header says.

    Attributes:
        name: Its bytes as stored.
        kind: ``""`` for a regular file, else what it is ("a link").
        size: Bytes of its content in the archive.
        at: Where they begin.
    """

    name: bytes
    kind: str
    size: int
    at: int


class DamagedTarError(Exception):
    """The sequence of headers breaks off.

    Attributes:
        code: ``tar-truncated`` or ``tar-damaged``.
        at: Offset in the (decompressed) archive.
    """

    def __init__(self, code: str, at: int, expected: str) -> None:
        super().__init__(expected)
        self.code, self.at = code, at


def is_tar(head: bytes) -> bool:
    """A head that starts with a tar header: by its magic, or (before 1988) by its checksum."""
    return head[257:262] == b"ustar" or (len(head) >= BLOCK and _header(head[:BLOCK]) is not None)


def members(reader: Reader) -> Iterator[TarMember]:
    """Members in stored order; the caller may read or skip content, the rest is stepped over.

    Raises:
        DamagedTarError: The archive breaks off or a header is wrong; what came before is sound.
    """
    name: bytes | None = None
    size: int | None = None
    sparse = ended = False
    while True:
        start = reader.at
        block = reader.read(BLOCK)
        if not block.strip(b"\0"):
            if len(block) < BLOCK:
                if not ended:
                    expected = "the two zero blocks that end an archive, found its end"
                    raise DamagedTarError("tar-truncated", start + len(block), expected)
                return
            ended = True
            continue
        if len(block) < BLOCK:
            raise DamagedTarError(
                "tar-truncated",
                start + len(block),
                "the rest of a header, found the end of the archive",
            )
        info = _header(block)
        if info is None:
            code = "tar-trailing-data" if ended else "tar-damaged"
            end = "the end of the archive" if ended else "a header whose checksum is right"
            raise DamagedTarError(code, start, f"{end}, found {block[:4].hex(' ')}")
        ended = False
        kind = info.type
        if kind in (tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK, tarfile.XGLTYPE):
            text = _extension(reader, info.size)
            if kind == tarfile.GNUTYPE_LONGNAME and text is not None:
                name = text.split(b"\0", 1)[0]
            continue
        if kind in (tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE):
            records = _pax(_extension(reader, info.size) or b"")
            name = records.get(b"path", name)
            claimed = records.get(b"size", b"")
            size = int(claimed) if claimed.isdigit() and len(claimed) < 20 else size
            sparse = any(key.startswith(b"GNU.sparse.") for key in records)
            continue
        if kind == tarfile.GNUTYPE_SPARSE and block[482]:
            while (more := reader.read(BLOCK)) and len(more) == BLOCK and more[504]:
                pass
        shown = "" if kind in _REGULAR else _KINDS.get(kind, "a member of an unknown type")
        if not shown and sparse:
            shown = "a sparse file"
        length = 0 if kind in _NO_DATA else (info.size if size is None else size)
        stored = info.name.encode("utf-8", "surrogateescape") if name is None else name
        if kind == tarfile.AREGTYPE and stored.endswith(b"/"):  # how V7 tar wrote directories
            shown, length = "a directory", 0
        at = reader.at
        yield TarMember(stored, shown, length, at)
        whole = at + -(-length // BLOCK) * BLOCK
        reader.skip(whole - reader.at)
        if reader.at < at + length:
            expected = f"{length} bytes of a member, found {reader.at - at}"
            raise DamagedTarError("tar-truncated", reader.at, expected)
        name, size, sparse = None, None, False


def _header(block: bytes) -> tarfile.TarInfo | None:
    """The fields of a header block; None when its checksum or a field is wrong."""
    try:
        info = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except (tarfile.HeaderError, ValueError, OverflowError):
        return None
    return info if info.size >= 0 else None


def _extension(reader: Reader, size: int) -> bytes | None:
    """Content of a header that is about the next one; None when too long to be true."""
    start = reader.at
    text = reader.read(size) if size <= NAME_BYTES else None
    reader.skip(start + -(-size // BLOCK) * BLOCK - reader.at)
    if reader.at < start + size:
        raise DamagedTarError(
            "tar-truncated", reader.at, "the rest of an extended header, found the end"
        )
    return text


def _pax(text: bytes) -> dict[bytes, bytes]:
    """``LENGTH KEY=VALUE\\n`` records, up to the first that makes no sense."""
    found: dict[bytes, bytes] = {}
    while text:
        digits, blank, _ = text.partition(b" ")
        if not blank or not digits.isdigit() or len(digits) > 6:
            break
        length = int(digits)
        record = text[len(digits) + 1 : length]
        key, equals, value = record.partition(b"=")
        if length <= len(digits) + 1 or length > len(text) or not equals or value[-1:] != b"\n":
            break
        found[key] = value[:-1]
        text = text[length:]
    return found


class StoredTar:
    """An archive that lies uncompressed in a file: members are stepped over, not read."""

    def __init__(self, part: Slice) -> None:
        self.at = 0
        self._size = part.size
        self._source = SliceSource(part)
        self._buffer, self._start = b"", 0

    def read(self, size: int) -> bytes:
        """See `Reader`."""
        from_buffer = self.at - self._start
        if not 0 <= from_buffer <= len(self._buffer) - size:
            self._buffer = self._source.read_at(self.at, max(size, 8 * BLOCK))
            self._start, from_buffer = self.at, 0
        piece = self._buffer[from_buffer : from_buffer + size]
        self.at += len(piece)
        return piece

    def skip(self, size: int) -> int:
        """See `Reader`."""
        step = max(min(size, self._size - self.at), 0)
        self.at += step
        return step

    def close(self) -> None:
        """Gives the file back."""
        self._source.close()


class StreamedTar:
    """An archive that can only be read from one end to the other."""

    def __init__(self, readinto: Callable[[memoryview], int]) -> None:
        self.at = 0
        self._readinto = readinto
        self._waste = memoryview(bytearray(1 << 16))

    def readinto(self, view: memoryview) -> int:
        """Whatever comes next."""
        count = self._readinto(view)
        self.at += count
        return count

    def read(self, size: int) -> bytes:
        """See `Reader`."""
        return read_up_to(self.readinto, size)

    def skip(self, size: int) -> int:
        """See `Reader`."""
        left = size
        while left > 0 and (count := self.readinto(self._waste[:left])):
            left -= count
        return size - left
