"""Elastic Common Schema, NDJSON: a line per finding (an alert), then one for each of its evidence.

What ECS has no field for is below ``acrtrace``, which is a name of our own, as ECS asks for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from analyzer.report.figures import outcome
from analyzer.report.json_text import json_lines
from analyzer.report.outputs.addresses import addresses, side
from analyzer.report.outputs.attack import FRAMEWORK, name_of, techniques
from analyzer.report.outputs.host_names import is_host_name
from analyzer.report.outputs.instants import iso, seen
from analyzer.result import to_plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analyzer.result import Evidence, Finding, Result

VERSION = "9.4.0"
_SCORES = {"critical": 99, "high": 73, "medium": 47, "low": 21, "info": 1}
"""What Elastic Security calls them; it has no *info*."""
_OWN = (
    *("stream", "severity", "severity_reasons", "confidence", "agent", "role", "ownership"),
    *("shows", "direction_evidence", "name_grade", "orig_payload_bytes", "uploaded_bytes"),
    *("size_error_bytes", "uploaded_bytes_is_lower_bound", "missed_bytes", "flow_count"),
    *("clears", "also"),
)
_OWN_EVIDENCE = (
    *("kind", "flow_id", "input", "first_packet", "last_packet", "name_source", "claimed_name"),
    *("uploaded_bytes", "upload_turns", "pcr", "display_filter", "tshark", "log_unit", "log_line"),
    "action",
)


def render_ecs(result: Result) -> str:
    """Lines for Elastic's bulk helpers, Filebeat or Logstash; no findings, no lines."""
    return json_lines(list(_documents(result)))


def _documents(result: Result) -> Iterator[dict[str, Any]]:
    for finding in result.findings:
        yield _alert(result, finding)
        for number, evidence in enumerate(finding.evidence, 1):
            yield _event(result, finding, evidence, number)


def _alert(result: Result, finding: Finding) -> dict[str, Any]:
    when = seen(result, finding)
    agents, responders = addresses(finding.agent_addresses), addresses(finding.addresses)
    plain = to_plain(finding)
    to = finding.endpoint or next(iter(finding.addresses), None)
    told = f"{finding.title}: {finding.agent} -> {to or 'no name'}. {finding.explanation}"
    event = {
        "kind": "alert",
        "category": ["network"],
        "type": ["denied"] if finding.shows == "denied" else ["info"],
        "dataset": "acrtrace.finding",
        "id": finding.id,
        "severity": _SCORES[finding.severity],
        "risk_score": float(_SCORES[finding.severity]),
        "reason": outcome(finding) if finding.stream == "exfiltration" else None,
        **_span(finding.first_ns, finding.last_ns),
    }
    return _known(
        {
            **_common(result, finding, when, event),
            "message": told,
            "source": {
                "address": finding.agent or None,
                "ip": agents[0] if len(agents) == 1 else None,
            },
            "destination": {
                "address": to or None,
                "domain": finding.endpoint if is_host_name(finding.endpoint) else None,
                "ip": responders[0] if len(responders) == 1 else None,
            },
            "related": {
                "ip": list(dict.fromkeys([*agents, *responders])),
                "hosts": [finding.endpoint] if is_host_name(finding.endpoint) else [],
            },
            "acrtrace": {"finding": {name: plain[name] for name in _OWN}},
        }
    )


def _event(result: Result, finding: Finding, evidence: Evidence, number: int) -> dict[str, Any]:
    start = evidence.start_ns if evidence.start_ns is not None else evidence.end_ns
    when = start if start is not None else seen(result, finding)
    orig, resp = side(evidence.orig), side(evidence.resp)
    ends = [str(ip) for ip in (orig.ip, resp.ip) if ip is not None]
    sent, received = _count(evidence.orig_payload_bytes), _count(evidence.resp_payload_bytes)
    plain = to_plain(evidence)
    decided = {"allow": ["allowed"], "deny": ["denied"]}.get(evidence.action or "", [])
    is_dns = evidence.kind == "dns"
    event = {
        "kind": "event",
        "category": ["network"],
        "type": [*(["protocol"] if is_dns else ["connection"]), *decided],
        "dataset": "acrtrace.evidence",
        "id": f"{finding.id}/{number}",
        **_span(evidence.start_ns, evidence.end_ns),
    }
    announced = evidence.claimed_name or evidence.name
    host = evidence.name if is_host_name(evidence.name) else None
    protocol = {"dns": "dns", "http": "http"}.get(evidence.kind)
    return _known(
        {
            **_common(result, finding, when, event),
            "message": f"{evidence.orig} -> {evidence.resp} {evidence.name or ''}".rstrip(),
            "source": {"address": evidence.orig, "ip": _text(orig.ip), "port": orig.port}
            | {"bytes": sent},
            "destination": {
                "address": evidence.name or evidence.resp,
                "domain": None if is_dns else host,
                "ip": _text(resp.ip),
                "port": resp.port,
                "bytes": received,
            },
            "network": {
                "community_id": evidence.community_id,
                "transport": evidence.proto if evidence.proto in ("tcp", "udp", "icmp") else None,
                "type": None if resp.ip is None else f"ipv{resp.ip.version}",
                "protocol": protocol,
                "bytes": None if sent is None or received is None else sent + received,
            },
            "dns": {"question": {"name": evidence.name if is_dns else None}},
            "tls": {
                "client": {"server_name": announced if evidence.name_source == "sni" else None}
            },
            "process": {"name": evidence.process},
            "file": {"path": evidence.input if evidence.first_packet is not None else None},
            "log": {"file": {"path": evidence.log}},
            "related": {"ip": list(dict.fromkeys(ends)), "hosts": [host] if host else []},
            "acrtrace": {
                "finding": {"id": finding.id, "severity": finding.severity},
                "evidence": {name: plain[name] for name in _OWN_EVIDENCE},
            },
        }
    )


def _common(result: Result, finding: Finding, when: int, event: dict[str, Any]) -> dict[str, Any]:
    found = techniques(finding.attack)
    main = list(dict.fromkeys(each.parent or each.id for each in found))
    subs = [each for each in found if each.parent is not None]
    return {
        "@timestamp": iso(when),
        "ecs": {"version": VERSION},
        "event": {"module": "acrtrace", "provider": result.tool.name, **event},
        "rule": {
            "id": finding.rule,
            "name": finding.title,
            "category": finding.stream,
            "ruleset": "acrtrace",
        },
        "threat": {
            "framework": FRAMEWORK if found else None,
            "technique": {
                "id": main,
                "name": [name_of(each) for each in main],
                "subtechnique": {
                    "id": [each.id for each in subs],
                    "name": [each.name for each in subs],
                    "reference": [each.url for each in subs],
                },
            },
        },
        "observer": {
            "product": result.tool.name,
            "version": result.tool.version,
            "type": "ids",
        },
        "tags": [finding.stream, finding.severity],
    }


def _span(first_ns: int | None, last_ns: int | None) -> dict[str, Any]:
    known = first_ns is not None and last_ns is not None and last_ns >= first_ns
    return {
        "start": None if first_ns is None else iso(first_ns),
        "end": None if last_ns is None else iso(last_ns),
        "duration": (last_ns or 0) - (first_ns or 0) if known else None,
    }


def _count(value: int | None) -> int | None:
    return value if value is not None and value >= 0 else None


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _known(values: dict[str, Any]) -> dict[str, Any]:
    """Without what is not known: ECS leaves such fields out."""
    kept = {n: _known(each) if isinstance(each, dict) else each for n, each in values.items()}
    return {n: each for n, each in kept.items() if each is not None and each not in ([], {})}
