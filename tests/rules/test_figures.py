"""Figures of a finding: the rhythm of equal blocks that storage clients upload in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conftest import Case

MIB = 1 << 20
DROP = "acct.blob.core.windows.net"
SENTENCE = "of the turns are blocks of"


def turns(case: Case, *sizes: int, **values: Any) -> None:
    """A conversation with upload turns of these wire sizes."""
    case.flow(
        DROP,
        **{"upload_turns": len(sizes), "upload_bytes": sum(sizes), "service": "storage",
           "upload_app_bytes": sum(sizes) - 1000, "orig_bytes": sum(sizes), "owner": "acct",
           "role": "storage-account", "ownership": "foreign", **values},
        table_flow={"largest_upload": max(sizes), "big64_turns": sum(s >= 65536 for s in sizes),
                    "big64_bytes": sum(s for s in sizes if s >= 65536)},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("sizes", "words"),
    [
        ((4 * MIB + 6000, 4 * MIB + 6100), "2 of the turns are blocks of 4 MiB each"),
        ((4 * MIB + 6000,) * 9 + (2 * MIB,), "9 of the turns are blocks of 4 MiB each"),
        ((8 * MIB + 12_000,) * 3, "3 of the turns are blocks of 8 MiB each"),
        ((4 * MIB + 6000, 4 * MIB + 6000, 900, 5000), "2 of the turns are blocks of 4 MiB each"),
    ],
)
def test_equal_blocks_are_named(case: Case, sizes: tuple[int, ...], words: str) -> None:
    turns(case, *sizes)
    finding = case.only()
    assert words in finding.explanation
    assert finding.direction_evidence == "W3"


@pytest.mark.parametrize(
    "sizes",
    [
        (4 * MIB + 6000,),  # one is no rhythm
        (4 * MIB - 1, 4 * MIB - 1),  # smaller than a block
        (4 * MIB + 65_537, 4 * MIB + 65_537),  # more than records and a head add
        (4 * MIB + 6000, 3 * MIB, 2 * MIB, 2 * MIB),  # several that are not full
        (5 * MIB, 5 * MIB, 5 * MIB),
    ],
)
def test_other_sizes_are_no_rhythm(case: Case, sizes: tuple[int, ...]) -> None:
    turns(case, *sizes)
    finding = case.only()
    assert SENTENCE not in finding.explanation
    assert finding.direction_evidence == "W3"  # by their sum


def test_blocks_side_by_side_on_several_connections(case: Case) -> None:
    turns(case, 4 * MIB + 6000)
    turns(case, 4 * MIB + 6000)
    assert "2 of the turns are blocks of 4 MiB each" in case.only().explanation


def test_small_uploads_stay_w2(case: Case) -> None:
    turns(case, 70_000, 70_000)
    finding = case.only()
    assert finding.direction_evidence == "W2"
    assert SENTENCE not in finding.explanation
