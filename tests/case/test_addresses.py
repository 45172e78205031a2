"""Keys, scopes and labels of addresses."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from analyzer.case.addresses import AgentLabels, key_of, scope_of
from analyzer.issues import UsageError

if TYPE_CHECKING:
    from conftest import World

ADDRESSES = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)).map(str)


@given(st.ip_addresses(v=4), st.ip_addresses(v=4))
def test_keys_of_ipv4_sort_like_addresses(
    a: ipaddress.IPv4Address, b: ipaddress.IPv4Address
) -> None:
    assert (key_of(str(a)) < key_of(str(b))) == (a < b)
    assert key_of(str(a)) == key_of(f"::ffff:{a}")


@given(st.ip_addresses(v=6), st.ip_addresses(v=6))
def test_keys_of_ipv6_sort_like_addresses(
    a: ipaddress.IPv6Address, b: ipaddress.IPv6Address
) -> None:
    assert (key_of(str(a)) < key_of(str(b))) == (a < b)
    assert int(key_of(str(a)), 16) == int(a)


@given(st.text(max_size=60))
def test_what_is_no_address_has_a_key_all_the_same(text: str) -> None:
    assert len(key_of(text)) == 32
    assert scope_of(key_of(text))


@pytest.mark.parametrize(
    ("addr", "scope"),
    [
        ("20.62.128.10", "global"), ("168.63.129.16", "global"), ("2603:1030:20e:1::10", "global"),
        ("10.0.0.0", "private"), ("10.255.255.255", "private"), ("11.0.0.0", "global"),
        ("9.255.255.255", "global"), ("172.15.255.255", "global"), ("172.16.0.0", "private"),
        ("172.31.255.255", "private"), ("172.32.0.0", "global"), ("192.168.1.1", "private"),
        ("100.63.255.255", "global"), ("100.64.0.1", "private"), ("100.128.0.0", "global"),
        ("fd00::1", "private"), ("fc00::", "private"), ("fe00::", "global"),
        ("169.254.169.254", "link-local"), ("fe80::1", "link-local"),
        ("fe80::1%eth0", "link-local"),
        ("127.0.0.1", "loopback"), ("::1", "loopback"), ("224.0.0.251", "multicast"),
        ("ff02::fb", "multicast"), ("239.255.255.255", "multicast"), ("240.0.0.1", "other"),
        ("255.255.255.255", "other"), ("0.0.0.0", "other"), ("::", "other"),
        ("203.0.113.7", "other"), ("2001:db8::1", "other"), ("192.0.0.9", "global"),
        ("::ffff:10.0.0.1", "private"), ("::ffff:20.62.128.10", "global"), ("nonsense", "other"),
    ],
)  # fmt: skip
def test_scope(addr: str, scope: str) -> None:
    assert scope_of(key_of(addr)) == scope


# Python's releases disagree about these (gh-113171), the registries do not.
DISPUTED = [
    ipaddress.ip_network(n)
    for n in (
        "192.0.0.0/24", "64:ff9b:1::/48", "2001::/23", "2002::/16", "3fff::/20", "5f00::/16",
        "fec0::/10",
    )
]  # fmt: skip


@given(ADDRESSES)
def test_global_scope_is_what_the_registries_say(addr: str) -> None:
    parsed = ipaddress.ip_address(addr)
    # An IPv4 address that is mapped into IPv6 is that address; Python asks the mapped form of some
    # properties only, and not of all in every version.
    parsed = getattr(parsed, "ipv4_mapped", None) or parsed
    assume(not any(parsed in network for network in DISPUTED))
    scope = scope_of(key_of(addr))
    assert (scope == "global") <= parsed.is_global
    assert (scope == "private") <= (not parsed.is_global)
    assert (scope == "multicast") == parsed.is_multicast


def test_the_longest_prefix_names_the_agent() -> None:
    labels = AgentLabels(
        [
            ("lan", "10.0.0.0/8"),
            ("ci", "10.0.0.5"),
            ("ci", "2001:db8::/64"),
            ("late", "10.0.0.5/32"),
        ]
    )
    assert labels("10.0.0.5", key_of("10.0.0.5")) == "ci"
    assert labels("10.0.0.6", key_of("10.0.0.6")) == "lan"
    assert labels("2001:db8::9", key_of("2001:db8::9")) == "ci"
    assert labels("192.0.2.1", key_of("192.0.2.1")) == "192.0.2.1"


def test_one_argument_may_hold_several_networks() -> None:
    labels = AgentLabels([("ci", "10.0.0.5, 2001:db8::5")])
    assert labels("2001:db8::5", key_of("2001:db8::5")) == "ci"


def test_a_wrong_network_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="agent 'ci': '10.0.0.300'"):
        AgentLabels([("ci", "10.0.0.300")])


def test_every_address_of_the_case_has_one_row(world: World) -> None:
    world.says(world.flow("168.63.129.16"), world.LOGIN)
    world.answers(world.DROP, world.STAMP, client=world.OTHER_AGENT)
    rows = {r["addr"]: r for r in world.derive("addresses")}
    assert set(rows) == {world.AGENT, world.OTHER_AGENT, world.STAMP, "168.63.129.16"}
    assert rows["168.63.129.16"]["service"] == "azure-platform"
    assert rows[world.STAMP]["service"] is None
    assert rows[world.AGENT]["scope"] == "private"
