"""Bytes of a log into text and numbered lines, in bounded pieces.

UTF-8 and UTF-16 (what PowerShell's ``>`` writes), with or without byte-order mark; what is neither
becomes U+FFFD and is counted. Only LF ends a line: a CR before it is taken off, other line breaks
of Unicode are text (they occur inside of URLs and user agents).
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CHUNK = 1 << 25
"""Bytes taken at once: enough lines that planning their query costs little."""

MAX_LINE = 1 << 20
"""Characters of a line; what is longer is no log line, is cut and counted."""


MIN_ZEROS = 8
"""A run of NUL bytes of this length is a hole in the file and not text: what logrotate's
copytruncate leaves in front of a log whose writer does not append, or a block that never reached
the disk."""

_ZEROS = re.compile(rb"\0{8,}")


def encoding_of(head: bytes) -> str:
    """The codec of a text that begins so: by its mark, or by where its zero bytes stand."""
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    sample = head[:512]
    half = len(sample) // 2
    if half >= 4:
        # Latin letters, digits and brackets are most of any log: every other byte of them is 0.
        first, second = sample[0::2].count(0), sample[1::2].count(0)
        if second * 2 > half and first * 10 < half:
            return "utf-16-le"
        if first * 2 > half and second * 10 < half:
            return "utf-16-be"
    return "utf-8"


def is_text(head: bytes) -> bool:
    """True when a head can be a log: no control characters but white space, escapes and NULs in
    UTF-16."""
    if not head:
        return False
    encoding = encoding_of(head)
    text_only = without_holes(head)
    if len(text_only) < len(head) and b"\n" not in text_only:
        return False
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    text = decoder.decode(text_only[:4096])
    # A log may hold \x01 or an escape code; a binary file is full of them.
    odd = sum(1 for c in text if (ord(c) < 32 and c not in "\t\n\r\f\x1b") or c == "\ufffd")
    return odd <= max(len(text) // 20, 1)


def without_holes(head: bytes) -> bytes:
    """A head without runs of NUL bytes; one in UTF-16 as it is."""
    return _ZEROS.sub(b"", head) if encoding_of(head).startswith("utf-8") else head


@dataclass(slots=True)
class Damage:
    """What decoding lost.

    Attributes:
        undecodable: Lines that held bytes which are no text in the file's encoding.
        first_undecodable: The first of them, from 1.
        overlong: Lines that were cut.
        first_overlong: The first of them.
        zeros: NUL bytes that were skipped: holes in the file.
        first_zero: Where the first of them stands, from 1.
        unended: The last line, where :func:`lines` met no end of it, else 0.
    """

    undecodable: int = 0
    first_undecodable: int = 0
    overlong: int = 0
    first_overlong: int = 0
    zeros: int = 0
    first_zero: int = 0
    unended: int = 0

    def hole(self, start: int, length: int) -> None:
        """A run of NUL bytes that was skipped; `start` from 0."""
        self.zeros += length
        self.first_zero = self.first_zero or start + 1

    def cut(self, line: int) -> None:
        """One more line that was cut."""
        self.overlong += 1
        self.first_overlong = min(line, self.first_overlong or line)

    def add(self, other: Damage) -> None:
        """What another part of the same text lost."""
        self.undecodable += other.undecodable
        self.overlong += other.overlong
        self.zeros += other.zeros
        for name in ("first_undecodable", "first_overlong", "first_zero"):
            mine, theirs = getattr(self, name), getattr(other, name)
            setattr(self, name, min(mine, theirs) if mine and theirs else mine or theirs)


def pieces(
    read: Callable[[memoryview], int], encoding: str, damage: Damage | None = None
) -> Iterator[str]:
    """Decoded text, piece by piece; ends where the stream does.

    Args:
        read: Fills a buffer and says how much, 0 at the end.
        encoding: As :func:`encoding_of` says.
        damage: Gets what was skipped.
    """
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    chunks = _chunks(read)
    if encoding.startswith("utf-8"):
        chunks = _filled(chunks, damage or Damage())
    for data in chunks:
        if text := decoder.decode(data):
            yield text
    if text := decoder.decode(b"", final=True):
        yield text


def _chunks(read: Callable[[memoryview], int]) -> Iterator[bytes | bytearray]:
    """Full chunks, as small as what is read at once may be; the last is what is left."""
    more = True
    while more:
        buffer, held = bytearray(CHUNK), 0
        with memoryview(buffer) as view:
            while held < CHUNK and (more := (count := read(view[held:])) > 0):
                held += count
        if held:
            yield buffer if held == CHUNK else buffer[:held]


def _filled(chunks: Iterator[bytes | bytearray], damage: Damage) -> Iterator[bytes | bytearray]:
    """Chunks of UTF-8 without the holes of the file, however large those are."""
    start = held = 0  # NULs at the end of what was read: a hole may go on in the next chunk
    for data in chunks:
        at, start = start, start + len(data)
        if not held and b"\0" not in data:
            yield data
            continue
        body = data.rstrip(b"\0")
        ending = len(data) - len(body)
        if not body:
            held += ending
            continue
        text = body.lstrip(b"\0")
        run = held + len(body) - len(text)
        if run >= MIN_ZEROS:
            damage.hole(at - held, run)
            at += len(body) - len(text)
        else:
            at -= held
            text = b"\0" * held + body
        for hole in _ZEROS.finditer(text):
            damage.hole(at + hole.start(), hole.end() - hole.start())
        yield _ZEROS.sub(b"", text)
        held = ending
    if held >= MIN_ZEROS:
        damage.hole(start - held, held)
    elif held:
        yield b"\0" * held


def blocks(
    read: Callable[[memoryview], int], damage: Damage | None = None
) -> Iterator[tuple[int, int, bytes]]:
    """UTF-8 text as (number of the first line, from 1; how many lines; those, each with its LF).

    A last line without LF gets one. A line that is longer than a chunk is handed out up to where
    :func:`lines_of` cuts it.
    """
    number, carry, skipping = 1, b"", False
    for data in _filled(_chunks(read), damage or Damage()):
        if number == 1 and not carry and not skipping:
            data = data.removeprefix(codecs.BOM_UTF8)
        if skipping:
            end = data.find(b"\n") + 1
            if not end:
                continue
            data, number, skipping = data[end:], number + 1, False
        end = data.rfind(b"\n") + 1
        if end:
            count = data.count(b"\n", 0, end)
            with memoryview(data) as view:
                block = b"".join((carry, view[:end]))
            yield number, count, block
            number += count
            carry = b""
        carry += data[end:]
        # Four bytes a character at most; one more than fits, so that the cut is counted.
        longest = 4 * (MAX_LINE + 1)
        if len(carry) > max(CHUNK, longest):
            yield number, 1, carry[:longest] + b"\n"
            carry, skipping = b"", True
    if carry:
        yield number, 1, carry + b"\n"


def lines_of(block: bytes, number: int, damage: Damage) -> list[str]:
    """The lines of a block of UTF-8, without their ends; the first has this number."""
    text = block.decode("utf-8", "replace")
    parts = text.split("\n")
    if not parts[-1]:
        parts.pop()
    odd = "\r" in text or "\ufffd" in text or max(map(len, parts), default=0) > MAX_LINE
    return _clean(parts, number, damage) if odd else parts


def lines(texts: Iterator[str], damage: Damage) -> Iterator[tuple[int, list[str]]]:
    """Complete lines as (number of the first, from 1; the lines without their ends).

    A last line without LF counts as one: a live log is read while its writer is at it. A line over
    `MAX_LINE` characters is cut there.
    """
    number, carry = 1, ""
    skipping = False
    for piece in texts:
        text = carry + piece
        parts = text.split("\n")
        carry = parts.pop()
        if skipping and parts:
            # The rest of a line that was cut: its beginning has been handed out.
            parts[0], skipping = "", False
            del parts[0]
            number += 1
        if len(carry) > MAX_LINE:
            if not skipping:
                parts.append(carry[:MAX_LINE])
                damage.cut(number + len(parts) - 1)
                yield number, _clean(parts, number, damage)
                number += len(parts) - 1
                parts = []
            carry, skipping = "", True
        if parts:
            clean = "\r" not in text and "\ufffd" not in text and max(map(len, parts)) <= MAX_LINE
            yield number, parts if clean else _clean(parts, number, damage)
            number += len(parts)
    if carry and not skipping:
        damage.unended = number
        yield number, _clean([carry], number, damage)


def _clean(parts: list[str], number: int, damage: Damage) -> list[str]:
    for at, line in enumerate(parts):
        if line.endswith("\r"):
            parts[at] = line[:-1]
        if len(line) > MAX_LINE:
            parts[at] = line[:MAX_LINE]
            damage.cut(number + at)
        if "\ufffd" in line:
            damage.undecodable += 1
            damage.first_undecodable = damage.first_undecodable or number + at
    return parts
