"""Reads rule files: a TOML head in leading ``-- `` comment lines, then exactly one SELECT.

Only the head is read here, so that listing rules needs no database; check.py binds the SELECT.
What is wrong is reported as file and line, before any evidence is judged.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from pathlib import Path
from string import Formatter
from typing import TYPE_CHECKING

from analyzer.config import Thresholds
from analyzer.head import Head
from analyzer.issues import UsageError
from analyzer.result import SEVERITIES, STREAMS
from analyzer.schema import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterable

RULES_DIR = Path(__file__).parent
FIGURES = ("upload_bytes", "small_bytes", "write_bytes")
SHOWS = ("upload", "names", "denied", "contact")
DOCUMENTED = ("why", "arithmetic", "false_positives")
"""Keys that only a reader needs; every built-in rule has them."""
EFFECTS = ("cap", "step-down", "at-least", "note")
_THRESHOLDS = frozenset(f.name for f in fields(Thresholds))
_KEYS: dict[str, type] = {
    "id": str,
    "title": str,
    "stream": str,
    "order": int,
    "severity": str,
    "attack": list,
    "explanation": str,
    "clears": list,
}
_OPTIONAL: dict[str, type] = {
    "ladder": list,
    "modifiers": dict,
    "without_inventory": str,
    "shows": str,
    "why": str,
    "arithmetic": str,
    "false_positives": list,
    "needs": dict,
}


@dataclass(frozen=True, slots=True)
class Step:
    """One rung of a ladder: `figure` (wire bytes) at or above `limit` means `severity`.

    Attributes:
        figure: One of FIGURES, summed over the flows the rule selected.
        threshold: Field of `Thresholds` that holds the limit.
        severity: Severity that is reached.
    """

    figure: str
    threshold: str
    severity: str


@dataclass(frozen=True, slots=True)
class Modifier:
    """What a name in the ``modifiers`` column does to the severity, and why."""

    name: str
    effect: str
    severity: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Clear:
    """One way to clear a finding; `roles` limits it to endpoints where its command works."""

    text: str
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """One detection.

    Attributes:
        order: Place in the stated order, unique within a stream.
        severity: Base severity of any match.
        without_inventory: Highest severity while no registry is declared, None for no limit.
        shows: What a match is evidence of, in the exfiltration stream: one of SHOWS.
        why: Why what it reports matters, for a reader who does not know the subject.
        arithmetic: Which bytes it adds up, and against which limits.
        false_positives: What is known to match without harm, a sentence each.
        needs: Table of the case and the threshold that says how many rows it must have at least;
            with fewer the rule cannot match and is not run: planning it takes a moment.
        text: Whole file: DuckDB sees the head as comments, so its line numbers are the file's.
    """

    id: str
    title: str
    stream: str
    order: int
    severity: str
    ladder: tuple[Step, ...]
    modifiers: dict[str, Modifier]
    without_inventory: str | None
    shows: str
    attack: tuple[str, ...]
    explanation: str
    clears: tuple[Clear, ...]
    why: str
    arithmetic: str
    false_positives: tuple[str, ...]
    needs: tuple[tuple[str, str], ...]
    path: Path
    text: str

    @property
    def fields(self) -> frozenset[str]:
        """Names that its texts want filled in."""
        texts = (self.explanation, *(clear.text for clear in self.clears))
        parts = (part for text in texts for part in Formatter().parse(text))
        return frozenset(name for _, name, _, _ in parts if name is not None)

    @property
    def built_in(self) -> bool:
        """It came with the program; what a user wrote runs in the sandbox."""
        return self.path.is_relative_to(RULES_DIR)

    @property
    def sql(self) -> str:
        """The SELECT, fit to stand in parentheses; the head stays in front as comments."""
        return self.text.rstrip().removesuffix(";") + "\n"

    @property
    def select(self) -> str:
        """The SELECT without the head, for a reader."""
        lines = self.text.splitlines()
        body = next((i for i, line in enumerate(lines) if not line.startswith("--")), len(lines))
        return "\n".join(lines[body:]).strip()


def rule_files(directory: Path = RULES_DIR) -> list[Path]:
    """Rule files below a directory, one folder per stream, in a fixed order."""
    return [path for stream in STREAMS for path in sorted((directory / stream).glob("*.sql"))]


def load(paths: Iterable[Path] | None = None) -> list[Rule]:
    """Reads rules and returns them by stream and stated order, a user's own behind ours.

    Raises:
        UsageError: a head is wrong, or two rules claim one id or one place.
    """
    rules = [_read(path) for path in (rule_files() if paths is None else paths)]
    rules.sort(
        key=lambda rule: (STREAMS.index(rule.stream), not rule.built_in, rule.order, rule.id)
    )
    seen: dict[object, Rule] = {}
    for rule in sorted(rules, key=lambda rule: not rule.built_in):
        for claim in (rule.id, (rule.stream, rule.built_in, rule.order)):
            if claim in seen:
                what = "id" if isinstance(claim, str) else "order"
                head = Head(rule.path, rule.text)
                raise head.error(what, f"{what} is already that of {seen[claim].path}")
            seen[claim] = rule
    return rules


def _read(path: Path) -> Rule:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}:1: the rule cannot be read: {error}") from None
    head = Head(path, text)
    values = head.values
    _check_keys(head)
    modifiers = {
        name: _modifier(head, name, raw) for name, raw in values.get("modifiers", {}).items()
    }
    return Rule(
        id=values["id"],
        title=values["title"],
        stream=values["stream"],
        order=values["order"],
        severity=values["severity"],
        ladder=tuple(_step(head, raw) for raw in values.get("ladder", [])),
        modifiers=modifiers,
        without_inventory=values.get("without_inventory"),
        shows=values.get("shows", "upload"),
        attack=tuple(values["attack"]),
        explanation=values["explanation"],
        clears=tuple(_clear(head, raw) for raw in values["clears"]),
        why=values.get("why", ""),
        arithmetic=values.get("arithmetic", ""),
        false_positives=tuple(values.get("false_positives", [])),
        needs=_needs(head, values.get("needs", {})),
        path=path,
        text=text,
    )


def _check_keys(head: Head) -> None:
    values = head.values
    for key, kind in {**_KEYS, **_OPTIONAL}.items():
        if key not in values and key in _KEYS:
            raise head.error(1, f"the head has no {key}")
        if key in values and (not isinstance(values[key], kind) or isinstance(values[key], bool)):
            raise head.error(key, f"{key} must be of type {kind.__name__}")
    _check_documented(head)
    unknown = sorted(set(values) - set(_KEYS) - set(_OPTIONAL))
    if unknown:
        raise head.error(unknown[0], f"unknown key {unknown[0]}")
    if not re.fullmatch(r"[A-Z]{2}[0-9]{3}", values["id"]) or head.path.stem != values["id"]:
        raise head.error("id", "id must be two capitals and three digits, as the file is called")
    if values["stream"] not in STREAMS:
        raise head.error("stream", f"stream must be one of {', '.join(STREAMS)}")
    for key in ("severity", "without_inventory"):
        if key in values:
            _severity(head, key, values[key])
    if values.get("shows", "upload") not in SHOWS:
        raise head.error("shows", f"shows must be one of {', '.join(SHOWS)}")
    if not all(isinstance(item, str) for item in values["attack"]):
        raise head.error("attack", "attack must be a list of technique ids")
    template_fields(head, "explanation", values["explanation"])


def _check_documented(head: Head) -> None:
    """What a reader needs beside the SQL: a duty of built-in rules, a courtesy of others."""
    if head.path.is_relative_to(RULES_DIR):
        for key in DOCUMENTED:
            if not head.values.get(key):
                raise head.error(1, f"the head has no {key}: built-in rules are documented")
    if not all(isinstance(item, str) for item in head.values.get("false_positives", [])):
        raise head.error("false_positives", "false_positives must be a list of sentences")


def _needs(head: Head, raw: dict[str, object]) -> tuple[tuple[str, str], ...]:
    tables = {table.name for table in TABLES}
    for table, threshold in raw.items():
        if table not in tables or threshold not in _THRESHOLDS:
            raise head.error("needs", "needs maps tables of the case to thresholds")
    return tuple((table, str(threshold)) for table, threshold in raw.items())


def _severity(head: Head, where: str, value: object) -> str:
    if value not in SEVERITIES:
        raise head.error(where, f"severity must be one of {', '.join(SEVERITIES)}")
    return str(value)


def _step(head: Head, raw: object) -> Step:
    if not isinstance(raw, dict) or set(raw) != {"figure", "at_least", "severity"}:
        raise head.error("ladder", "a step has figure, at_least and severity")
    if raw["figure"] not in FIGURES:
        raise head.error("ladder", f"figure must be one of {', '.join(FIGURES)}")
    if raw["at_least"] not in _THRESHOLDS:
        raise head.error("ladder", f"at_least names no threshold: {raw['at_least']}")
    return Step(raw["figure"], raw["at_least"], _severity(head, "ladder", raw["severity"]))


def _clear(head: Head, raw: object) -> Clear:
    clear = None
    if isinstance(raw, str):
        clear = Clear(raw)
    elif isinstance(raw, dict) and set(raw) == {"roles", "text"} and isinstance(raw["text"], str):
        clear = Clear(raw["text"], tuple(str(role) for role in raw["roles"]))
    if clear is None:
        raise head.error("clears", "each of clears is a text, or has roles and text")
    template_fields(head, "clears", clear.text)
    return clear


def _modifier(head: Head, name: str, raw: object) -> Modifier:
    if not isinstance(raw, dict) or not {"effect", "reason"} <= set(raw):
        raise head.error(name, f"modifier {name} needs effect and reason")
    if raw["effect"] not in EFFECTS:
        raise head.error(name, f"effect must be one of {', '.join(EFFECTS)}")
    severity = None
    if raw["effect"] in ("cap", "at-least"):
        severity = _severity(head, name, raw.get("severity"))
    return Modifier(name, raw["effect"], severity, str(raw["reason"]))


def template_fields(head: Head, key: str, template: str) -> set[str]:
    """Names a text wants filled in; only plain ones, so that no value is ever looked into."""
    try:
        wanted = [each for each in Formatter().parse(template) if each[1] is not None]
    except ValueError as error:
        raise head.error(key, f"{key} is no template: {error}") from None
    found = {str(name) for _, name, _, _ in wanted}
    # A width such as {agent:>999999999} would make a text of any size.
    shaped = sorted(str(name) for _, name, spec, conversion in wanted if spec or conversion)
    if shaped:
        raise head.error(key, f"{key} has a field with a format: expected {{{shaped[0]}}}")
    wrong = sorted(name for name in found if not name.isidentifier())
    if wrong:
        raise head.error(key, f"{key} has a field that is no plain name: {{{wrong[0]}}}")
    return found
