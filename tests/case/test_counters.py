"""W4: what counters of a log show, judged per agent, endpoint and day."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conftest import World

LIMIT = 64 * 1024
OTHER = 1 << 20
# 1_700_000_000 is 22:13:20 UTC: the next day begins 6,400 s later.
MIDNIGHT = 6400


def counted(world: World, up: int | None, down: int | None = 0, **changes: Any) -> int:
    """A flow as a log with counters has it."""
    name = changes.pop("name", world.DROP)
    nothing = dict.fromkeys([
        "orig_pkts", "resp_pkts", "orig_missed_bytes", "missed_bytes", "duplicate_pkts",
        "median_request", "turns", "largest_upload", "upload_turns", "upload_bytes",
        "upload_app_bytes", "wide_requests", "wide_bytes", "drip_turns", "drip_bytes",
        "small_app_bytes", "big16_turns", "big16_bytes", "big16_app_bytes", "big32_turns",
        "big32_bytes", "big32_app_bytes", "big64_turns", "big64_bytes", "big64_app_bytes",
    ])  # fmt: skip
    grade = "absent" if up is None and down is None else "wire"
    flow = world.flow(**{
        **nothing, "orientation": "log", "orig_bytes": up, "resp_bytes": down,
        "bytes_grade": grade, "records": 1, **changes,
    })  # fmt: skip
    if name is not None:
        world.says(flow, name, "log_fqdn")
    return flow


def marked(world: World) -> list[bool]:
    """Which flows are W4; the others have no direction at all, and no size."""
    rows = world.derive()
    for row in rows:
        if row["direction_evidence"] == "W4":
            assert row["upload_bytes"] == row["upload_app_bytes"] == row["orig_bytes"]
        else:
            assert (row["upload_bytes"], row["has_turns"]) == (None, False)
    return [row["direction_evidence"] == "W4" for row in rows]


@pytest.mark.parametrize(("up", "found"), [(LIMIT - 1, False), (LIMIT, True)])
def test_storage_from_64_kib(world: World, up: int, found: bool) -> None:
    counted(world, up)
    assert marked(world) == [found]


@pytest.mark.parametrize(("down", "found"), [(2 * LIMIT - 1, True), (2 * LIMIT, False)])
def test_storage_with_more_than_half_of_what_came_down(
    world: World, down: int, found: bool
) -> None:
    counted(world, LIMIT, down)
    assert marked(world) == [found]


@pytest.mark.parametrize("name", ["badguy.azurecr.io", "www.example.org"])
@pytest.mark.parametrize("action", [None, "deny"])
def test_one_way_alone_is_no_direction(world: World, name: str, action: str | None) -> None:
    """What came down is unknown and not 0: it may have been a download."""
    counted(world, 90 * OTHER, None, action=action)
    counted(world, 90 * OTHER, None, name=name, action=action)
    assert marked(world) == [False, False]


def test_one_way_alone_adds_nothing_to_the_day(world: World) -> None:
    counted(world, LIMIT, None)
    counted(world, 900, 200)
    counted(world, LIMIT, 200, at=MIDNIGHT)
    assert marked(world) == [False, False, True]


def test_a_write_that_was_read_needs_no_second_way(world: World) -> None:
    flow = counted(world, 90_000, None, resp_port=80, app="http")
    world.asks(flow, "PUT", "/c/b", world.DROP, content_length=80_000, head_bytes=None)
    row = world.derive()[flow]
    assert (row["direction_evidence"], row["write_bytes"]) == ("W1", 80_000)


@pytest.mark.parametrize(
    ("up", "down", "found"),
    [(OTHER - 1, 0, False), (OTHER, 0, True), (OTHER, OTHER - 1, True), (OTHER, OTHER, False)],
)
@pytest.mark.parametrize("name", ["badguy.azurecr.io", "www.example.org"])
def test_elsewhere_from_1_mib_and_more_up_than_down(
    world: World, name: str, up: int, down: int, found: bool
) -> None:
    counted(world, up, down, name=name)
    assert marked(world) == [found]


def test_a_drip_over_a_day_adds_up(world: World) -> None:
    """2 MB in steps of 50 KB, each below the limit; every step is evidence."""
    for step in range(40):
        counted(world, 50_000, 900, at=step * 60)
    assert all(marked(world))


def test_each_day_is_judged_by_itself(world: World) -> None:
    counted(world, 40_000, at=MIDNIGHT - 20)
    counted(world, 40_000, at=MIDNIGHT - 10)
    counted(world, 40_000, at=MIDNIGHT)
    assert marked(world) == [True, True, False]


def test_what_spans_midnight_belongs_to_its_beginning(world: World) -> None:
    counted(world, LIMIT, at=MIDNIGHT - 1, end_ns=1_700_009_000_000_000_000)
    assert marked(world) == [True]


def test_endpoints_are_kept_apart(world: World) -> None:
    counted(world, 40_000)
    counted(world, 40_000, name="attacker02.blob.core.windows.net")
    assert marked(world) == [False, False]


def test_a_bare_address_is_not_the_endpoint_behind_it(world: World) -> None:
    counted(world, OTHER // 2, name=None)
    counted(world, OTHER // 2, name="www.example.org")
    counted(world, OTHER // 2, name=None, dst="52.239.170.37")
    assert marked(world) == [False] * 3


def test_one_address_without_a_name_adds_up(world: World) -> None:
    counted(world, OTHER // 2, name=None)
    counted(world, OTHER // 2, name=None)
    assert marked(world) == [True, True]


def test_without_name_and_address_there_is_nobody_to_accuse(world: World) -> None:
    counted(world, 90 * OTHER, name=None, resp_ip=None, resp_port=None)
    assert marked(world) == [False]


def test_agents_are_kept_apart_and_their_addresses_are_not(world: World) -> None:
    counted(world, 40_000)
    counted(world, 40_000, src=world.OTHER_AGENT)
    assert marked(world) == [False, False]
    world.agents = (("build", "10.0.0.5"), ("build", "10.0.0.6"))
    assert marked(world) == [True, True]


def test_counters_are_judged_as_they_come_without_headers(world: World) -> None:
    """The readers take packet headers off; nothing is taken off twice."""
    counted(world, LIMIT, orig_pkts=900)
    assert marked(world) == [True]


def test_a_capture_is_judged_by_turns(world: World) -> None:
    flow = world.flow(orig_bytes=90 * OTHER)
    world.says(flow, world.DROP)
    assert world.derive()[flow]["direction_evidence"] is None


def test_no_counts_are_no_direction(world: World) -> None:
    counted(world, None, None)
    assert world.derive()[0]["direction_evidence"] == "W5"


def test_a_proxys_own_leg_is_not_judged(world: World) -> None:
    counted(world, LIMIT, dst=world.PROXY, resp_port=3128)
    world.proxies = (world.PROXY,)
    rows = world.derive()
    assert (rows[0]["proxy_leg"], rows[0]["direction_evidence"]) == ("client", "W4")


def test_a_write_that_was_read_stays_one(world: World) -> None:
    flow = counted(world, 90_000, resp_port=80, app="http")
    world.asks(flow, "PUT", "/c/b", world.DROP, content_length=80_000, head_bytes=None)
    row = world.derive()[flow]
    assert (row["direction_evidence"], row["write_requests"]) == ("W1", 1)
    assert (row["upload_app_bytes"], row["write_bytes"]) == (90_000, 80_000)


def test_attempts_that_were_denied_do_not_add_up_to_an_upload(world: World) -> None:
    """SYNs that are tried again all day, as a flow log without packet counts has them."""
    for attempt in range(400):
        counted(world, 180, action="deny", at=attempt)
    assert not any(marked(world))


def test_more_than_an_attempt_holds_counts_whatever_the_device_says(world: World) -> None:
    counted(world, 90_000, action="deny")
    assert marked(world) == [True]
