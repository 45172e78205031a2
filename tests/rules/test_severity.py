"""Severity: ladder, modifiers, limits, and the reasons they leave."""

from __future__ import annotations

from dataclasses import replace

import pytest

from analyzer.config import Settings, Thresholds
from analyzer.issues import UsageError
from analyzer.rules.load import Modifier, Step, load
from analyzer.rules.severity import Measured, judge, milder, worse

NONE = Measured(0, 0, 0, "W2")
RULE = replace(
    next(rule for rule in load() if rule.id == "EX001"),
    modifiers={
        "down": Modifier("down", "step-down", None, "because"),
        "floor": Modifier("floor", "at-least", "high", "because"),
        "note": Modifier("note", "note", None, "by the way"),
    },
)


def severity(measured=NONE, modifiers=(), *, rule=RULE, inventory=True):
    return judge(rule, measured, list(modifiers), Thresholds(), inventory=inventory)


def test_worse_and_milder():
    assert (worse("low", "high"), milder("low", "high")) == ("high", "low")


def test_the_base_is_the_first_reason():
    assert severity() == ("low", ["base low: EX001 matched"])


def test_the_worst_step_reached_counts_once():
    found, reasons = severity(Measured(70_000, 70_000, 0, "W2"))
    assert found == "high"
    assert reasons[1:] == [
        "high: 70,000 wire bytes in upload turns reach 65,536 (high_upload_bytes)"
    ]


@pytest.mark.parametrize(("size", "expected"), [(1_048_575, "low"), (1_048_576, "critical")])
def test_a_seen_write_of_1_mib_is_critical_for_every_exfiltration_rule(size, expected):
    assert severity(Measured(0, 0, size, "W1"))[0] == expected


def test_step_down_stops_at_low_and_spares_the_common_rungs():
    assert severity(Measured(70_000, 0, 0, "W2"), ["down"])[0] == "medium"
    assert severity(NONE, ["down"])[0] == "low"
    assert severity(Measured(104_857_600, 0, 0, "W3"), ["down"])[0] == "critical"


def test_upper_limits_beat_every_amount():
    huge = Measured(1 << 40, 0, 1 << 40, "W1")
    found, reasons = severity(huge, ["platform-claimed"])
    assert found == "low"
    assert reasons[-1].startswith("at most low: ")
    assert reasons[-1].endswith("(platform-claimed)")


def test_lower_limits_and_notes():
    assert severity(NONE, ["floor"])[0] == "high"
    assert severity(NONE, ["note"]) == (
        "low",
        ["base low: EX001 matched", "by the way (note)"],
    )


@pytest.mark.parametrize(
    ("direction", "denied", "size", "expected"),
    [
        ("W4", False, 0, "medium"),
        ("W5", False, 0, "low"),
        ("W5", False, 1 << 40, "low"),
        ("W4", False, 70_000, "high"),
        ("W4", False, 1 << 40, "critical"),
        ("W5", True, 0, "low"),
        ("W5", True, 1 << 40, "medium"),
        ("W2", True, 0, "low"),
    ],
)
def test_weak_directions(direction, denied, size, expected):
    assert severity(Measured(size, 0, 0, direction, denied))[0] == expected


def test_the_limit_without_inventory():
    rule = replace(RULE, without_inventory="medium")
    big = Measured(1 << 40, 0, 0, "W3")
    assert severity(big, rule=rule, inventory=False)[0] == "medium"
    assert severity(big, rule=rule)[0] == "critical"


def test_common_rungs_are_for_exfiltration_alone():
    rule = replace(RULE, stream="readiness", ladder=())
    assert severity(Measured(1 << 40, 0, 1 << 40, "W5"), rule=rule)[0] == "low"


def test_an_unknown_modifier_names_the_rule_file():
    with pytest.raises(UsageError, match=r"EX001\.sql:1: .*unknown modifier: odd"):
        severity(NONE, ["odd"])


def test_steps_read_the_thresholds_of_the_run():
    rule = replace(RULE, ladder=(Step("upload_bytes", "drip_bytes", "high"),))
    limits = Thresholds(drip_bytes=10)
    assert judge(rule, Measured(10, 0, 0, "W2"), [], limits, inventory=True)[0] == "high"
    assert judge(rule, Measured(9, 0, 0, "W2"), [], limits, inventory=True)[0] == "low"


def test_a_signature_of_another_tenant_is_critical(case) -> None:
    """Whoever signed the upload is said by the signature itself."""
    ours, theirs = "11111111-1111-1111-1111-111111111111", "22222222-2222-2222-2222-222222222222"
    role = {"role": "storage-account", "service": "storage", "ownership": "foreign"}
    for host, tenant in (("a", ours), ("b", theirs), ("c", "")):
        flow = case.upload(f"{host}.blob.core.windows.net", 5000, **role)
        signed = f"&SkTid={tenant.upper()}#x" if tenant else ""
        case.add(
            "http", flow_id=flow, ts_ns=1, packet=1, input_id=0, method="PUT",
            target=f"/x?sp=cw{signed}&sig=REDACTED",
        )  # fmt: skip
    found = case.judge(settings=Settings(inputs=(), tenant=ours)).findings
    assert {f.endpoint[0]: f.severity for f in found} == {
        "a": "medium",
        "b": "critical",
        "c": "medium",
    }
    assert any("another tenant" in reason for f in found for reason in f.severity_reasons)
    assert {f.severity for f in case.judge().findings} == {"medium"}
