"""RD004: agents that never used a data endpoint of our registry."""

from __future__ import annotations

import pytest

from analyzer.result import InventoryInfo
from analyzer.rules.expected import Expected

EAST, WEST = "contoso.eastus.data.azurecr.io", "contoso.westus.data.azurecr.io"
LISTED = [InventoryInfo("endpoints.json", "00", ["acr:contoso", EAST, WEST], [])]
ACR = {"service": "acr", "ownership": "ours", "owner": "contoso"}
LOGIN = {**ACR, "role": "registry-login"}
DATA = {**ACR, "role": "registry-data"}


def judged(case, **given):
    return case.judge(**{"inventories": LISTED, **given}).findings


def test_contact_without_a_data_endpoint(case):
    case.flow("contoso.azurecr.io", **LOGIN)
    (found,) = judged(case)
    assert (found.rule, found.stream, found.severity) == ("RD004", "readiness", "info")
    assert found.endpoint == "contoso.azurecr.io"
    assert found.facts == {"needed_not_observed": [EAST, WEST], "used_by_other_agents": []}
    assert f"Needed, not observed: {EAST}, {WEST}." in found.explanation


def test_an_agent_that_used_one_is_silent(case):
    case.flow("contoso.azurecr.io", **LOGIN)
    case.flow(EAST, **DATA)
    assert judged(case) == []


def test_what_another_agent_used_was_observed(case):
    case.flow("contoso.azurecr.io", **LOGIN)
    case.flow("contoso.azurecr.io", **LOGIN, agent="b", agent_ip="10.0.0.6")
    case.flow(EAST, **DATA, agent="b", agent_ip="10.0.0.6")
    (found,) = judged(case)
    assert found.agent == "10.0.0.5"
    assert found.facts == {"needed_not_observed": [WEST], "used_by_other_agents": [EAST]}


def test_a_replica_s_login_server_is_the_registry_s(case):
    case.flow("contoso.eastus.geo.azurecr.io", **{**ACR, "role": "registry-regional"})
    (found,) = judged(case)
    assert (found.rule, found.also, found.endpoint) == ("RD004", ["RD003"], "contoso.azurecr.io")


def test_an_agent_that_only_pushed_needs_none(case):
    """Near miss: pushes go to the login server alone."""
    case.upload("contoso.azurecr.io", 90_000, **LOGIN)
    case.flow("contoso.azurecr.io", **LOGIN)
    assert judged(case) == []
    case.flow("eusmanaged63.blob.core.windows.net", role="managed-storage-candidate",
              ownership="platform", managed_of="contoso.azurecr.io")  # fmt: skip
    assert [(f.rule, f.also) for f in judged(case)] == [("RD001", ["RD004"])]


def test_registries_that_nobody_declared_are_silent(case):
    case.flow("rival.azurecr.io", **{**LOGIN, "owner": "rival", "ownership": "foreign"})
    assert judged(case) == []


@pytest.mark.parametrize(
    ("allows", "severity"),
    [(["*.data.azurecr.io"], "info"), ([EAST, WEST], "info"), ([EAST], "low")],
)
def test_a_stated_firewall_that_stops_one(case, allows, severity):
    case.flow("contoso.azurecr.io", **LOGIN)
    (found,) = judged(case, expected=Expected(allows=tuple(allows)))
    assert found.severity == severity
    stopped = f"The stated firewall would stop {WEST}." in found.explanation
    assert stopped == (severity == "low")
