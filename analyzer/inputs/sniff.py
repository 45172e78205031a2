"""What a file is, told from its first bytes and never from its name.

Sources: libpcap savefile format (pcap-savefile(5)), draft-ietf-opsawg-pcapng section 4.1 for the
section header block, RFC 1952 section 2.3.1 for gzip; the other magics are those of file(1).
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass

from analyzer.inputs.gunzip import Gunzip
from analyzer.inputs.tararchive import BLOCK as TAR_BLOCK
from analyzer.inputs.tararchive import is_tar
from analyzer.inputs.unpack import BLOCK, compression_of, unpack_head
from analyzer.inputs.ziparchive import is_zip

HEAD_BYTES = 1 << 20
"""As much of a file, decompressed, as is ever looked at before reading it."""

FIRST_BYTES = 1 << 16

EXPECTED = (
    "expected pcap or pcapng, plain or compressed (gzip, zstd, xz, bzip2, lz4), a tar or zip of "
    "them, or a log ('acrtrace formats' lists those that are known)"
)

EMPTY = "an empty file"

ARCHIVES = ("tar", "zip")

CAPTURES = ("pcap", "pcap-modified", "pcapng")


@dataclass(frozen=True, slots=True)
class LogText:
    """How a log is read.

    Attributes:
        formats: Names of the log formats in it, most frequent first.
        layout: ``lines``, ``json`` (an object a line), ``documents`` (JSON of any other form),
            ``table`` (cells under a header), ``zeek``, ``fixed``, ``wrapped`` or ``wrapped-json``
            (what a container runtime writes, lines or objects inside), ``xml`` (Windows events).
        encoding: Codec of its text.
        delimiter: Of a table's cells.
        header: Names of a table's columns.
    """

    formats: tuple[str, ...]
    layout: str
    encoding: str
    delimiter: str = ""
    header: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Format:
    """A container that can be read.

    Attributes:
        container: ``pcap``, ``pcap-modified`` (longer record heads) or ``pcapng``; one of
            `ARCHIVES` for what holds captures; ``log`` for text.
        compression: ``gzip``, ``zstd``, ``xz``, ``bzip2``, ``lz4``, or None for plain bytes.
        big_endian: Byte order of the file header (of the first section in pcapng).
        nanosecond: Sub-second unit of a pcap; False for pcapng, where each interface has its own.
        log: How a log is read, None for packets.
    """

    container: str
    compression: str | None
    big_endian: bool
    nanosecond: bool
    log: LogText | None = None

    def __str__(self) -> str:
        kind = self.container if self.log is None else self.log.formats[0]
        return kind + (f"+{self.compression}" if self.compression else "")


_PCAP = {
    b"\xa1\xb2\xc3\xd4": (True, False),
    b"\xd4\xc3\xb2\xa1": (False, False),
    b"\xa1\xb2\x3c\x4d": (True, True),
    b"\x4d\x3c\xb2\xa1": (False, True),
}
_MODIFIED = {b"\xa1\xb2\xcd\x34": True, b"\x34\xcd\xb2\xa1": False}
_PCAPNG = b"\x0a\x0d\x0d\x0a"
_BYTE_ORDER = {b"\x1a\x2b\x3c\x4d": True, b"\x4d\x3c\x2b\x1a": False}
_GZIP = b"\x1f\x8b"

# Captures and archives that are recognised only to name them and say what turns them into a pcap.
_EDITCAP = "editcap -F pcapng writes it as pcapng"
_PIPE = "decompress it and pipe it in: acrtrace analyze -"
_CAPTURES: tuple[tuple[bytes, str, str], ...] = (
    (b"snoop\0\0\0", "a snoop capture (RFC 1761)", _EDITCAP),
    (b"GMBU", "a Network Monitor capture", _EDITCAP),
    (b"RTSS", "a Network Monitor capture", _EDITCAP),
    (b"7z\xbc\xaf\x27\x1c", "a 7-zip archive", "unpack it and give the files"),
    (b"Rar!\x1a\x07", "a RAR archive", "unpack it and give the files"),
    (b"070701", "a cpio archive", "unpack it and give the files"),
    (b"!<arch>\n", "an ar archive", "unpack it and give the files"),
    (b"LZIP\x01", "lzip data", _PIPE),
    (b"\x1f\x9d", "data of compress (.Z)", _PIPE),
)
_OTHERS: tuple[tuple[bytes, str], ...] = (
    (b"\x7fELF", "an ELF program"),
    (b"%PDF-", "a PDF document"),
    (b"\x89PNG\r\n", "a PNG image"),
    (b"PAR1", "a Parquet table"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"\xff\xfe", "UTF-16 text"),
    (b"\xfe\xff", "UTF-16 text"),
)


@dataclass(frozen=True, slots=True)
class Stranger:
    """What an input is when it cannot be read.

    Attributes:
        kind: Noun phrase: ``JSON text``, ``zstd data``.
        hint: What the user can do, or "".
        holds_traffic: It may hold packets (or have held them: an empty file, unknown data), so
            leaving it out leaves the analysis incomplete.
        start: Its first bytes, for a kind that has no name.
    """

    kind: str
    hint: str = ""
    holds_traffic: bool = False
    start: str = ""

    def __str__(self) -> str:
        return self.kind + (f" (starts with {self.start})" if self.start else "")


def gunzip_head(head: bytes, limit: int = HEAD_BYTES) -> bytes:
    """At most ``limit`` decompressed bytes of a gzip head; what precedes any damage."""
    pieces = iter([head[start : start + 4096] for start in range(0, len(head), 4096)])
    stream = Gunzip(
        lambda: next(pieces, b"")
    )  # a member may be empty, as those of pigz and logs are
    out = memoryview(bytearray(limit))
    filled = 0
    while filled < limit and (count := stream.readinto(out[filled:])):
        filled += count
    return bytes(out[:filled])


def plain_head(head: bytes, limit: int = HEAD_BYTES) -> tuple[bytes, str | None]:
    """The decompressed head and what it was compressed with; the head itself when it was not."""
    if head[:2] == _GZIP:
        return gunzip_head(head, limit), "gzip"
    compression = compression_of(head)
    if compression is None:
        return head, None
    return unpack_head(head, compression, limit), compression


def needed(head: bytes) -> int:
    """How many bytes of a file it takes to tell what it is, from its first ones."""
    if len(head) == FIRST_BYTES and not head.strip(b"\0"):
        return HEAD_BYTES  # a log may start with a hole
    compression = compression_of(head)
    return FIRST_BYTES if compression is None else max(BLOCK[compression], FIRST_BYTES)


def sniff(head: bytes) -> Format | None:
    """The format that starts with these bytes, or None when it is none that can be read."""
    head, compression = plain_head(head, 64)
    if head[:4] in _PCAP:
        big_endian, nanosecond = _PCAP[head[:4]]
        return Format("pcap", compression, big_endian, nanosecond)
    if head[:4] in _MODIFIED:
        return Format("pcap-modified", compression, _MODIFIED[head[:4]], False)
    if head[:4] == _PCAPNG and head[8:12] in _BYTE_ORDER:
        return Format("pcapng", compression, _BYTE_ORDER[head[8:12]], False)
    return None


def archive_of(head: bytes) -> Format | None:
    """The archive that starts with these bytes, or None; captures are told by :func:`sniff`."""
    head, compression = plain_head(head, TAR_BLOCK)
    container = "zip" if is_zip(head) else "tar" if is_tar(head) else None
    return None if container is None else Format(container, compression, False, False)


def recognise(head: bytes) -> Stranger:
    """Names what a head is that :func:`sniff` refused."""
    if not head:
        return Stranger(EMPTY, holds_traffic=True)
    inner, compression = plain_head(head)
    if compression is not None:
        return _recognise_inner(inner, compression)
    for magic, kind, hint in _CAPTURES:
        if head.startswith(magic):
            return Stranger(kind, hint, holds_traffic=True)
    for magic, kind in _OTHERS:
        if head.startswith(magic):
            return Stranger(kind)
    if head[:4] == _PCAPNG:
        return Stranger("a pcapng section header without its byte-order magic", holds_traffic=True)
    if head[8:12] == b"DUCK":
        return Stranger("a DuckDB database")
    text = _text_kind(head)
    if text is not None:
        return Stranger(text)
    if len(head) < 4:
        return Stranger(f"{len(head)} bytes, too few for any capture header")
    if _is_erf(head):
        return Stranger("an ERF capture", _EDITCAP, holds_traffic=True)
    return Stranger("unknown data", holds_traffic=True, start=head[:4].hex(" "))


def _recognise_inner(inner: bytes, compression: str) -> Stranger:
    if not inner:
        return Stranger(f"{compression} data that cannot be decompressed", _PIPE, True)
    again = plain_head(inner, 64)[1]
    if again is not None:
        return Stranger(f"{again} inside {compression}", _PIPE, holds_traffic=True)
    found = recognise(inner)
    kind = f"{compression} that holds {found.kind}"
    return Stranger(kind, found.hint, found.holds_traffic, found.start)


def _is_erf(head: bytes) -> bool:
    """Two records in a row with plausible type, length and time (ERF has no magic)."""
    at = 0
    for _ in range(2):
        if len(head) < at + 16:
            return False
        seconds = int.from_bytes(head[at + 4 : at + 8], "little")
        length = int.from_bytes(head[at + 10 : at + 12], "big")
        year_1990, year_2100 = 631_152_000, 4_102_444_800
        if not (year_1990 < seconds < year_2100 and 1 <= head[at + 8] & 0x7F <= 48):
            return False
        if length < 16:
            return False
        at += length
    return True


def _text_kind(head: bytes) -> str | None:
    """Which text it looks like; None when it is not text."""
    sample = head[:4096].removeprefix(b"\xef\xbb\xbf")
    try:
        # Incremental, because the sample's end may cut a character in two.
        text = codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError:
        return None
    if any(ord(c) < 32 and c not in "\t\n\r\f\x1b" for c in text):
        return None
    start = text.lstrip()[:1]
    if start in ("{", "["):
        return "JSON text"
    if start == "<":
        return "HTML or XML text"
    return "plain text"
