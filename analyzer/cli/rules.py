"""``acrtrace rules`` lists the rules, ``acrtrace rule EX001`` explains one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

from analyzer.result import SEVERITIES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from analyzer.config import Thresholds
    from analyzer.rules.load import Modifier, Rule, Step


@click.command()
def rules() -> None:
    """List the rules by stream, in the order in which they claim a finding."""
    from analyzer.rules.load import load

    for rule in load():
        click.echo(f"{rule.id}  {rule.stream:<12}  {_span(rule):<19}  {rule.title}")


@click.command()
@click.argument("rule_id", metavar="ID")
def rule(rule_id: str) -> None:
    """Explain the rule ID: what it reports, how severe, what clears it, and its SQL."""
    from analyzer.config import Thresholds
    from analyzer.issues import UsageError
    from analyzer.rules.load import load
    from analyzer.rules.severity import COMMON_STEPS, SHARED_MODIFIERS

    stated = {each.id: each for each in load()}
    found = stated.get(rule_id.upper())
    if found is None:
        raise UsageError(f"no rule {rule_id}; the rules are {', '.join(sorted(stated))}")
    named = [m for name, m in SHARED_MODIFIERS.items() if f"'{name}'" in found.text]
    for line in _page(found, Thresholds(), COMMON_STEPS, [*found.modifiers.values(), *named]):
        click.echo(line)


def _span(rule: Rule) -> str:
    """Mildest to worst base severity; amounts and modifiers decide between."""
    from analyzer.rules.severity import COMMON_STEPS, worse

    worst = rule.severity
    for modifier in rule.modifiers.values():
        if modifier.effect == "at-least" and modifier.severity is not None:
            worst = worse(worst, modifier.severity)
    for step in (*rule.ladder, *(COMMON_STEPS if rule.stream == "exfiltration" else ())):
        worst = worse(worst, step.severity)
    return rule.severity if worst == rule.severity else f"{rule.severity} to {worst}"


def _blanks(text: str) -> str:
    """A finding's text before there is a finding: ``{agent}`` becomes ``<agent>``."""
    return re.sub(r"\{_?(\w+)\}", lambda m: f"<{m[1].replace('_', ' ')}>", text)


def _page(
    rule: Rule, limits: Thresholds, common: Iterable[Step], modifiers: Iterable[Modifier]
) -> list[str]:
    lines = [
        f"{rule.id}: {rule.title}",
        f"Stream: {rule.stream}, number {rule.order} in its order",
        f"ATT&CK: {', '.join(rule.attack) or 'none'}",
        "",
        "Severity",
        f"  {rule.severity}: any match",
    ]
    steps = [*rule.ladder, *(common if rule.stream == "exfiltration" else ())]
    for step in sorted(steps, key=lambda s: -SEVERITIES.index(s.severity)):
        limit = getattr(limits, step.threshold)
        lines.append(f"  {step.severity}: {step.figure} of {limit:,} or more ({step.threshold})")
    for modifier in modifiers:
        effect = f"{modifier.effect} {modifier.severity or ''}".strip()
        lines.append(f"  {modifier.name} ({effect}): {modifier.reason}")
    if rule.without_inventory is not None:
        lines.append(f"  no-inventory (cap {rule.without_inventory}): no registry was declared")
    lines += ["", "Explanation", f"  {_blanks(rule.explanation)}", "", "What clears it"]
    for clear in rule.clears:
        where = f" [{', '.join(clear.roles)}]" if clear.roles else ""
        lines.append(f"  - {_blanks(clear.text)}{where}")
    return [*lines, "", f"SQL ({rule.path})", *rule.select.splitlines()]
