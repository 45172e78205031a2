"""Upload figures by role, readable requests, and the evidence of direction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conftest import World

MIB = 1 << 20
NO_TURNS = dict.fromkeys(
    [
        "turns", "upload_turns", "upload_bytes", "upload_app_bytes", "largest_upload",
        "median_request", "wide_requests", "wide_bytes", "drip_turns", "drip_bytes", "big16_turns",
        "big16_bytes", "big16_app_bytes", "big32_turns", "big32_bytes", "big32_app_bytes",
        "big64_turns", "big64_bytes", "big64_app_bytes", "small_app_bytes",
    ]
)  # fmt: skip

LADDER: dict[str, Any] = {
    "turns": 40,  # most requests are in no class, so nothing is taken off (pushes.sql)
    "upload_turns": 9, "upload_bytes": 900, "upload_app_bytes": 899,
    "big16_turns": 3, "big16_bytes": 300, "big16_app_bytes": 299,
    "big32_turns": 2, "big32_bytes": 200, "big32_app_bytes": 199,
    "big64_turns": 1, "big64_bytes": 100, "big64_app_bytes": 99,
}  # fmt: skip


@pytest.mark.parametrize(
    ("median", "column"),
    [
        (None, "big16"), (0, "big16"), (4096, "big16"), (4097, "big32"), (8192, "big32"),
        (8193, "big64"), (16384, "big64"), (20000, "big64"),
    ],
)  # fmt: skip
def test_login_servers_need_a_big_turn(world: World, median: int | None, column: str) -> None:
    world.says(world.flow(**LADDER, median_request=median), world.LOGIN)
    row = world.derive()[0]
    assert row["upload_turns"] == LADDER[f"{column}_turns"]
    assert row["upload_bytes"] == LADDER[f"{column}_bytes"]
    assert row["upload_app_bytes"] == LADDER[f"{column}_app_bytes"]


@pytest.mark.parametrize(
    ("name", "role", "turns"),
    [
        ("badguy.azurecr.io", "registry-login", 3),
        ("contoso.eastus.geo.azurecr.io", "registry-regional", 3),
        ("login.microsoftonline.com", "auth", 3),
        ("ghcr.io", "other-registry", 3),
        ("contoso.eastus.data.azurecr.io", "registry-data", 9),
        ("attacker01.blob.core.windows.net", "storage-account", 9),
        ("eusmanaged63.blob.core.windows.net", "managed-storage-candidate", 9),
        ("www.example.org", "unknown", 9),
    ],
)
def test_the_role_chooses_the_threshold(world: World, name: str, role: str, turns: int) -> None:
    world.says(world.flow(**LADDER), name)
    row = world.derive()[0]
    assert (row["role"], row["upload_turns"]) == (role, turns)


@pytest.mark.parametrize(
    ("name", "turns", "size", "app"),
    [
        ("attacker01.blob.core.windows.net", 5, 7500, 6000),  # drips and wide requests
        ("contoso.eastus.data.azurecr.io", 5, 7500, 6000),
        ("b.s3.us-east-1.amazonaws.com", 5, 7500, 6000),
        ("www.example.org", 2, 2500, 2000),  # drips: a third of the estimate
        ("contoso.azurecr.io", 0, 0, 0),
        ("login.microsoftonline.com", 0, 0, 0),
    ],
)
def test_small_turns_by_role(world: World, name: str, turns: int, size: int, app: int) -> None:
    flow = world.flow(
        drip_turns=2, drip_bytes=2500, wide_requests=3, wide_bytes=5000, small_app_bytes=6000
    )
    world.says(flow, name)
    row = world.derive()[0]
    assert (row["small_turns"], row["small_bytes"], row["small_app_bytes"]) == (turns, size, app)


@pytest.mark.parametrize(
    ("name", "uploads", "small"),
    [
        ("transfer.sh", 1, (4, 11_000, 9000)),  # a part of the same upload
        ("transfer.sh", 0, (1, 1000, 818)),  # a page's cookies, for all that turns show
        ("www.example.org", 1, (1, 1000, 818)),
    ],
)
def test_wide_requests_beside_an_upload_turn(
    world: World, name: str, uploads: int, small: tuple[int, int, int]
) -> None:
    figures = {"drip_turns": 1, "drip_bytes": 1000, "wide_requests": 3, "wide_bytes": 10_000}
    world.says(world.flow(**figures, small_app_bytes=9000, upload_turns=uploads), name)
    row = world.derive()[0]
    assert (row["small_turns"], row["small_bytes"], row["small_app_bytes"]) == small


@pytest.mark.parametrize(
    ("changes", "evidence"),
    [
        ({}, None),
        ({"drip_turns": 1, "drip_bytes": 600}, "W2"),
        ({"upload_turns": 1, "upload_bytes": 4096}, "W2"),
        ({"upload_turns": 1, "upload_bytes": MIB - 1}, "W2"),
        ({"upload_turns": 1, "upload_bytes": MIB}, "W3"),
        (NO_TURNS, "W5"),
        ({**NO_TURNS, "orig_bytes": None, "resp_bytes": None}, "W5"),
    ],
)
def test_evidence_of_direction(world: World, changes: dict[str, Any], evidence: str | None) -> None:
    world.says(world.flow(**changes), world.DROP)
    row = world.derive()[0]
    assert row["direction_evidence"] == evidence
    assert row["has_turns"] == (changes.get("turns", 2) is not None)


def test_unknown_turns_stay_unknown(world: World) -> None:
    for name in (world.DROP, world.LOGIN, "www.example.org"):
        world.says(world.flow(**NO_TURNS), name)
    for row in world.derive():
        assert [row[f"{k}_{v}"] for k in ("upload", "small") for v in ("turns", "bytes")] == [
            None
        ] * 4
        assert (row["upload_app_bytes"], row["small_app_bytes"]) == (None, None)


def test_a_write_request_in_clear_is_w1_with_its_line(world: World) -> None:
    flow = world.upload(size=50_000, app="http", resp_port=80, orig_bytes=50_600)
    world.asks(flow, "GET", "/list", world.DROP)
    world.asks(flow, "PUT", "/c/b", world.DROP, content_length=50_200, packet=77)
    row = world.derive()[0]
    assert (row["direction_evidence"], row["write_requests"]) == ("W1", 1)
    assert row["write_line"] == "PUT /c/b (packet 77)"
    assert row["write_bytes"] == 50_200


@pytest.mark.parametrize(
    ("length", "orig_bytes", "written"),
    [
        (1000, 5200, 1000),
        (9000, 5200, 5000),  # the capture holds 5000 of them
        (2**63 - 1, 5200, 5000),
        (None, 5200, 5000),
        (0, 5200, 0),
        (1000, None, 1000),
        (None, None, None),
    ],
)
def test_written_bytes_are_those_in_the_capture(
    world: World, length: int | None, orig_bytes: int | None, written: int | None
) -> None:
    flow = world.flow(app="http", orig_bytes=orig_bytes)
    world.asks(flow, "POST", "/", world.DROP, content_length=length)
    assert world.derive()[0]["write_bytes"] == written


def test_chunks_count_as_written(world: World) -> None:
    flow = world.flow(app="http", orig_bytes=9000)
    world.asks(flow, "PUT", "/a", world.DROP, body_bytes=3000, status=201)
    world.asks(flow, "GET", "/b", world.DROP, body_bytes=0)
    world.asks(flow, "PUT", "/c", world.DROP, body_bytes=0, content_length=5000, status=403)
    row = world.derive()[0]
    assert (row["write_bytes"], row["write_requests"]) == (3000, 2)
    assert row["write_line"] == "PUT /a (packet 3), answered 201"


def test_a_refused_write_says_so(world: World) -> None:
    flow = world.flow(app="http", orig_bytes=9000)
    world.asks(flow, "PUT", "/a", world.DROP, body_bytes=3000, status=403)
    assert world.derive()[0]["write_line"] == "PUT /a (packet 3), refused with 403"


def test_absurd_lengths_in_many_requests_overflow_nothing(world: World) -> None:
    flow = world.flow(app="http", orig_bytes=None, drip_bytes=2**62, small_app_bytes=2**62)
    for _ in range(3):
        world.asks(flow, "PUT", "/", world.DROP, content_length=2**63 - 1)
    world.says(world.flow(drip_bytes=2**61, small_app_bytes=2**61), "www.example.org")
    rows = world.derive()
    assert rows[0]["write_bytes"] == 2**63 - 1
    assert rows[1]["small_app_bytes"] == 2**61


def test_payload_of_readable_requests_is_what_the_heads_leave(world: World) -> None:
    flow = world.flow(
        app="http", orig_bytes=20_400, orig_missed_bytes=100, upload_turns=1, upload_bytes=19_200,
        upload_app_bytes=18_000, drip_turns=1, drip_bytes=1200, small_app_bytes=1,
    )  # fmt: skip
    world.asks(flow, "PUT", "/a", world.DROP, content_length=19_000)
    world.asks(flow, "PUT", "/b", world.DROP, content_length=1100)
    row = world.derive()[0]
    assert (row["upload_app_bytes"], row["small_app_bytes"]) == (19_200, 900)


def test_estimates_of_tls_flows_stand(world: World) -> None:
    world.says(world.upload(size=100_000), world.DROP)
    assert world.derive()[0]["upload_app_bytes"] == 99_700


@pytest.mark.parametrize(
    ("counted", "payload"),
    [
        ([99_000], 99_000),
        ([90_000, 9_000], 99_000),
        ([1_000], 99_700),  # decrypted in part: the turns show what the requests do not
        ([99_000, None], 99_700),
    ],
)
def test_bodies_that_an_engine_has_counted_are_the_payload(
    world: World, counted: list[int | None], payload: int
) -> None:
    flow = world.upload(size=100_000)
    for size in counted:
        world.asks(flow, "PUT", "/c/b", "a.blob.core.windows.net", body_bytes=size)
    (row,) = world.derive()
    assert row["upload_app_bytes"] == payload
    assert (row["name_grade"], row["direction_evidence"]) == ("A1", "W1")
    if None not in counted:
        assert row["write_bytes"] == sum(size or 0 for size in counted)


def test_an_unknown_name_with_an_accusing_cname_is_what_it_points_to(world: World) -> None:
    world.answers("files.vendor.example", world.STAMP, chain=f"{world.DROP}>{world.STAMP_CHAIN}")
    world.says(world.upload(), "files.vendor.example")
    row = world.derive()[0]
    assert (row["endpoint"], row["role"]) == ("files.vendor.example", "storage-account")
    assert (row["owner"], row["ownership"]) == ("attacker01", "foreign")


@pytest.mark.parametrize(
    "target", ["contoso.azurecr.io", "blob.mnz20prdstr05a.store.core.windows.net"]
)
def test_a_cname_never_clears_and_infrastructure_says_nothing(world: World, target: str) -> None:
    world.answers("files.vendor.example", world.STAMP, chain=target)
    world.says(world.upload(), "files.vendor.example")
    row = world.derive()[0]
    assert (row["role"], row["ownership"]) == ("unknown", "unknown")
