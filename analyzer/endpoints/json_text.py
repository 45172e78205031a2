"""JSON as the Azure CLI and its documentation print it: strict first, then what people save.

Accepted beyond RFC 8259, each with a note: a comma before a closing bracket (the sample on
Microsoft's older page), ANSI colours (``-o jsonc``), a byte order mark or UTF-16 (PowerShell's
``>``). Everything else is a `UsageError` that names file, line, column and what was expected.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from analyzer.issues import UsageError

if TYPE_CHECKING:
    from pathlib import Path

MAX_BYTES = 64 << 20
EXPECTED = (
    "expected the JSON of 'az acr show-endpoints', 'az acr list|show' or 'az storage account list'"
)

_ANSI = re.compile(r"\x1b\[[0-9;]{0,32}m")
# An unterminated string is taken to the end: trying again at each quote would be quadratic.
_STRING_OR_COMMA = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\Z)|,(?=[ \t\r\n]*[\]}])', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed file.

    Attributes:
        path: File as given.
        sha256: Of its bytes.
        text: Decoded text; offsets of errors count in it.
        items: Top-level objects with the offset at which each begins.
        notes: What had to be tolerated.
    """

    path: Path
    sha256: str
    text: str
    items: tuple[tuple[Any, int], ...]
    notes: tuple[str, ...]

    def error(self, offset: int, reason: str) -> UsageError:
        """The error for a place in the text, as ``file:line:column: reason``."""
        return _error(self.path, self.text, offset, reason)


def read_json(path: Path) -> Document:
    """Reads one file; a top-level list, or the ``value`` of an ARM list, becomes its items.

    Raises:
        UsageError: Unreadable, too large, or not JSON even with the tolerance above.
    """
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{path}: cannot read inventory: {error.strerror}") from None
    if len(content) > MAX_BYTES:
        raise UsageError(f"{path}: larger than {MAX_BYTES} bytes; {EXPECTED}")
    notes: list[str] = []
    text = _decode(path, content, notes)
    if "\x1b" in text:
        text, colours = _ANSI.subn("", text)
        if colours:
            notes.append("colour codes ignored (written with -o jsonc; -o json has none)")
    if not text.strip():
        raise UsageError(f"{path}:1:1: the file is empty; {EXPECTED}")
    try:
        items = _items(text)
    except json.JSONDecodeError as strict:
        items = _tolerant(path, text, strict, notes)
    except (RecursionError, ValueError) as error:
        raise UsageError(f"{path}:1:1: nested too deep or a number too long ({error})") from None
    return Document(path, hashlib.sha256(content).hexdigest(), text, items, tuple(notes))


def _decode(path: Path, content: bytes, notes: list[str]) -> str:
    encoding = "utf-8"
    if content.startswith(b"\xef\xbb\xbf"):
        encoding = "utf-8-sig"
        notes.append("UTF-8 byte order mark ignored")
    elif content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    elif content[1:2] == b"\0":
        encoding = "utf-16-le"
    elif content[:1] == b"\0":
        encoding = "utf-16-be"
    if encoding.startswith("utf-16"):
        notes.append("read as UTF-16 (written by PowerShell's redirection)")
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        lines = content[: error.start].count(b"\n") + 1
        raise UsageError(
            f"{path}:{lines}: byte {error.start} is not {encoding.upper()}; {EXPECTED}"
        ) from None


def _tolerant(
    path: Path, text: str, strict: json.JSONDecodeError, notes: list[str]
) -> tuple[tuple[Any, int], ...]:
    # A blank for each trailing comma keeps every offset where the user's editor has it.
    mended = _STRING_OR_COMMA.sub(_without_comma, text)
    if mended == text:
        raise _error(path, text, strict.pos, _hint(text, strict)) from None
    try:
        items = _items(mended)
    except json.JSONDecodeError as error:
        raise _error(path, text, error.pos, _hint(text, error)) from None
    except (RecursionError, ValueError) as error:
        raise UsageError(f"{path}:1:1: nested too deep or a number too long ({error})") from None
    line, column = _position(text, strict.pos)
    notes.append(
        f"trailing commas ignored, the first near line {line}, column {column}: "
        "not strict JSON, but the form a documentation page prints"
    )
    return items


def _without_comma(found: re.Match[str]) -> str:
    if found[0] != ",":
        return found[0]
    before = found.start() - 1
    while before >= 0 and found.string[before] in " \t\r\n":
        before -= 1
    # A comma that follows no value is a mistake, not a habit.
    return "," if found.string[before] in "[{,:" else " "


def _items(text: str) -> tuple[tuple[Any, int], ...]:
    decoder = json.JSONDecoder()
    start = _skip(text, 0)
    if text[start : start + 1] != "[":
        value, end = decoder.raw_decode(text, start)
        _expect_end(text, end)
        if isinstance(value, dict) and isinstance(value.get("value"), list):
            return tuple((item, start) for item in value["value"])
        return ((value, start),)
    items = []
    at = _skip(text, start + 1)
    if text[at : at + 1] == "]":
        _expect_end(text, at + 1)
        return ()
    while True:
        value, end = decoder.raw_decode(text, at)
        items.append((value, at))
        at = _skip(text, end)
        mark = text[at : at + 1]
        if mark == "]":
            _expect_end(text, at + 1)
            return tuple(items)
        if mark != ",":
            raise json.JSONDecodeError("Expecting ',' or ']'", text, at)
        at = _skip(text, at + 1)


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t\r\n":
        at += 1
    return at


def _expect_end(text: str, at: int) -> None:
    at = _skip(text, at)
    if at != len(text):
        raise json.JSONDecodeError("Extra data after the document", text, at)


def _hint(text: str, error: json.JSONDecodeError) -> str:
    first = text.lstrip()[:1]
    form = "" if first in "{[" else " (this looks like another output form: add -o json)"
    return f"{error.msg}; {EXPECTED}{form}"


def _position(text: str, offset: int) -> tuple[int, int]:
    line = text.count("\n", 0, offset) + 1
    return line, offset - text.rfind("\n", 0, offset)


def _error(path: Path, text: str, offset: int, reason: str) -> UsageError:
    line, column = _position(text, offset)
    return UsageError(f"{path}:{line}:{column}: {reason}")
