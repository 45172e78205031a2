"""A rule as a page for a reader: everything its head says, with the limits filled in, and its SQL.

The same page is text for a terminal and Markdown for docs/rules/; both come from `sections`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from analyzer.attack import technique
from analyzer.config import Thresholds
from analyzer.rules.severity import COMMON_STEPS, SHARED_MODIFIERS, rank, worse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from analyzer.rules.load import Modifier, Rule, Step

_NOT_SAID = "Not stated."
_NAMES = "|".join(sorted((f.name for f in fields(Thresholds)), key=len, reverse=True))
_SHOWS = {
    "upload": "an upload",
    "names": "data in names that were asked for, the amount unknown",
    "denied": "attempts that a device denied, never an amount",
    "contact": "contact, never an amount",
}


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with either paragraphs or a list beneath it."""

    heading: str
    lines: tuple[str, ...]
    listed: bool


def span(rule: Rule) -> str:
    """Mildest to worst severity: from the base to the worst that amounts and modifiers give."""
    worst = rule.severity
    for modifier in (*rule.modifiers.values(), *shared(rule)):
        if modifier.effect == "at-least" and modifier.severity is not None:
            worst = worse(worst, modifier.severity)
    for step in steps(rule):
        worst = worse(worst, step.severity)
    return rule.severity if worst == rule.severity else f"{rule.severity} to {worst}"


def steps(rule: Rule) -> list[Step]:
    """Rungs of the rule and those of every rule that shows an upload, mildest first."""
    common = rule.stream == "exfiltration" and rule.shows == "upload"
    found = [*rule.ladder, *(COMMON_STEPS if common else ())]
    return sorted(found, key=lambda step: -rank(step.severity))


def shared(rule: Rule) -> list[Modifier]:
    """Modifiers that the engine defines and this rule's findings can have."""
    return [
        modifier
        for name, modifier in SHARED_MODIFIERS.items()
        if f"'{name}'" in rule.select
        or (name == "foreign-tenant" and rule.stream == "exfiltration")
    ]


def filled(text: str, limits: Thresholds) -> str:
    """A text that names thresholds, with the value of each in front of its name.

    >>> filled("medium from medium_upload_bytes", Thresholds())
    'medium from 4,096 (medium_upload_bytes)'
    """
    return re.sub(rf"\b({_NAMES})\b", lambda m: f"{getattr(limits, m[1]):,} ({m[1]})", text)


def blanks(text: str) -> str:
    """A finding's text before there is a finding: ``{agent}`` becomes ``<agent>``."""
    return re.sub(r"\{_?(\w+)\}", lambda m: f"<{m[1].replace('_', ' ')}>", text)


def sections(rule: Rule, limits: Thresholds) -> Iterator[Section]:
    """What a page says between its title and its SQL."""
    yield Section("What it reports", (blanks(rule.explanation),), False)
    yield Section("Why", (rule.why or _NOT_SAID,), False)
    yield Section("The arithmetic", (filled(rule.arithmetic, limits) or _NOT_SAID,), False)
    yield Section("Severity", tuple(_severity(rule, limits)), True)
    yield Section("Known false positives", rule.false_positives or (_NOT_SAID,), True)
    yield Section("What clears it", tuple(_clears(rule)), True)
    known = tuple(technique(each) for each in rule.attack)
    yield Section("MITRE ATT&CK", known or ("None: it is no technique.",), True)


def text(rule: Rule, limits: Thresholds, origins: Mapping[str, str] | None = None) -> Iterator[str]:
    """The page as lines for a terminal.

    Args:
        rule: The rule.
        limits: What its limits are.
        origins: Where limits are set that may differ from the default, by their name.
    """
    yield f"{rule.id}: {rule.title}"
    yield _place(rule)
    shown = list(sections(rule, limits))
    named = {name for each in shown for line in each.lines for name in re.findall(_NAMES, line)}
    default = Thresholds()
    changed = tuple(
        f"{name} is {getattr(limits, name):,}: {where} (default {getattr(default, name):,})"
        for name, where in sorted((origins or {}).items())
        if name in named and getattr(limits, name) != getattr(default, name)
    )
    if changed:
        shown.append(Section("Limits set here", changed, True))
    for section in shown:
        yield from ("", section.heading)
        yield from (f"  {'- ' if section.listed else ''}{line}" for line in section.lines)
    yield from ("", f"SQL ({rule.path})", *rule.select.splitlines())


def markdown(rule: Rule, limits: Thresholds) -> str:
    """The page as docs/rules/ID.md."""
    lines = [
        f"# {rule.id}: {_marked(rule.title)}",
        "",
        f"This page is the output of `acrtrace rule --markdown {rule.id}`.",
        "",
        _place(rule),
    ]
    for section in sections(rule, limits):
        lines += ["", f"## {section.heading}", ""]
        lines += [f"{'- ' if section.listed else ''}{_marked(line)}" for line in section.lines]
    lines += ["", "## SQL", "", "```sql", *rule.select.splitlines(), "```"]
    return "\n".join(lines) + "\n"


def index(rules: Iterable[Rule]) -> str:
    """The table of contents, docs/rules/README.md."""
    lines = [
        "# The rules, one page each",
        "",
        "Written by `acrtrace rules --markdown docs/rules`; what they have in common is in",
        "[rules.md](../rules.md).",
        "",
        "| Rule | Stream | Severity | What it finds |",
        "| --- | --- | --- | --- |",
    ]
    lines += [
        f"| [{rule.id}]({rule.id}.md) | {rule.stream} | {span(rule)} | {_marked(rule.title)} |"
        for rule in rules
    ]
    return "\n".join(lines) + "\n"


def _place(rule: Rule) -> str:
    shows = f"; a match shows {_SHOWS[rule.shows]}" if rule.stream == "exfiltration" else ""
    return f"Stream: {rule.stream}, number {rule.order} in its order{shows}"


def _severity(rule: Rule, limits: Thresholds) -> Iterator[str]:
    yield f"{rule.severity}: any match"
    for step in steps(rule):
        limit = getattr(limits, step.threshold)
        yield f"{step.severity}: {step.figure} of {limit:,} or more ({step.threshold})"
    for modifier in (*rule.modifiers.values(), *shared(rule)):
        effect = f"{modifier.effect} {modifier.severity or ''}".strip()
        yield f"{modifier.name} ({effect}): {modifier.reason}"
    if rule.without_inventory is not None:
        yield f"no-inventory (cap {rule.without_inventory}): no registry was declared"


def _clears(rule: Rule) -> Iterator[str]:
    for clear in rule.clears:
        where = f" [{', '.join(clear.roles)}]" if clear.roles else ""
        yield f"{blanks(clear.text)}{where}"


def _marked(line: str) -> str:
    """Text in which Markdown sees no markup: ``<agent>`` and ``*.blob`` stay as written."""
    return re.sub(r"([\\`*_<>\[\]|])", r"\\\1", line)
