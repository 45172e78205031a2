"""The members of a zip archive, as its central directory lists them, one entry at a time.

Source: PKWARE APPNOTE.TXT 6.3, sections 4.3 (records), 4.4.3-4.4.5 (flags, methods), 4.5.3 (zip64).
The standard library would hold every entry in memory, and refuses an archive whose end was cut off;
such a one is read here by its local headers instead, from the front to the cut. Where the directory
breaks off or miscounts, the members that it does not list are looked for in the same way.
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
_SIGNATURE = b"PK\x05\x05"
_WIDE, _UNICODE_PATH = 1, 0x7075
_BUFFER = 1 << 16

MAX_HEADS = 65_536
"""Members whose places are remembered, to tell what a damaged directory does not list."""


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
        renamed: An extra field gives it another name (4.6.9), which unzip goes by.
    """

    name: bytes
    flags: int
    method: int
    crc: int | None
    packed: int
    size: int | None
    at: int
    renamed: bool = False


class DamagedZipError(Exception):
    """The directory or the sequence of local headers breaks off.

    The text says what was expected and found, and what was lost.

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

    Attributes:
        several_ends: What looks like another end follows the one that fits, or nothing fits.
    """

    def __init__(self, part: Slice) -> None:
        self._part = part
        self._source: SliceSource = part.open()
        self._ended = 0
        self.several_ends = False

    def close(self) -> None:
        """Gives the file back."""
        self._source.close()

    def members(self) -> Iterator[ZipMember]:
        """Members in the order of the directory, then those that a damaged one does not list.

        Raises:
            DamagedZipError: The directory is missing or damaged.
        """
        found = self._directory()
        if found is None:
            yield from self._by_local_headers(0, self._part.size)
            raise DamagedZipError(
                "zip-truncated",
                self._ended,
                "expected the directory that ends a zip archive, found none; the members were "
                "found by their headers up to there, what follows is lost",
            )
        start, shift, count, end = found
        heads: set[int] = set()
        number, told = 0, ""
        for number, entry in enumerate(self._entries(start, end, shift), 1):
            if entry is None:
                told = f"found {number - 1:,} and then something else"
                break
            if len(heads) <= MAX_HEADS:
                heads.add(entry.at)
            yield entry
        else:
            # Without zip64 the count has 16 bits, and there are programs that let it overflow.
            if number == count or (count < 0xFFFF and number & 0xFFFF == count):
                return
            told = f"found {number:,}"
        at = self._ended
        expected = f"expected {count:,} entries in the directory, {told}; "
        if len(heads) > MAX_HEADS:
            expected += "what they point to is lost"
        else:
            first = min(heads, default=max(shift, 0))
            for member in self._by_local_headers(first, start):
                if member.at not in heads:
                    yield member
            expected += "members that it does not list were read as far as one leads to the next"
        raise DamagedZipError("zip-damaged", at, expected)

    def _entries(self, start: int, end: int, shift: int) -> Iterator[ZipMember | None]:
        """Entries of the directory, None in place of what is no entry; `_ended` says where."""
        buffer, at = b"", start
        while at < end:
            self._ended = at
            if len(buffer) < 46:
                buffer += self._source.read_at(at + len(buffer), _BUFFER)
            if buffer[:4] == _SIGNATURE:  # 4.3.13, behind the last entry
                return
            length = 46 + sum(struct.unpack_from("<HHH", buffer, 28)) if len(buffer) >= 46 else 46
            if len(buffer) < length:
                buffer += self._source.read_at(at + len(buffer), length - len(buffer) + _BUFFER)
            if buffer[:4] != _ENTRY or at + length > end or len(buffer) < length:
                yield None
                return
            name, extra = struct.unpack_from("<HH", buffer, 28)
            entry = _entry(buffer[:length], name, extra, shift)
            buffer, at = buffer[length:], at + length
            yield entry
        self._ended = at

    def content(self, member: ZipMember) -> tuple[Slice, int, bool] | None:
        """Where its compressed bytes lie, and how many there should be.

        Where the directory and the local header contradict each other the smaller size is taken: a
        member may lie about itself, but not reach into its neighbours by it.

        Returns:
            A part, cut at the archive's end; the stated size; whether both say the same. None
            without a local header.
        """
        head = self._source.read_at(member.at, 30)
        if len(head) < 30 or head[:4] != _LOCAL:
            return None
        (flags,) = struct.unpack_from("<H", head, 6)
        packed, size, name, extra = struct.unpack_from("<IIHH", head, 18)
        start = member.at + 30 + name + extra
        if packed == 0xFFFFFFFF:
            fields = self._source.read_at(member.at + 30 + name, extra)
            packed = _zip64(fields, (size, packed))[1]
        known = packed if packed and not flags & STREAMED else member.packed
        stated = min(known, member.packed)
        return self._part.within(start, stated), stated, known == member.packed

    def _directory(self) -> tuple[int, int, int, int] | None:
        """Where it begins, what to add to offsets, entries, and where it ends; None: not found."""
        size = self._part.size
        base = max(size - _MAX_COMMENT - 22 - 20, 0)
        tail = self._source.read_at(base, size - base)
        at, second = len(tail), None
        while (at := tail.rfind(_END, 0, at)) >= 0:
            found = self._end(tail, at, base) if len(tail) - at >= 22 else None
            # A comment may hold what looks like an end; the true one is as long as what is left.
            fits = at + 22 + int.from_bytes(tail[at + 20 : at + 22], "little") == len(tail)
            if found is not None and fits:
                return found
            self.several_ends = True
            second = second or (found if found is not None and found[2] else None)
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

    def _by_local_headers(self, at: int, end: int) -> Iterator[ZipMember]:
        """Members from ``at`` on, as far as one leads to the next; `_ended` is where that was."""
        while True:
            self._ended = min(at, self._part.size)
            head = self._source.read_at(at, 30) if at < end else b""
            if head[:4] == _DESCRIPTOR and at == 0:
                at = 4
                continue
            if head[:4] != _LOCAL or len(head) < 30:
                return
            flags, method = struct.unpack_from("<HH", head, 6)
            crc, packed, size, name_size, extra_size = struct.unpack_from("<IIIHH", head, 14)
            rest = self._source.read_at(at + 30, name_size + extra_size)
            if len(rest) < name_size + extra_size:
                return
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
    renamed = _extra(extra, _UNICODE_PATH) is not None
    name = data[46 : 46 + name_size]
    return ZipMember(name, flags, method, crc, packed, size, at + shift, renamed)


def _extra(fields: bytes, wanted: int) -> bytes | None:
    """The first extra field of a kind (4.5.1)."""
    while len(fields) >= 4:
        kind, length = struct.unpack_from("<HH", fields)
        if kind == wanted:
            return fields[4 : 4 + length]
        fields = fields[4 + length :]
    return None


def _zip64(extra: bytes, fields: tuple[int, ...]) -> list[int]:
    """The fields (size, compressed size, offset), from extra field 1 where they are all ones."""
    wide = _extra(extra, _WIDE) or b""
    out = []
    for field in fields:
        if field == 0xFFFFFFFF and len(wide) >= 8:
            field, wide = int.from_bytes(wide[:8], "little"), wide[8:]
        out.append(field)
    return out
