"""The SELECT of a format that the user describes (`mapping.py`).

Names and values of the user stand in it as quoted identifiers and literals only; what a log holds
never becomes SQL.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

COUNTERS = ("bytes_up", "bytes_down", "pkts_up", "pkts_down")
_PLACE = {"ts": "ts_ns", "end": "end_ns"}


@dataclass(frozen=True, slots=True)
class Part:
    """What one column is made of.

    Attributes:
        column: Its key in the map.
        sources: Fields, each under the names it may have, best first; a space joins several.
        constant: Its value where there are no sources.
        way: How the text is read.
        values: What is logged, and what it means; anything else stays as it is.
        allow: Of an action: what is logged when it was allowed, case ignored.
        deny: The same when it was denied.
        otherwise: The action when neither is logged.
        unset: What is logged where there is nothing.
    """

    column: str
    sources: tuple[tuple[str, ...], ...] = ()
    constant: str | None = None
    way: str = ""
    values: tuple[tuple[str, str], ...] = ()
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    otherwise: str | None = None
    unset: tuple[str, ...] = ()

    def fields(self) -> list[str]:
        """Names under which its sources come."""
        return [f"{self.column}-{at}" for at in range(len(self.sources))]


@dataclass(frozen=True, slots=True)
class Mapped:
    """A checked map.

    Attributes:
        pattern: Of the lines that are records.
        groups: Names of the pattern's groups, in order.
        unset: What is logged where there is nothing, in every column.
    """

    shape: str
    pattern: str
    groups: tuple[str, ...]
    columns: dict[str, Part]
    kind: str
    name_kind: str
    counter: str | None
    bytes_kind: str | None
    unset: tuple[str, ...] = ()

    def fields(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Every field and the names that it may have in the log."""
        return tuple((name, places) for _, name, places in self.sources())

    def sources(self) -> list[tuple[Part, str, tuple[str, ...]]]:
        """The same with the part of each."""
        return [
            (part, name, places)
            for part in self.columns.values()
            for name, places in zip(part.fields(), part.sources, strict=True)
        ]


def statement(mapped: Mapped) -> str:
    """The SELECT over `records`."""
    stated = {
        "line": "line_no",
        "kind": literal(mapped.kind),
        **{_PLACE.get(n, n): f"TRY({expression(part)})" for n, part in mapped.columns.items()},
    }
    if counters := [name for name in COUNTERS if name in mapped.columns]:
        filled = " OR ".join(
            f"whole({expression(mapped.columns[n])}) IS NOT NULL" for n in counters
        )
        for key in ("counter", "bytes_kind"):
            stated[key] = f"CASE WHEN {filled} THEN {_text(getattr(mapped, key))} END"
    if "name" in mapped.columns and mapped.kind != "dns":
        name = expression(mapped.columns["name"])
        stated["name_kind"] = f"CASE WHEN {name} IS NOT NULL THEN {literal(mapped.name_kind)} END"
    if mapped.kind == "dns" and "is_response" not in stated:
        # A line that says how it went tells of the answer, too.
        outcome = [
            expression(mapped.columns[n]) for n in ("rcode", "answers") if n in mapped.columns
        ]
        if outcome:
            stated["is_response"] = (
                f"coalesce({', '.join(f'({o})::VARCHAR' for o in outcome)}) IS NOT NULL"
            )
    if "ts" in mapped.columns and _lacks_year(mapped.columns["ts"].way):
        stated["problem"] = (
            "CASE WHEN getvariable('log_year') IS NULL THEN 'no year: --log-year says which' END"
        )
    columns = ",\n    ".join(f"{value} AS {identifier(name)}" for name, value in stated.items())
    return f"WITH fields AS (\n{_fields(mapped)}\n)\nSELECT {columns}\nFROM fields\n"


def _fields(mapped: Mapped) -> str:
    """SELECT that gives every field as text, NULL where it is empty."""
    source = "records"
    if mapped.groups:
        names = ", ".join(literal(name) for name in mapped.groups)
        held = f"regexp_extract(line, {literal(mapped.pattern)}, [{names}])"
        source = f"(SELECT line_no, line, {held} AS held FROM records)"  # noqa: S608
    columns = []
    for part, name, places in mapped.sources():
        unset = ", ".join(literal(each) for each in ("", *mapped.unset, *part.unset))
        options = []
        for place in places:
            if place in mapped.groups:
                text = f"held.{identifier(place)}"
            else:
                text = _of_pair(place) if mapped.shape == "pairs" else identifier(name)
            options.append(f"CASE WHEN trim({text}) NOT IN ({unset}) THEN trim({text}) END")
            if text == identifier(name):
                break  # the reader has chosen among its names
        value = options[0] if len(options) == 1 else f"coalesce({', '.join(options)})"
        columns.append(f",\n    {value} AS {identifier(name)}")
    return f"SELECT line_no{''.join(columns)}\nFROM {source}"


