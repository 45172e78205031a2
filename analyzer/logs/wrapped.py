"""Lines inside of what a container runtime puts around them.

Docker's json-file driver writes ``{"log":"text\\n","stream":"stdout","time":"2026-..Z"}`` a line,
containerd and CRI-O (Kubernetes) ``2026-..Z stdout F text``. Both cut long lines into parts:
Docker's lack the line feed at their end, CRI's are marked P. Sources: Docker's manual "JSON File
logging driver"; kubernetes/community contributors/design-proposals/node/kubelet-cri-logging.md.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from analyzer.logs.text import MAX_LINE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analyzer.logs.documents import Lost

_CRI = re.compile(
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)) "
    r"(stdout|stderr) ([FP])(?::[^ ]*)? ?"
)


def is_wrapped(line: str) -> bool:
    """True for a line of a container runtime."""
    return _apart(line) is not None


def inner(found: list[str]) -> list[str]:
    """The text inside of a sample's lines."""
    return [part[2].removesuffix("\n") for line in found if (part := _apart(line))]


def unwrapped(
    blocks: Iterator[tuple[int, list[str]]], lost: Lost
) -> Iterator[tuple[list[int], list[str], list[str]]]:
    """Inner lines as (line each begins in, outer times, texts); what is not wrapped is counted."""
    open_parts: dict[str, tuple[int, str, str]] = {}
    for first, found in blocks:
        numbers: list[int] = []
        times: list[str] = []
        texts: list[str] = []
        for number, line in enumerate(found, first):
            part = _apart(line)
            if part is None:
                if line.strip():
                    lost.add(number, "expected a line of a container runtime")
                continue
            time, stream, text, ends = part
            begun = open_parts.pop(stream, None)
            if begun is not None:
                begin, time, text = begun[0], begun[1], begun[2] + text
            else:
                begin = number
            if not ends and len(text) < MAX_LINE:
                open_parts[stream] = (begin, time, text)
                continue
            numbers.append(begin)
            times.append(time)
            texts.append(text.rstrip("\r\n"))
        if numbers:
            yield numbers, times, texts
    if open_parts:  # the log ends inside of a line
        begins, times_, texts_ = zip(*sorted(open_parts.values()), strict=True)
        yield list(begins), list(times_), list(texts_)


def _apart(line: str) -> tuple[str, str, str, bool] | None:
    """(outer time, stream, text, it is the end of its line), None when it is not wrapped."""
    matched = _CRI.match(line)
    if matched:
        return matched[1], matched[2], line[matched.end() :], matched[3] == "F"
    if not line.startswith("{"):
        return None
    try:
        value: Any = json.loads(line, strict=False)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict):
        return None
    stream = value.get("stream")
    if stream not in ("stdout", "stderr"):
        return None
    for key, whole in (("log", False), ("message", True)):
        text = value.get(key)
        if isinstance(text, str):
            time = value.get("time") or value.get("@timestamp") or ""
            return str(time), stream, text, whole or text.endswith("\n")
    return None
