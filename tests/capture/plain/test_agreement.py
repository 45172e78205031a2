"""The plain path, fed by scapy, against the kernels: made captures, torn at random."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from craft import engines, https, pcap, scenes
from craft.tcp import EPOCH_NS, Conversation, Host, data_indexes, drop

if TYPE_CHECKING:
    from pathlib import Path

    from craft.packet import Packet

CHECKS = ("flows", "tls", "http", "dns", "names")
EVERYTHING = scenes.everything()


def disagreements(path: Path, packets: list[Packet], snap: int = 65535) -> dict[str, list[str]]:
    path.write_bytes(
        pcap.write_pcap([p.snapped(snap) if len(p.data) > snap else p for p in packets])
    )
    native, other = engines.read("native", path), engines.read("scapy", path)
    found = {check: engines.differences(native, other, check, "scapy")[1] for check in CHECKS}
    return {check: lines for check, lines in found.items() if lines}


def test_one_of_everything(tmp_path: Path) -> None:
    assert disagreements(tmp_path / "x.pcap", EVERYTHING) == {}


@pytest.mark.parametrize("body", [1_000, 3_000, 30_000, 200_000])
@pytest.mark.parametrize("tls13", [True, False])
def test_uploads(tmp_path: Path, body: int, tls13: bool) -> None:
    session = scenes.upload_session(scenes.agent(3), body=body, tls13=tls13)
    assert disagreements(tmp_path / "x.pcap", session.conversation.packets()) == {}


def test_a_lost_segment(tmp_path: Path) -> None:
    talk = scenes.upload_session(scenes.agent(3), body=30_000).conversation
    for index in data_indexes(talk.segments, True)[:6]:
        packets = talk.packets(drop(talk.segments, index))
        assert disagreements(tmp_path / "x.pcap", packets) == {}


def test_one_direction_alone(tmp_path: Path) -> None:
    talk = scenes.upload_session(scenes.agent(3), body=30_000).conversation
    for client in (True, False):
        kept = [s for s in talk.segments if s.from_client is client]
        assert disagreements(tmp_path / "x.pcap", talk.packets(kept)) == {}


def test_a_port_that_is_used_again(tmp_path: Path) -> None:
    first = scenes.upload_session(scenes.agent(3), body=9_000).conversation.packets()
    again = scenes.upload_session(
        scenes.agent(3), body=7_000, isn=5_000_000, start_ns=EPOCH_NS + 10**9
    ).conversation.packets()
    assert disagreements(tmp_path / "x.pcap", first + again) == {}


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_mangling_is_seen_alike(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Packets dropped, sent twice, swapped and cut short: the same rows from both."""
    packets = list(EVERYTHING)
    for _ in range(data.draw(st.integers(0, 8), label="changes")):
        k = data.draw(st.integers(0, len(packets) - 1))
        change = data.draw(st.sampled_from(["drop", "twice", "swap"]))
        if change == "drop":
            del packets[k]
        elif change == "twice":
            packets.insert(min(k + 3, len(packets)), packets[k])
        else:
            other = min(k + 2, len(packets) - 1)
            packets[k], packets[other] = packets[other], packets[k]
    packets = scenes.retimed(packets)
    snap = data.draw(st.sampled_from([65535, 300, 96, 70]), label="snap")
    path = tmp_path_factory.mktemp("mangled") / "x.pcap"
    assert disagreements(path, packets, snap) == {}


@pytest.mark.parametrize("ends", [("10.0.0.1", "192.0.2.9"), ("192.0.2.9", "10.0.0.1")])
def test_a_connection_that_was_never_answered_is_over_after_three_minutes(
    tmp_path: Path, ends: tuple[str, str]
) -> None:
    """Whichever of the addresses is the smaller."""
    talk = Conversation(Host(ends[0], 4000, 10), Host(ends[1], 443, 20)).open()
    first = talk.packets(talk.segments[:1])
    again = [first[0].shifted(200 * 10**9)]
    path = tmp_path / "x.pcap"
    assert disagreements(path, first + again) == {}
    assert len(engines.read("native", path)["flows"]) == 2


def test_garbage_inside_tls_counts_once_where_packets_are_cut(tmp_path: Path) -> None:
    session = https.connect((scenes.agent(4), 4100), (scenes.STORE_ADDRESS, 443), "a.example")
    talk = session.exchange(400, 6_000, 250).conversation
    talk.client(b"\x99" * 1_400)
    assert disagreements(tmp_path / "x.pcap", talk.packets(), snap=300) == {}
