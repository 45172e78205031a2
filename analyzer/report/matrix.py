"""Who sent how much to whom: the agents and endpoints that matter most, as a table of shades."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from analyzer.result import SEVERITIES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from analyzer.result import EndpointInfo, Finding, Result

AGENTS = 10
ENDPOINTS = 20
SHADES = 5


@dataclass(slots=True)
class Cell:
    """One agent and endpoint.

    Attributes:
        sent: Bytes sent, None where nobody counted them.
        shade: 0 (nothing) to SHADES; each is ten times the bytes of the one before.
        finding: The worst finding about the two, if any.
    """

    sent: int | None
    shade: int
    finding: Finding | None


@dataclass(frozen=True, slots=True)
class Line:
    """One endpoint, its cells in the order of `Matrix.agents`; None where there was no contact."""

    endpoint: str
    ownership: str
    cells: list[Cell | None]


@dataclass(frozen=True, slots=True)
class Matrix:
    """The table, and of how many agents and endpoints it is a part."""

    agents: list[str]
    lines: list[Line]
    all_agents: int
    all_endpoints: int


def matrix(result: Result) -> Matrix | None:
    """Those with the worst findings first, then those that sent most; None without any contact."""
    if not result.endpoints:
        return None
    findings = {f.id: f for f in result.findings}
    agents: dict[str, list[EndpointInfo]] = {}
    targets: dict[str, list[EndpointInfo]] = {}
    for contact in result.endpoints:
        agents.setdefault(contact.agent, []).append(contact)
        targets.setdefault(_label(contact), []).append(contact)
    columns = _first(agents, findings, AGENTS)
    rows = _first(targets, findings, ENDPOINTS)
    ceiling = max((c.orig_payload_bytes or 0) for c in result.endpoints)
    lines = []
    for name in rows:
        by_agent: dict[str, list[EndpointInfo]] = {}
        for contact in targets[name]:
            by_agent.setdefault(contact.agent, []).append(contact)
        cells = [
            _cell(by_agent[agent], findings, ceiling) if agent in by_agent else None
            for agent in columns
        ]
        lines.append(Line(name, targets[name][0].ownership, cells))
    return Matrix(columns, lines, len(agents), len(targets))


def _label(contact: EndpointInfo) -> str:
    return contact.endpoint or (contact.addresses[0] if contact.addresses else "no name")


def _first(
    groups: dict[str, list[EndpointInfo]], findings: dict[str, Finding], limit: int
) -> list[str]:
    def rank(name: str) -> tuple[int, int, str]:
        worst = _worst(groups[name], findings)
        place = len(SEVERITIES) if worst is None else SEVERITIES.index(worst.severity)
        return place, -sum(c.orig_payload_bytes or 0 for c in groups[name]), name

    return sorted(groups, key=rank)[:limit]


def _worst(contacts: Iterable[EndpointInfo], findings: dict[str, Finding]) -> Finding | None:
    known = [
        findings[number]
        for contact in contacts
        for number in contact.finding_ids
        if number in findings and findings[number].stream == "exfiltration"
    ]
    return min(known, key=lambda f: SEVERITIES.index(f.severity), default=None)


def _cell(contacts: list[EndpointInfo], findings: dict[str, Finding], ceiling: int) -> Cell:
    counted = [c.orig_payload_bytes for c in contacts if c.orig_payload_bytes is not None]
    sent = sum(counted) if counted else None
    return Cell(sent, _shade(sent or 0, ceiling), _worst(contacts, findings))


def _shade(sent: int, ceiling: int) -> int:
    if sent <= 0:
        return 0
    return max(1, SHADES - int(math.log10(max(ceiling, sent) / sent)))
