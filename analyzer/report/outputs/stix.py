"""STIX 2.1 (OASIS): a bundle for threat intelligence platforms, built with OASIS' own library.

A finding is a note with observed data: the conversations, their addresses and names. Where an
upload above low has a name, that name is also an indicator with a sighting. An address is never
one: all accounts of a storage stamp share theirs, and whoever blocks it blocks everybody.

Ids of objects are UUIDv5 of their content, so the same result gives the same bytes, and a
platform that has seen an object of that id has seen that content. What stays the same between runs
is the finding's own id, an external reference of its objects.
"""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

from analyzer.report.figures import outcome
from analyzer.report.json_text import encode, presentable
from analyzer.report.meanings import NAME_LIMIT
from analyzer.report.outputs.addresses import IP, address, side
from analyzer.report.outputs.attack import techniques
from analyzer.report.outputs.host_names import is_host_name
from analyzer.report.outputs.instants import iso, latest, seen
from analyzer.report.visible import visible

if TYPE_CHECKING:
    from analyzer.report.outputs.attack import Technique
    from analyzer.result import Evidence, Finding, Result

_NAMESPACE = uuid.UUID("6c1d5b0e-0b64-5a2f-9a53-1f2f0d6f7c11")
_BEGINNING = "2026-01-01T00:00:00.000000Z"
"""Creation of what has no time of its own: the tool's identity and the attack patterns."""

_CONFIDENCE = {"high": 85, "medium": 50, "low": 15}
"""STIX 2.1 appendix A, scale None / Low / Med / High."""

_MAX_OBSERVED = 999_999_999


def render_stix(result: Result) -> str:
    """The bundle, an object per line."""
    return _Bundle(result).text()


class _Bundle:
    """Objects by id: what several findings share is in it once, in the order first met."""

    def __init__(self, result: Result) -> None:
        self._objects: dict[str, dict[str, Any]] = {}
        self._observables: dict[str, str] = {}
        self._me = self._domain(
            "identity",
            _BEGINNING,
            name=result.tool.name,
            identity_class="system",
            description="Finds data exfiltration around container registries.",
        )
        whole = [
            object_id for finding in result.findings for object_id in self._of(result, finding)
        ]
        self._report(result, whole)

    def text(self) -> str:
        """JSON, ASCII, an object per line."""
        lines = [encode(each) for each in self._objects.values()]
        bundle = f"bundle--{uuid.uuid5(_NAMESPACE, chr(10).join(lines))}"
        joined = ",\n".join(lines)
        return f'{{"type": "bundle", "id": "{bundle}", "objects": [\n{joined}\n]}}\n'

    def _report(self, result: Result, referenced: list[str]) -> None:
        self._domain(
            "report",
            iso(latest(result)),
            name=_line(f"{result.tool.name}: {result.verdict}"),
            description=_line(result.verdict_line),
            report_types=["observed-data"],
            published=iso(latest(result)),
            object_refs=list(dict.fromkeys([*referenced, self._me])),
        )

    def _of(self, result: Result, finding: Finding) -> list[str]:
        """Ids of a finding's objects."""
        when = iso(seen(result, finding))
        about = {
            "external_references": [{"source_name": result.tool.name, "external_id": finding.id}],
            "confidence": _CONFIDENCE[finding.confidence],
            "labels": [finding.stream, f"severity:{finding.severity}", finding.rule],
        }
        about = presentable(about)
        patterns = [self._pattern(each) for each in techniques(finding.attack)]
        observed = self._observed(finding, when, about)
        made = [*patterns, *observed]
        name = finding.endpoint
        if _is_indicator(finding) and name is not None:
            indicator = self._domain(
                "indicator",
                when,
                name=_line(f"Data uploaded to {name}"),
                description=_line(f"{finding.title}. {NAME_LIMIT}"),
                indicator_types=["anomalous-activity"],
                pattern=f"[domain-name:value = '{name.lower()}']",
                pattern_type="stix",
                valid_from=when,
                **about,
            )
            made.append(indicator)
            made += [self._relation(indicator, "indicates", each, when) for each in patterns]
            if observed:
                sighting = {
                    "sighting_of_ref": indicator,
                    "observed_data_refs": observed,
                    "count": min(max(finding.flow_count, 1), _MAX_OBSERVED),
                    **_between(finding.first_ns, finding.last_ns),
                }
                made.append(self._domain("sighting", when, **sighting, **about))
        note = self._domain(
            "note",
            when,
            abstract=_line(f"{finding.title}: {finding.agent} -> {_target(finding)}"),
            content=_content(finding),
            object_refs=made or [self._me],
            **about,
        )
        return [*made, note]

    def _observed(self, finding: Finding, when: str, about: dict[str, Any]) -> list[str]:
        """Observed data of the conversations, the endpoint and the agent, if there is any."""
        seen_ids: list[str] = []
        for evidence in finding.evidence:
            seen_ids += self._conversation(evidence)
        found = (address(text) for text in (*finding.addresses, *finding.agent_addresses))
        seen_ids += [self._address(ip) for ip in found if ip is not None]
        seen_ids += self._name(finding.endpoint)
        if not seen_ids:
            return []
        first = finding.first_ns if finding.first_ns is not None else finding.last_ns
        times = {
            "first_observed": when if first is None else iso(first),
            "last_observed": when,
        }
        if times["first_observed"] > times["last_observed"]:
            times["first_observed"] = when
        count = min(max(finding.flow_count, 1), _MAX_OBSERVED)
        refs = list(dict.fromkeys(seen_ids))
        return [
            self._domain(
                "observed-data", when, **times, number_observed=count, object_refs=refs, **about
            )
        ]

    def _conversation(self, evidence: Evidence) -> list[str]:
        """Ids of one row of evidence: the conversation when both ends are known, and its name."""
        orig, resp = side(evidence.orig), side(evidence.resp)
        names = self._name(evidence.name)
        if orig.ip is None or resp.ip is None:
            return names
        proto = evidence.proto if evidence.proto in ("tcp", "udp", "icmp", "sctp") else None
        made: dict[str, Any] = {
            "src_ref": self._address(orig.ip),
            "dst_ref": self._address(resp.ip),
            "protocols": [f"ipv{orig.ip.version}", *([proto] if proto else [])],
            "src_port": orig.port,
            "dst_port": resp.port,
            "src_byte_count": _count(evidence.orig_payload_bytes),
            "dst_byte_count": _count(evidence.resp_payload_bytes),
        }
        if evidence.start_ns is not None:
            made["start"] = iso(evidence.start_ns)
        if evidence.end_ns is not None and evidence.end_ns >= (evidence.start_ns or 0):
            made.update(end=iso(evidence.end_ns), is_active=False)
        return [made["src_ref"], made["dst_ref"], self._observable("network-traffic", made), *names]

    def _address(self, ip: IP) -> str:
        return self._observable(f"ipv{ip.version}-addr", {"value": str(ip)})

    def _name(self, name: str | None) -> list[str]:
        """A domain name, if it is one: anything can stand in an SNI."""
        if name is None or not _is_domain_name(name):
            return []
        return [self._observable("domain-name", {"value": name.lower()})]

    def _pattern(self, each: Technique) -> str:
        reference = {"source_name": "mitre-attack", "external_id": each.id, "url": each.url}
        return self._domain(
            "attack-pattern", _BEGINNING, name=each.name, external_references=[reference]
        )

    def _relation(self, source: str, kind: str, target: str, when: str) -> str:
        return self._domain(
            "relationship", when, relationship_type=kind, source_ref=source, target_ref=target
        )

    def _domain(self, kind: str, when: str, **fields: Any) -> str:
        """Adds a domain or relationship object and returns its id."""
        content = {"type": kind, "spec_version": "2.1", "created": when, "modified": when, **fields}
        if kind != "identity":
            content["created_by_ref"] = self._me
        content["id"] = f"{kind}--{uuid.uuid5(_NAMESPACE, encode(content))}"
        return self._checked(content)

    def _observable(self, kind: str, fields: dict[str, Any]) -> str:
        """Adds an observable, whose id the specification derives from its content (2.9)."""
        known = {name: value for name, value in fields.items() if value is not None}
        key = encode([kind, known])
        if key not in self._observables:  # most addresses and names come again and again
            content = {"type": kind, "spec_version": "2.1", **known}
            self._observables[key] = self._checked(content)
        return self._observables[key]

    def _checked(self, content: dict[str, Any]) -> str:
        from stix2 import parse

        made = parse(content, version="2.1")
        # As the library writes it: ids of observables are of its spelling of times.
        self._objects.setdefault(made.id, json.loads(made.serialize()))
        return str(made.id)


