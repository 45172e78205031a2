"""The short summary for the terminal: one screen, a line per fact, nothing obeyed from the wire."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from analyzer.missing import missing
from analyzer.report.declare import undeclared
from analyzer.report.figures import number, outcome
from analyzer.report.meanings import STREAMS
from analyzer.report.summary import headline
from analyzer.report.view import View
from analyzer.report.visible import visible
from analyzer.result import SEVERITIES

if TYPE_CHECKING:
    from rich.console import RenderableType

    from analyzer.report.declare import Undeclared
    from analyzer.result import Finding, Result

FINDING_LINES = 10
UNDECLARED_LINES = 10
NAME_CHARACTERS = 100
SENTENCE_CHARACTERS = 400
UNFOLDED = 20_000
"""Width of what no terminal shows: lines for other programs are never folded."""
_COLOURS = {"critical": "bold bright_red", "high": "bold red", "medium": "yellow", "low": "blue"}
_VERDICT_COLOURS = {
    "suspected upload": "bright_red",
    "cannot tell": "yellow",
    "none found in what could be seen, but data is missing": "yellow",
}


def render_summary(
    result: Result,
    report: str | None,
    colour: bool,
    *,
    view: View | None = None,
    width: int | None = None,
) -> str:
    """Returns the summary, with a line break at its end.

    Args:
        result: The result.
        report: Where the report was written, None when it went to standard output.
        colour: True on a terminal that shows colours; the words are the same without.
        view: Severities that are counted and listed; all when None.
        width: Columns of the terminal, None for no terminal.
    """
    view = view or View()
    hidden = view.hidden(result)
    stream = io.StringIO()
    # Nothing is taken for markup, an emoji's name or a number to be coloured: every text comes as
    # Text, and what would steer a terminal was made visible before.
    console = Console(
        file=stream,
        width=width or UNFOLDED,
        color_system="standard" if colour else None,
        force_terminal=colour,
        no_color=not colour,
        legacy_windows=False,
        markup=False,
        emoji=False,
        highlight=False,
    )
    verdict = visible(result.verdict_line, SENTENCE_CHARACTERS)
    parts: list[RenderableType] = [
        Text(verdict, style=f"bold {_VERDICT_COLOURS.get(headline(result), '')}".strip())
    ]
    parts += map(Text, _declare_lines(result))
    parts += _finding_tables(view.of(result).findings)
    parts += map(Text, [*([hidden] if hidden else []), *_issue_lines(result)])
    if report is not None:
        parts.append(Text(f"report: {visible(report)}"))
    for part in parts:
        console.print(part, soft_wrap=isinstance(part, Text))
    return "".join(f"{line.rstrip()}\n" for line in stream.getvalue().splitlines())


def _declare_lines(result: Result) -> list[str]:
    rows = undeclared(result)
    if not rows:
        return []
    lines = [
        "nothing was declared as ours; seen undeclared (declare only what you know is yours; the "
        "flags of several add up):"
    ]
    # An attacker's account stands in this list, too: not as one line among equals.
    shown = sorted(rows, key=lambda row: row.finding is not None)[:UNDECLARED_LINES]
    lines += [
        f"  {_name(row.registry.name)}{_warned(row)}: {visible(row.command)}" for row in shown
    ]
    if len(rows) > UNDECLARED_LINES:
        lines.append(f"  and {len(rows) - UNDECLARED_LINES:,} more in the report")
    return lines


def _warned(row: Undeclared) -> str:
    if row.finding is None:
        return ""
    return f" (has finding {visible(row.finding)}: declare it only if it is yours)"


def _finding_tables(findings: list[Finding]) -> list[RenderableType]:
    """Counts by stream and severity, and the first findings of each stream while there is room."""
    if not findings:
        return []
    counts = _table()
    for title in ("findings", *SEVERITIES):
        counts.add_column(title, justify="left" if title == "findings" else "right")
    listed = _table(headed=False)
    for _ in range(4):
        listed.add_column(overflow="fold")
    room, more = FINDING_LINES, []
    for stream, (title, _) in STREAMS.items():
        own = [finding for finding in findings if finding.stream == stream]
        if not own:
            continue
        found = [sum(f.severity == level for f in own) for level in SEVERITIES]
        counts.add_row(title.lower(), *(f"{count:,}" if count else "-" for count in found))
        shown, room = own[:room], max(0, room - len(own))
        for finding in shown:
            listed.add_row(*_cells(finding))
        if len(shown) < len(own):
            more.append(
                Text(f"  and {len(own) - len(shown):,} more of {title.lower()}, in the report")
            )
    return [counts, listed, *more]


def _table(*, headed: bool = True) -> Table:
    return Table(box=None, show_header=headed, padding=(0, 2, 0, 0), pad_edge=False)


def _cells(finding: Finding) -> list[Text]:
    to = finding.endpoint or (finding.addresses[0] if finding.addresses else "no name")
    if finding.stream == "exfiltration":
        what = f"{outcome(finding)}, confidence {visible(finding.confidence)}"
    else:
        what = visible(finding.title, NAME_CHARACTERS)
    severity = Text(visible(finding.severity), style=_COLOURS.get(finding.severity, ""))
    rule = Text(visible(finding.rule))
    return [severity, rule, Text(f"{_name(finding.agent)} -> {_name(to)}"), Text(what)]


def _issue_lines(result: Result) -> list[str]:
    lines = []
    names = missing(result.inputs, result.issues)
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
