"""Names that the client says in clear: which one counts, and when they contradict each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import World


def test_a_host_read_in_clear_is_a1(world: World) -> None:
    flow = world.flow(resp_port=80, app="http")
    world.asks(flow, "GET", "/x", world.DROP)
    row = world.derive()[flow]
    assert (row["endpoint"], row["name_grade"], row["name_source"]) == (
        world.DROP, "A1", "http_host",
    )  # fmt: skip


def test_the_host_that_is_written_to_names_the_flow(world: World) -> None:
    flow = world.upload(resp_port=80, app="http")
    world.asks(flow, "GET", "/", world.LOGIN)
    world.asks(flow, "PUT", "/c/b", world.DROP, content_length=90_000)
    world.asks(flow, "POST", "/ping", "a.example.com", content_length=10)
    assert world.derive()[flow]["endpoint"] == world.DROP


def test_a_host_of_digits_is_an_address_and_no_name(world: World) -> None:
    for host in ("169.254.169.254", "0x7f.1", "2001:db8::1"):
        flow = world.flow("169.254.169.254", resp_port=80, app="http")
        world.asks(flow, "GET", "/metadata", host)
    for row in world.derive():
        assert (row["endpoint"], row["role"], row["name_grade"]) == (None, "control-plane", "A5")


@pytest.mark.parametrize(
    "text", ["-.blob.core.windows.net", ".", "a b.example", "javascript:alert(1)"]
)
def test_what_no_host_can_have_names_nobody(world: World, text: str) -> None:
    """A client must not pass for named by announcing nonsense under a firewall's wildcard."""
    unnamed = world.upload("203.0.113.9")
    world.says(unnamed, text)
    asked = world.upload("203.0.113.8", resp_port=80, app="http")
    world.asks(asked, "PUT", "/x", text)
    rows = world.derive()
    assert [rows[flow]["endpoint"] for flow in (unnamed, asked)] == [None, None]
    assert rows[unnamed]["name_grade"] == "A6"


@pytest.mark.parametrize("host", ["a_b.blob.core.windows.net", "x.y.blob.core.windows.net"])
def test_a_name_that_no_account_has_is_still_storage(world: World, host: str) -> None:
    flow = world.upload("203.0.113.9")
    world.says(flow, host)
    row = world.derive()[flow]
    assert (row["endpoint"], row["role"], row["ownership"]) == (host, "storage-account", "foreign")


def test_connect_names_the_destination_and_sni_inside_confirms(world: World) -> None:
    flow = world.upload(world.PROXY, resp_port=3128)
    world.asks(flow, "CONNECT", f"{world.DROP}:443", world.DROP)
    world.says(flow, world.DROP)
    row = world.derive()[flow]
    assert (row["endpoint"], row["name_grade"], row["name_source"]) == (world.DROP, "A1", "connect")
    assert (row["proxy_leg"], row["contradiction"], row["scope"]) == ("client", None, "private")


def test_a_socks_request_names_the_destination_as_connect_does(world: World) -> None:
    flow = world.upload(world.PROXY, resp_port=1080)
    world.says(flow, world.DROP, "socks")
    row = world.derive()[flow]
    assert (row["endpoint"], row["name_grade"], row["name_source"]) == (world.DROP, "A1", "connect")
    assert (row["proxy_leg"], row["scope"]) == ("client", "private")


def test_the_client_in_a_proxy_header_names_nothing(world: World) -> None:
    flow = world.upload()
    world.says(flow, "198.51.100.9", "proxy_client")
    world.says(flow, world.DROP)
    row = world.derive()[flow]
    assert (row["endpoint"], row["agent_ip"], row["proxy_leg"]) == (world.DROP, world.AGENT, None)


def test_a_false_sni_inside_a_tunnel_is_a_contradiction(world: World) -> None:
    flow = world.upload(world.PROXY, resp_port=3128)
    world.asks(flow, "CONNECT", f"{world.DROP}:443", world.DROP)
    world.says(flow, world.LOGIN)
    row = world.derive()[flow]
    assert (row["endpoint"], row["claimed_name"]) == (world.DROP, world.LOGIN)
    assert row["ownership"] == "foreign"
    assert world.DROP in row["contradiction"]
    assert world.LOGIN in row["contradiction"]


def test_our_sni_does_not_clear_a_tunnel_to_another_account(world: World) -> None:
    """Both are Azure Storage, but the client alone says that the inside is ours."""
    ours = "buildstore.blob.core.windows.net"
    world.own = ("storage:buildstore",)
    flow = world.upload(world.PROXY, resp_port=3128)
    world.asks(flow, "CONNECT", f"{world.DROP}:443", world.DROP)
    world.says(flow, ours)
    row = world.derive()[flow]
    assert (row["endpoint"], row["claimed_name"]) == (world.DROP, ours)
    assert row["ownership"] == "foreign"
    assert row["contradiction"] is not None


def test_a_foreign_name_inside_a_tunnel_to_ours_is_a_contradiction(world: World) -> None:
    flow = world.upload(world.PROXY, resp_port=3128)
    world.asks(flow, "CONNECT", f"{world.LOGIN}:443", world.LOGIN)
    world.says(flow, world.FOREIGN_LOGIN)
    row = world.derive()[flow]
    assert (row["endpoint"], row["claimed_name"]) == (world.FOREIGN_LOGIN, world.LOGIN)
    assert (row["name_grade"], row["name_source"]) == ("A3", "sni")


