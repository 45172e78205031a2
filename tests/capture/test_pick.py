"""The second reading on damaged files: it ends, and hands out what it marked and no more."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analyzer.capture.fetching import Cut, Fetcher
from analyzer.capture.picking import Conversation, Picker
from analyzer.capture.rewalk import rewalk
from analyzer.inputs.spec import probe_file
from craft import pcap, pcapng, scenes, tunnels

if TYPE_CHECKING:
    from pathlib import Path

FOREVER = (1 << 62) - 1
PACKETS = list(scenes.upload_session(scenes.agent(1), body=6_000).conversation.packets())
SPLIT = [
    replace(packet, data=piece)
    for number, packet in enumerate(PACKETS)
    for piece in tunnels.fragments(packet.data, 400, ident=number)
]
FILES = {
    "pcap": pcap.write_pcap([*PACKETS, *SPLIT]),
    "pcapng": pcapng.write_pcapng([*PACKETS, *SPLIT]) + pcapng.secrets(b"CLIENT_RANDOM 0 0\n"),
    "wifi": pcap.write_pcap(
        [replace(p, data=tunnels.aggregate(p.data, p.data)) for p in PACKETS], 105
    ),
}
SOUGHT = Conversation(6, ((scenes.agent(1), 41000), (scenes.STORE_ADDRESS, 443)), 0, FOREVER, 0, 1)


def both(path: Path) -> tuple[Picker, list[Cut]]:
    """Marks and fetches."""
    spec = probe_file(str(path))
    picker = Picker([SOUGHT], icmp=True)
    found: list[Cut] = []
    if spec.format is not None:
        rewalk([(0, spec)], picker)
        picker.finish()
        rewalk([(0, spec)], Fetcher(picker.bits, found.append))
    return picker, found


@pytest.mark.parametrize("name", FILES)
def test_everything_is_found(name: str, tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(FILES[name])
    picker, found = both(path)
    records = len(PACKETS) + (len(SPLIT) if name != "wifi" else 0)
    assert [cut.number for cut in found] == list(range(1, records + 1))
    assert picker.marked(0) == records
    assert picker.counts == [2 * len(PACKETS)]
    assert len(picker.secrets) == (name == "pcapng")


@given(
    name=st.sampled_from(sorted(FILES)),
    changes=st.lists(
        st.tuples(st.integers(0, 1 << 20), st.binary(min_size=0, max_size=40), st.integers(0, 40)),
        max_size=6,
    ),
)
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_splices(name: str, changes: list[tuple[int, bytes, int]], tmp_path: Path) -> None:
    data = bytearray(FILES[name])
    for place, put, cut in changes:
        at = 24 + place % len(data)
        data[at : at + cut] = put
    path = tmp_path / "x"
    path.write_bytes(data)
    picker, found = both(path)
    # A fragment may name a packet of a record that is lost on the second reading: none here.
    assert len(found) == picker.marked(0)
    numbers = [cut.number for cut in found]
    assert len(set(numbers)) == len(numbers)
