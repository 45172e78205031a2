"""Timesketch, JSON Lines: a line per moment, in the order of time.

``message``, ``datetime``, ``timestamp`` (microseconds since 1970) and ``timestamp_desc`` are what
Timesketch needs; all other attributes are flat, because its index is. What has no time cannot
stand on a timeline and is left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from analyzer.report.figures import outcome
from analyzer.report.json_text import json_lines
from analyzer.report.outputs.instants import utc

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analyzer.result import Evidence, Finding, Request, Result


def render_timesketch(result: Result) -> str:
    """A finding's first and last packet, the start of each conversation, and requests."""
    events = [event for finding in result.findings for event in _of(finding)]
    events.sort(key=lambda event: event[0])  # stable: findings of a moment keep their order
    return json_lines([{**_moment(ns), **rest} for ns, rest in events])


def _moment(ns: int) -> dict[str, Any]:
    return {"datetime": utc(ns).isoformat(timespec="microseconds"), "timestamp": ns // 1000}


def _of(finding: Finding) -> Iterator[tuple[int, dict[str, Any]]]:
    to = finding.endpoint or next(iter(finding.addresses), "no name")
    amount = f" ({outcome(finding)})" if finding.stream == "exfiltration" else ""
    told = f"{finding.severity} {finding.rule}: {finding.agent} -> {to}{amount}: {finding.title}"
    moments = {"First packet of the finding": finding.first_ns}
    if finding.last_ns != finding.first_ns:
        moments["Last packet of the finding"] = finding.last_ns
    for meaning, ns in moments.items():
        if ns is not None:
            yield ns, _event(finding, told, meaning, "acrtrace:finding")
    for evidence in finding.evidence:
        if evidence.start_ns is not None:
            yield evidence.start_ns, _conversation(finding, evidence)
        for request in evidence.requests:
            if request.time_ns is not None:
                yield request.time_ns, _request(finding, evidence, request)


def _conversation(finding: Finding, evidence: Evidence) -> dict[str, Any]:
    name = f" {evidence.name}" if evidence.name else ""
    message = f"{evidence.orig} -> {evidence.resp}{name}: {evidence.detail}"
    more = {
        "source": evidence.orig,
        "destination": evidence.resp,
        "name": evidence.name,
        "protocol": evidence.proto,
        "sent_bytes": evidence.orig_payload_bytes,
        "received_bytes": evidence.resp_payload_bytes,
        "uploaded_bytes": evidence.uploaded_bytes,
        "end": None if evidence.end_ns is None else utc(evidence.end_ns).isoformat(),
        "community_id": evidence.community_id,
        "input": evidence.input,
        "first_packet": evidence.first_packet,
        "last_packet": evidence.last_packet,
        "log": evidence.log,
        "log_unit": evidence.log_unit,
        "log_line": evidence.log_line,
        "display_filter": evidence.display_filter or None,
    }
    kind = "DNS message" if evidence.kind == "dns" else "Start of the conversation"
    return _event(finding, message, kind, "acrtrace:evidence", more)


def _request(finding: Finding, evidence: Evidence, request: Request) -> dict[str, Any]:
    more = {
        "source": evidence.orig,
        "destination": evidence.resp,
        "method": request.method,
        "url": request.url,
        "status": request.status,
        "body_bytes": request.body_bytes,
        "packet": request.packet,
    }
    message = f"{request.method} {request.url}"
    return _event(finding, message, "HTTP request", "acrtrace:request", more)


def _event(
    finding: Finding, message: str, meaning: str, kind: str, more: dict[str, Any] | None = None
) -> dict[str, Any]:
    values: dict[str, Any] = {
        "message": message or finding.rule,
        "timestamp_desc": meaning,
        "data_type": kind,
        "finding_id": finding.id,
        "rule": finding.rule,
        "stream": finding.stream,
        "severity": finding.severity,
        "confidence": finding.confidence,
        "agent": finding.agent,
        "endpoint": finding.endpoint,
        "tag": [finding.stream, finding.severity],
        **(more or {}),
    }
    return {name: value for name, value in values.items() if value is not None}
