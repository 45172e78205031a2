"""OCSF 1.5.0, NDJSON: a Detection Finding (class 2004) per line, conversations as its evidences.

What the class has no attribute for is in ``unmapped``, as the schema asks for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from analyzer.report.json_text import json_lines
from analyzer.report.outputs.addresses import addresses, side
from analyzer.report.outputs.attack import name_of, techniques
from analyzer.report.outputs.host_names import is_host_name
from analyzer.report.outputs.instants import seen
from analyzer.result import to_plain

if TYPE_CHECKING:
    from analyzer.report.outputs.addresses import Side
    from analyzer.report.outputs.attack import Technique
    from analyzer.result import Evidence, Finding, Result

VERSION = "1.5.0"
_CREATE = 1
_CLASS = 2004
_SEVERITIES = {
    "info": (1, "Informational"),
    "low": (2, "Low"),
    "medium": (3, "Medium"),
    "high": (4, "High"),
    "critical": (5, "Critical"),
}
_CONFIDENCES = {"low": (1, "Low"), "medium": (2, "Medium"), "high": (3, "High")}
_PROTOCOLS = {"icmp": 1, "tcp": 6, "udp": 17, "sctp": 132}
_HOST_NAME, _IP_ADDRESS = 1, 2  # observable.type_id
_UNMAPPED = (
    *("stream", "severity_reasons", "also", "role", "ownership", "shows", "direction_evidence"),
    *("name_grade", "orig_payload_bytes", "uploaded_bytes", "size_error_bytes"),
    *("uploaded_bytes_is_lower_bound", "missed_bytes", "flow_count", "clears", "facts"),
)
_DATA = (
    *("kind", "flow_id", "input", "first_packet", "last_packet", "start_ns", "end_ns", "name"),
    *("claimed_name", "name_source", "orig_payload_bytes", "resp_payload_bytes"),
    *("uploaded_bytes", "upload_turns", "detail", "display_filter", "log", "log_unit", "log_line"),
    "action",
    "process",  # the schema's object wants a pid
)


def render_ocsf(result: Result) -> str:
    """A line per finding; no findings, no lines."""
    return json_lines([_finding(result, finding) for finding in result.findings])


def _finding(result: Result, finding: Finding) -> dict[str, Any]:
    severity, severity_name = _SEVERITIES[finding.severity]
    confidence, confidence_name = _CONFIDENCES[finding.confidence]
    plain = to_plain(finding)
    to = finding.endpoint or next(iter(finding.addresses), "no name")
    made: dict[str, Any] = {
        "activity_id": _CREATE,
        "activity_name": "Create",
        "category_uid": 2,
        "category_name": "Findings",
        "class_uid": _CLASS,
        "class_name": "Detection Finding",
        "type_uid": _CLASS * 100 + _CREATE,
        "type_name": "Detection Finding: Create",
        "severity_id": severity,
        "severity": severity_name,
        "confidence_id": confidence,
        "confidence": confidence_name,
        "status_id": 1,
        "status": "New",
        "is_alert": finding.stream == "exfiltration" and severity >= _SEVERITIES["medium"][0],
        "time": _ms(seen(result, finding)),
        "start_time": _ms(finding.first_ns),
        "end_time": _ms(finding.last_ns),
        "message": f"{finding.title}: {finding.agent} -> {to}",
        "metadata": {
            "version": VERSION,
            "product": {
                "name": result.tool.name,
                "vendor_name": result.tool.name,
                "version": result.tool.version,
            },
            "log_name": result.schema,
        },
        "finding_info": {
            "uid": finding.id,
            "title": finding.title,
            "desc": finding.explanation,
            "types": [finding.stream],
            "first_seen_time": _ms(finding.first_ns),
            "last_seen_time": _ms(finding.last_ns),
            "analytic": {
                "uid": finding.rule,
                "name": finding.title,
                "type_id": 1,
                "type": "Rule",
                "category": finding.stream,
            },
            "attacks": [_attack(each) for each in techniques(finding.attack)] or None,
            "data_sources": list(dict.fromkeys(each.input for each in finding.evidence)) or None,
        },
        "resources": [{"name": finding.agent, "type": "build agent"}],
        "evidences": [_evidence(each) for each in finding.evidence] or None,
        "observables": _observables(finding) or None,
        "unmapped": {name: plain[name] for name in _UNMAPPED},
    }
    made["finding_info"] = _known(made["finding_info"])
    return _known(made)


def _evidence(evidence: Evidence) -> dict[str, Any]:
    plain = to_plain(evidence)
    orig, resp = side(evidence.orig), side(evidence.resp)
    is_dns = evidence.kind == "dns"
    host = evidence.name if is_host_name(evidence.name) else None
    made: dict[str, Any] = {
        "src_endpoint": _endpoint(orig, None),
        "dst_endpoint": _endpoint(resp, None if is_dns else host),
        "connection_info": _connection(evidence, resp),
        "query": {"hostname": host} if is_dns and host else None,
        "data": {name: plain[name] for name in _DATA},
    }
    return _known(made)


def _endpoint(end: Side, host: str | None) -> dict[str, Any] | None:
    ip = None if end.ip is None else str(end.ip)
    return _known({"ip": ip, "port": end.port, "hostname": host}) if ip or host else None


def _connection(evidence: Evidence, resp: Side) -> dict[str, Any]:
    """Direction 2 is outbound: an agent is what opens conversations."""
    number = _PROTOCOLS.get(evidence.proto or "")
    made = {
        "direction_id": 2,
        "direction": "Outbound",
        "protocol_name": evidence.proto if number else None,
        "protocol_num": number,
        "protocol_ver_id": None if resp.ip is None else resp.ip.version,
        "community_uid": evidence.community_id,
    }
    return _known(made)


def _attack(technique: Technique) -> dict[str, Any]:
    own = {"uid": technique.id, "name": technique.name, "src_url": technique.url}
    if technique.parent is None:
        return {"technique": own}
    parent = {"uid": technique.parent, "name": name_of(technique.parent)}
    return {"technique": parent, "sub_technique": own}


def _observables(finding: Finding) -> list[dict[str, Any]]:
    made = []
    if is_host_name(finding.endpoint):
        place = "evidences[].dst_endpoint.hostname"
        made.append({"name": place, "type_id": _HOST_NAME, "type": "Hostname"})
        made[-1]["value"] = finding.endpoint
    for place, texts in (
        ("evidences[].src_endpoint.ip", finding.agent_addresses),
        ("evidences[].dst_endpoint.ip", finding.addresses),
    ):
        made += [
            {"name": place, "type_id": _IP_ADDRESS, "type": "IP Address", "value": ip}
            for ip in addresses(texts)
        ]
    return made


def _ms(ns: int | None) -> int | None:
    return None if ns is None else ns // 1_000_000


def _known(values: dict[str, Any]) -> dict[str, Any]:
    """Without what is not known: OCSF has no null."""
    return {name: value for name, value in values.items() if value is not None}
