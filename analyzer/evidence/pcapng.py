"""Writes pcapng (draft-ietf-opsawg-pcapng): one little-endian section, interfaces as they come."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from analyzer.capture.fetching import Cut, Face

SHB, IDB, EPB, DSB = 0x0A0D0D0A, 1, 6, 10
MAGIC = 0x1A2B3C4D
END, COMMENT = 0, 1
SHB_APPLICATION = 4
IF_NAME, IF_DESCRIPTION, IF_TSRESOL, IF_TSOFFSET = 2, 3, 9, 14
EPB_FLAGS = 2
MAX_TEXT = 2048
APPLICATION = b"acrtrace carve"
"""Begins the application that our sections name; tells a carved file from a capture."""


def option(code: int, value: bytes) -> bytes:
    """One option, padded to four bytes."""
    return struct.pack("<HH", code, len(value)) + value + b"\0" * (-len(value) % 4)


def text(value: str) -> bytes:
    """A text for an option: UTF-8, bounded, no control characters."""
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in value)
    return shown.encode("utf-8", "backslashreplace")[:MAX_TEXT].decode("utf-8", "ignore").encode()


def options(pairs: Iterable[tuple[int, bytes]]) -> bytes:
    """A list of options with its end mark; nothing for none."""
    body = b"".join(option(code, value) for code, value in pairs)
    return body + struct.pack("<HH", END, 0) if body else b""


def block(kind: int, body: bytes) -> bytes:
    """A block around a body that is a multiple of four bytes long."""
    size = len(body) + 12
    return struct.pack("<II", kind, size) + body + struct.pack("<I", size)


def is_carved(head: bytes) -> bool:
    """The first bytes of a file are a section header that this module wrote."""
    return head[:4] == struct.pack("<I", SHB) and APPLICATION in head[:512]


class Writer:
    """A pcapng file under way.

    Args:
        write: Takes bytes.
        version: Of this program.
        comment: About the whole file.
        paths: Path of each input, by its number.
    """

    def __init__(
        self,
        write: Callable[[bytes], object],
        *,
        version: str,
        comment: str,
        paths: Mapping[int, str],
    ) -> None:
        self._write = write
        self._paths = paths
        self._faces: dict[Face, int] = {}
        self.packets = 0
        application = APPLICATION + b" " + version.encode()
        about = options([(SHB_APPLICATION, application), (COMMENT, text(comment))])
        write(block(SHB, struct.pack("<IHHq", MAGIC, 1, 0, -1) + about))

    @property
    def interfaces(self) -> int:
        """How many interfaces were written."""
        return len(self._faces)

    def secret(self, kind: int, data: bytes) -> None:
        """A decryption secrets block; readers want it in front of what it opens."""
        body = struct.pack("<II", kind, len(data)) + data + b"\0" * (-len(data) % 4)
        self._write(block(DSB, body))

    def packet(self, cut: Cut) -> None:
        """An enhanced packet block whose comment says where the packet is from."""
        face = self._faces.get(cut.face)
        if face is None:
            face = self._faces[cut.face] = len(self._faces)
            self._write(self._interface(cut.face))
        data = cut.data + b"\0" * (-len(cut.data) % 4)
        about = [(COMMENT, text(f"packet {cut.number} of {self._paths[cut.face.input_id]}"))]
        if cut.comment is not None:
            about.append((COMMENT, text(cut.comment.decode("utf-8", "backslashreplace"))))
        if cut.flags is not None:
            about.append((EPB_FLAGS, struct.pack("<I", cut.flags)))
        head = struct.pack(
            "<IIIII",
            face,
            cut.ticks >> 32 & 0xFFFFFFFF,
            cut.ticks & 0xFFFFFFFF,
            len(cut.data),
            min(cut.wire, 0xFFFFFFFF),
        )
        self._write(block(EPB, head + data + options(about)))
        self.packets += 1

    def _interface(self, face: Face) -> bytes:
        path = self._paths[face.input_id]
        section, number = face.interface >> 16, face.interface & 0xFFFF
        place = f"interface {number} of section {section} of {path}"
        about = [
            (IF_NAME, text(path)),
            (IF_DESCRIPTION, text(place)),
            (IF_TSRESOL, bytes([face.resolution & 0xFF])),
        ]
        if face.offset_s:
            about.append((IF_TSOFFSET, struct.pack("<q", face.offset_s)))
        snaplen = face.snaplen if 0 <= face.snaplen <= 0xFFFFFFFF else 0
        return block(IDB, struct.pack("<HHI", face.link & 0xFFFF, 0, snaplen) + options(about))
