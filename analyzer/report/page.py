"""What the HTML page shows of a result: bounded lists, counts, and the readings of its codes.

The page stays small enough for a browser whatever the capture held; every list that was cut says
how long it is in the JSON document, which is complete.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from analyzer.missing import missing
from analyzer.report.agents import Agent, agents
from analyzer.report.busiest import Busiest, busiest
from analyzer.report.declare import Undeclared, undeclared
from analyzer.report.figures import UNKNOWN
from analyzer.report.lanes import Timeline, timeline
from analyzer.report.matrix import Matrix, matrix
from analyzer.report.meanings import STREAMS
from analyzer.report.reasons import Step, steps
from analyzer.report.summary import Summary, headline, summary
from analyzer.result import SEVERITIES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo

    from analyzer.result import (
        EndpointInfo,
        Evidence,
        Finding,
        InputInfo,
        InventoryInfo,
        IssueInfo,
        RegistryInfo,
        Result,
    )

CARDS = 100
"""Findings of a stream shown in full; with evidence about 10 KB of HTML each."""
OVERVIEW_ROWS = 500
FULL_CARDS = 20
EVIDENCE_ROWS = 20
FEWER_ROWS = 5
"""Flows of evidence in the first cards of a stream, and in those behind them."""
TABLE_ROWS = 500
LISTED = 20
"""Addresses, names or facts listed within one cell."""
UNDECLARED_LINES = 10
AGENT_SECTIONS = 40
AGENT_CONTACTS = 15
OPEN_CARDS = 3
"""Exfiltration findings that a reader need not open, the worst first."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Shown(Generic[T]):
    """The first items of a list, and how many there are."""

    items: Sequence[T]
    total: int

    @property
    def hidden(self) -> int:
        """How many are left out."""
        return self.total - len(self.items)


@dataclass(frozen=True, slots=True)
class Card:
    """A finding in full."""

    finding: Finding
    anchor: str
    evidence: Shown[Evidence]
    facts: list[tuple[str, list[str]]]
    steps: list[Step]
    opened: bool


@dataclass(frozen=True, slots=True)
class Dossier:
    """One agent with its own findings and contacts."""

    agent: Agent
    anchor: str
    findings: Shown[Finding]
    contacts: Shown[EndpointInfo]


@dataclass(frozen=True, slots=True)
class Stream:
    """One stream: counts over all its findings, of which `hidden` are below what the reader wants;
    rows and cards for the first of the others."""

    name: str
    title: str
    question: str
    total: int
    hidden: int
    severities: list[tuple[str, int]]
    rows: Shown[Finding]
    cards: Shown[Card]


@dataclass(frozen=True, slots=True)
class Page:
    """Everything the template shows; `in_full` are the ids that a link can lead to."""

    result: Result
    headline: str
    undeclared: Shown[Undeclared]
    missing: list[str]
    summary: Summary
    first_ns: int | None
    last_ns: int | None
    streams: list[Stream]
    in_full: frozenset[str]
    announced: bool
    busiest: Busiest | None
    timeline: Timeline | None
    matrix: Matrix | None
    agents: Shown[Agent]
    dossiers: Shown[Dossier]
    endpoints: Shown[EndpointInfo]
    registries: Shown[RegistryInfo]
    inputs: Shown[InputInfo]
    inventories: Shown[InventoryInfo]
    issues: Shown[IssueInfo]


def shown(items: Sequence[T], limit: int) -> Shown[T]:
    """Cuts a list."""
    return Shown(items[:limit], len(items))


def page(result: Result, zone: tzinfo = UTC, listed: Sequence[Finding] | None = None) -> Page:
    """Selects and counts.

    Args:
        result: The result.
        zone: Time zone of the sentences and drawings that hold times.
        listed: The findings that the page lists, all when None; sentences and counts are of all.
    """
    whole = result
    if listed is not None:
        result = replace(result, findings=list(listed))
    streams = [_stream(name, whole.findings, result.findings) for name in STREAMS]
    first = [i.first_ns for i in result.inputs if i.first_ns is not None]
    last = [i.last_ns for i in result.inputs if i.last_ns is not None]
    in_full = frozenset(card.finding.id for s in streams for card in s.cards.items)
    found = agents(result)
    return Page(
        result=result,
        headline=headline(whole),
        undeclared=shown(undeclared(result), UNDECLARED_LINES),
        missing=missing(result.inputs, result.issues),
        summary=summary(whole, zone),
        first_ns=min(first, default=None),
        last_ns=max(last, default=None),
        streams=streams,
        in_full=in_full,
        announced=any(f.name_grade in ("A2", "A3") for f in result.findings),
        busiest=busiest(result),
        timeline=timeline(result, in_full, zone),
        matrix=matrix(result),
        agents=shown(found, TABLE_ROWS),
        dossiers=Shown(_dossiers(found[:AGENT_SECTIONS], result), len(found)),
        endpoints=shown(result.endpoints, TABLE_ROWS),
        registries=shown(result.registries, TABLE_ROWS),
        inputs=shown(result.inputs, TABLE_ROWS),
        inventories=shown(result.inventories, TABLE_ROWS),
        issues=shown(result.issues, TABLE_ROWS),
    )


def anchor(finding_id: str) -> str:
    """Fragment of a finding, from its id, so that a link into a report survives a new run."""
    return "finding-" + re.sub(r"[^A-Za-z0-9._-]", "-", finding_id)


def _stream(name: str, findings: Sequence[Finding], listed: Sequence[Finding]) -> Stream:
    title, question = STREAMS[name]
    own = [finding for finding in listed if finding.stream == name]
    counts = Counter(finding.severity for finding in findings if finding.stream == name)
    return Stream(
        name=name,
        title=title,
        question=question,
        total=counts.total(),
        hidden=counts.total() - len(own),
        severities=[(level, counts[level]) for level in SEVERITIES if counts[level]],
        rows=shown(own, OVERVIEW_ROWS),
        cards=Shown(
            [
                _card(
                    finding,
                    EVIDENCE_ROWS if place < FULL_CARDS else FEWER_ROWS,
                    opened=name == "exfiltration" and place < OPEN_CARDS,
                )
                for place, finding in enumerate(own[:CARDS])
            ],
            len(own),
        ),
    )


def _dossiers(found: Sequence[Agent], result: Result) -> list[Dossier]:
    by_agent: dict[str, list[Finding]] = {}
    for finding in result.findings:
        by_agent.setdefault(finding.agent, []).append(finding)
    return [
        Dossier(
            agent=agent,
            anchor=f"agent-{place}",
            findings=shown(by_agent.get(agent.name, []), LISTED),
            contacts=shown(agent.contacts, AGENT_CONTACTS),
        )
        for place, agent in enumerate(found, 1)
    ]


def _card(finding: Finding, rows: int, *, opened: bool) -> Card:
    return Card(
        finding=finding,
        anchor=anchor(finding.id),
        evidence=shown(finding.evidence, rows),
        facts=[(key, _fact(value)) for key, value in list(finding.facts.items())[:LISTED]],
        steps=steps(finding.severity_reasons),
        opened=opened,
    )


def _fact(value: Any) -> list[str]:
    """A fact as lines; nested values as JSON."""
    values = value if isinstance(value, list) else [value]
    lines = [_line(value) for value in values[:LISTED]]
    if len(values) > LISTED:
        lines.append(f"and {len(values) - LISTED:,} more")
    return lines


def _line(value: Any) -> str:
    if value is None:
        return UNKNOWN
    return value if isinstance(value, str) else json.dumps(value, default=str)