def _is_indicator(finding: Finding) -> bool:
    """An upload above low, to a name that was seen and is nobody's but its owner's."""
    return (
        finding.stream == "exfiltration"
        and finding.severity in ("critical", "high", "medium")
        and finding.shows in ("upload", "names")
        and finding.ownership in ("foreign", "unknown", "denied")
        and finding.endpoint is not None
        and _is_domain_name(finding.endpoint)
    )


def _is_domain_name(name: str) -> bool:
    """As STIX asks for (6.4): letters, digits and hyphens, and what begins with xn-- decodes."""
    import idna

    if not is_host_name(name):
        return False
    try:
        idna.encode(name)
    except idna.IDNAError:
        return False
    return True


def _content(finding: Finding) -> str:
    lines = [finding.explanation]
    if finding.stream == "exfiltration":
        lines.append(f"{outcome(finding)}; confidence {finding.confidence}.")
    lines += [f"Evidence: {each.input}: {each.display_filter}" for each in finding.evidence[:5]]
    lines += [f"What would clear it: {each}" for each in finding.clears]
    return "\n".join(filter(None, map(_line, lines))) or finding.rule


def _target(finding: Finding) -> str:
    return finding.endpoint or next(iter(finding.addresses), "no name")


def _line(text: str) -> str:
    return visible(text)


def _count(value: int | None) -> int | None:
    return value if value is not None and value >= 0 else None


def _between(first_ns: int | None, last_ns: int | None) -> dict[str, str]:
    """``first_seen`` and ``last_seen`` where both are known and in order."""
    if first_ns is None or last_ns is None or first_ns > last_ns:
        return {}
    return {"first_seen": iso(first_ns), "last_seen": iso(last_ns)}
