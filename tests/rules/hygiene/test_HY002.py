"""HY002: a private-link alias in an SNI."""

from __future__ import annotations

import pytest


def said(case, name, kind="sni", service="acr"):
    number = case.flow(name, name_grade="A3")
    case.say(number, name, kind)
    case.add(
        "endpoints", name=name, service=service, role="registry-infra", ownership="undecidable"
    )
    return number


@pytest.mark.parametrize("kind", ["sni", "quic_sni"])
def test_an_alias_in_an_sni(case, kind):
    said(case, "contoso.privatelink.azurecr.io", kind)
    found = case.only()
    assert (found.rule, found.severity, found.flow_count) == ("HY002", "low", 1)
    assert "covers contoso.azurecr.io, not the alias" in found.explanation
    assert found.clears == [
        "Use contoso.azurecr.io in the client's configuration; DNS follows the alias by itself."
    ]


def test_the_genuine_name_is_silent(case):
    said(case, "contoso.azurecr.io")
    assert case.findings() == []


@pytest.mark.parametrize(
    ("name", "service"),
    [
        ("c1.privatelink.westeurope.azmk8s.io", "aks"),
        ("acme.privatelink.snowflakecomputing.com", None),
    ],
)
def test_services_whose_certificates_cover_such_names(case, name, service):
    said(case, name, service=service)
    assert case.findings() == []


def test_an_alias_that_dns_only_leads_through(case):
    said(case, "contoso.privatelink.azurecr.io", "dns")
    assert case.findings() == []
