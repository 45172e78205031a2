"""A cloud TAP's mirror is analysed like the traffic itself: same findings, verdict and coverage."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from analyzer.result import to_plain
from craft import run, scenes, tunnels
from craft.pcap import write_pcap
from craft.tcp import EPOCH_NS

if TYPE_CHECKING:
    from pathlib import Path

    from craft.packet import Packet

NAMES = ("vxlan", "geneve", "gre_bridge", "erspan2", "erspan3", "ip_in_ip", "mpls", "gtp", "nested")
MIRRORS = {wrap.name: wrap for wrap in tunnels.WRAPS if wrap.name in NAMES}
TAP = "10.9.9.9"


def scene() -> list[Packet]:
    """A pull from our registry and, next to it, an upload to a stranger's storage account."""
    at = EPOCH_NS
    return scenes.merge(
        scenes.resolve(scenes.agent(0), scenes.OWN_LOGIN, scenes.REGISTRY_ADDRESS, at, 1),
        scenes.resolve(scenes.agent(1), scenes.FOREIGN_STORE, scenes.STORE_ADDRESS, at + 1000, 2),
        scenes.pull_session(scenes.agent(0), start_ns=at + 10**7).conversation.packets(),
        scenes.upload_session(scenes.agent(1), start_ns=at + 10**7).conversation.packets(),
    )


def told(analysis: run.Analysis) -> dict[str, Any]:
    """What the report says, but for where the packets are and what is around them."""
    findings = run.comparable(analysis.result.findings)
    for finding in findings:
        for each in finding["evidence"]:
            del each["bpf"]  # none looks inside of tunnels
            each["detail"] = each["detail"].partition("Inside ")[0] + (
                each["detail"].partition(". ")[2] if "Inside " in each["detail"] else ""
            )
    return {
        "findings": findings,
        "verdict": analysis.result.verdict,
        "coverage": to_plain(analysis.result.coverage),
    }


def analyzed(folder: Path, name: str, packets: list[Packet]) -> run.Analysis:
    path = folder / f"{name}.pcap"
    path.write_bytes(write_pcap(packets))
    return run.analyze(folder, path, own=[scenes.OWN])


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    analysis = analyzed(tmp_path_factory.mktemp("bare"), "bare", scene())
    assert len(analysis.exfiltration()) == 1
    return told(analysis)


@pytest.mark.parametrize("name", MIRRORS)
def test_a_mirror_gives_the_findings_of_the_traffic(name, bare, tmp_path):
    mirrored = analyzed(tmp_path, name, MIRRORS[name].packets(scene()))
    assert told(mirrored) == bare
    (finding,) = mirrored.exfiltration()
    assert finding.evidence[0].detail.startswith("Inside ")


def test_each_direction_in_a_tunnel_of_its_own(bare, tmp_path):
    packets = []
    for packet in scene():
        outgoing = packet.data[26] == 10
        ends = ("10.9.0.1", TAP) if outgoing else ("10.9.0.2", TAP)
        packets.append(replace(packet, data=tunnels.vxlan(packet.data, 1 + outgoing, ends)))
    mirrored = analyzed(tmp_path, "tap", packets)
    assert told(mirrored) == bare
    rows = mirrored.rows("SELECT DISTINCT outer_resp_ip, encapsulation FROM flows")
    assert rows == [{"outer_resp_ip": TAP, "encapsulation": "vxlan"}]


def test_the_traffic_and_its_mirror_in_one_capture_count_once(bare, tmp_path):
    packets = [
        copy
        for packet in scene()
        for copy in (packet, replace(packet, data=tunnels.vxlan(packet.data)).shifted(1000))
    ]
    both = told(analyzed(tmp_path, "both", packets))
    for ours, theirs in zip(both["findings"], bare["findings"], strict=True):
        for key in ("severity", "uploaded_bytes", "orig_payload_bytes", "confidence"):
            assert ours[key] == theirs[key]