@pytest.mark.parametrize(
    ("outer", "inner"),
    [
        ("a.example.com", "b.example.com"),  # neither is catalogued
        ("contoso.eastus.data.azurecr.io", "contoso.azurecr.io"),  # both ours
        ("attacker01.blob.core.windows.net", "attacker02.blob.core.windows.net"),
    ],
)
def test_names_that_differ_without_accusing_keep_the_inner_one(
    world: World, outer: str, inner: str
) -> None:
    flow = world.upload(world.PROXY, resp_port=3128)
    world.asks(flow, "CONNECT", f"{outer}:443", outer)
    world.says(flow, inner)
    row = world.derive()[flow]
    assert (row["endpoint"], row["contradiction"]) == (inner, None)


def test_the_first_connect_line_counts_not_one_sent_through_the_tunnel(world: World) -> None:
    flow = world.upload(world.PROXY, resp_port=3128)
    world.asks(flow, "CONNECT", f"{world.DROP}:80", world.DROP)
    later = world.rows["flows"][flow]["start_ns"] + 500
    world.asks(flow, "CONNECT", f"{world.LOGIN}:443", world.LOGIN, ts_ns=later)
    world.rows["names"][-1]["ts_ns"] = later
    assert world.derive()[flow]["endpoint"] == world.DROP


def test_a_tunnel_to_an_address_has_the_scope_of_that_address(world: World) -> None:
    flow = world.upload(world.PROXY, resp_port=3128)
    world.asks(flow, "CONNECT", "45.33.32.156:443", "45.33.32.156")
    row = world.derive()[flow]
    assert (row["endpoint"], row["name_grade"], row["scope"]) == (None, "A6", "global")


def test_an_absolute_target_is_a_request_to_a_proxy(world: World) -> None:
    world.answers(world.LOGIN, world.PROXY)
    flow = world.upload(world.PROXY, resp_port=3128, app="http")
    world.asks(flow, "PUT", f"http://{world.DROP}/c/b", world.DROP, content_length=100_000)
    row = world.derive()[flow]
    assert (row["endpoint"], row["proxy_leg"], row["contradiction"]) == (world.DROP, "client", None)


def test_a_declared_proxy_is_one_without_a_connect_line(world: World) -> None:
    world.proxies = (world.PROXY,)
    flow = world.upload(world.PROXY, resp_port=3128)
    assert world.derive()[flow]["proxy_leg"] == "client"


def test_a_host_inside_tls_beats_the_sni_that_fronts_for_it(world: World) -> None:
    flow = world.upload(app="http")
    world.says(flow, world.LOGIN)
    world.asks(flow, "PUT", "/c/b", world.FOREIGN_LOGIN, content_length=5)
    row = world.derive()[flow]
    assert (row["endpoint"], row["claimed_name"]) == (world.FOREIGN_LOGIN, world.LOGIN)
    assert row["name_grade"] == "A1"


def test_ech_hides_the_name_behind_a_catalogued_outer_name_only(world: World) -> None:
    hidden = world.flow(ech="offered")
    world.says(hidden, "cloudflare-ech.com")
    greased = world.flow(ech="offered")
    world.says(greased, world.DROP)
    plain = world.flow()
    world.says(plain, "cloudflare-ech.com")
    rows = world.derive()
    assert [rows[i]["name_hidden"] for i in (hidden, greased, plain)] == [True, False, False]
    assert rows[hidden]["role"] == "ech-public"


def logged(world: World, name: str, **changes: object) -> int:
    """A conversation of a log that names it."""
    flow = world.flow(**{"orientation": "log", "turns": None, "orig_bytes": None, **changes})
    world.says(flow, name, "log_fqdn")
    return flow


@pytest.mark.parametrize(("answered", "grade"), [(True, "A2"), (False, "A3")])
def test_a_devices_word_is_as_good_as_an_sni(world: World, answered: bool, grade: str) -> None:
    flow = logged(world, world.DROP)
    if answered:
        world.answers(world.DROP, world.STAMP)
    row = world.derive()[flow]
    assert (row["endpoint"], row["name_grade"], row["name_source"]) == (
        world.DROP, grade, "log_fqdn",
    )  # fmt: skip


def test_a_name_read_from_the_wire_comes_before_a_devices_word(world: World) -> None:
    flow = world.flow()
    world.says(flow, "other.blob.core.windows.net", "log_fqdn")
    world.says(flow, world.DROP)
    row = world.derive()[flow]
    assert (row["endpoint"], row["name_source"]) == (world.DROP, "sni")


def test_a_log_of_names_alone_is_attributed(world: World) -> None:
    flow = logged(world, world.DROP, src="runner", resp_ip=None, resp_port=None, orig_port=None)
    row = world.derive()[flow]
    assert (row["agent"], row["endpoint"], row["role"]) == ("runner", world.DROP, "storage-account")
    assert (row["name_grade"], row["resp_ip"], row["scope"]) == ("A3", None, "unknown")
    world.rows["names"].clear()
    row = world.derive()[flow]
    assert (row["endpoint"], row["name_grade"]) == (None, "A6")


def test_a_proxys_own_log_makes_nobody_a_proxy(world: World) -> None:
    flow = logged(world, world.DROP, resp_port=80, app="http")
    world.asks(flow, "GET", f"http://{world.DROP}/x", world.DROP)
    other = world.upload()
    world.says(other, world.DROP)
    assert [row["proxy_leg"] for row in world.derive()] == [None, None]
