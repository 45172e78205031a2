"""HY006: a registry's name at an address that no DNS answer explains."""

from __future__ import annotations

import pytest

from tests.rules.conftest import SECOND, START

NAME = "contoso.azurecr.io"
REGISTRY = {"role": "registry-login", "ownership": "ours", "service": "acr", "owner": "contoso"}


def around(case):
    case.address("10.0.0.5", "private")
    case.add("endpoints", name=NAME, service="acr", role="registry-login", owner="contoso",
             ownership="ours")  # fmt: skip


def rules(case):
    return [f.rule for f in case.findings(inventory=False)]


def test_another_address_than_dns_had_given(case):
    around(case)
    case.look_up(NAME, "20.62.128.38")
    case.flow(NAME, **REGISTRY, name_grade="A3", resp_ip="151.101.1.1", start_ns=START + SECOND)
    found = case.only(inventory=False)
    assert (found.rule, found.severity, found.addresses) == ("HY006", "low", ["151.101.1.1"])
    assert found.facts == {"addresses": ["151.101.1.1"], "answered": ["20.62.128.38"]}
    assert "DNS had given it 20.62.128.38 for that name" in found.explanation


def test_a_name_that_was_never_asked_for(case):
    around(case)
    case.look_up("example.com", "93.184.215.14")
    late = START + 3600 * SECOND
    case.flow(NAME, **REGISTRY, name_grade="A3", start_ns=late, end_ns=late)
    assert "nobody ever asked for that name" in case.only(inventory=False).explanation


def test_soon_after_the_beginning_the_answer_may_lie_before_it(case):
    """Near miss: the look-up was made before the capture, and the client still keeps it."""
    around(case)
    case.look_up("example.com", "93.184.215.14")
    soon = START + 3500 * SECOND
    case.flow(NAME, **REGISTRY, name_grade="A3", start_ns=soon, end_ns=soon)
    assert rules(case) == []


def test_an_answer_to_anybody_explains_the_address(case):
    around(case)
    case.address("10.0.0.6", "private")
    case.look_up(NAME, "20.62.128.38")
    case.look_up(NAME, "151.101.1.1", client_ip="10.0.0.6")
    case.flow(NAME, **REGISTRY, name_grade="A3", resp_ip="151.101.1.1")
    assert rules(case) == []


@pytest.mark.parametrize(
    "values",
    [
        {"scope": "private", "resp_ip": "10.1.0.7"},
        {"proxy_leg": "client"},
        {"name_grade": "A2"},
        {"table_flow": {"open_at_start": True}},
        {"resp_ip": "2603:1061::1"},
    ],
    ids=["private endpoint", "proxy", "confirmed", "begun before", "other family"],
)
def test_silent(case, values):
    around(case)
    case.look_up(NAME, "20.62.128.38")
    case.flow(NAME, **{**REGISTRY, "name_grade": "A3", "resp_ip": "151.101.1.1", **values})
    assert rules(case) == []


def test_a_contradiction_without_upload_is_seen_here(case):
    around(case)
    case.look_up(NAME, "20.62.128.38")
    case.flow("front.example", name_grade="A4", claimed_name=NAME, contradiction="x",
              resp_ip="151.101.1.1")  # fmt: skip
    found = case.only(inventory=False)
    assert (found.rule, found.endpoint) == ("HY006", NAME)
