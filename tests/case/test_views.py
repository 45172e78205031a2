"""The views that rules and reports read."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import World


def scene(world: World) -> None:
    world.says(world.upload(size=5000, at=10), world.DROP)
    world.says(world.flow("52.239.170.40", at=12, drip_turns=1, drip_bytes=600), world.DROP)
    world.says(world.flow(world.FRONT_END, at=11), world.LOGIN)
    world.upload("45.33.32.156", size=9000, at=13)
    client = world.upload(world.PROXY, size=7000, at=20, resp_port=3128)
    world.asks(client, "CONNECT", f"{world.DROP}:443", world.DROP)
    world.says(world.upload(size=7000, src=world.PROXY, at=20.5), world.DROP)


def test_uploads_are_the_flows_with_any_sign_of_one(world: World) -> None:
    scene(world)
    found = [(r["agent"], r["endpoint"], r["upload_bytes"]) for r in world.derive("uploads")]
    assert found == [
        (world.AGENT, world.DROP, 5000),
        (world.AGENT, world.DROP, 0),
        (world.AGENT, None, 9000),
        (world.AGENT, world.DROP, 7000),
    ]


def test_logins_are_contacts_with_login_servers(world: World) -> None:
    scene(world)
    (login,) = world.derive("logins")
    assert (login["agent"], login["login_server"]) == (world.AGENT, world.LOGIN)
    assert (login["ownership"], login["owner"], login["flow_id"]) == ("ours", "contoso", 2)


def test_contacts_sum_up_by_agent_and_endpoint(world: World) -> None:
    scene(world)
    rows = {(r["endpoint"], r["address"]): r for r in world.derive("contacts")}
    assert set(rows) == {(world.DROP, None), (world.LOGIN, None), (None, "45.33.32.156")}
    drop = rows[world.DROP, None]
    assert drop["addresses"] == [world.PROXY, world.STAMP, "52.239.170.40"]
    assert (drop["flow_count"], drop["upload_turns"], drop["upload_bytes"]) == (3, 2, 12_000)
    assert (drop["small_turns"], drop["name_grade"], drop["ports"]) == (1, "A1", [443, 3128])
    assert drop["last_ns"] - drop["first_ns"] == 11_000_000_000
