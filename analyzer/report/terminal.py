"""The short summary for the terminal: one screen, a line per fact, nothing obeyed from the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from analyzer.report.declare import undeclared
from analyzer.report.figures import number, outcome
from analyzer.report.meanings import STREAMS
from analyzer.report.missing import missing
from analyzer.report.visible import visible
from analyzer.result import SEVERITIES

if TYPE_CHECKING:
    from analyzer.result import Finding, Result

FINDING_LINES = 10
UNDECLARED_LINES = 10
NAME_CHARACTERS = 100
SENTENCE_CHARACTERS = 400
_COLOURS = {"critical": "bright_red", "high": "red", "medium": "yellow", "low": "blue"}
_VERDICT_COLOURS = {"suspected upload": "bright_red", "cannot tell": "yellow"}


def render_summary(result: Result, report: str | None, colour: bool) -> str:
    """Returns the summary, with a line break at its end.

    Args:
        result: The result.
        report: Where the report was written, None when it went to standard output.
        colour: True on a terminal that shows colours; the words are the same without.
    """
    lines = [
        click.style(
            visible(result.verdict_line, SENTENCE_CHARACTERS),
            fg=_VERDICT_COLOURS.get(result.verdict),
            bold=True,
        )
    ]
    lines += _declare_lines(result)
    lines += _finding_lines(result.findings)
    lines += _issue_lines(result)
    if report is not None:
        lines.append(f"report: {visible(report)}")
    text = "\n".join(lines) + "\n"
    return text if colour else click.unstyle(text)


def _declare_lines(result: Result) -> list[str]:
    rows = undeclared(result)
    if not rows:
        return []
    lines = ["nothing was declared as ours; seen undeclared (declare only what you know is yours):"]
    lines += [
        f"  {_name(row.registry.name)}: {visible(row.command)}" for row in rows[:UNDECLARED_LINES]
    ]
    if len(rows) > UNDECLARED_LINES:
        lines.append(f"  and {len(rows) - UNDECLARED_LINES:,} more in the report")
    return lines


def _finding_lines(findings: list[Finding]) -> list[str]:
    """A line per stream that has findings, and one per finding while there is room."""
    lines: list[str] = []
    room = FINDING_LINES
    for stream, (title, _) in STREAMS.items():
        own = [finding for finding in findings if finding.stream == stream]
        if not own:
            continue
        counts = [(level, sum(f.severity == level for f in own)) for level in SEVERITIES]
        tally = ", ".join(f"{count:,} {level}" for level, count in counts if count)
        lines.append(f"{title.lower()}: {tally}")
        shown, room = own[:room], max(0, room - len(own))
        lines += [_finding_line(finding) for finding in shown]
        if len(shown) < len(own):
            lines.append(f"  and {len(own) - len(shown):,} more in the report")
    return lines


def _finding_line(finding: Finding) -> str:
    severity = click.style(
        f"{visible(finding.severity):8}",
        fg=_COLOURS.get(finding.severity),
        bold=finding.severity in ("critical", "high"),
    )
    to = finding.endpoint or (finding.addresses[0] if finding.addresses else "no name")
    line = f"  {severity} {visible(finding.rule)}  {_name(finding.agent)} -> {_name(to)}"
    if finding.stream != "exfiltration":
        return f"{line}  {visible(finding.title, NAME_CHARACTERS)}"
    return f"{line}  {outcome(finding)}, confidence {visible(finding.confidence)}"


def _issue_lines(result: Result) -> list[str]:
    lines = []
    names = missing(result)
    if names:
        more = f" and {len(names) - 3:,} more" if len(names) > 3 else ""
        lines.append(f"incomplete: {', '.join(map(_name, names[:3]))}{more}")
    if result.issues:
        total = sum(issue.count for issue in result.issues)
        kinds = len({issue.code for issue in result.issues})
        lines.append(
            f"issues: {number(total)} of {number(kinds)} {'kind' if kinds == 1 else 'kinds'}"
        )
    return lines


def _name(text: str) -> str:
    return visible(text, NAME_CHARACTERS)
