"""EX013: the names outside and inside of a connection disagree."""

from __future__ import annotations

import pytest

INNER = "collector.evil.example"
FRONT = "cdn.front.example"


def known(case, name, **values):
    case.add("endpoints", **{"name": name, "role": "unknown", "ownership": "unknown", **values})


def fronted(case, inner=INNER, outer=FRONT, *, kind="sni", size=70_000, inner_is=None,
            outer_is=None, **values):  # fmt: skip
    known(case, inner, **(inner_is or {}))
    known(case, outer, **(outer_is or {}))
    make = case.upload if size else lambda name, _size, **more: case.flow(name, **more)
    number = make(inner, size, **{"name_source": "http_host", "name_grade": "A1",
                                  **(inner_is or {}), **values})  # fmt: skip
    case.say(number, outer, kind)
    return number


def rules(case):
    return {f.rule for f in case.findings()}


def test_an_upload_behind_another_name_is_high(case):
    fronted(case)
    found = case.only()
    assert (found.rule, found.severity, found.endpoint) == ("EX013", "high", INNER)
    assert found.also == ["EX012"]  # nobody declared the collector either
    assert (found.facts["announced"], found.facts["outer_names"]) == ([f"SNI {FRONT}"], [FRONT])
    assert "showed another name on the outside: SNI cdn.front.example" in found.explanation
    assert "T1090.004" in found.attack
    assert case.judge().verdict == "suspected upload"


def test_the_name_inside_a_tunnel(case):
    fronted(case, kind="connect", size=9000, name_source="sni", name_grade="A3")
    found = case.only()
    assert (found.severity, found.facts["announced"]) == ("medium", [f"CONNECT {FRONT}"])


def test_without_upload_it_is_low_and_says_so(case):
    fronted(case, size=0)
    found = case.only()
    assert (found.rule, found.severity, found.uploaded_bytes) == ("EX013", "low", 0)
    assert "No turn of these flows is an upload." in found.explanation
    assert case.judge().verdict == "none found in what could be seen"


def test_two_accounts_of_one_service_have_two_owners(case):
    storage = {"service": "storage", "role": "storage-account", "ownership": "foreign"}
    fronted(case, "b2.blob.core.windows.net", "a1.blob.core.windows.net",
            inner_is={**storage, "owner": "b2"}, outer_is={**storage, "owner": "a1"})  # fmt: skip
    found = case.only()
    assert (found.rule, found.also) == ("EX001", ["EX013"])


@pytest.mark.parametrize(
    ("inner", "outer"),
    [
        ("api.shop.example", "www.shop.example"),
        ("static.shop.co.uk", "www.shop.co.uk"),
    ],
)
def test_two_hosts_of_one_domain_are_silent(case, inner, outer):
    fronted(case, inner, outer)
    assert "EX013" not in rules(case)


def test_two_domains_below_one_public_suffix_are_not(case):
    fronted(case, "a.evil.co.uk", "www.shop.co.uk")
    assert "EX013" in rules(case)


@pytest.mark.parametrize("ownership", ["ours", "approved", "platform"])
def test_what_is_delivered_to_ours_is_silent(case, ownership):
    fronted(case, inner_is={"ownership": ownership})
    assert "EX013" not in rules(case)


def test_data_and_login_names_of_one_registry_are_one_owner(case):
    acr = {"service": "acr", "owner": "rival", "ownership": "foreign"}
    fronted(case, "rival.eastus.data.azurecr.io", "rival.azurecr.io",
            inner_is={**acr, "role": "registry-data"}, outer_is={**acr, "role": "registry-login"},
            size=0)  # fmt: skip
    assert "EX013" not in rules(case)


def test_a_chain_of_proxies_is_silent(case):
    """Near miss: the first CONNECT names the second proxy, the second one the host."""
    number = fronted(case, kind="connect", name_source="connect")
    case.say(number, INNER, "connect", packet=9)
    assert "EX013" not in rules(case)


def test_clients_share_an_http2_connection(case):
    """Near miss: one certificate, several hosts, and nothing is uploaded."""
    number = fronted(case, size=0)
    case.add("http", flow_id=number, ts_ns=1, packet=3, input_id=0, method="GET", host=INNER,
             version="2")  # fmt: skip
    assert rules(case) == set()