def _of_pair(key: str) -> str:
    """The value of ``key=value``: quoted, or up to the next key or the end of the line."""
    pattern = (
        r"(?:^|[\s,;|\[({])" + re.escape(key) + r'=(?:"((?:[^"\\]|\\.)*)"'
        r"|([^\s\"].*?)??(?:[\s,;|]+[A-Za-z_][A-Za-z0-9_.-]*=|[\s\])}]*$))"
    )
    held = f"regexp_extract(line, {literal(pattern)}, ['q', 'b'])"
    return f"coalesce(nullif(({held}).q, ''), ({held}).b)"


def expression(part: Part) -> str:
    """What a column is, over `fields`."""
    if part.constant is not None:
        text = literal(part.constant)
    else:
        text = " || ' ' || ".join(identifier(name) for name in part.fields())
    if part.values:
        cases = " ".join(f"WHEN {literal(a)} THEN {literal(b)}" for a, b in part.values)
        text = f"CASE {text} {cases} ELSE {text} END"
    if part.column in ("ts", "end"):
        if len(part.sources) > 1:  # a zone apart: 2020-05-16 02:54:39 +11
            text = f"regexp_replace({text}, ' ([+-][0-9])', '\\1')"
        return _time(text, part.way)
    if part.column == "action":
        return _action(text, part)
    if part.column == "answers":
        return _answers(text)
    if part.column in ("begins", "is_response"):
        return f"try_cast({text} AS BOOLEAN)"
    return _WAYS.get(part.way, "{0}").format(f"({text})")


_WAYS = {
    "host": "host_part({0})",
    "port": "port_part({0})",
    "url_host": "nullif(regexp_extract({0}, "
    "'^(?:[A-Za-z][A-Za-z0-9+.-]*://)?(?:[^/?#@]*@)?([[][^]/?#]*[]]|[^/:?#]*)', 1), '')",
    "word": "nullif(regexp_extract({0}, '^[^ ]+'), '')",
}
_TIMES = {
    "iso": "iso_ns({0})",
    "us": "us_ns({0})",
    "epoch": "epoch_s_ns({0})",
    "epoch_ms": "whole({0})::HUGEINT * 1000000",
    "epoch_us": "whole({0})::HUGEINT * 1000",
    "epoch_ns": "whole({0})::HUGEINT",
    "local": "CASE WHEN regexp_matches({0}, '(?:[Zz]|[+-][0-9]{{2}}(?::?[0-9]{{2}})?)$') "
    "AND length({0}) > 10 THEN iso_ns({0}) ELSE local_ns(try_cast({0} AS TIMESTAMP)) END",
}


def _time(text: str, way: str) -> str:
    if way in _TIMES:
        return _TIMES[way].format(f"({text})")
    zone, _, spelling = way.partition(":")
    if _lacks_year(way):
        text = f"getvariable('log_year')::VARCHAR || ' ' || ({text})"
        spelling = f"%Y {spelling}"
    read = f"try_strptime({text}, {literal(spelling)})"
    return (
        f"local_ns({read}::TIMESTAMP)" if zone == "local" else f"epoch_us({read})::HUGEINT * 1000"
    )


def _lacks_year(way: str) -> bool:
    return way.startswith(("utc:", "local:")) and not re.search("%-?[YyGcx]", way)


def _action(text: str, part: Part) -> str:
    if not (part.allow or part.deny or part.otherwise):
        return f"decision({text})"
    cases = ""
    for words, what in ((part.allow, "allow"), (part.deny, "deny")):
        if words:
            listed = ", ".join(literal(word.lower()) for word in words)
            cases += f"WHEN lower({text}) IN ({listed}) THEN {literal(what)} "
    return f"CASE WHEN ({text}) IS NULL THEN NULL {cases}ELSE {_text(part.otherwise)} END"


def _answers(text: str) -> str:
    """Every address that stands in the text, in its order."""
    words = f"regexp_extract_all({text}, '[0-9A-Fa-f:.]*[.:][0-9A-Fa-f:.]+')"
    kind = "CASE WHEN contains(w, ':') THEN 'AAAA' ELSE 'A' END"
    each = f"{{'owner': NULL::VARCHAR, 'type': {kind}, 'value': w, 'ttl': NULL::BIGINT}}"
    return f"nullif([{each} FOR w IN {words} IF is_addr(w)], [])"


def identifier(name: str) -> str:
    """A name as a quoted identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as a quoted literal."""
    return "'" + text.replace("'", "''") + "'"


def _text(text: str | None) -> str:
    return "NULL::VARCHAR" if text is None else literal(text)
