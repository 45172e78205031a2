"""Resolvers and firewall names, as the user writes them."""

from __future__ import annotations

import re

import pytest

from analyzer.endpoints.policy import allowed, claimed_twice, resolver, tenant
from analyzer.endpoints.project_file import read_project_file
from analyzer.issues import UsageError


@pytest.mark.parametrize(
    ("text", "understood"),
    [
        ("10.0.0.53", "10.0.0.53"),
        (" 10.0.0.7/24 ", "10.0.0.0/24"),
        ("10.0.0.53/32", "10.0.0.53"),
        ("2001:DB8::53", "2001:db8::53"),
        ("fd00::/8", "fd00::/8"),
        ("DNS.Example.com.", "dns.example.com"),
    ],
)
def test_resolvers(text, understood):
    assert resolver(text, "--resolver") == understood


@pytest.mark.parametrize(
    "text", ["", "*.example.com", "10.0.0.300", "10.0.0.53:53", "a b.c", "dns"]
)
def test_what_is_no_resolver(text):
    with pytest.raises(UsageError, match="--resolver: .*expected an address, a network"):
        resolver(text, "--resolver")


@pytest.mark.parametrize(
    ("text", "understood"),
    [("GHCR.io", "ghcr.io"), ("*.Data.azurecr.io", "*.data.azurecr.io"), ("*.io", "*.io")],
)
def test_firewall_names(text, understood):
    assert allowed(text, "--allows") == understood


@pytest.mark.parametrize(
    "text", ["", "*", "a.*.example", "*.*.io", "10.0.0.1", "https://x.io", "x:1"]
)
def test_what_is_no_firewall_name(text):
    with pytest.raises(UsageError, match="--allows: .*at most"):
        allowed(text, "--allows")


def test_the_configuration_takes_both(tmp_path):
    path = tmp_path / "acrtrace.toml"
    path.write_text('resolvers = ["10.0.0.53"]\nallows = ["*.data.azurecr.io"]\n')
    read = read_project_file(path)
    assert (read.resolvers, read.allows) == (("10.0.0.53",), ("*.data.azurecr.io",))
    path.write_text('resolvers = ["nope"]\n')
    with pytest.raises(UsageError, match=r"acrtrace\.toml:1: resolvers: 'nope': expected"):
        read_project_file(path)


def test_a_tenant_is_a_uuid_in_lower_case():
    assert tenant(" 72F988BF-86F1-41AF-91AB-2D7CD011DB47 ", "x") == (
        "72f988bf-86f1-41af-91ab-2d7cd011db47"
    )
    with pytest.raises(UsageError, match=r"^--tenant: .* is no tenant id") as raised:
        tenant("\x1bx", "--tenant")
    assert str(raised.value).isprintable()


@pytest.mark.parametrize(
    ("agents", "clash"),
    [
        ([("a", "10.0.0.0/24"), ("b", "10.0.0.0/25"), ("a", "10.0.0.9/24")], None),
        ([("a", "nonsense"), ("b", "nonsense")], None),
        ([("a", "10.1.0.1,10.2.0.1"), ("b", "10.2.0.1/32")], "'a' and 'b' both have .*10.2.0.1/32"),
        ([("a", "fd00::/64"), ("b", "fd00:0::1/64")], "both have the network fd00::/64"),
    ],
)
def test_two_agents_of_one_network(agents, clash):
    found = claimed_twice(agents)
    assert found is None if clash is None else re.search(clash, found or "")
