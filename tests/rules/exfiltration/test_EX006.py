"""EX006: upload without any name."""

from __future__ import annotations

import pytest

MIB = 1_048_576


@pytest.mark.parametrize(
    ("size", "severity"),
    [(4096, "medium"), (MIB - 1, "medium"), (MIB, "high"), (100 * MIB, "critical")],
)
def test_ladder(case, size, severity):
    case.upload(None, size)
    found = case.only()
    assert (found.rule, found.severity, found.confidence) == ("EX006", severity, "low")
    assert (found.endpoint, found.addresses, found.name_grade) == (None, ["52.0.0.1"], "A6")


@pytest.mark.parametrize(
    ("app", "port", "found"),
    [
        ("tls", 8443, True),
        ("http", 8080, True),
        (None, 443, True),
        (None, 80, True),
        ("ssh", 22, True),
        (None, 445, True),
        (None, 8443, False),
        ("dns", 53, False),
    ],
)
def test_shape_or_port(case, app, port, found):
    case.upload(None, 9000, app=app, resp_port=port)
    assert [f.rule for f in case.findings()] == (["EX006"] if found else [])


@pytest.mark.parametrize("scope", ["private", "link-local", "other"])
def test_destinations_that_are_not_routable_are_info(case, scope):
    case.upload(None, 200 * MIB, scope=scope)
    assert case.only().severity == "info"


@pytest.mark.parametrize("scope", ["loopback", "multicast"])
def test_traffic_that_stays_is_silent(case, scope):
    case.upload(None, 200 * MIB, scope=scope)
    assert case.findings() == []


def test_a_catalogued_platform_address_is_low(case):
    case.add(
        "addresses",
        addr="168.63.129.16",
        key="0",
        scope="global",
        agent="x",
        service="azure-platform",
    )
    case.upload(None, 2 * MIB, resp_ip="168.63.129.16", app="http", resp_port=80)
    assert case.only().severity == "low"


def test_one_finding_for_each_address(case):
    case.upload(None, 9000, resp_ip="52.0.0.1")
    case.upload(None, 9000, resp_ip="52.0.0.2")
    case.upload(None, 9000, resp_ip="52.0.0.2")
    assert [(f.addresses, f.flow_count) for f in case.findings()] == [
        (["52.0.0.2"], 2),
        (["52.0.0.1"], 1),
    ]


def test_an_encrypted_hello_hides_the_name_and_lowers_confidence_alone(case):
    case.upload("cloudflare-ech.com", 2 * MIB, name_hidden=True, role="ech-public")
    found = case.only()
    assert (found.endpoint, found.severity, found.confidence) == (None, "high", "low")
    assert "cloudflare-ech.com" in found.explanation


def test_the_same_name_unhidden_is_a_name(case):
    case.upload("cloudflare-ech.com", 2 * MIB, role="ech-public")
    assert case.findings() == []


def test_drips_without_a_name_are_nothing(case):
    case.drip(None, 900_000, turns=600)
    assert case.findings() == []


def test_a_proxy_that_was_followed_is_not_accused(case):
    case.upload("www.example.org", 9000, scope="private", proxy_leg="client")
    case.upload(None, 9000, proxy_leg="upstream")
    assert [(f.rule, f.endpoint) for f in case.findings()] == [("EX012", "www.example.org")]


def test_a_catalogued_resolver_is_no_platform_address(case):
    case.add("addresses", addr="1.1.1.1", key="0", scope="global", agent="x", service="doh")
    case.upload(None, 2 * MIB, resp_ip="1.1.1.1")
    assert case.only().severity == "high"


def test_a_declared_address_is_silent_but_an_outer_name_clears_nothing(case):
    case.upload(None, 9000, ownership="approved")
    case.upload(
        "cloudflare-ech.com", 9000, name_hidden=True, ownership="approved", resp_ip="1.2.3.4"
    )
    assert case.only().addresses == ["1.2.3.4"]
