"""The members of a zip archive, as its central directory lists them, one entry at a time.

Source: PKWARE APPNOTE.TXT 6.3, sections 4.3 (records), 4.4.3-4.4.5 (flags, methods), 4.5.3 (zip64).
The standard library would hold every entry in memory, and refuses an archive whose end was cut off;
such a one is read here by its local headers instead, from the front to the cut.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from analyzer.inputs.gunzip import Inflate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analyzer.inputs.store import Slice, SliceSource

METHODS = {
    0: "stored",
    8: "deflate",
    12: "bzip2",
    93: "zstd",
    95: "xz",
    9: "Deflate64",
    14: "LZMA",
    99: "AES encryption",
}
READABLE = (0, 8, 12, 93, 95)
ENCRYPTED, STREAMED, STRONG = 1, 8, 1 << 6

_LOCAL, _ENTRY, _END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
_END64, _LOCATOR, _DESCRIPTOR = b"PK\x06\x06", b"PK\x06\x07", b"PK\x07\x08"
_MAX_COMMENT = 65535
_BUFFER = 1 << 16


@dataclass(frozen=True, slots=True)
class ZipMember:
    """What an entry of the directory (or a local header) says.

    Attributes:
        name: Its bytes as stored.
        flags: General purpose bits; `ENCRYPTED`, `STREAMED`, `STRONG`.
        method: A key of `METHODS`, or one without a name here.
        crc: CRC-32 of the content, None when not known beforehand.
        packed: Compressed bytes.
        size: Bytes of the content, None when not known beforehand.
        at: Where its local header begins.
    """

    name: bytes
    flags: int
    method: int
    crc: int | None
    packed: int
    size: int | None
    at: int


class DamagedZipError(Exception):
    """The directory or the sequence of local headers breaks off.

    Attributes:
        code: ``zip-truncated`` or ``zip-damaged``.
        at: Offset in the archive.
    """

    def __init__(self, code: str, at: int, expected: str) -> None:
        super().__init__(expected)
        self.code, self.at = code, at


def is_zip(head: bytes) -> bool:
    """A head that starts with a local header, or with the end record of an empty archive."""
    return head.startswith((_LOCAL, _END)) or head.startswith(_DESCRIPTOR + _LOCAL)


class Zip:
    """One archive.

    Args:
        part: Where it lies.
    """

    def __init__(self, part: Slice) -> None:
        self._part = part
        self._source: SliceSource = part.open()

    def close(self) -> None:
        """Gives the file back."""
        self._source.close()

    def members(self) -> Iterator[ZipMember]:
        """Members in the order of the directory.

        Raises:
            DamagedZipError: It breaks off; what came before is sound.
        """
        found = self._directory()
        if found is None:
            yield from self._by_local_headers()
            expected = "the directory that ends a zip archive; members were found by their headers"
            raise DamagedZipError("zip-truncated", self._part.size, expected)
        start, shift, count, end = found
        buffer, at = b"", start
        for _ in range(count):
            if len(buffer) < 46:
                buffer += self._source.read_at(at + len(buffer), _BUFFER)
            if buffer[:4] != _ENTRY or len(buffer) < 46:
                raise DamagedZipError("zip-damaged", at, f"{count} entries in the directory")
            sizes = struct.unpack_from("<HHH", buffer, 28)
            length = 46 + sum(sizes)
            if len(buffer) < length:
                buffer += self._source.read_at(at + len(buffer), length - len(buffer) + _BUFFER)
            if at + length > end or len(buffer) < length:
                raise DamagedZipError("zip-damaged", at, "the rest of an entry of the directory")
            yield _entry(buffer[:length], sizes[0], sizes[1], shift)
            buffer, at = buffer[length:], at + length

    def content(self, member: ZipMember) -> Slice | None:
        """Where its compressed bytes lie; None when no local header is there."""
        head = self._source.read_at(member.at, 30)
        if len(head) < 30 or head[:4] != _LOCAL:
            return None
        name, extra = struct.unpack_from("<HH", head, 26)
        return self._part.within(member.at + 30 + name + extra, member.packed)

    def _directory(self) -> tuple[int, int, int, int] | None:
        """Where it begins, what to add to offsets, entries, and where it ends; None: not found."""
        size = self._part.size
        base = max(size - _MAX_COMMENT - 22 - 20, 0)
        tail = self._source.read_at(base, size - base)
        at, second = len(tail), None
        while (at := tail.rfind(_END, 0, at)) >= 0:
            found = self._end(tail, at, base) if len(tail) - at >= 22 else None
            if found is None:
                continue
            # A comment may hold what looks like an end; the true one is as long as what is left.
            if at + 22 + int.from_bytes(tail[at + 20 : at + 22], "little") == len(tail):
                return found
            second = second or (found if found[2] else None)
        return second

    def _end(self, tail: bytes, at: int, base: int) -> tuple[int, int, int, int] | None:
        count, length, offset = struct.unpack_from("<HII", tail, at + 10)
        end = base + at
        if at >= 20 and tail[at - 20 : at - 16] == _LOCATOR:
            (where,) = struct.unpack_from("<Q", tail, at - 12)
            for place in (where, end - 76):  # an archive behind a program counts from its own start
                record = self._source.read_at(place, 56) if place < self._part.size else b""
                if record[:4] == _END64 and len(record) == 56:
                    count, length, offset = struct.unpack_from("<QQQ", record, 32)
                    end = place
                    break
        start = end - length
        if start < 0 or (count and self._source.read_at(start, 4) != _ENTRY):
            return None
        return start, start - offset, count, end

    def _by_local_headers(self) -> Iterator[ZipMember]:
        """Members from the front, as far as one leads to the next."""
        at = 0
        while True:
            head = self._source.read_at(at, 30)
            if head[:4] == _DESCRIPTOR and at == 0:
                at = 4
                continue
            if head[:4] != _LOCAL or len(head) < 30:
                return
            flags, method = struct.unpack_from("<HH", head, 6)
            crc, packed, size, name_size, extra_size = struct.unpack_from("<IIIHH", head, 14)
            rest = self._source.read_at(at + 30, name_size + extra_size)
            wide = _zip64(rest[name_size:], (size, packed))
            size, packed = wide[0], wide[1]
            start = at + 30 + name_size + extra_size
            known = not flags & STREAMED
            after = start + packed
            if not known:
                found = self._streamed_size(method, flags, start)
                packed = self._part.size - start if found is None else found
                after = start + packed
                after += self._descriptor_size(after)
            yield ZipMember(
                rest[:name_size],
                flags,
                method,
                crc if known else None,
                max(packed, 0),
                size if known else None,
                at,
            )
            at = after

    def _streamed_size(self, method: int, flags: int, start: int) -> int | None:
        """Compressed size of a deflated member that was written before its size was known."""
        if method != 8 or flags & ENCRYPTED:
            return None
        self._source.at = start
        before = self._source.taken

        def more() -> bytes:
            view = memoryview(bytearray(_BUFFER))
            return bytes(view[: self._source.readinto(view)])

        inflate = Inflate(more)
        waste = memoryview(bytearray(_BUFFER))
        while inflate.readinto(waste):
            pass
        if inflate.problem is not None:
            return None
        return self._source.taken - before - inflate.unused

    def _descriptor_size(self, at: int) -> int:
        """Of the sizes behind a member's data (4.3.9): with or without mark, 4 or 8 bytes each."""
        data = self._source.read_at(at, 28)
        marked = 4 if data[:4] == _DESCRIPTOR else 0
        for size in (marked + 12, marked + 20):
            if data[size : size + 4] in (_LOCAL, _ENTRY):
                return size
        return marked + 12


def _entry(data: bytes, name_size: int, extra_size: int, shift: int) -> ZipMember:
    flags, method = struct.unpack_from("<HH", data, 8)
    crc, packed, size = struct.unpack_from("<III", data, 16)
    (at,) = struct.unpack_from("<I", data, 42)
    extra = data[46 + name_size : 46 + name_size + extra_size]
    size, packed, at = _zip64(extra, (size, packed, at))
    return ZipMember(data[46 : 46 + name_size], flags, method, crc, packed, size, at + shift)


def _zip64(extra: bytes, fields: tuple[int, ...]) -> list[int]:
    """The fields (size, compressed size, offset), from extra field 1 where they are all ones."""
    wide = b""
    while len(extra) >= 4:
        kind, length = struct.unpack_from("<HH", extra)
        if kind == 1:
            wide = extra[4 : 4 + length]
            break
        extra = extra[4 + length :]
    out = []
    for field in fields:
        if field == 0xFFFFFFFF and len(wide) >= 8:
            field, wide = int.from_bytes(wide[:8], "little"), wide[8:]
        out.append(field)
    return out
