"""Where no packet could be analysed an input is incomplete; where none had to be, it is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from analyzer.capture.report import LOST, nothing_analysed
from analyzer.issues import Issue
from analyzer.rules.coverage import UNREAD
from craft import frames, pcap, run, scenes
from craft.packet import Packet

if TYPE_CHECKING:
    from pathlib import Path

SECOND = 10**18
ARP = frames.ethernet(b"\0\1\x08\0\6\4\0\1" + bytes(20), 0x0806)
ICMP = frames.ethernet(frames.ip("10.0.0.1", "10.0.0.2", 1, b"\x08\0" + bytes(30)))
ESP = frames.ethernet(frames.ip("10.0.0.1", "10.0.0.2", 50, bytes(range(90))))


def test_what_counts_as_lost_is_what_the_coverage_names() -> None:
    assert set(UNREAD) == LOST


@pytest.mark.parametrize(
    ("counts", "records", "told"),
    [
        ({"cut-ip-header": 3}, 3, True),
        ({"cut-ip-header": 1, "not-ip": 2}, 3, True),
        ({"cut-ip-header": 3}, 4, False),
        ({"not-ip": 3}, 3, False),
        ({"ip-length-beyond-frame": 3}, 3, False),
        ({}, 0, False),
    ],
)
def test_every_packet_has_to_be_lost(counts: dict[str, int], records: int, told: bool) -> None:
    found = [Issue(code, 0, "packet 1", "", count) for code, count in counts.items()]
    problem = nothing_analysed(found, records, 7)
    assert (problem is not None) == told
    assert problem is None or (problem.input_id, problem.incomplete) == (7, True)


def packets(kind: str) -> list[Packet]:
    """Five of a kind."""
    data = {"arp": ARP, "icmp": ICMP, "esp": ESP, "junk": frames.ethernet(b"\x11" * 60)}
    if kind in data:
        return [Packet(SECOND + n, data[kind]) for n in range(5)]
    return [packet.snapped(int(kind)) for packet in scenes.everything()[:20]]


@pytest.mark.parametrize(
    ("kind", "complete"),
    [("arp", True), ("icmp", True), ("esp", False), ("junk", False)]
    + [(size, False) for size in ("0", "4", "16", "30")],
)
def test_the_verdict_and_the_input_say_so(tmp_path: Path, kind: str, complete: bool) -> None:
    path = tmp_path / "x.pcap"
    path.write_bytes(pcap.write_pcap(packets(kind)))
    result = run.analyze(tmp_path, path).result
    assert result.verdict == "cannot tell"
    assert [i.complete for i in result.inputs] == [complete]
    assert [i.code for i in result.issues if i.incomplete] == ["nothing-analysed"] * (not complete)
