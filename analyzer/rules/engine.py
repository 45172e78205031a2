"""Rules to findings: severity, de-duplication, confidence, text and evidence, once for all."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from analyzer.config import RULE_SECONDS
from analyzer.result import SEVERITIES, STREAMS, Evidence, Finding, InputInfo
from analyzer.rules import explain, figures, proof, tables
from analyzer.rules.grades import confidence
from analyzer.rules.load import load
from analyzer.rules.severity import judge, rank

if TYPE_CHECKING:
    from collections.abc import Sequence

    from duckdb import DuckDBPyConnection

    from analyzer.config import Thresholds
    from analyzer.rules.figures import Figures
    from analyzer.rules.load import Rule
    from analyzer.rules.proof import Commands


@dataclass(frozen=True, slots=True)
class Findings:
    """Findings in their total order, and the id of each accusation by its number in the case."""

    findings: list[Finding]
    ids: dict[int, str]


@dataclass(frozen=True, slots=True)
class _Matter:
    """All that is known of one (stream, agent, endpoint or address) before it is judged."""

    identity: dict[str, Any]
    figures: dict[int, Figures]
    hits: list[dict[str, Any]]
    name_grade: str
    evidence: list[Evidence]
    conversations: list[str]


def find(
    connection: DuckDBPyConnection,
    *,
    thresholds: Thresholds,
    inventory: bool,
    inputs: Sequence[InputInfo],
    commands: Commands,
    rules: list[Rule] | None = None,
    tenant: str | None = None,
    rule_seconds: float = RULE_SECONDS,
) -> Findings:
    """Runs the rules on a case that `case/` has built.

    They are bound before: ours by a test, a user's when they are read (`custom.stated`).

    Args:
        inventory: At least one registry was declared as ours.
        rules: Rules in their stated order; the built-in ones when None.
        tenant: Id of our tenant, to tell whose shared access signatures are not ours.
        rule_seconds: What a rule of the user may take; one that fails is a row of `issues`.

    Raises:
        UsageError: a rule is broken; the message names file and line.
    """
    stated = load() if rules is None else rules
    tables.prepare(connection, thresholds, tenant)
    tables.collect(connection, stated)
    if not all(rule.built_in for rule in stated):
        # The sandbox takes a moment to import.
        from analyzer.rules import custom

        tables.record(connection, custom.collect(connection, stated, rule_seconds))
    tables.rows(connection, "accuse")
    ids: dict[int, str] = {}
    findings = []
    for number, matter in _matters(connection, inputs, commands).items():
        finding = _finding(matter, stated, thresholds, inventory=inventory)
        ids[number] = finding.id
        findings.append(finding)
    tables.state_findings(connection, ids)
    return Findings(sorted(findings, key=_order), ids)


def _matters(
    connection: DuckDBPyConnection, inputs: Sequence[InputInfo], commands: Commands
) -> dict[int, _Matter]:
    totals = figures.read(connection)
    hits = figures.by_finding(connection, "hit_details")
    grades = figures.name_grades(connection)
    evidence = proof.read(connection, inputs, commands)
    # Behind the evidence, whose flows it leaves out.
    others = {
        row["finding"]: row["conversations"] for row in tables.rows(connection, "conversations")
    }
    return {
        row["finding"]: _Matter(
            identity=row,
            figures=totals[row["finding"]],
            hits=hits[row["finding"]],
            name_grade=grades[row["finding"]],
            evidence=evidence[row["finding"]],
            conversations=others.get(row["finding"], []),
        )
        for row in tables.rows(connection, "identity")
    }


def finding_id(stream: str, agent: str, endpoint: str | None, address: str | None) -> str:
    """Stable across runs and inputs: no time, no flow number, no rule is in it."""
    text = json.dumps([stream, agent, endpoint, None if endpoint else address])
    return "f-" + hashlib.sha256(text.encode()).hexdigest()[:16]


def _order(finding: Finding) -> tuple[int, int, int, str, str, str]:
    uploaded = -1 if finding.uploaded_bytes is None else finding.uploaded_bytes
    return (
        STREAMS.index(finding.stream),
        rank(finding.severity),
        -uploaded,
        finding.agent,
        finding.endpoint or "",
        finding.id,
    )


def _judged(
    matter: _Matter, rules: list[Rule], thresholds: Thresholds, *, inventory: bool
) -> tuple[str, list[str]]:
    """The worst severity that any matching rule gives, the first rule on a tie."""
    worst, reasons = SEVERITIES[-1], [""]
    for place in sorted({hit["place"] for hit in matter.hits}):
        rule = rules[place - 1]
        names = dict.fromkeys(
            name for hit in matter.hits if hit["place"] == place for name in hit["modifiers"]
        )
        severity, why = judge(
            rule, matter.figures[place].measured, list(names), thresholds, inventory=inventory
        )
        if rank(severity) < rank(worst) or reasons == [""]:
            worst, reasons = severity, why
    return worst, reasons


def _facts(matter: _Matter) -> dict[str, Any]:
    """Facts of all hits; where two have the same, the first in the stated order stands.

    A fact whose name begins with an underscore only serves the rule's own texts.
    """
    merged: dict[str, Any] = {}
    for hit in matter.hits:
        merged = {**json.loads(hit["facts"]), **merged}
    return merged


def _certainty(rule: Rule, direction: str) -> str:
    """The direction grade that a finding's confidence rests on."""
    if rule.stream != "exfiltration" or rule.shows in ("denied", "contact"):
        return "W2"  # who accuses nobody of an upload can only be mistaken in the name
    # That names carry data is told from how many and how long they are, as counters are.
    return "W4" if rule.shows == "names" else direction


