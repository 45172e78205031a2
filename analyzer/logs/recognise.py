"""Which log a text is, told from its first 64 KiB and never from its name.

Every format is asked about every record of the head. Those that take at least three records, or a
tenth of them (a single one, if the user described the format), are its formats: a file may mix
several (an export of all categories), each record goes to the first that takes it. Where two
formats of different families take the same records the text is not clear, and nobody guesses: the
candidates are named.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from analyzer.inputs.sniff import Format, LogText, Stranger
from analyzer.logs.cells import DELIMITERS, columns_of, is_rule, split, zeek_header
from analyzer.logs.documents import WRAPPER, Lost, begun, parsed, records
from analyzer.logs.events import events, holds_events
from analyzer.logs.format import LogFormat, known, load_formats, parts_of
from analyzer.logs.patterns import matches
from analyzer.logs.text import Damage, encoding_of, is_text, lines, without_holes
from analyzer.logs.wrapped import inner, is_wrapped

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SAMPLE = 1 << 16
SPARSE_SAMPLE = 1 << 19
"""Looked through for formats whose records stand among other lines (a job log)."""

RECORDS = 200
ENOUGH = 3
SHARE = 0.1
VALUE = 1 << 10
"""Characters of a field that are compared with what tells a format."""


@dataclass(frozen=True, slots=True)
class Sample:
    """The head of a text, taken apart in every way that formats may come."""

    lines: list[str]
    objects: list[Any]
    header: list[str]
    delimiter: str
    layout: str


def recognise_log(
    head: bytes, chosen: str | None = None, formats: Mapping[str, LogFormat] | None = None
) -> Format | Stranger | None:
    """The log that starts with these (decompressed) bytes.

    Args:
        head: Its beginning, at least 64 KiB where there are as many.
        chosen: Name of the format that the user says it is.
        formats: Those that there are; default: the built-in ones.

    Returns:
        How to read it; a Stranger when several formats fit, or the chosen one does not; None when
        it is no log that is known.
    """
    if head.startswith(b"ElfFile\0"):
        return Stranger(
            "a Windows event log (EVTX)",
            "convert it to XML or JSON: wevtutil query-events FILE /logfile:true /format:xml",
            holds_traffic=True,
        )
    if not is_text(head):
        return None
    head = without_holes(head)
    encoding = encoding_of(head)
    text = head[:SAMPLE].decode(encoding, "replace")
    whole = len(head) <= SAMPLE
    sample = sample_of(text, whole=whole)
    asked = load_formats() if formats is None else formats
    if chosen is not None:
        asked = {chosen: known(chosen, asked)}
    counts = _taken(asked, sample)
    if chosen is not None and not counts:
        # They may come later, in a log that has other lines, too.
        if asked[chosen].others != "ignored" or not asked[chosen].of_shape("text"):
            return Stranger(f"text without a record of {chosen}", "", holds_traffic=True)
        counts = {chosen: set(range(len(sample.lines)))}
    total = max(len(sample.objects or sample.lines), 1)
    strong = {
        name: taken
        for name, taken in counts.items()
        if asked[name].given
        or chosen is not None
        or len(taken) >= ENOUGH
        or len(taken) >= SHARE * total
    }
    if not strong and sample.layout == "lines":
        strong = _sparse(head[:SPARSE_SAMPLE].decode(encoding, "replace"), asked)
    if not strong:
        return _undescribed(sample)
    names = _apart(strong, asked)
    if names is None:
        listed = ", ".join(sorted(strong))
        hint = "--log-format says which it is"
        return Stranger(f"a log that may be any of {listed}", hint, holds_traffic=True)
    formats = {**(load_formats() if formats is None else formats), **asked}
    families = {formats[name].family for name in names}
    names += [n for n, f in formats.items() if f.family in families and n not in names]
    layout = sample.layout
    if layout == "lines" and _by_header(formats[names[0]], sample):
        layout = "table"
    found = LogText(tuple(names), layout, encoding, sample.delimiter, tuple(sample.header))
    return Format("log", None, False, False, found)


_ACCESS = re.compile(
    r"\b(?:TCP|UDP|NONE)(?:_[A-Z]+)+[/:]|"
    r"\b(?:CONNECT|GET|POST|PUT|HEAD|PATCH|DELETE|OPTIONS) (?:[a-z]+://\S|/|[^\s/:]+:[0-9])"
)


def _undescribed(sample: Sample) -> Stranger | None:
    """An access log in a layout of its own: nobody but who wrote it knows which field is which."""
    lines_of = sample.lines if sample.layout == "lines" else []
    if not lines_of or 2 * sum(_ACCESS.search(each) is not None for each in lines_of) < len(
        lines_of
    ):
        return None
    hint = "--squid-logformat or --log-map describes it (docs/log-maps.md)"
    return Stranger("an access log in a layout that is not known", hint, holds_traffic=True)


def _sparse(text: str, formats: Mapping[str, LogFormat]) -> dict[str, set[int]]:
    """Formats whose records stand among other lines, perhaps far behind: one record tells them."""
    told = [
        (name, record.pattern)
        for name, each in formats.items()
        if each.others == "ignored"
        for record in each.of_shape("text")
    ]
    found = matches([pattern for _, pattern in told], text.split("\n"))
    return {name: {0} for (name, _), lines_of in zip(told, found, strict=True) if any(lines_of)}


def _apart(strong: dict[str, set[int]], formats: Mapping[str, LogFormat]) -> list[str] | None:
    """The formats that fit, most records first; None when two claim the same ones.

    Those that the user described stand in front: a record goes to the first that takes it.
    """
    names = sorted(
        strong, key=lambda n: (not formats[n].given, -len(strong[n]), formats[n].order, n)
    )
    for at, name in enumerate(names):
        for other in names[at + 1 :]:
            if formats[name].family == formats[other].family:
                continue
            if len(strong[name] & strong[other]) * 2 > min(len(strong[name]), len(strong[other])):
                return None
    return names


def sample_of(text: str, *, whole: bool = True) -> Sample:
    """Takes a head apart."""
    text = text.lstrip("\ufeff")
    found = [line for _, block in lines(iter([text]), Damage()) for line in block]
    if not whole and len(found) > 1:
        found.pop()  # cut by the sample's end
    full = [line for line in found if line.strip()][:RECORDS]
    layout = _layout(text, full)
    objects: list[Any] = []
    if layout == "wrapped":
        full = inner(full)
        layout = "wrapped-json" if _layout("\n".join(full), full) == "json" else "wrapped"
    elif layout == "xml":
        full = [each for _, block in events(iter([text]), Lost()) for each in block][:RECORDS]
    if layout == "documents":
        for _, block in records(iter([text]), Lost()):
            objects += [_parsed(each) for each in block]
            if len(objects) >= RECORDS:
                break
        objects = [each for each in objects if isinstance(each, dict)][:RECORDS] or [begun(text)]
    elif layout in ("json", "wrapped-json"):
        objects = [_parsed(line) for line in full]
    header, delimiter = _header(full, layout)
    return Sample(full, objects, header, delimiter, layout)


def _parsed(text: str) -> Any:
    try:
        return parsed(text)
    except (ValueError, RecursionError):
        return None


def _layout(text: str, full: list[str]) -> str:
    """lines | json (an object a line) | documents | zeek | fixed | wrapped | xml."""
    start = text.lstrip()[:1]
    if any(is_wrapped(line) for line in full[:2]):
        return "wrapped"
    if start == "<" and holds_events(text):
        return "xml"
    if text.startswith("#separator"):
        return "zeek"
    if len(full) > 1 and is_rule(full[1]):
        return "fixed"
    if start == "[" and isinstance(_first_value(text), (dict, list)):
        return "documents"
    if start == "{":
        if any(WRAPPER.match(line.lstrip()) for line in full[:1]):
            return "documents"
        first = _parsed(full[0]) if full else None
        if isinstance(first, dict):
            wraps = any(isinstance(first.get(k), list) for k in ("records", "Records", "tables"))
            return "documents" if wraps else "json"
        # Its first line alone is no object: damaged, or one object over many lines.
        return "json" if any(isinstance(_parsed(f), dict) for f in full[1:4]) else "documents"
    return "lines"


def _first_value(text: str) -> Any:
    """The first element of what may be an array; a log line in brackets gives None."""
    inner = text.lstrip()[1:].lstrip()
    if inner[:1] not in ("{", "["):
        return None
    for _, block in records(iter([inner[:SAMPLE]]), Lost()):
        return _parsed(block[0])
    return None


def _header(full: list[str], layout: str) -> tuple[list[str], str]:
    if layout == "zeek":
        return zeek_header(full)
    if layout == "fixed":
        return re.split(r"\s{2,}", full[0].strip()), " "
    if layout != "lines" or not full:
        return [], ""
    best: tuple[list[str], str] = ([], "")
    for delimiter in DELIMITERS:
        cells = split(full[0], delimiter)
        if len(cells) > max(len(best[0]), 1):
            best = (cells, delimiter)
    if not best[0]:
        best = (full[0].split(), " ")  # Amazon's flow logs
    return best


def _taken(formats: Mapping[str, LogFormat], sample: Sample) -> dict[str, set[int]]:
    """Which records of a sample each format takes; formats that take none are left out.

    What a format takes that the user described is no other's.
    """
    if sample.layout in ("json", "documents", "wrapped-json"):
        taken = {name: _takes_json(each, sample) for name, each in formats.items()}
    else:
        taken = _takes_lines(formats, sample)
    given = set().union(*(taken[name] for name in taken if formats[name].given))
    return {
        name: rest
        for name, records in taken.items()
        if (rest := records if formats[name].given else records - given)
    }


def _takes_lines(formats: Mapping[str, LogFormat], sample: Sample) -> dict[str, set[int]]:
    taken: dict[str, set[int]] = {name: set() for name in formats}
    told = []
    for name, each in formats.items():
        if _by_header(each, sample):
            taken[name] = set(range(1, len(sample.lines))) or {0}
        elif sample.layout in ("lines", "wrapped", "xml"):
            told += [(name, record.pattern) for record in each.of_shape("text")]
    found = matches([pattern for _, pattern in told], sample.lines)
    for (name, _), lines_of in zip(told, found, strict=True):
        taken[name] |= {at for at, held in enumerate(lines_of) if held}
    return taken


def _by_header(each: LogFormat, sample: Sample) -> bool:
    columns = columns_of(sample.header)
    return any(columns and all(c in columns for c in r.columns) for r in each.of_shape("table"))


def _takes_json(each: LogFormat, sample: Sample) -> set[int]:
    paths = dict(each.fields)
    return {
        at
        for at, value in enumerate(sample.objects)
        if isinstance(value, dict)
        and any(
            all(_holds(value, paths[name], pattern) for name, pattern in record.match)
            for record in each.of_shape("json")
        )
    }


def _holds(value: dict[str, Any], paths: Iterable[str], pattern: str) -> bool:
    for path in paths:
        found: Any = value
        for part in parts_of(path):
            found = found.get(part) if isinstance(found, dict) else None
        if found is not None and found != "":
            text = found if isinstance(found, str) else json.dumps(found)
            return re.search(pattern, text[:VALUE]) is not None
    return False
