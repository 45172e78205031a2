"""What a push to a login server carries beyond its requests, over all conversations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conftest import World

TOKEN_8K = 8400
MIB = 1 << 20


def request(world: World, size: int = TOKEN_8K, name: str = "", **changes: Any) -> int:
    """A conversation with one request of `size` wire bytes: a client without keep-alive."""
    kind = "drip" if size < 4096 else "upload"
    app = "small_app_bytes" if size < 4096 else "upload_app_bytes"
    figures = {f"{kind}_turns": 1, f"{kind}_bytes": size, app: size - 1300, "turns": 3}
    flow = world.flow(**{**figures, **changes})
    world.says(flow, name or world.FOREIGN_LOGIN)
    return flow


def push(world: World, size: int, name: str = "", **changes: Any) -> int:
    """A conversation with one upload of `size` wire bytes."""
    flow = world.upload(size=size, **changes)
    world.says(flow, name or world.FOREIGN_LOGIN)
    return flow


def measured(world: World, flow: int) -> tuple[int, int, int]:
    row = world.derive()[flow]
    return row["upload_turns"], row["upload_bytes"], row["upload_app_bytes"]


def test_the_ordinary_request_is_taken_off(world: World) -> None:
    for _ in range(3):
        request(world)
    big = push(world, 40_000)
    assert measured(world, big) == (1, 40_000, 40_000 - 300 - (TOKEN_8K - 1300))


def test_without_other_requests_nothing_is_taken_off(world: World) -> None:
    assert measured(world, push(world, 40_000)) == (1, 40_000, 39_700)


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (TOKEN_8K, (0, 0, 0)),
        (TOKEN_8K + 4095, (0, 0, 0)),
        (TOKEN_8K + 4096, (1, TOKEN_8K + 4096, 4096)),
    ],
)
def test_smaller_turns_belong_to_a_push_where_they_exceed_the_ordinary_request(
    world: World, size: int, expected: tuple[int, int, int]
) -> None:
    for _ in range(4):
        request(world)
    push(world, 40_000)
    assert measured(world, request(world, size)) == expected


def test_small_layers_beside_small_tokens(world: World) -> None:
    for _ in range(4):
        request(world, 1650)
    layer = request(world, 8190)
    push(world, 22_000)
    assert measured(world, layer) == (1, 8190, 8190 - 1300 - 350)


def test_a_layer_alone_is_no_push(world: World) -> None:
    for _ in range(4):
        request(world, 1650)
    assert measured(world, request(world, 8190)) == (0, 0, 0)


@pytest.mark.parametrize("changes", [{"src": "10.0.0.6"}, {"name": "other.azurecr.io"}])
def test_another_agent_or_endpoint_is_another_matter(world: World, changes: dict[str, Any]) -> None:
    push(world, 22_000, **changes)
    assert measured(world, request(world, 12_000)) == (0, 0, 0)


def test_requests_too_small_for_any_class_are_the_ordinary_ones(world: World) -> None:
    """A registry without tokens: requests of 300 bytes, and many small layers."""
    flow = world.flow(
        turns=30, upload_turns=4, upload_bytes=42_000, upload_app_bytes=40_000,
        big16_turns=1, big16_bytes=22_000, big16_app_bytes=21_000,
    )  # fmt: skip
    world.says(flow, world.FOREIGN_LOGIN)
    assert measured(world, flow) == (4, 42_000, 40_000)


def test_what_a_conversations_own_median_hides_counts_beside_a_push(world: World) -> None:
    """Keep-alive with 8 KB tokens: the limit is 4 x the median there, 32 KiB."""
    hidden = world.upload(
        size=20_000, turns=12, median_request=8192, upload_turns=9,
        upload_bytes=20_000 + 8 * TOKEN_8K, upload_app_bytes=19_700 + 8 * (TOKEN_8K - 1300),
    )  # fmt: skip
    world.says(hidden, world.FOREIGN_LOGIN)
    assert measured(world, hidden) == (0, 0, 0)
    push(world, 40_000)
    assert measured(world, hidden) == (1, 20_000, 19_700 - (TOKEN_8K - 1300))


def test_requests_that_were_read_keep_their_exact_heads(world: World) -> None:
    for _ in range(3):
        request(world)
    flow = push(world, 40_000, app="http", resp_port=80, orig_bytes=40_600)
    world.asks(flow, "PUT", "/v2/a/blobs/uploads/1", world.FOREIGN_LOGIN, content_length=39_000)
    row = world.derive()[flow]
    assert (row["upload_turns"], row["upload_app_bytes"]) == (1, 40_000)
    assert row["direction_evidence"] == "W1"


def test_a_mebibyte_of_all_turns_is_w3(world: World) -> None:
    push(world, MIB - 4096)
    flow = push(world, MIB)
    rows = world.derive()
    assert [row["direction_evidence"] for row in rows] == ["W2", "W3"]
    assert rows[flow]["upload_app_bytes"] == MIB - 300


def test_storage_is_left_alone(world: World) -> None:
    request(world, 12_000, name=world.DROP)
    flow = push(world, 40_000, name=world.DROP)
    assert measured(world, flow) == (1, 40_000, 39_700)
