"""Markdown for a ticket: the verdict, a table of findings, the gravest in full.

It stays below what trackers take (65,536 characters). Every text of the result is inert: names
stand in code spans, where no link, image, mention or markup works; in sentences everything that has
a meaning in CommonMark or GitHub's flavour is escaped. The rest is in the JSON document.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from analyzer.missing import missing
from analyzer.report.declare import undeclared
from analyzer.report.figures import exact, moment, number, outcome
from analyzer.report.meanings import DIRECTION, NAME_GRADES, STREAMS, VERDICTS
from analyzer.report.summary import headline
from analyzer.report.visible import visible
from analyzer.result import SEVERITIES
from analyzer.shares import percent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analyzer.result import Evidence, Finding, Result

ROWS = 40
FULL = 8
EVIDENCE = 2
_NAME_CHARACTERS = 120
_COMMAND_CHARACTERS = 500
_SENTENCE_CHARACTERS = 700

_ESCAPED = re.compile(
    r"[\\`*_{}\[\]<>~|$&]"  # markup, entities, formulas, cells, templates
    r"|(?<=\S):(?=\S)|(?<=[^\s\d])\.(?=\S)|(?<=\S)\.(?=[^\s\d])"  # what would be made a link
    r"|^[-+=]"  # a list, or the line under a heading
)
_NUMBERED = re.compile(r"^(\d+)([.)])")
_NO_ESCAPE = {"@": "\\<U+0040\\>", "#": "\\<U+0023\\>"}
"""Mentions and references work where text is, escaped or not."""


def render_markdown(result: Result) -> str:
    """CommonMark with GitHub's tables."""
    return "\n".join(_lines(result)) + "\n"


def _lines(result: Result) -> Iterator[str]:
    yield f"# acrtrace: {headline(result)}"
    yield from ("", prose(result.verdict_line), "", VERDICTS[result.verdict], "")
    yield from _run(result)
    yield from _undeclared(result)
    findings = sorted(result.findings, key=_grave)
    if not findings:
        yield from ("", "No findings.")
        return
    yield from ("", "## Findings", "", _shown(len(findings), ROWS), "")
    yield "| Severity | Rule | Agent | Endpoint | What | Confidence | Id |"
    yield "|---|---|---|---|---|---|---|"
    yield from (_row(finding) for finding in findings[:ROWS])
    if len(findings) > FULL:
        yield from ("", f"The {FULL} gravest in full:")
    for finding in findings[:FULL]:
        yield from _finding(finding)


def _run(result: Result) -> Iterator[str]:
    coverage = result.coverage
    yield f"- Findings: {_tally(result) or 'none'}"
    yield (
        f"- Seen: {exact(coverage.outgoing_bytes)} outgoing in {number(coverage.flows)} flows; "
        f"{percent(coverage.named_share)} with a name, {percent(coverage.directed_share)} with a "
        "direction"
    )
    yield from (f"- Not seen: {prose(note)}" for note in coverage.notes[:5])
    names = missing(result.inputs, result.issues)
    if names:
        more = f" and {len(names) - 3:,} more" if len(names) > 3 else ""
        yield f"- Incomplete: {', '.join(map(code, names[:3]))}{more}"
    inputs = result.inputs
    for each in inputs[:5]:
        told = f", SHA-256 {code(each.sha256)}" if each.sha256 else ""
        yield f"- Input: {code(each.path)}{told}"
    if len(inputs) > 5:
        yield f"- and {len(inputs) - 5:,} more inputs"
    yield f"- Version {code(result.tool.version)}, catalogue {code(result.catalogue_version)}"


def _tally(result: Result) -> str:
    parts = []
    for stream, (title, _) in STREAMS.items():
        own = [finding for finding in result.findings if finding.stream == stream]
        counts = [(level, sum(each.severity == level for each in own)) for level in SEVERITIES]
        if own:
            told = ", ".join(f"{count:,} {level}" for level, count in counts if count)
            parts.append(f"{title.lower()}: {told}")
    return "; ".join(parts)


