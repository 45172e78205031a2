"""Severity of a match: base, ladder, named modifiers; each step leaves its reason.

The name plays no part here: hiding it lowers the confidence (grades.py), never the severity.
Order of the steps: base, the rule's ladder, step-downs, the rungs that hold for every
exfiltration rule, counters-only, lower limits, upper limits. Upper limits come last because
they say who may be at the other end, which no amount changes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from analyzer.issues import UsageError
from analyzer.result import SEVERITIES
from analyzer.rules.load import Modifier, Step

if TYPE_CHECKING:
    from analyzer.config import Thresholds
    from analyzer.rules.load import Rule

COMMON_STEPS = (
    Step("upload_bytes", "critical_upload_bytes", "critical"),
    Step("write_bytes", "critical_write_bytes", "critical"),
)

SHARED_MODIFIERS = {
    m.name: m
    for m in (
        Modifier(
            "platform-claimed",
            "cap",
            "low",
            "the name looks like an account that the platform's own agents write to "
            "(a dated hint that anybody could imitate)",
        ),
        Modifier("platform", "cap", "low", "the name is the platform operator's own"),
        Modifier(
            "platform-address", "cap", "low", "the address is one of the platform's own services"
        ),
        Modifier("denied", "note", None, "the device denied an attempt"),
        Modifier(
            "foreign-tenant",
            "at-least",
            "critical",
            "a request carried a shared access signature that another tenant issued (sktid)",
        ),
    )
}

_FIGURE_WORDS = {
    "upload_bytes": "wire bytes in upload turns",
    "small_bytes": "wire bytes in drips and wide requests",
    "write_bytes": "body bytes of write requests read in clear",
}


@dataclass(frozen=True, slots=True)
class Measured:
    """What severity depends on, summed over the flows that one rule selected.

    Attributes:
        upload_bytes: Wire bytes of upload turns, and what counters alone show as an upload (W4).
        small_bytes: Wire bytes of drips and wide requests.
        write_bytes: Body bytes of write requests read in clear.
        direction: Best direction grade, W1 to W5.
        denied: A device refused at least one of the flows.
        counted_bytes: Part of `upload_bytes` that no turns show, but the counters of a log.
    """

    upload_bytes: int
    small_bytes: int
    write_bytes: int
    direction: str
    denied: bool = False
    counted_bytes: int = 0


def rank(severity: str) -> int:
    """0 for critical; smaller is worse."""
    return SEVERITIES.index(severity)


def worse(one: str, other: str) -> str:
    """The worse of two severities."""
    return min(one, other, key=rank)


def milder(one: str, other: str) -> str:
    """The milder of two severities."""
    return max(one, other, key=rank)


def judge(
    rule: Rule,
    measured: Measured,
    modifiers: list[str],
    thresholds: Thresholds,
    *,
    inventory: bool,
) -> tuple[str, list[str]]:
    """The severity of one rule's match and the reasons, in the order they took effect.

    Args:
        inventory: At least one registry was declared.

    Raises:
        UsageError: the SELECT returned a modifier that nobody defined.
    """
    named = [_named(rule, name) for name in modifiers]
    severity = rule.severity
    reasons = [f"base {severity}: {rule.id} matched"]
    severity = _climb(rule.ladder, measured, thresholds, severity, reasons)
    for modifier in (m for m in named if m.effect == "step-down"):
        severity = _step_down(severity, modifier, reasons)
    if rule.stream == "exfiltration":
        severity = _climb(COMMON_STEPS, measured, thresholds, severity, reasons)
        if rule.shows != "names":  # byte counts have no part in what names carry
            severity = _weak_direction(severity, measured, reasons)
    for modifier in named:
        severity = _bound(severity, modifier, reasons)
    if rule.without_inventory is not None and not inventory:
        limit = Modifier(
            "no-inventory", "cap", rule.without_inventory, "no registry was declared as ours"
        )
        severity = _bound(severity, limit, reasons)
    return severity, reasons


def _named(rule: Rule, name: str) -> Modifier:
    modifier = rule.modifiers.get(name) or SHARED_MODIFIERS.get(name)
    if modifier is None:
        raise UsageError(f"{rule.path}:1: the SELECT returned an unknown modifier: {name}")
    return modifier


def _climb(
    steps: tuple[Step, ...],
    measured: Measured,
    thresholds: Thresholds,
    severity: str,
    reasons: list[str],
) -> str:
    for step in sorted(steps, key=lambda s: rank(s.severity)):
        amount = getattr(measured, step.figure)
        limit = getattr(thresholds, step.threshold)
        if amount >= limit and rank(step.severity) < rank(severity):
            words = _words(step.figure, measured)
            reasons.append(
                f"{step.severity}: {amount:,} {words} reach {limit:,} ({step.threshold})"
            )
            return step.severity
    return severity


def _words(figure: str, measured: Measured) -> str:
    """What an amount is made of."""
    if figure != "upload_bytes" or not measured.counted_bytes:
        return _FIGURE_WORDS[figure]
    if measured.counted_bytes == measured.upload_bytes:
        return "bytes in the counters of a log"
    return "wire bytes in upload turns and in the counters of a log"


def _step_down(severity: str, modifier: Modifier, reasons: list[str]) -> str:
    lower = milder(severity, SEVERITIES[min(rank(severity) + 1, rank("low"))])
    if lower != severity:
        reasons.append(f"one step lower, {lower}: {modifier.reason} ({modifier.name})")
    return lower


def _weak_direction(severity: str, measured: Measured, reasons: list[str]) -> str:
    if measured.direction == "W4":
        # How sure they are is the confidence's business; the severity is about the bytes.
        if rank(severity) > rank("medium"):
            reasons.append("at least medium: byte counters show an upload (W4)")
        return worse(severity, "medium")
    if measured.direction == "W5" and measured.denied:
        if rank(severity) < rank("medium"):
            reasons.append("at most medium: an attempt was denied, no bytes show (W5)")
        return milder(severity, "medium")
    if measured.direction == "W5" and rank(severity) >= rank("low"):
        return severity
    if measured.direction == "W5":
        reasons.append("at most low: no byte counts show an upload (W5)")
        return milder(severity, "low")
    return severity


def _bound(severity: str, modifier: Modifier, reasons: list[str]) -> str:
    if modifier.effect == "note":
        reasons.append(f"{modifier.reason} ({modifier.name})")
    if modifier.severity is None:
        return severity
    if modifier.effect == "cap" and rank(severity) < rank(modifier.severity):
        reasons.append(f"at most {modifier.severity}: {modifier.reason} ({modifier.name})")
        return modifier.severity
    if modifier.effect == "at-least" and rank(severity) > rank(modifier.severity):
        reasons.append(f"at least {modifier.severity}: {modifier.reason} ({modifier.name})")
        return modifier.severity
    return severity
