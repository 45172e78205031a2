"""SARIF 2.1.0 (OASIS): findings as results, inputs as artifacts, issues as notifications.

Levels have three steps and severities five, so the severity itself is a property, and the number
that GitHub sorts by (`security-severity`) stands at the rule, where it looks for it. A place in a
capture is a packet, for which SARIF has no region: it stands in the location's message. A line of a
log is a region.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from analyzer.report.declare import command
from analyzer.report.figures import moment, number, outcome
from analyzer.report.json_text import encode, presentable
from analyzer.report.meanings import STREAMS
from analyzer.report.outputs.attack import FRAMEWORK, SITE, techniques
from analyzer.report.visible import visible
from analyzer.result import SEVERITIES, to_plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analyzer.result import Evidence, Finding, InputInfo, IssueInfo, Result

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
FINGERPRINT = "acrtraceFindingId/v1"
GITHUB_FINGERPRINT = "primaryLocationLineHash"
"""The only one by which GitHub knows a result again; without it every run opens new alerts."""
_LEVELS = {"critical": "error", "high": "error", "medium": "warning", "low": "note", "info": "note"}
_SCORES = {"critical": "9.5", "high": "8.0", "medium": "5.5", "low": "3.0", "info": "0.0"}
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_PROPERTIES = (
    *("stream", "severity", "severity_reasons", "confidence", "agent", "agent_addresses"),
    *("endpoint", "addresses", "role", "ownership", "shows", "direction_evidence", "name_grade"),
    *("orig_payload_bytes", "uploaded_bytes", "size_error_bytes", "uploaded_bytes_is_lower_bound"),
    *("missed_bytes", "flow_count", "first_ns", "last_ns", "also", "clears", "facts"),
)


def render_sarif(result: Result) -> str:
    """One log with one run."""
    artifacts = _Artifacts(result.inputs)
    rules = _rules(result.findings)
    places = {rule["id"]: at for at, rule in enumerate(rules)}
    results = [_result(finding, places[finding.rule], artifacts) for finding in result.findings]
    notifications = [_notification(issue, artifacts) for issue in result.issues]
    ids = list(dict.fromkeys(code for finding in result.findings for code in finding.attack))
    log = {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": result.tool.name,
                        "version": result.tool.version,
                        "shortDescription": {"text": _PURPOSE},
                        "rules": rules,
                        "notifications": _kinds(result.issues),
                    }
                },
                "taxonomies": [_taxonomy(ids)] if techniques(ids) else [],
                "invocations": [
                    {
                        "commandLine": command(result),
                        "executionSuccessful": True,
                        "toolExecutionNotifications": notifications,
                    }
                ],
                "artifacts": artifacts.listed,
                "results": results,
                "columnKind": "utf16CodeUnits",
                "redactionTokens": ["REDACTED"],
                "properties": {
                    "verdict": result.verdict,
                    "verdict_line": result.verdict_line,
                    "catalogue_version": result.catalogue_version,
                    "coverage": to_plain(result.coverage),
                },
            }
        ],
    }
    return encode(presentable(log)) + "\n"


def _kinds(issues: Sequence[IssueInfo]) -> list[dict[str, Any]]:
    """What the notifications are of, each with the three texts that GitHub asks for."""
    texts = ("shortDescription", "fullDescription", "help")
    return [
        {"id": code, **{name: {"text": _text(f"Problem of an input: {code}")} for name in texts}}
        for code in dict.fromkeys(issue.code for issue in issues)
    ]


_PURPOSE = "Finds data exfiltration around container registries in network captures and logs."


def _rules(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """A rule for each that matched first, in the order of their ids."""
    made = []
    for rule in sorted({finding.rule for finding in findings}):
        own = [finding for finding in findings if finding.rule == rule]
        worst = min((finding.severity for finding in own), key=SEVERITIES.index)
        stream, question = STREAMS[own[0].stream]
        ids = list(dict.fromkeys(code for finding in own for code in finding.attack))
        told = f"`acrtrace rule {rule}` explains the rule, its limits and what would clear it."
        made.append(
            {
                "id": rule,
                "shortDescription": {"text": _text(own[0].title or rule)},
                "fullDescription": {"text": f"{stream}: {question}"},
                "help": {"text": _text(f"{own[0].title}. {question} {told}")},
                "defaultConfiguration": {"level": _LEVELS[worst]},
                "relationships": [
                    {
                        "target": {"id": each.id, "toolComponent": {"name": FRAMEWORK, "index": 0}},
                        "kinds": ["relevant"],
                    }
                    for each in techniques(ids)
                ],
                "properties": {
                    "security-severity": _SCORES[worst],
                    "tags": ["security", own[0].stream],
                },
            }
        )
    return made


def _result(finding: Finding, rule: int, artifacts: _Artifacts) -> dict[str, Any]:
    plain = to_plain(finding)
    locations = [_location(evidence, artifacts) for evidence in finding.evidence]
    locations = locations or artifacts.somewhere()
    for at, location in enumerate(locations):
        location["id"] = at
    name = finding.endpoint or next(iter(finding.addresses), None)
    if locations and name:
        agent = {"name": finding.agent, "kind": "agent"}
        locations[0]["logicalLocations"] = [{"name": name, "kind": "endpoint"}, agent]
    made = {
        "ruleId": finding.rule,
        "ruleIndex": rule,
        "level": _LEVELS[finding.severity],
        "message": {"text": _message(finding)},
        # Further locations of a result are places to change as well; these are more evidence.
        "locations": locations[:1],
        "relatedLocations": locations[1:],
        "partialFingerprints": {FINGERPRINT: finding.id, GITHUB_FINGERPRINT: finding.id},
        "properties": {name: plain[name] for name in _PROPERTIES},
    }
    taxa = techniques(finding.attack)
    if taxa:
        component = {"name": FRAMEWORK, "index": 0}
        made["taxa"] = [{"id": each.id, "toolComponent": component} for each in taxa]
    return made


def _message(finding: Finding) -> str:
    to = finding.endpoint or next(iter(finding.addresses), "no name")
    lines = [f"{finding.title}: {finding.agent} -> {to}. {finding.explanation}"]
    if finding.stream == "exfiltration":
        lines.append(f"{outcome(finding)}; confidence {finding.confidence}.")
    if finding.clears:
        lines.append("What would clear it: " + " ".join(finding.clears))
    return "\n".join(map(_text, lines))


def _text(text: str) -> str:
    """A message is read by people and may hold ``[text](target)`` as a link (section 3.11.6), so
    what came from the wire is made visible and opens none; the properties have it as it was."""
    return visible(text).replace("](", "] (")


def _location(evidence: Evidence, artifacts: _Artifacts) -> dict[str, Any]:
    """Where the evidence is: the log's lines where only a log has it, else the capture."""
    in_log = evidence.first_packet is None and evidence.log is not None
    physical: dict[str, Any] = {
        "artifactLocation": artifacts.location(
            evidence.log if in_log and evidence.log is not None else evidence.input
        )
    }
    if not in_log:
        physical.update(artifacts.whole(evidence.input))
    elif evidence.log_unit == "line" and evidence.log_line is not None and evidence.log_line > 0:
        last = evidence.log_last_line or evidence.log_line
        physical["region"] = {
            "startLine": evidence.log_line,
            "endLine": max(last, evidence.log_line),
        }
    told = [f"{evidence.kind} {evidence.orig} -> {evidence.resp}"]
    if evidence.first_packet is not None:
        told.append(f"packets {number(evidence.first_packet)} to {number(evidence.last_packet)}")
    elif in_log and evidence.log_unit == "record" and evidence.log_line is not None:
        told.append(f"record {number(evidence.log_line)}")  # a region has lines alone
    if evidence.start_ns is not None:
        told.append(f"from {moment(evidence.start_ns)} to {moment(evidence.end_ns)}")
    told += [part for part in (evidence.detail, evidence.display_filter) if part]
    return {"physicalLocation": physical, "message": {"text": _text("; ".join(told))}}