def _undeclared(result: Result) -> Iterator[str]:
    rows = undeclared(result)
    if rows:
        yield from ("", "Nothing was declared as ours. Seen undeclared:", "")
        yield from (f"- {code(row.registry.name)}: {code(row.flag)}" for row in rows[:10])
        if len(rows) > 10:
            yield f"- and {len(rows) - 10:,} more"


def _grave(finding: Finding) -> tuple[int, int]:
    """Severity first, streams in their order; the sort keeps the result's order within."""
    return SEVERITIES.index(finding.severity), list(STREAMS).index(finding.stream)


def _shown(count: int, limit: int) -> str:
    if count <= limit:
        return f"{count:,}, gravest first."
    return f"{limit:,} of {count:,} shown, gravest first; all are in the JSON document."


def _row(finding: Finding) -> str:
    what = outcome(finding)
    if finding.stream != "exfiltration":
        what = prose(finding.title.replace("|", "<U+007C>"), 80)
    cells = (
        finding.severity,
        code(finding.rule, 20),
        code(finding.agent, 60),
        code(_target(finding)),
        what,
        finding.confidence,
        code(finding.id, 40),
    )
    # A code span does not keep a cell together.
    return f"| {' | '.join(cell.replace('|', '<U+007C>') for cell in cells)} |"


def _finding(finding: Finding) -> Iterator[str]:
    yield from ("", f"### {finding.severity}: {prose(finding.title, 120)}", "")
    ids = f"{code(finding.rule, 20)}, id {code(finding.id, 40)}"
    yield f"{code(finding.agent)} to {code(_target(finding))}, {ids}"
    yield from ("", prose(finding.explanation), "")
    if finding.stream == "exfiltration":
        yield f"- Amount: {outcome(finding)}"
    grade, direction = finding.name_grade, finding.direction_evidence
    yield f"- Confidence {finding.confidence}: name {grade} ({NAME_GRADES[grade]})"
    yield f"- Direction {direction}: {DIRECTION[direction]}"
    yield f"- From {moment(finding.first_ns)} to {moment(finding.last_ns)}"
    for evidence in finding.evidence[:EVIDENCE]:
        yield from _evidence(evidence)
    if len(finding.evidence) > EVIDENCE:
        yield f"- and {len(finding.evidence) - EVIDENCE:,} more rows of evidence"
    yield from (f"- What would clear it: {prose(each)}" for each in finding.clears[:4])
    if finding.attack:
        yield f"- MITRE ATT&CK: {', '.join(code(each, 20) for each in finding.attack[:8])}"


def _evidence(evidence: Evidence) -> Iterator[str]:
    place = code(evidence.input)
    if evidence.first_packet is not None:
        place += f", packets {number(evidence.first_packet)} to {number(evidence.last_packet)}"
    elif evidence.log is not None:
        place = f"{code(evidence.log)}, {evidence.log_unit} {number(evidence.log_line)}"
    yield f"- Evidence: {code(evidence.orig)} to {code(evidence.resp)} in {place}"
    for title, text in (("filter", evidence.display_filter), ("recount", evidence.tshark)):
        if text:
            yield f"  - {title}: {code(text, _COMMAND_CHARACTERS)}"


def _target(finding: Finding) -> str:
    return finding.endpoint or next(iter(finding.addresses), "no name")


def code(text: str, limit: int = _NAME_CHARACTERS) -> str:
    """A code span; a backtick, which could end it, is shown as its code point."""
    shown = visible(text, limit).strip(" ") or "(empty)"
    return f"`{shown.replace('`', '<U+0060>')}`"


def prose(text: str, limit: int = _SENTENCE_CHARACTERS) -> str:
    """A sentence on one line in which nothing is markup, a link, a mention or a reference."""
    escaped = _ESCAPED.sub(lambda found: f"\\{found[0]}", visible(text, limit).strip(" "))
    escaped = _NUMBERED.sub(r"\1\\\2", escaped)
    for mark, shown in _NO_ESCAPE.items():
        escaped = escaped.replace(mark, shown)
    return escaped
