"""EX002: push to a registry that is not ours."""

from __future__ import annotations

import pytest

BAD = {"role": "registry-login", "ownership": "foreign", "owner": "badguy", "service": "acr"}


@pytest.mark.parametrize(("size", "severity"), [(60_000, "medium"), (65_536, "high")])
def test_push_to_a_foreign_registry(case, size, severity):
    case.upload("badguy.azurecr.io", size, **BAD)
    found = case.only()
    assert (found.rule, found.severity) == ("EX002", severity)
    assert "--own acr:badguy" in found.clears[0]


def test_without_inventory_it_is_medium_and_the_flag_is_named(case):
    case.upload("contoso.azurecr.io", 200_000_000, **{**BAD, "owner": "contoso"})
    result = case.judge(inventory=False)
    assert [f.severity for f in result.findings] == ["medium"]
    assert any("no-inventory" in reason for reason in result.findings[0].severity_reasons)
    assert [(r.name, r.declare) for r in result.registries] == [
        ("contoso.azurecr.io", "--own acr:contoso")
    ]


@pytest.mark.parametrize("role", ["registry-login", "registry-regional", "other-registry"])
def test_small_turns_are_tokens_and_no_evidence(case, role):
    case.drip("badguy.azurecr.io", 300_000, turns=200, **{**BAD, "role": role})
    assert case.findings() == []


def test_a_shared_registry_host_counts_when_the_shape_is_a_push(case):
    case.upload("ghcr.io", 90_000, role="other-registry", ownership="undecidable")
    assert (case.only().rule, case.only().severity) == ("EX002", "high")


def test_the_platform_s_own_registry_is_capped(case):
    case.upload("mcrprod.azurecr.io", 90_000_000, **{**BAD, "ownership": "platform"})
    assert case.only().severity == "low"


@pytest.mark.parametrize("ownership", ["ours", "approved"])
def test_our_own_push_is_silent(case, ownership):
    case.upload("contoso.azurecr.io", 500_000_000, **{**BAD, "ownership": ownership})
    assert case.findings() == []
    assert case.findings(inventory=False) == []
