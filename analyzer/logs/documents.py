"""JSON that is not one object a line: arrays, ``{"records": [...]}``, pretty print, one document
behind the other, the row-and-column answer of the Log Analytics API. Each becomes a stream of
objects, a record each, without ever holding the whole document.

A document that ends early (the copy of an hour that is still being written) gives every record that
is complete. A record with a trailing comma (edited by hand) is mended; one that is damaged
otherwise is counted and left out, and reading goes on behind it.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from analyzer.logs.arrangement import Arrangement

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MAX_RECORD = 1 << 26
"""Characters of one record; more is no log record."""

BLOCK = 1 << 14
"""Records handed out at once, at most."""

BLOCK_CHARACTERS = 1 << 24
"""Characters after which no more records join a block: one record may hold an hour of flows."""

MAX_MENDED = 1 << 21
"""Characters of a damaged record that is looked at closely; a busy minute of flows has fewer."""

MAX_LOOKED_AT = 1 << 23
"""Characters of a document that are looked at so, together; later damage is only counted."""

WRAPPER = re.compile(r'\{\s*"(records|Records|value)"\s*:\s*\[')
_BETWEEN = re.compile(r"[\s,\ufeff\x1e]*")  # RS: RFC 7464
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]]', re.DOTALL)
_BEGUN = re.compile(r'"(?:[^"\\]|\\.)*(?:"|\\?\Z)|[{}\[\],]', re.DOTALL)
_NEXT_LINE = re.compile(r"\n\s*,?\s*(?=\{)")
_TRAILING = re.compile(r'("(?:[^"\\]|\\.)*")|,(?=\s*[}\]])', re.DOTALL)
_COLON = re.compile(r"\s*:\s*")
_MEMBER = re.compile(r'"(?:[^"\\]|\\.)*"\s*:', re.DOTALL)
_LISTS = ("records", "Records", "value")
_decode = json.JSONDecoder(strict=False).raw_decode


@dataclass(slots=True)
class Lost:
    """What could not be read: how many records, and the first of them.

    Attributes:
        count: How many.
        first_line: Number of the line, or of the record where the log is a document of JSON.
        reason: What was expected.
        begins: Where that record begins.
    """

    count: int = 0
    first_line: int = 0
    reason: str = ""
    begins: str = ""

    def add(self, line: int, reason: str, begins: str = "") -> None:
        """One more."""
        if not self.count:
            self.first_line, self.reason, self.begins = line, reason, begins
        self.count += 1

    def merge(self, other: Lost) -> None:
        """What another part of the same input lost."""
        if other.count and (not self.count or other.first_line < self.first_line):
            self.first_line, self.reason = other.first_line, other.reason
            self.begins = other.begins
        self.count += other.count


def records(
    texts: Iterator[str], lost: Lost, arrangement: Arrangement | None = None
) -> Iterator[tuple[list[int], list[str]]]:
    """Records as (number of each in the text, from 1; its JSON text), in blocks.

    Those that are lost have numbers, too. A line says little: a whole document may stand in one.

    Args:
        texts: The text in pieces.
        lost: Gets what could not be read.
        arrangement: Learns how the text holds its records.
    """
    return _Reader(texts, lost, arrangement or Arrangement()).blocks()


@dataclass(slots=True)
class _Reader:
    texts: Iterator[str]
    lost: Lost
    arrangement: Arrangement = field(default_factory=Arrangement)
    buffer: str = ""
    at: int = 0
    line: int = 1
    record: int = 0
    ended: bool = False
    wrapped: bool = False
    looked_at: int = 0
    decode: Callable[[str, int], tuple[Any, int]] = field(init=False)
    numbers: list[int] = field(default_factory=list)
    found: list[str] = field(default_factory=list)
    held: int = 0

    def __post_init__(self) -> None:
        self.decode = json.JSONDecoder(parse_constant=self._constant).raw_decode

    def _constant(self, name: str) -> float:
        """NaN and infinities: no JSON, but Python's and others' loggers write them."""
        self.arrangement.odd()
        return float(name)

    def blocks(self) -> Iterator[tuple[list[int], list[str]]]:
        while self._skip_to_value():
            self._value()
            if len(self.found) >= BLOCK or self.held >= BLOCK_CHARACTERS:
                yield self._taken()
        if self.found:
            yield self._taken()

    def _taken(self) -> tuple[list[int], list[str]]:
        taken = (self.numbers, self.found)
        self.numbers, self.found, self.held = [], [], 0
        return taken

    def _more(self) -> bool:
        """Reads until the buffer has doubled, so that a long record is not parsed over and over."""
        if self.ended:
            return False
        kept = self.buffer[self.at :]
        parts, wanted = [kept], max(len(kept), 1)
        for text in self.texts:
            parts.append(text)
            wanted -= len(text)
            if wanted <= 0:
                break
        else:
            self.ended = True
        self.buffer, self.at = "".join(parts), 0
        return len(self.buffer) > len(kept)

    def _to(self, end: int) -> None:
        self.line += self.buffer.count("\n", self.at, end)
        self.at = end

    def _skip_to_value(self) -> bool:
        """Moves to the next value; False at the end."""
        between = ""
        while True:
            matched = _BETWEEN.match(self.buffer, self.at)
            if matched is not None:
                between = (between + matched[0].strip(" \t\r\n"))[:2]
                self._to(matched.end())
            if self.at < len(self.buffer):
                sign = self.buffer[self.at]
                self.arrangement.between(between, sign)
                if sign in "]}":  # the end of what holds records
                    self.arrangement.closes(sign)
                    self._to(self.at + 1)
                    between = ""
                    continue
                return True
            if not self._more():
                self.arrangement.ends(between)
                return False

    def _value(self) -> None:
        if self.buffer[self.at] == "[":
            self.arrangement.opens()
            self._to(self.at + 1)
            return
        while len(self.buffer) - self.at < 64 and self._more():
            pass
        wrapper = WRAPPER.match(self.buffer, self.at)
        if wrapper:
            self.arrangement.opens(wrapper[1])
            self._to(wrapper.end())
            self.wrapped = True
            return
        while True:
            try:
                value, end = self._decoded()
            except (ValueError, RecursionError) as error:
                if self._may_be_cut(error) and self._more():
                    continue
                if self._damaged(error):
                    return
                continue
            if end == len(self.buffer) and not isinstance(value, (dict, list)) and self._more():
                continue  # a number or word may go on
            if isinstance(value, str) and self.wrapped:
                # ``"count": 3`` behind a list of records: skipped with its value.
                if len(self.buffer) - end < 1024 and not self.ended:
                    self._more()
                    continue
                end = self._member_end(end)
                self.arrangement.member()
            self._take(value, self.buffer[self.at : end])
            self._to(end)
            return

    def _decoded(self) -> tuple[Any, int]:
        """The value here and its end; raw control characters are let pass."""
        try:
            return self.decode(self.buffer, self.at)
        except json.JSONDecodeError as error:
            if not error.msg.startswith("Invalid control character"):
                raise
        found = _decode(self.buffer, self.at)
        self.arrangement.odd()
        return found

    def _may_be_cut(self, error: Exception) -> bool:
        if len(self.buffer) - self.at > MAX_RECORD:
            return False
        if not isinstance(error, json.JSONDecodeError):
            return False
        return (
            error.msg.startswith(("Unterminated", "Invalid \\"))
            or error.pos >= len(self.buffer) - 8
        )

    def _take(self, value: Any, text: str) -> None:
        if not isinstance(value, dict):
            # A member that was skipped has more than its name.
            if not (self.wrapped and isinstance(value, str) and _MEMBER.match(text)):
                self.arrangement.odd()
                self._lose("expected a JSON object")
            return
        for name in _LISTS:
            inner = value.get(name)
            if isinstance(inner, list):
                inner = parsed(text)[name]
            if isinstance(inner, list) and all(isinstance(each, dict) for each in inner):
                if not all(inner):
                    self.arrangement.hollow()
                self._emit((json.dumps(each) for each in inner), f".{name}[]")
                return
        tables = value.get("tables")
        if isinstance(tables, list):
            for table in tables:
                if not _is_table(table):
                    self.arrangement.odd()
                self._emit(_rows(table), ".tables[].rows[]")
            return
        if not value:
            self.arrangement.hollow()
        self._emit(iter([text]), "")

    def _member_end(self, end: int) -> int:
        """Where a member of a wrapper ends whose name ends here; the name's end if it is none."""
        colon = _COLON.match(self.buffer, end)
        if colon is None:
            return end
        try:
            return _decode(self.buffer, colon.end())[1]
        except (ValueError, RecursionError):
            return end

    def _lose(self, reason: str) -> None:
        self.record += 1
        self.lost.add(self.record, reason, f"line {self.line:,}")

    def _emit(self, texts: Iterator[str], step: str) -> None:
        self.arrangement.holds(step)
        for text in texts:
            self.record += 1
            self.numbers.append(self.record)
            self.found.append(text)
            self.held += len(text)

    def _damaged(self, error: Exception) -> bool:
        """Steps over what is damaged; False where more of the text has to be looked at first."""
        end = self._balanced_end()
        if end is not None:
            self.arrangement.odd()
            text = self.buffer[self.at : end]
            mended = _TRAILING.sub(lambda m: m[1] or "", text)
            try:
                value = json.loads(mended, strict=False)
            except (ValueError, RecursionError):
                self._lose(f"expected JSON: {_reason(error)}")
            else:
                self._take(value, mended)
            self._to(end)
            return True
        following = _NEXT_LINE.search(self.buffer, self.at + 1)
        small = len(self.buffer) - self.at <= MAX_RECORD
        if following is None and not self.ended and small and self._more():
            return False
        cut = ""
        if following is not None:
            self.arrangement.odd()
        else:
            self.arrangement.cut()
            looked = len(self.buffer) - self.at <= MAX_MENDED
            cut = " (the text ends inside of it)" if looked else " (what follows is lost, too)"
        self._lose(f"expected JSON: {_reason(error)}{cut}")
        self._to(following.end() if following else len(self.buffer))
        return True

    def _balanced_end(self) -> int | None:
        """Where the braces that open here close again, strings left out."""
        if self.looked_at >= MAX_LOOKED_AT or self.buffer[self.at] not in "{[":
            return None
        depth, closed = 0, None
        for token in _TOKEN.finditer(self.buffer, self.at, self.at + MAX_MENDED):
            sign = token[0]
            if sign in "{[":
                depth += 1
            elif sign in "}]":
                depth -= 1
                if depth <= 0:
                    closed = token.end()
                    break
        self.looked_at += (closed or min(len(self.buffer), self.at + MAX_MENDED)) - self.at
        return closed


