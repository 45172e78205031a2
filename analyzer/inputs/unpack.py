"""Streaming zstd, xz, bzip2 and lz4: several members, padding, and what precedes damage.

RFC 8878 (zstd), the xz file format (tukaani.org/xz/xz-file-format.txt), bzip2, and the LZ4 frame
format (github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md). The four libraries share one
interface: what is decompressed is bounded by the caller, so no bomb fills the memory, and a window
or dictionary above the limits below is refused. gzip has a module of its own (`gunzip`).

A library withholds what it decompressed of the call that failed. Stored bytes are therefore handed
over 4 KiB at a time: that much before damage may be lost with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from analyzer.issues import Issue

if TYPE_CHECKING:
    from collections.abc import Callable

STEP = 4096
XZ_MEMORY = 192 << 20  # xz -9 needs 65 MiB; a dictionary of more than twice that is refused
ZSTD_WINDOW_LOG = 27  # 128 MiB, zstd's own limit without --long

MAGIC = {
    "zstd": b"\x28\xb5\x2f\xfd",
    "xz": b"\xfd7zXZ\0",
    "bzip2": b"BZh",
    "lz4": b"\x04\x22\x4d\x18",
}
# A block comes out only when it is in as a whole: so much of a file may hold no byte of output.
BLOCK = {"zstd": (128 << 10) + 64, "xz": 1 << 16, "bzip2": 1 << 20, "lz4": (4 << 20) + 64}
_SKIPPABLE = tuple(bytes((n, 0x2A, 0x4D, 0x18)) for n in range(0x50, 0x60))


class Codec(Protocol):
    """What the libraries' decompressors have in common."""

    @property
    def eof(self) -> bool:
        """True behind the end of a member."""

    @property
    def unused_data(self) -> bytes | None:
        """What was handed over behind the end of a member."""

    @property
    def needs_input(self) -> bool:
        """False while output is left of what was handed over before."""

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        """At most `max_length` bytes; what is left of the input is kept inside."""


def codec(compression: str) -> Codec:
    """A decompressor for one member.

    Args:
        compression: A key of `MAGIC`.
    """
    found: Codec
    if compression == "xz":
        import lzma

        found = lzma.LZMADecompressor(format=lzma.FORMAT_XZ, memlimit=XZ_MEMORY)
    elif compression == "bzip2":
        import bz2

        found = bz2.BZ2Decompressor()
    elif compression == "zstd":
        from backports import zstd

        limit = {int(zstd.DecompressionParameter.window_log_max): ZSTD_WINDOW_LOG}
        found = zstd.ZstdDecompressor(options=limit)
    else:
        import lz4.frame

        found = lz4.frame.LZ4FrameDecompressor()
    return found


def compression_of(head: bytes) -> str | None:
    """Which of the four a head starts with; a skippable frame may precede zstd and lz4."""
    for name, magic in MAGIC.items():
        if head.startswith(magic):
            return name
    if head[:4] in _SKIPPABLE:
        after = 8 + int.from_bytes(head[4:8], "little")
        found = compression_of(head[after : after + 8]) if after < len(head) else None
        return found if found in ("zstd", "lz4") else None
    return None


class Unpack:
    """Decompresses what ``read`` delivers.

    Args:
        compression: A key of `MAGIC`.
        read: Next stored bytes, b"" at the end.

    Attributes:
        problem: Why the output ended early, None after a clean end.
    """

    def __init__(self, compression: str, read: Callable[[], bytes]) -> None:
        self._name = compression
        self._read = read
        self._codec = codec(compression)
        self._pending = b""
        self._fed = 0
        self._produced = 0
        self._ended = False
        self.problem: Issue | None = None

    def readinto(self, view: memoryview) -> int:
        """Fills ``view`` as far as one step allows; 0 at the end or at damage."""
        while not self._ended:
            if self._codec.eof and not self._next_member():
                break
            if self._codec.needs_input and not self._pending:
                self._pending = self._read()
                if not self._pending:
                    self._ended = True
                    self.problem = self._damage("truncated", "more data, found the end of it")
                    break
            output = self._step(len(view))
            if output:
                self._produced += len(output)
                view[: len(output)] = output
                return len(output)
        return 0

    def _step(self, room: int) -> bytes:
        piece = b""
        if self._codec.needs_input:
            piece, self._pending = self._pending[:STEP], self._pending[STEP:]
        try:
            output = self._codec.decompress(piece, room)
        except Exception as error:  # each library has an exception of its own, some RuntimeError
            self._ended = True
            self.problem = self._damage("damaged", f"sound data ({error})")
            return b""
        self._fed += len(piece)
        return output

    def _next_member(self) -> bool:
        """Takes what the last member left over; True when another one follows."""
        left = self._codec.unused_data or b""
        self._fed -= len(left)
        self._pending = left + self._pending
        while True:
            if self._name == "xz":  # stream padding, section 2.2 of its format
                kept = self._pending.lstrip(b"\0")
                self._fed += len(self._pending) - len(kept)
                self._pending = kept
            if len(self._pending) >= 8:
                break
            more = self._read()
            if not more:
                break
            self._pending += more
        head = self._pending
        if head.startswith(MAGIC[self._name]) or (
            self._name in ("zstd", "lz4") and head[:4] in _SKIPPABLE
        ):
            self._codec = codec(self._name)
            return True
        self._ended = True
        if head:
            self.problem = self._damage("trailing-data", "another member or the end")
        return False

    def _damage(self, what: str, expected: str) -> Issue:
        lost = f"up to {STEP} stored bytes before it and " if what == "damaged" else ""
        detail = (
            f"expected {self._name}: {expected}, near stored offset {self._fed}; the "
            f"{self._produced} decompressed bytes before it were read, {lost}what follows is lost"
        )
        code = f"{self._name}-{what}"
        return Issue(code, None, f"offset {self._fed}", detail, incomplete=True)


def unpack_head(head: bytes, compression: str, limit: int) -> bytes:
    """At most ``limit`` decompressed bytes of a head; what precedes any damage."""
    pieces = iter((head,))
    unpack = Unpack(compression, lambda: next(pieces, b""))
    out = bytearray(limit)
    view, filled = memoryview(out), 0
    while filled < limit and (count := unpack.readinto(view[filled:])):
        filled += count
    return bytes(out[:filled])
