"""The agents of a result, summed up from its endpoints table."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from analyzer.result import EndpointInfo, Result


@dataclass(frozen=True, slots=True)
class Total:
    """A sum that knows whether parts of it are unknown.

    Attributes:
        value: Sum of the known parts, None when none is known.
        partial: True when some part is unknown, so that the sum is a lower bound.
    """

    value: int | None
    partial: bool


@dataclass(frozen=True, slots=True)
class Agent:
    """One agent and what it did, all endpoints together; bytes are unique payload.

    Contacts are in the document's order, largest upload first.
    """

    name: str
    addresses: list[str]
    endpoints: int
    flows: int
    sent: Total
    received: Total
    uploaded: Total
    finding_ids: list[str]
    contacts: list[EndpointInfo]


def total(parts: Iterable[int | None]) -> Total:
    """Adds what is known."""
    known, partial = [], False
    for part in parts:
        if part is None:
            partial = True
        else:
            known.append(part)
    return Total(sum(known) if known else None, partial and bool(known))


def agents(result: Result) -> list[Agent]:
    """Agents in the order of their largest known upload, then by name."""
    addresses: dict[str, set[str]] = {}
    findings: dict[str, list[str]] = {}
    for finding in result.findings:
        addresses.setdefault(finding.agent, set()).update(finding.agent_addresses)
        findings.setdefault(finding.agent, []).append(finding.id)
    by_agent = attrgetter("agent")
    rows = [
        _agent(name, list(contacts), addresses.get(name, set()), findings.get(name, []))
        for name, contacts in groupby(sorted(result.endpoints, key=by_agent), by_agent)
    ]
    return sorted(rows, key=lambda row: (-(row.uploaded.value or 0), row.name))


def _agent(
    name: str, contacts: list[EndpointInfo], addresses: set[str], finding_ids: list[str]
) -> Agent:
    return Agent(
        name=name,
        addresses=sorted(addresses),
        endpoints=len(contacts),
        flows=sum(c.flow_count for c in contacts),
        sent=total(c.orig_payload_bytes for c in contacts),
        received=total(c.resp_payload_bytes for c in contacts),
        uploaded=total(c.uploaded_bytes for c in contacts),
        finding_ids=finding_ids,
        contacts=contacts,
    )