def _finding(
    matter: _Matter, rules: list[Rule], thresholds: Thresholds, *, inventory: bool
) -> Finding:
    who, total = matter.identity, matter.figures[figures.ALL_RULES]
    places = sorted({hit["place"] for hit in matter.hits})
    rule = rules[places[0] - 1]
    severity, reasons = _judged(matter, rules, thresholds, inventory=inventory)
    facts = _facts(matter)
    fields = explain.values(who, facts, rule.shows)
    # Names that were asked for were read, whatever is known of the resolver that was asked.
    name_grade = "A1" if rule.shows == "names" else matter.name_grade
    return Finding(
        id=finding_id(who["stream"], who["agent"], who["endpoint"], who["address"]),
        rule=rule.id,
        also=[rules[place - 1].id for place in places[1:]],
        title=rule.title,
        stream=rule.stream,
        severity=severity,
        severity_reasons=reasons,
        confidence=confidence(
            name_grade,
            _certainty(rule, total.direction),
            ambiguous=total.ambiguous > 0,
            only_small=total.only_small,
        ),
        agent=who["agent"],
        agent_addresses=who["agent_addresses"],
        endpoint=who["endpoint"],
        addresses=who["addresses"],
        role=who["role"],
        ownership=who["ownership"],
        shows=rule.shows if rule.stream == "exfiltration" else None,
        direction_evidence=total.direction,
        name_grade=name_grade,
        orig_payload_bytes=total.orig_bytes,
        uploaded_bytes=total.uploaded if rule.shows == "upload" else None,
        size_error_bytes=total.size_error_bytes if rule.shows == "upload" else None,
        uploaded_bytes_is_lower_bound=total.lower_bound(thresholds),
        missed_bytes=total.missed_bytes,
        flow_count=total.flows,
        first_ns=total.first_ns,
        last_ns=total.last_ns,
        explanation=explain.explanation(
            rule, fields, total, name_grade, thresholds, named=who["endpoint"] is not None
        ),
        clears=explain.clears(rule, who["role"], fields),
        attack=list(dict.fromkeys([*rule.attack, *(who["techniques"] or [])])),
        evidence=matter.evidence,
        conversations=matter.conversations,
        facts={key: value for key, value in facts.items() if not key.startswith("_")},
    )
