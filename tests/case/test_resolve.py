"""What DNS adds: confirmation of announced names, and names for flows that announce none."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import World

HOUR = 3600


def test_sni_that_dns_confirms_is_a2(world: World) -> None:
    world.answers(world.DROP, world.STAMP, at=5)
    world.says(world.flow(at=10), world.DROP)
    row = world.derive()[0]
    assert (row["endpoint"], row["name_grade"], row["name_source"]) == (world.DROP, "A2", "sni")


@pytest.mark.parametrize(("at", "grade"), [(5, "A2"), (15, "A3")])
def test_a_name_from_a_quic_handshake_is_an_sni(world: World, at: float, grade: str) -> None:
    world.answers(world.DROP, world.STAMP, at=at)
    world.says(world.flow(at=10, proto="udp", app="quic"), world.DROP, "quic_sni")
    row = world.derive()[0]
    assert (row["endpoint"], row["name_grade"], row["name_source"]) == (world.DROP, grade, "sni")


@pytest.mark.parametrize(
    ("at", "ttl", "begins", "grade"),
    [
        (5, 60, 5, "A2"),
        (5, 60, 5 + 60 + HOUR, "A2"),
        (5, 60, 5 + 60 + HOUR + 1, "A3"),
        (11, 60, 10, "A3"),  # answered after the flow began
        (5, 2**31 - 1, 5 + 604_800 + HOUR, "A2"),
        (5, 2**31 - 1, 5 + 604_800 + HOUR + 1, "A3"),  # resolvers keep nothing longer than a week
    ],
)
def test_an_answer_is_valid_for_its_ttl_and_an_hour(
    world: World, at: int, ttl: int, begins: int, grade: str
) -> None:
    world.answers(world.DROP, world.STAMP, at=at, ttl=ttl)
    world.says(world.flow(at=begins), world.DROP)
    assert world.derive()[0]["name_grade"] == grade


def test_a_long_answer_is_not_hidden_by_a_later_short_one(world: World) -> None:
    world.answers(world.DROP, world.STAMP, at=5, ttl=100_000)
    world.answers(world.DROP, world.STAMP, at=20, ttl=1)
    world.says(world.flow(at=50_000), world.DROP)
    nameless = world.flow(at=50_000)
    rows = world.derive()
    assert rows[0]["name_grade"] == "A2"
    assert (rows[nameless]["endpoint"], rows[nameless]["name_grade"]) == (world.DROP, "A4")


def test_another_clients_answer_does_not_confirm(world: World) -> None:
    world.answers(world.DROP, world.STAMP, client=world.OTHER_AGENT)
    world.says(world.flow(), world.DROP)
    assert world.derive()[0]["name_grade"] == "A3"


def note(world: World, name: str, addr: str) -> None:
    """What a name resolution block of the capture file says."""
    world.rows["names"].append({"addr": addr, "name": name, "kind": "nrb", "input_id": 0})


def test_a_note_in_the_file_names_an_address_that_dns_says_nothing_about(world: World) -> None:
    note(world, world.DROP, world.STAMP)
    world.flow()
    row = world.derive()[0]
    assert (row["endpoint"], row["name_grade"], row["name_source"]) == (world.DROP, "A5", "nrb")


def test_a_note_in_the_file_does_not_clear_what_dns_names(world: World) -> None:
    """Whoever writes the file could note our own registry beside any address."""
    note(world, "contoso.azurecr.io", world.STAMP)
    world.answers(world.DROP, world.STAMP, client=world.OTHER_AGENT)
    world.says(world.flow(), world.DROP)
    world.flow()
    announced, nameless = world.derive()
    assert (announced["endpoint"], announced["name_grade"]) == (world.DROP, "A3")
    assert (nameless["endpoint"], nameless["name_source"]) == (world.DROP, "dns")


def test_the_label_of_a_dual_stack_agent_joins_its_addresses(world: World) -> None:
    six = "2603:1030:20e:1::10"
    world.settings = replace(
        world.settings, agents=(("ci", "10.0.0.5/32"), ("ci", "2001:db8:10::/48"))
    )
    world.answers(world.LOGIN, six, client=world.AGENT)
    world.says(world.flow(six, src="2001:db8:10::7"), world.LOGIN)
    row = world.derive()[0]
    assert (row["agent"], row["agent_ip"]) == ("ci", "2001:db8:10::7")
    assert row["name_grade"] == "A2"


def test_a_nameless_flow_has_the_name_that_its_client_was_told(world: World) -> None:
    world.answers(world.DROP, world.STAMP, at=5)
    world.upload(at=10)
    row = world.derive()[0]
    assert (row["endpoint"], row["name_grade"], row["name_source"]) == (world.DROP, "A4", "dns")
    assert (row["ambiguous_names"], row["role"]) == (0, "storage-account")


def test_several_names_of_one_meaning_stay_ambiguous(world: World) -> None:
    for i, at in ((1, 3), (2, 7), (3, 5)):
        world.answers(f"attacker0{i}.blob.core.windows.net", world.STAMP, at=at)
    world.answers("attacker01.blob.core.windows.net", world.STAMP, at=4)
    world.upload(at=10)
    row = world.derive()[0]
    assert row["endpoint"] == "attacker02.blob.core.windows.net"  # the latest answer
    assert (row["ambiguous_names"], row["ownership"]) == (2, "foreign")


def test_only_names_valid_at_the_start_are_counted(world: World) -> None:
    world.answers("attacker01.blob.core.windows.net", world.STAMP, at=1, ttl=1)
    world.answers("attacker02.blob.core.windows.net", world.STAMP, at=5000)
    world.answers("attacker03.blob.core.windows.net", world.STAMP, at=6000)
    world.upload(at=5500)
    row = world.derive()[0]
    assert (row["endpoint"], row["ambiguous_names"]) == ("attacker02.blob.core.windows.net", 0)


@pytest.mark.parametrize("asked_by", ["10.0.0.5", "10.0.0.6"])
def test_a_name_of_ours_that_fits_is_never_passed_over(world: World, asked_by: str) -> None:
    world.own = ("storage:ours",)
    world.answers(world.DROP, world.STAMP, at=8)
    world.answers("ours.blob.core.windows.net", world.STAMP, client=asked_by, at=4)
    world.upload(at=10)
    row = world.derive()[0]
    assert (row["endpoint"], row["ownership"]) == ("ours.blob.core.windows.net", "ours")
    assert row["name_grade"] == ("A4" if asked_by == world.AGENT else "A5")
    assert row["ambiguous_names"] == 1


def test_an_accusing_name_comes_before_one_that_says_nothing(world: World) -> None:
    world.answers(world.DROP, world.STAMP, at=5)
    world.answers("aaa.example.com", world.STAMP, at=6)
    world.upload(at=10)
    row = world.derive()[0]
    assert (row["endpoint"], row["ambiguous_names"]) == (world.DROP, 1)


@pytest.mark.parametrize(("client", "at"), [("10.0.0.6", 5), ("10.0.0.5", 50)])
def test_answers_to_others_or_later_are_a5(world: World, client: str, at: int) -> None:
    world.answers(world.DROP, world.STAMP, client=client, at=at)
    world.upload(at=10)
    row = world.derive()[0]
    assert (row["endpoint"], row["name_grade"], row["name_source"]) == (world.DROP, "A5", "dns")


def test_a_catalogued_address_is_a5_without_a_name(world: World) -> None:
    world.upload("168.63.129.16", resp_port=80)
    row = world.derive()[0]
    assert (row["endpoint"], row["name_grade"], row["name_source"]) == (None, "A5", None)
    assert (row["service"], row["role"]) == ("azure-platform", "control-plane")


def test_an_address_that_was_declared_is_ours_and_still_has_no_name(world: World) -> None:
    world.own = ("45.33.32.156",)
    world.upload("45.33.32.156")
    row = world.derive()[0]
    assert (row["endpoint"], row["ownership"], row["name_grade"]) == (None, "ours", "A6")
    tunnel = world.upload(world.PROXY)
    world.asks(tunnel, "CONNECT", "45.33.32.156:443", "45.33.32.156")
    assert world.derive()[tunnel]["ownership"] == "ours"


def test_a_bare_address_is_a6(world: World) -> None:
    world.upload("45.33.32.156")
    row = world.derive()[0]
    assert (row["endpoint"], row["name_grade"], row["name_source"]) == (None, "A6", None)
    assert (row["role"], row["ownership"], row["scope"]) == ("unknown", "unknown", "global")


def test_hostile_times_and_ttls_overflow_nothing(world: World) -> None:
    world.answers(world.DROP, world.STAMP, ttl=2**63 - 1)
    world.rows["names"][-1]["ts_ns"] = 2**63 - 1
    world.answers(world.DROP, world.STAMP, ttl=-5)
    world.says(world.flow(start_ns=2**63 - 9, end_ns=2**63 - 1), world.DROP)
    assert world.derive()[0]["endpoint"] == world.DROP