def _notification(issue: IssueInfo, artifacts: _Artifacts) -> dict[str, Any]:
    made: dict[str, Any] = {
        "descriptor": {"id": issue.code},
        "level": "warning" if issue.incomplete else "note",
        "message": {"text": _text(f"{issue.where}: {issue.detail} ({number(issue.count)} times)")},
    }
    if issue.input is not None:
        location = {"physicalLocation": {"artifactLocation": artifacts.location(issue.input)}}
        made["locations"] = [location]
    return made


def _taxonomy(ids: list[str]) -> dict[str, Any]:
    return {
        "name": FRAMEWORK,
        "organization": "The MITRE Corporation",
        "informationUri": SITE,
        "shortDescription": {"text": "Adversary tactics and techniques."},
        "taxa": [
            {"id": each.id, "name": each.name, "helpUri": each.url} for each in techniques(ids)
        ],
    }


class _Artifacts:
    """The inputs as SARIF's artifacts; members of an archive say whose they are."""

    def __init__(self, inputs: Sequence[InputInfo]) -> None:
        """Archives, which are no inputs themselves, come after all inputs."""
        self.listed: list[dict[str, Any]] = []
        self._index: dict[str, int] = {}
        for each in inputs:
            self._index.setdefault(each.path, len(self._index))
        for name in dict.fromkeys(each.archive for each in inputs if each.archive):
            self._index.setdefault(name, len(self._index))
        self._sizes = {each.path: each.bytes for each in reversed(inputs)}
        of_path = {each.path: each for each in reversed(inputs)}
        for path in list(self._index):
            self.listed.append(self._artifact(path, of_path.get(path)))

    def location(self, path: str) -> dict[str, Any]:
        """Reference to an input; one that is not listed has its path alone."""
        place = _uri(path)
        return {**place, "index": self._index[path]} if path in self._index else place

    def whole(self, path: str) -> dict[str, Any]:
        """All of an input as a region: a packet is a place in it that SARIF has no words for."""
        size = self._sizes.get(path, -1)
        return {"region": {"byteOffset": 0, "byteLength": size}} if size >= 0 else {}

    def somewhere(self) -> list[dict[str, Any]]:
        """A location for what has none: GitHub takes no result without."""
        if not self.listed:
            return []
        path = next(iter(self._index))
        place = {"artifactLocation": self.location(path), **self.whole(path)}
        told = {"text": "No row of evidence; this is the first input."}
        return [{"physicalLocation": place, "message": told}]

    def _artifact(self, path: str, info: InputInfo | None) -> dict[str, Any]:
        if info is None:
            return {"location": _uri(path)}
        made: dict[str, Any] = {"location": _uri(path), "roles": ["analysisTarget"]}
        if info.archive and path.startswith(f"{info.archive}!/"):
            # Section 3.24.3: the path of a nested artifact begins at its container's root.
            made["location"] = {"uri": _escaped(path[len(info.archive) + 1 :])}
            made["parentIndex"] = self._index[info.archive]
        if info.bytes >= 0 and info.complete:
            made["length"] = info.bytes
        if info.sha256:
            made["hashes"] = {"sha-256": info.sha256}
        made["properties"] = {"format": info.format, "complete": info.complete}
        return made


def _uri(path: str) -> dict[str, Any]:
    """An artifactLocation: a relative reference, ``file:`` for an absolute path, or the URL."""
    if path == "-":
        return {"description": {"text": "standard input"}}
    if _SCHEME.match(path):
        return {"uri": quote(path, safe=":/?#[]@!$&'()*+,;=%~", errors="backslashreplace")}
    escaped = _escaped(path)
    return {"uri": f"file://{escaped}" if path.startswith("/") else escaped or "."}


def _escaped(path: str) -> str:
    """A path in a URI; a colon would make its first part a scheme."""
    return quote(path, safe="/!$&'()*+,;=@~", errors="backslashreplace")
