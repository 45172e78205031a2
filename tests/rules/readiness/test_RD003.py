"""RD003: a registry reached by regional or private-link names."""

from __future__ import annotations

ACR = {"service": "acr", "ownership": "foreign", "owner": "rival"}


def test_a_replica_s_own_login_server(case):
    case.flow("rival.eastus.geo.azurecr.io", **ACR, role="registry-regional")
    found = case.only()
    assert (found.rule, found.severity, found.endpoint) == ("RD003", "info", "rival.azurecr.io")
    assert found.facts == {
        "routes": ["the login server of one replica"],
        "hosts": ["rival.eastus.geo.azurecr.io"],
    }


def test_a_private_endpoint(case):
    case.address("10.0.0.5", "private")
    case.look_up("rival.azurecr.io", "10.1.0.7", "rival.azurecr.io>rival.privatelink.azurecr.io")
    case.flow("rival.azurecr.io", **ACR, role="registry-login", resp_ip="10.1.0.7",
              scope="private")  # fmt: skip
    found = case.only()
    assert found.facts["routes"] == ["a private endpoint"]
    assert "a record of its own in the private DNS zone" in found.explanation


def test_the_global_login_server_is_silent(case):
    case.flow("rival.azurecr.io", **ACR, role="registry-login")
    assert case.findings() == []


def test_a_private_address_alone_is_no_private_link(case):
    """Near miss: a pull-through cache of ours that answers to the registry's name."""
    case.address("10.0.0.5", "private")
    case.look_up("rival.azurecr.io", "10.1.0.7")
    case.flow("rival.azurecr.io", **ACR, role="registry-login", resp_ip="10.1.0.7",
              scope="private")  # fmt: skip
    assert case.findings() == []
