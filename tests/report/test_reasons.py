"""The severity as a sum; the reasons are those that the rules write."""

from __future__ import annotations

from analyzer.config import Thresholds
from analyzer.report.reasons import steps
from analyzer.rules.load import load
from analyzer.rules.severity import Measured, judge


def test_every_reason_that_the_rules_can_give_is_taken_apart() -> None:
    for rule in load():
        for measured in (Measured(0, 0, 0, "W5"), Measured(10**9, 10**9, 10**9, "W3"),
                         Measured(9000, 0, 0, "W4", denied=True)):  # fmt: skip
            names = [*rule.modifiers, "platform", "denied", "foreign-tenant"]
            severity, reasons = judge(rule, measured, names, Thresholds(), inventory=False)
            found = steps(reasons)
            assert found[0].word == "base"
            assert [s.severity for s in found if s.severity][-1] == severity
            notes = [s for s in found if s.severity is None]
            assert len(notes) == sum(": " not in r or "(denied)" in r for r in reasons) or not notes


def test_the_signs_of_a_sum() -> None:
    found = steps(
        [
            "base low: EX001 matched",
            "high: 5,000 wire bytes in upload turns reach 4,096 (medium_upload_bytes)",
            "one step lower, medium: the name is odd (odd)",
            "at most low: the name is the platform operator's own (platform)",
            "at least critical: another tenant: contoso (foreign-tenant)",
            "the device denied an attempt (denied)",
        ]
    )
    assert [(s.sign, s.word, s.severity) for s in found] == [
        ("", "base", "low"),
        ("+", "raised to", "high"),
        ("−", "lowered to", "medium"),
        ("−", "at most", "low"),
        ("+", "at least", "critical"),
        ("", "noted", None),
    ]
    assert found[4].reason == "another tenant: contoso (foreign-tenant)"
