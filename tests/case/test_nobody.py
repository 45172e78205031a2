"""Texts in place of a host name are told, not lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from analyzer.case.store import store_inputs

if TYPE_CHECKING:
    from conftest import World

ENDPOINTS = "SELECT endpoint FROM attributed"
INPUT = {
    "input_id": 0, "path": "x.pcap", "sha256": None, "format": "pcap", "archive": None,
    "extract": None, "unit": "packet", "bytes": 1, "records": 1, "first_ns": 1, "last_ns": 2,
    "snapped": 0, "complete": True,
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("evil acct.blob.core.windows.net", '"evil acct.blob.core.windows.net";'),
        ("-.blob.core.windows.net", '"-.blob.core.windows.net";'),
        ("a" * 300, '"' + "a" * 80 + '" (and 220 more);'),
    ],
)
def test_what_no_host_can_be_called_is_an_issue(world: World, name: str, shown: str) -> None:
    """One for the input, with the first of them; it names nobody, and nothing is incomplete."""
    for _ in range(2):
        world.says(world.upload(), name)
    world.says(world.upload(), world.DROP)
    world.answers("not a name", world.STAMP)  # nobody announced it
    with world.opened() as case:
        store_inputs(case, [INPUT])
        for _ in range(2):  # deriving again says it once
            world.run(case)
        issues = case.connection.execute(
            'SELECT code, "where", detail, count, incomplete FROM issues'
        ).fetchall()
        endpoints = [n for (n,) in case.connection.execute(ENDPOINTS).fetchall()]
    ((code, where, detail, count, incomplete),) = issues
    assert (code, where, count, incomplete) == ("no-host-name", "packet 2", 2, False)
    assert f"found {shown} it names nobody" in detail
    assert endpoints.count(world.DROP) == 1
    assert name not in endpoints
