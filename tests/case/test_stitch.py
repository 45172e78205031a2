"""Parts of one conversation, and flows whose originator was guessed wrongly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conftest import World


def test_a_part_without_syn_inherits_the_name_of_the_part_before(world: World) -> None:
    world.says(world.flow(orig_port=50000), world.DROP)
    later = world.upload(at=4000, orig_port=50000, open_at_start=True, orientation="port", app=None)
    row = world.derive()[later]
    assert (row["endpoint"], row["name_grade"]) == (world.DROP, "A3")
    assert row["role"] == "storage-account"


def test_the_inherited_name_is_bound_when_the_conversation_began(world: World) -> None:
    world.answers(world.DROP, world.STAMP, at=5)
    world.says(world.flow(at=10, orig_port=50000), world.DROP)
    late = world.upload(at=90_000, orig_port=50000, open_at_start=True, orientation="port")
    assert world.derive()[late]["name_grade"] == "A2"


def test_a_new_syn_on_the_same_ports_is_a_new_conversation(world: World) -> None:
    world.says(world.flow(orig_port=50000), world.DROP)
    later = world.upload(at=4000, orig_port=50000)
    assert world.derive()[later]["endpoint"] is None


def test_other_ports_and_udp_inherit_nothing(world: World) -> None:
    world.says(world.flow(orig_port=50000), world.DROP)
    port = world.flow(at=50, orig_port=50001, open_at_start=True)
    world.says(world.flow(orig_port=50002, proto="udp"), world.DROP)
    udp = world.flow(at=50, orig_port=50002, proto="udp", open_at_start=True)
    rows = world.derive()
    assert rows[port]["endpoint"] is None
    assert rows[udp]["endpoint"] is None


def backwards(world: World, **changes: Any) -> int:
    """A flow from the storage address to the agent, as a weak guess had it."""
    return world.upload(
        world.AGENT, size=50_000, src=world.STAMP, orig_port=443, resp_port=50000,
        open_at_start=True, missed_bytes=70, orig_missed_bytes=20, one_sided="orig",
        **{"orientation": "first", **changes},
    )  # fmt: skip


@pytest.mark.parametrize("reason", ["port", "private", "first"])
def test_dns_turns_a_weak_guess_round(world: World, reason: str) -> None:
    flow = backwards(world, orientation=reason)
    world.answers(world.DROP, world.STAMP, at=5)
    with world.opened() as case:
        columns = "orig_ip, orig_port, resp_ip, resp_port, orientation, orig_bytes, resp_bytes"
        found = case.connection.execute(
            f"SELECT {columns}, orig_missed_bytes, one_sided, turns, upload_turns, big16_app_bytes,"
            f" small_app_bytes FROM flows WHERE flow_id = {flow}"
        ).fetchall()
        assert found == [
            (world.AGENT, 50000, world.STAMP, 443, "dns", 9000, 50600, 50, "resp")
            + (None, None, None, None)
        ]
    row = world.derive()[flow]
    assert (row["agent"], row["endpoint"], row["name_grade"]) == (world.AGENT, world.DROP, "A4")
    assert (row["has_turns"], row["direction_evidence"]) == (False, "W5")


@pytest.mark.parametrize("reason", ["syn", "hello", "http"])
def test_what_the_packets_prove_is_not_turned_round(world: World, reason: str) -> None:
    flow = backwards(world, orientation=reason)
    world.answers(world.DROP, world.STAMP, at=5)
    assert world.derive()[flow]["agent"] == world.STAMP


def test_dns_that_speaks_for_both_sides_turns_nothing_round(world: World) -> None:
    flow = backwards(world)
    world.answers(world.DROP, world.STAMP, at=5)
    world.answers("agent.corp.example", world.AGENT, client=world.STAMP, at=5)
    assert world.derive()[flow]["agent"] == world.STAMP


def test_a_surer_part_decides_the_direction_of_the_others(world: World) -> None:
    world.says(world.flow(orig_port=50000), world.DROP)
    weak = backwards(world, at=4000, orientation="private")
    row = world.derive()[weak]
    assert (row["agent_ip"], row["resp_port"]) == (world.AGENT, 443)
    assert (row["endpoint"], row["has_turns"]) == (world.DROP, False)


def test_a_part_that_dns_turns_round_takes_the_weaker_parts_along(world: World) -> None:
    world.answers(world.DROP, world.STAMP, at=5)
    first = backwards(world, at=10, orientation="first")
    second = backwards(world, at=4000, orientation="port")
    rows = world.derive()
    assert [rows[i]["agent"] for i in (first, second)] == [world.AGENT] * 2
