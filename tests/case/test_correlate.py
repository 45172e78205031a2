"""The two legs of a proxied transfer, and whose layers a managed-storage account serves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conftest import World

MINUTE = 60
PULL: dict[str, Any] = {"orig_bytes": 1700, "resp_bytes": 900_000}


def tunnel(world: World, **changes: Any) -> int:
    """A client's leg of an upload of 100 KB through the proxy."""
    flow = world.upload(**{"dst": world.PROXY, "resp_port": 3128, "orig_bytes": 100_800, **changes})
    world.asks(flow, "CONNECT", f"{world.DROP}:443", world.DROP)
    world.says(flow, world.DROP)
    return flow


def own_leg(world: World, name: str | None = None, **changes: Any) -> int:
    """The proxy's leg of that upload."""
    flow = world.upload(**{"src": world.PROXY, "at": 10.1, "orig_bytes": 100_600, **changes})
    world.says(flow, name or world.DROP)
    return flow


def test_the_proxys_own_leg_is_counted_with_the_clients(world: World) -> None:
    client, upstream = tunnel(world), own_leg(world)
    rows = world.derive()
    assert (rows[client]["agent"], rows[client]["proxy_leg"]) == (world.AGENT, "client")
    assert (rows[upstream]["agent"], rows[upstream]["proxy_leg"]) == (world.PROXY, "upstream")


@pytest.mark.parametrize(
    "changes",
    [
        {"src": "10.0.9.9"},
        {"name": "attacker02.blob.core.windows.net"},
        {"orig_bytes": 140_000},
        {"at": 9.9},  # before the client's leg
        {"at": 12},  # after it
    ],
)
def test_what_does_not_match_is_an_upload_of_the_proxy_itself(
    world: World, changes: dict[str, Any]
) -> None:
    tunnel(world)
    upstream = own_leg(world, **changes)
    assert world.derive()[upstream]["proxy_leg"] is None


def test_a_long_leg_is_found_behind_later_short_ones(world: World) -> None:
    tunnel(world, at=10, end_ns=1_700_000_000_000_000_000 + 100_000_000_000)
    tunnel(world, at=20)
    upstream = own_leg(world, at=50)
    assert world.derive()[upstream]["proxy_leg"] == "upstream"


def test_a_labelled_proxy_may_have_several_addresses(world: World) -> None:
    world.agents = (("proxy", "10.0.9.8"), ("proxy", "192.168.7.1"))
    tunnel(world)
    upstream = own_leg(world, src="192.168.7.1")
    assert world.derive()[upstream]["proxy_leg"] == "upstream"


def test_two_hosts_cannot_hide_each_others_uploads(world: World) -> None:
    there = tunnel(world, at=10)
    back = tunnel(world, dst=world.AGENT, src=world.PROXY, at=10)
    rows = world.derive()
    assert [rows[i]["proxy_leg"] for i in (there, back)] == ["client", "client"]


def contact(world: World, login: str | None = None, **changes: Any) -> int:
    flow = world.flow(world.FRONT_END, **changes)
    world.says(flow, login or world.LOGIN)
    return flow


def pull(world: World, name: str | None = None, **changes: Any) -> int:
    flow = world.flow("20.60.88.4", **{**PULL, **changes})
    world.says(flow, name or world.MANAGED)
    return flow


def judged(world: World, flow: int) -> tuple[str | None, str]:
    row = world.derive()[flow]
    assert row["role"] == "managed-storage-candidate"
    return row["managed_of"], row["ownership"]


def test_storage_read_after_a_contact_with_our_registry_is_the_platforms(world: World) -> None:
    contact(world, at=10)
    assert judged(world, pull(world, at=11)) == (world.LOGIN, "platform")


def test_another_registry_is_named_but_clears_nothing(world: World) -> None:
    contact(world, world.FOREIGN_LOGIN, at=10)
    assert judged(world, pull(world, at=11)) == (world.FOREIGN_LOGIN, "foreign")


def test_all_candidate_registries_are_named(world: World) -> None:
    contact(world, at=10)
    contact(world, world.FOREIGN_LOGIN, at=9)
    contact(world, at=8)
    expected = f"{world.FOREIGN_LOGIN},{world.LOGIN}"
    assert judged(world, pull(world, at=11)) == (expected, "platform")


