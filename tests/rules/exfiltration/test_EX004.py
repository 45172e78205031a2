"""EX004: the announced name contradicts the destination."""

from __future__ import annotations

import pytest

SPOOFED = {
    "role": "storage-account",
    "ownership": "foreign",
    "claimed_name": "contoso.azurecr.io",
    "contradiction": "contoso.azurecr.io resolved to 20.0.0.1, but 52.0.0.1 is evil's.",
}
HOST = "evil.blob.core.windows.net"


def test_any_upload_turn_is_critical_and_the_storage_rule_goes_to_also(case):
    case.upload(HOST, 4096, **SPOOFED)
    found = case.only()
    assert (found.rule, found.also, found.severity) == ("EX004", ["EX001"], "critical")
    assert found.endpoint == HOST
    assert found.evidence[0].claimed_name == "contoso.azurecr.io"
    assert found.facts["claimed"] == ["contoso.azurecr.io"]
    assert SPOOFED["contradiction"] in found.explanation


def test_a_single_drip_is_low(case):
    case.drip(HOST, 1500, **SPOOFED)
    assert (case.only().rule, case.only().severity) == ("EX004", "low")


def test_a_contradiction_without_upload_is_no_finding(case):
    case.flow(HOST, **SPOOFED)
    assert case.findings() == []


def test_an_address_without_a_name_is_the_key(case):
    case.upload(None, 9000, **{**SPOOFED, "role": "unknown", "ownership": "unknown"})
    found = case.only()
    assert (found.rule, found.also, found.endpoint) == ("EX004", ["EX006"], None)
    assert found.severity == "critical"


@pytest.mark.parametrize("claim", ["x'; rm -rf ~; '", "$(id)", "a b"])
def test_a_hostile_name_stays_inside_its_quotes(case, claim):
    case.upload(HOST, 9000, **{**SPOOFED, "claimed_name": claim})
    quoted = "'" + claim.replace("'", "") + "'"
    assert f"(dig +short {quoted})" in case.only().clears[0]
