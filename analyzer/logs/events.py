"""Windows events as XML: ``<Event>`` elements, one a line, over many lines, or in ``<Events>``.

Only where an event begins and ends is looked for; formats pick values out of its text. So nothing
here knows entities, document types or other files: an XML bomb is text that is no event.
Source: schemas.microsoft.com/win/2004/08/events; within an element Windows writes `<` as ``&lt;``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analyzer.logs.documents import Lost

MAX_EVENT = 1 << 18
"""Characters of an event; Windows writes at most 64 KiB of data into one."""

BLOCK = 1 << 14
"""Events handed out at once."""

_START = re.compile(r"<Event(?=[\s>])")
_END = "</Event>"
_KEPT = len("<Event") + 1


def holds_events(text: str) -> bool:
    """True when a text is Windows events in XML."""
    return text.lstrip("\ufeff \t\r\n")[:1] == "<" and _START.search(text) is not None


def events(texts: Iterator[str], lost: Lost) -> Iterator[tuple[list[int], list[str]]]:
    """Events as (line each begins in, from 1; its text on one line), in blocks.

    An event that is never closed, or longer than `MAX_EVENT`, is counted; reading goes on at the
    next one.
    """
    buffer, at, line = "", 0, 1
    numbers: list[int] = []
    found: list[str] = []
    for text in texts:
        buffer, at = buffer[at:] + text, 0
        while started := _START.search(buffer, at):
            line += buffer.count("\n", at, started.start())
            at = started.start()
            end = buffer.find(_END, at, at + MAX_EVENT)
            following = _START.search(buffer, at + 1, at + MAX_EVENT if end < 0 else end)
            if following or (end < 0 and len(buffer) - at > MAX_EVENT):
                stop = following.start() if following else at + MAX_EVENT
                lost.add(line, "an <Event> that is not closed")
                line += buffer.count("\n", at, stop)
                at = stop
                continue
            if end < 0:
                break  # the rest is to come
            end += len(_END)
            numbers.append(line)
            found.append(" ".join(buffer[at:end].split("\n")))
            line += buffer.count("\n", at, end)
            at = end
            if len(found) >= BLOCK:
                yield numbers, found
                numbers, found = [], []
        else:
            kept = max(at, len(buffer) - _KEPT)
            line += buffer.count("\n", at, kept)
            at = kept
    if _START.search(buffer, at):
        lost.add(line, "an <Event> that is not closed: the text ends inside of it")
    if found:
        yield numbers, found