@pytest.mark.parametrize(
    ("begins", "expected"),
    [
        (60 * MINUTE + 1 + 30 * MINUTE, ("contoso.azurecr.io", "platform")),
        (60 * MINUTE + 2 + 30 * MINUTE, (None, "foreign")),
    ],
)
def test_the_contact_is_at_most_half_an_hour_old(
    world: World, begins: int, expected: tuple[str | None, str]
) -> None:
    world.flow("45.33.32.156", at=0)
    contact(world, at=60 * MINUTE)  # lasts one second
    assert judged(world, pull(world, at=begins)) == expected


def test_early_in_the_capture_the_contact_may_lie_before_it(world: World) -> None:
    early = pull(world, at=10)
    contact(world, at=20 * MINUTE)
    assert judged(world, early) == (world.LOGIN, "platform")


def test_later_in_the_capture_it_may_not(world: World) -> None:
    world.flow("45.33.32.156", at=0)
    late = pull(world, at=31 * MINUTE)
    contact(world, at=32 * MINUTE)
    assert judged(world, late) == (None, "foreign")


def test_a_contact_in_time_makes_later_ones_no_candidates(world: World) -> None:
    contact(world, at=10)
    early = pull(world, at=11)
    contact(world, world.FOREIGN_LOGIN, at=12)
    assert judged(world, early) == (world.LOGIN, "platform")


def test_without_any_contact_it_is_a_foreign_account(world: World) -> None:
    assert judged(world, pull(world)) == (None, "foreign")


def test_another_agents_contact_does_not_count(world: World) -> None:
    contact(world, src=world.OTHER_AGENT)
    assert judged(world, pull(world, at=11)) == (None, "foreign")


@pytest.mark.parametrize(
    "changes",
    [
        {"upload_turns": 1, "upload_bytes": 5000},
        {"wide_requests": 1, "wide_bytes": 3000},
        {"orig_bytes": 2_000_000},
    ],
)
def test_an_account_that_is_not_only_read_is_never_managed_storage(
    world: World, changes: dict[str, Any]
) -> None:
    contact(world, at=10)
    read = pull(world, at=11)
    pull(world, at=12, **changes)
    assert judged(world, read) == (None, "foreign")


def test_an_account_without_any_known_direction_is_not_cleared(world: World) -> None:
    contact(world, at=10)
    unknown = dict.fromkeys(("turns", "upload_turns", "wide_requests"))
    assert judged(world, pull(world, at=11, **unknown)) == (None, "foreign")


def test_a_write_request_read_in_clear_is_no_read(world: World) -> None:
    contact(world, at=10)
    flow = pull(world, at=11, app="http", resp_port=80)
    world.asks(flow, "PUT", "/c/b", world.MANAGED, content_length=10)
    assert judged(world, flow) == (None, "foreign")


def test_a_spoofed_login_is_no_contact(world: World) -> None:
    world.answers(world.DROP, world.STAMP)
    world.says(world.upload(), world.LOGIN)
    assert judged(world, pull(world, at=11)) == (None, "foreign")


def test_declared_managed_accounts_keep_what_was_declared(world: World) -> None:
    world.approve = (world.MANAGED,)
    contact(world, at=10)
    assert judged(world, pull(world, at=11)) == (world.LOGIN, "approved")


def logged_pull(
    world: World, up: int | None = None, down: int | None = None, **changes: Any
) -> int:
    """A contact with managed storage as a log has it."""
    flow = world.flow(**{"orientation": "log", "turns": None, "upload_turns": None,
                         "wide_requests": None, "orig_bytes": up, "resp_bytes": down,
                         "at": 20, **changes})  # fmt: skip
    world.says(flow, world.MANAGED, "log_fqdn")
    return flow


def test_without_bytes_readiness_sees_managed_storage_and_nothing_is_cleared(world: World) -> None:
    contact(world, at=10)
    flow = logged_pull(world)
    row = world.derive()[flow]
    assert (row["managed_of"], row["ownership"]) == (world.LOGIN, "foreign")


@pytest.mark.parametrize(
    ("up", "down", "managed_of", "ownership"),
    [
        (900, 90_000, "contoso.azurecr.io", "platform"),
        (90_000, 900, None, "foreign"),
    ],
)
def test_counters_clear_what_is_read_shaped(
    world: World, up: int, down: int, managed_of: str | None, ownership: str
) -> None:
    contact(world, at=10)
    flow = logged_pull(world, up, down)
    row = world.derive()[flow]
    assert (row["managed_of"], row["ownership"]) == (managed_of, ownership)
