"""What happened, in a sentence or two: who sent how much where and when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING

from analyzer.missing import missing
from analyzer.report.figures import amount, duration, number, second
from analyzer.report.meanings import NOTHING_SENT, OWNERSHIP
from analyzer.result import SEVERITIES, VERDICTS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo

    from analyzer.result import Finding, Result

_NONE_FOUND = VERDICTS[1]
_TOLD = 2
"""Findings that get a sentence of their own."""


@dataclass(frozen=True, slots=True)
class Told:
    """A finding as one sentence, in the pieces that a page sets apart."""

    finding: Finding
    agent: str
    what: str
    endpoint: str
    whose: str
    when: str


@dataclass(frozen=True, slots=True)
class Summary:
    """The first sentences of a report; `more` counts the findings that have none."""

    told: list[Told]
    more: int
    agents: int
    endpoints: int


def headline(result: Result) -> str:
    """The verdict in a few words. That data is missing takes from "none found"; the two others
    already say that something is wrong."""
    if result.verdict == _NONE_FOUND and missing(result.inputs, result.issues):
        return f"{_NONE_FOUND}, but data is missing"
    return result.verdict


def summary(result: Result, zone: tzinfo = UTC) -> Summary:
    """The worst suspected uploads; denied attempts and mere contact only where nothing else is."""
    worst = SEVERITIES.index("medium")
    suspects = [
        finding
        for finding in result.findings
        if finding.stream == "exfiltration" and SEVERITIES.index(finding.severity) <= worst
    ]
    uploads = [finding for finding in suspects if finding.shows not in NOTHING_SENT]
    chosen: Sequence[Finding] = uploads or suspects
    rest = chosen[_TOLD:]
    return Summary(
        told=[_told(finding, zone) for finding in chosen[:_TOLD]],
        more=len(rest),
        agents=len({finding.agent for finding in rest}),
        endpoints=len({_target(finding) for finding in rest}),
    )


def _target(finding: Finding) -> str:
    return finding.endpoint or (finding.addresses[0] if finding.addresses else "no name")


def _told(finding: Finding, zone: tzinfo) -> Told:
    if finding.shows == "denied":
        what = "was denied an attempt to reach"
    elif finding.shows == "names":
        what = "sent data in DNS names (amount unknown) to"
    elif finding.shows == "contact":
        what = "was in contact (amount unknown) with"
    else:
        size = amount(
            finding.uploaded_bytes, finding.size_error_bytes, finding.uploaded_bytes_is_lower_bound
        )
        what = f"sent {size} to" if finding.uploaded_bytes else "sent an amount not known to"
    return Told(
        finding=finding,
        agent=finding.agent,
        what=what,
        endpoint=_target(finding),
        whose=OWNERSHIP.get(finding.ownership, finding.ownership),
        when=_when(finding, zone),
    )


def _when(finding: Finding, zone: tzinfo) -> str:
    if finding.first_ns is None or finding.last_ns is None:
        return "at a time not known"
    start = second(finding.first_ns, zone)
    flows = f"in {number(finding.flow_count)} {'flow' if finding.flow_count == 1 else 'flows'}"
    return f"from {start} on, within {duration(finding.first_ns, finding.last_ns)}, {flows}"
