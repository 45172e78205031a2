"""Names of the case in the `endpoints` table."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import World


def test_every_name_and_cname_target_has_one_row(world: World) -> None:
    world.answers(world.DROP, world.STAMP, chain=world.STAMP_CHAIN)
    world.says(world.flow(), world.LOGIN)
    world.says(world.flow(), world.LOGIN)
    rows = {r["name"]: r for r in world.derive("endpoints")}
    assert set(rows) == {world.DROP, world.STAMP_CHAIN, world.LOGIN}
    assert (rows[world.LOGIN]["service"], rows[world.LOGIN]["ownership"]) == ("acr", "ours")
    assert rows[world.STAMP_CHAIN]["role"] == "storage-infra"
    assert (rows[world.DROP]["owner"], rows[world.DROP]["entry_id"]) == (
        "attacker01",
        "st.standard",
    )


def test_addresses_are_no_names(world: World) -> None:
    flow = world.flow(app="http")
    for host in ("45.33.32.156", "2001:db8::1", "0x7f000001", "127.1"):
        world.asks(flow, "GET", "/", host)
    assert world.derive("endpoints") == []


def test_an_imitation_says_what_it_imitates(world: World) -> None:
    world.says(world.flow(), "contoso.azurecr.io.files.example.net")
    world.says(world.flow(), world.LOGIN)
    rows = {r["name"]: r["imitates"] for r in world.derive("endpoints")}
    assert "azurecr.io" in rows["contoso.azurecr.io.files.example.net"]
    assert rows[world.LOGIN] is None


def test_managed_storage_by_name_alone_is_foreign_unless_declared(world: World) -> None:
    world.says(world.flow(), world.MANAGED)
    assert [r["ownership"] for r in world.derive("endpoints")] == ["foreign"]
    world.approve = (world.MANAGED,)
    assert [r["ownership"] for r in world.derive("endpoints")] == ["approved"]


def test_hostile_names_are_classified_like_any_other(world: World) -> None:
    hostile = [
        "a" * 300,
        ".",
        "..",
        "-",
        "\\000\\255",
        "ünïcödé.example",
        "a..b",
        "'; DROP TABLE x",
    ]
    for name in hostile:
        world.says(world.flow(), name)
        world.answers(name, world.STAMP, chain=f"{name}>>{name}")
    rows = world.derive()
    international = hostile.index("ünïcödé.example")
    assert [r["name_source"] == "sni" for r in rows] == [
        number == international for number in range(len(hostile))
    ]
    judged = {r["name"]: r["role"] for r in world.derive("endpoints")}
    assert judged.items() >= dict.fromkeys(hostile, "unknown").items()
