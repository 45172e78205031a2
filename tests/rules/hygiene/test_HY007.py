"""HY007: a certificate that does not cover the SNI."""

from __future__ import annotations

import pytest

from tests.rules.conftest import START

HOST = "acct.blob.core.windows.net"
PLACE = {"ts_ns": START, "packet": 5, "input_id": 0}


def shown(case, sni, names, subject=None, *, alert=None, service="storage", **values):
    number = case.flow(sni, **values)
    case.add("tls", flow_id=number, sni=sni, version=771, ech=False, truncated=False, ticket=False,
             psk=False, early_data=False, **PLACE)  # fmt: skip
    case.add("tls_server", flow_id=number, hello_retry=False, psk=False, ticket=False,
             truncated=False, cert_names=names, cert_subject=subject, **PLACE)  # fmt: skip
    if alert:
        case.add("tls_alerts", flow_id=number, sender="client", level="fatal", description=42,
                 name=alert, **PLACE)  # fmt: skip
    case.add("endpoints", name=sni, service=service, role="unknown", ownership="unknown")
    return number


def test_another_certificate_for_a_storage_name(case):
    shown(case, HOST, "front.example,*.front.example", orig_bytes=5000)
    found = case.only()
    assert (found.rule, found.severity) == ("HY007", "low")
    assert found.facts == {"certificate": ["front.example", "*.front.example"], "alerts": []}
    assert "The client went on all the same." in found.explanation


def test_for_other_names_it_is_info(case):
    shown(case, "www.example.com", "default.example.net", service=None)
    assert case.only().severity == "info"


def test_a_client_that_refused_is_said_to_have(case):
    shown(case, HOST, "front.example", alert="bad_certificate")
    assert "ended the connection with an alert (fatal bad_certificate)" in case.only().explanation


@pytest.mark.parametrize(
    ("names", "subject"),
    [
        ("*.blob.core.windows.net", "x"),
        ("a.example,ACCT.blob.core.windows.net", None),
        (None, "*.blob.core.windows.net"),
        (None, None),
    ],
)
def test_a_certificate_that_covers_it_is_silent(case, names, subject):
    shown(case, HOST, names, subject)
    assert case.findings() == []


@pytest.mark.parametrize(
    "names", ["*.core.windows.net", "blob.core.windows.net", "*.windows.net", "*"]
)
def test_a_wildcard_stands_for_one_label(case, names):
    """Near miss of the client's own making: a wildcard further up covers nothing here."""
    shown(case, HOST, names)
    assert case.only().rule == "HY007"


@pytest.mark.parametrize("sni", ["10.0.0.1", "localhost", "a b.example", "x.example\\000"])
def test_what_no_certificate_can_cover_is_silent(case, sni):
    shown(case, sni, "front.example")
    assert case.findings() == []


def test_a_private_link_alias_is_one_finding(case):
    name = "contoso.privatelink.azurecr.io"
    number = shown(case, name, "*.azurecr.io", service="acr")
    case.say(number, name, "sni")
    found = case.only()
    assert (found.rule, found.also, found.severity) == ("HY002", ["HY007"], "low")
