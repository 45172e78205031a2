"""When an announced name contradicts its destination, and everything that exonerates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conftest import World


def spoof(world: World, **changes: Any) -> int:
    """An upload to the storage address that announces our login server."""
    flow = world.upload(**changes)
    world.says(flow, world.LOGIN)
    return flow


def verdict(world: World, flow: int = 0) -> tuple[str | None, str | None]:
    row = world.derive()[flow]
    assert (row["contradiction"] is None) == (row["claimed_name"] is None)
    return row["endpoint"], row["claimed_name"]


def test_our_name_answered_elsewhere_is_a_contradiction(world: World) -> None:
    world.answers(world.DROP, world.STAMP, chain=world.STAMP_CHAIN)
    world.answers(world.LOGIN, world.FRONT_END, at=8, chain=world.CHAIN)
    flow = spoof(world)
    row = world.derive()[flow]
    assert (row["endpoint"], row["claimed_name"]) == (world.DROP, world.LOGIN)
    assert (row["role"], row["ownership"]) == ("storage-account", "foreign")
    assert (row["name_grade"], row["name_source"]) == ("A4", "dns")
    assert row["contradiction"] == (
        f"the client announced {world.LOGIN}, but DNS gave it {world.STAMP} as an address of "
        f"{world.DROP}; {world.LOGIN} was answered with other addresses only"
    )


def test_another_service_is_a_contradiction_though_nobody_resolved_our_name(world: World) -> None:
    world.answers(world.DROP, world.STAMP)
    spoof(world)
    assert verdict(world) == (world.DROP, world.LOGIN)


def test_a_false_name_in_a_quic_handshake(world: World) -> None:
    world.answers(world.DROP, world.STAMP)
    world.says(world.upload(proto="udp", app="quic"), world.LOGIN, "quic_sni")
    assert verdict(world) == (world.DROP, world.LOGIN)


def test_the_end_of_the_chain_tells_the_service_of_an_unknown_name(world: World) -> None:
    world.answers("cdn.vendor.example", world.STAMP, chain=world.STAMP_CHAIN)
    spoof(world)
    assert verdict(world) == ("cdn.vendor.example", world.LOGIN)


def test_a_readable_host_can_be_false_as_well(world: World) -> None:
    world.answers(world.DROP, world.STAMP)
    flow = world.upload(resp_port=80, app="http")
    world.asks(flow, "PUT", "/x", world.LOGIN, content_length=5)
    assert verdict(world) == (world.DROP, world.LOGIN)


def test_a_foreign_registry_can_be_claimed_too(world: World) -> None:
    world.answers(world.DROP, world.STAMP)
    world.says(world.upload(), world.FOREIGN_LOGIN)
    assert verdict(world) == (world.DROP, world.FOREIGN_LOGIN)


def test_an_unknown_site_needs_our_name_answered_elsewhere(world: World) -> None:
    world.answers("paste.example.net", world.STAMP)
    spoof(world)
    assert verdict(world) == (world.LOGIN, None)
    world.answers(world.LOGIN, world.FRONT_END, client=world.OTHER_AGENT, at=99)
    assert verdict(world) == ("paste.example.net", world.LOGIN)


def test_registries_of_a_region_share_their_front_end(world: World) -> None:
    world.answers(world.FOREIGN_LOGIN, world.FRONT_END, chain=world.CHAIN)
    world.answers(world.LOGIN, world.FRONT_END, chain=world.CHAIN)
    spoof(world, dst=world.FRONT_END)
    world.says(world.upload(world.FRONT_END), world.FOREIGN_LOGIN)
    assert verdict(world, 0) == (world.LOGIN, None)
    assert verdict(world, 1) == (world.FOREIGN_LOGIN, None)


@pytest.mark.parametrize("kept", ["contoso.azurecr.io", "badguy.azurecr.io", None])
def test_our_push_stays_silent_whichever_dns_packets_are_missing(
    world: World, kept: str | None
) -> None:
    if kept:
        world.answers(kept, world.FRONT_END, chain=world.CHAIN)
    spoof(world, dst=world.FRONT_END)
    assert verdict(world) == (world.LOGIN, None)


def test_another_registry_at_another_front_end_is_a_contradiction(world: World) -> None:
    world.answers(world.LOGIN, world.FRONT_END, at=5, chain=world.CHAIN)
    world.answers(world.FOREIGN_LOGIN, "20.99.200.10", at=6, chain=world.CHAIN)
    spoof(world, dst="20.99.200.10")
    assert verdict(world) == (world.FOREIGN_LOGIN, world.LOGIN)


@pytest.mark.parametrize(
    ("client", "at", "addr"),
    [
        ("10.0.0.6", 5, "20.62.128.10"),  # told to somebody else only
        ("10.0.0.5", 11, "20.62.128.10"),  # told after the flow began
        ("10.0.0.5", 5, "2603:1030:20e:1::10"),  # the other address family
    ],
)
def test_within_one_service_the_agent_must_have_known_better(
    world: World, client: str, at: int, addr: str
) -> None:
    world.answers(world.LOGIN, addr, client=client, at=at, chain=world.CHAIN)
    world.answers(world.FOREIGN_LOGIN, "20.99.200.10", at=6, chain=world.CHAIN)
    spoof(world, dst="20.99.200.10")
    assert verdict(world) == (world.LOGIN, None)


def test_a_front_end_asked_for_by_its_own_name_accuses_nobody(world: World) -> None:
    world.answers(world.LOGIN, world.FRONT_END, chain=world.CHAIN)
    world.answers("r0319eus.eastus.cloudapp.azure.com", "20.99.200.10")
    spoof(world, dst="20.99.200.10")
    assert verdict(world) == (world.LOGIN, None)


def test_any_clients_answer_exonerates(world: World) -> None:
    world.answers(world.DROP, world.STAMP)
    world.answers(world.LOGIN, world.STAMP, client=world.OTHER_AGENT, at=5000)
    spoof(world)
    assert verdict(world) == (world.LOGIN, None)


def test_our_name_inside_a_cname_chain_exonerates(world: World) -> None:
    world.answers(world.DROP, world.STAMP)
    chain = f"{world.LOGIN}>{world.CHAIN}"
    world.answers("registry.corp.example", world.STAMP, client=world.OTHER_AGENT, chain=chain)
    spoof(world)
    assert verdict(world) == (world.LOGIN, None)


def test_an_answer_that_places_the_address_in_our_service_exonerates(world: World) -> None:
    world.answers(world.DROP, world.STAMP)
    world.answers(world.FOREIGN_LOGIN, world.STAMP, client=world.OTHER_AGENT)
    spoof(world)
    assert verdict(world) == (world.LOGIN, None)


def test_another_name_of_ours_at_the_address_exonerates(world: World) -> None:
    world.own = (world.LOGIN, "storage:ours")
    world.answers(world.DROP, world.STAMP)
    world.answers("ours.blob.core.windows.net", world.STAMP, client=world.OTHER_AGENT)
    spoof(world)
    assert verdict(world) == (world.LOGIN, None)


def test_another_clients_answer_accuses_nobody(world: World) -> None:
    world.answers(world.DROP, world.STAMP, client=world.OTHER_AGENT)
    world.answers(world.LOGIN, world.FRONT_END)
    spoof(world)
    assert verdict(world) == (world.LOGIN, None)


def test_an_answer_after_the_flow_began_accuses_nobody(world: World) -> None:
    world.answers(world.DROP, world.STAMP, at=11)
    spoof(world, at=10)
    assert verdict(world) == (world.LOGIN, None)


@pytest.mark.parametrize("addr", ["10.1.2.3", "fd00::7", "100.64.3.3", "169.254.3.3"])
def test_a_private_endpoint_is_no_contradiction(world: World, addr: str) -> None:
    world.answers(world.DROP, addr)
    world.answers(world.LOGIN, world.FRONT_END)
    spoof(world, dst=addr)
    assert verdict(world) == (world.LOGIN, None)


def test_names_on_a_shared_delivery_network_are_no_contradiction(world: World) -> None:
    world.answers("www.example.org", "104.16.1.1")
    world.answers("production.cloudflare.docker.com", "104.16.9.9")
    world.says(world.upload("104.16.1.1"), "production.cloudflare.docker.com")
    world.says(world.upload("104.16.1.1", at=11), "shop.example.org")
    assert verdict(world, 0) == ("production.cloudflare.docker.com", None)
    assert verdict(world, 1) == ("shop.example.org", None)