def _reason(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return error.msg[0].lower() + error.msg[1:]
    return "nested too deep" if isinstance(error, RecursionError) else "a number that is too long"


def begun(text: str) -> Any:
    """The record with which a text begins, as far as it goes: None when it is no object.

    A flow log's first record may be longer than the head by which a log is told.
    """
    texts = text.lstrip()
    while wrapper := WRAPPER.match(texts):
        texts = texts[wrapper.end() :].lstrip()
    if not texts.startswith("{"):
        return None
    open_brackets: list[str] = []
    whole, closing = 0, ""
    for token in _BEGUN.finditer(texts):
        sign = token[0]
        if sign in "{[":
            open_brackets.append("}" if sign == "{" else "]")
        elif sign in "}]":
            if open_brackets:
                open_brackets.pop()
            if not open_brackets:
                whole, closing = token.end(), ""
                break
        elif sign == ",":
            whole, closing = token.start(), "".join(reversed(open_brackets))
    try:
        value = json.loads(texts[:whole] + closing, strict=False)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def parsed(text: str) -> Any:
    """JSON as the readers of lines take it: of two equal keys the first counts.

    Raises:
        ValueError: It is none.
        RecursionError: It is nested too deep.
    """
    return json.loads(text, strict=False, object_pairs_hook=_first_of_equal)


def _first_of_equal(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    first: dict[str, Any] = {}
    for name, value in pairs:
        first.setdefault(name, value)
    return first


def respelled(text: str) -> str:
    """JSON that Python reads, so that strict readers do: half a surrogate pair becomes a question
    mark, raw control characters are escaped."""
    value = parsed(text)
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace").decode("utf-8")


def _is_table(table: Any) -> bool:
    return (
        isinstance(table, dict)
        and isinstance(table.get("columns"), list)
        and isinstance(table.get("rows"), list)
    )


def _rows(table: Any) -> Iterator[str]:
    """Rows of one table of the Log Analytics API (``columns``, ``rows``) as objects."""
    if not _is_table(table):
        return
    columns, rows = table["columns"], table["rows"]
    names = [str(c.get("name")) if isinstance(c, dict) else str(c) for c in columns]
    for row in rows:
        if isinstance(row, list):
            yield json.dumps(dict(zip(names, row, strict=False)))
