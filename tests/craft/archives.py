"""Archives to the byte: what tar and zip programs write, and what none of them would."""

from __future__ import annotations

import io
import struct
import tarfile
import zipfile
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

END = bytes(1024)


def tar(members: Mapping[str, bytes] | Sequence[tuple[str, bytes]], form: int = 1) -> bytes:
    """A tar as Python writes it: `form` 0 ustar, 1 GNU, 2 pax."""
    out = io.BytesIO()
    pairs = members.items() if hasattr(members, "items") else members
    with tarfile.open(fileobj=out, mode="w", format=form) as archive:
        for name, content in pairs:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def header(name: bytes, size: int = 0, kind: bytes = b"0", *, magic: bool = True) -> bytes:
    """One header block."""
    fields = name[:100].ljust(100, b"\0") + b"0000644\0" + b"0000000\0" * 2
    stored = b"%011o\0" % size if 0 <= size < 8**11 else b"\x80" + size.to_bytes(11, "big")
    fields += stored + b"00000000000\0" + b" " * 8 + kind + bytes(100)
    fields = (fields + (b"ustar\x0000" if magic else b"")).ljust(512, b"\0")
    return fields[:148] + b"%06o\0 " % sum(fields) + fields[156:]


def entry(name: bytes, content: bytes, kind: bytes = b"0", *, magic: bool = True) -> bytes:
    """A header, its content, and padding."""
    padding = bytes(-len(content) % 512)
    return header(name, len(content), kind, magic=magic) + content + padding


def zipped(
    members: Iterable[tuple[str, bytes]], method: int = zipfile.ZIP_DEFLATED, comment: bytes = b""
) -> bytes:
    """A zip as Python writes it."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        archive.comment = comment
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return out.getvalue()


def deflate(content: bytes) -> bytes:
    """Bare deflate data."""
    packer = zlib.compressobj(9, wbits=-15)
    return packer.compress(content) + packer.flush()


def local(
    name: bytes, packed: bytes, size: int, crc: int, flags: int = 0, method: int = 8
) -> bytes:
    """A local header and the data behind it."""
    sizes = (0, 0, 0) if flags & 8 else (crc, len(packed), size)
    head = struct.pack("<4sHHHHHIIIHH", b"PK\3\4", 20, flags, method, 0, 0, *sizes, len(name), 0)
    tail = struct.pack("<4sIII", b"PK\7\x08", crc, len(packed), size) if flags & 8 else b""
    return head + name + packed + tail


def listed(
    name: bytes, packed: int, size: int, crc: int, at: int, flags: int = 0, method: int = 8
) -> bytes:
    """An entry of the central directory."""
    fields = (20, 20, flags, method, 0, 0, crc, packed, size, len(name), 0, 0, 0, 0, 0, at)
    return struct.pack("<4sHHHHHHIIIHHHHHII", b"PK\1\2", *fields) + name


def ending(entries: Sequence[bytes], at: int) -> bytes:
    """The directory and the record that ends an archive."""
    directory = b"".join(entries)
    count = len(entries)
    fields = (b"PK\5\6", 0, 0, count, count, len(directory), at, 0)
    return directory + struct.pack("<4sHHHHIIH", *fields)
