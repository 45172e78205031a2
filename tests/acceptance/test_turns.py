"""Upload evidence does not depend on small answers in the middle of a request.

Each variant of an upload is another agent in the same capture, so one run judges all of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from craft import dns, https, pcap, run, scenes, tls
from craft.peek import peek
from craft.tcp import EPOCH_NS, Conversation, Host
from craft.unpack import read_capture

if TYPE_CHECKING:
    from pathlib import Path

    from analyzer.result import Finding
    from craft.packet import Packet

MSS = 1460
HEAD_BYTES = 400

TICKET_MAX = 700
CONTINUE_MAX = 64
"""Wire bytes of a server burst that must not end a turn (DESIGN section 5)."""


def upload_with(
    number: int, body: int, interruptions: dict[int, int], *, tls13: bool
) -> list[Packet]:
    """One upload in whose request the server speaks after segment k, interruptions[k] bytes."""
    talk = Conversation(
        Host(scenes.agent(number), 41000, 1000), Host(scenes.STORE_ADDRESS, 443, 2000),
        start_ns=EPOCH_NS + number * 2_000_000,
    ).open()  # fmt: skip
    versions = (tls.TLS13, tls.TLS12) if tls13 else ()
    session = https.Session(talk, tls13)
    session.handshake(tls.Hello(scenes.FOREIGN_STORE, versions=versions))
    data = tls.application(HEAD_BYTES + body, tls13=tls13)
    for index, at in enumerate(range(0, len(data), MSS)):
        if index in interruptions:
            talk.server(tls.session_ticket(interruptions[index]))
        talk.client(data[at : at + MSS])
    talk.server(tls.application(250, tls13=tls13))
    return session.close().conversation.packets()


def judge(folder: Path, variants: list[list[Packet]]) -> list[Finding]:
    """One finding per variant, in the order given."""
    path = folder / "variants.pcap"
    path.write_bytes(pcap.write_pcap(scenes.merge(*variants)))
    findings = run.analyze(folder, path, own=[scenes.OWN]).exfiltration()
    by_agent = {finding.agent: finding for finding in findings}
    assert len(by_agent) == len(findings)
    missing = [n for n in range(len(variants)) if scenes.agent(n) not in by_agent]
    assert missing == [], f"variants without a finding: {missing} of {len(variants)}"
    return [by_agent[scenes.agent(n)] for n in range(len(variants))]


def figures(finding: Finding) -> tuple[object, ...]:
    return (
        finding.rule,
        finding.severity,
        finding.severity_reasons,
        finding.uploaded_bytes,
        finding.orig_payload_bytes,
        finding.endpoint,
    )


@pytest.mark.parametrize("tls13", [True, False], ids=["tls13", "tls12"])
@pytest.mark.parametrize("body", [4_200, 30_000, 70_000])
@pytest.mark.parametrize("size", [TICKET_MAX, 250, CONTINUE_MAX, 47])
def test_one_small_answer_at_any_segment_boundary(
    tmp_path: Path, body: int, size: int, tls13: bool
) -> None:
    segments = -(-body // MSS)
    cuts: list[dict[int, int]] = [{}, *({k: size} for k in range(segments))]
    variants = [upload_with(n, body, cut, tls13=tls13) for n, cut in enumerate(cuts)]
    plain, *cut_up = judge(tmp_path, variants)
    assert run.above_low(plain)
    assert plain.uploaded_bytes is not None
    assert abs(plain.uploaded_bytes - body) <= 0.02 * body + 1000 + 200
    assert {figures(f) for f in map(_hashable, cut_up)} <= {figures(_hashable(plain))}


def _hashable(finding: Finding) -> Finding:
    from dataclasses import replace

    return replace(finding, severity_reasons=tuple(finding.severity_reasons))  # type: ignore[arg-type]


def test_two_tickets_and_any_number_of_continues(tmp_path: Path) -> None:
    body, segments = 30_000, 21
    cuts: list[dict[int, int]] = [
        {},
        {3: TICKET_MAX, 11: TICKET_MAX},
        {0: TICKET_MAX, 1: TICKET_MAX},
        dict.fromkeys(range(segments), CONTINUE_MAX),
        {**dict.fromkeys(range(5, segments), CONTINUE_MAX), 2: TICKET_MAX, 4: TICKET_MAX},
    ]
    found = judge(tmp_path, [upload_with(n, body, c, tls13=True) for n, c in enumerate(cuts)])
    # The reasons name wire bytes: behind two tickets the answer ends the turn, and the alert that
    # closes the connection (24 bytes) is no longer part of it.
    assert len({(f.rule, f.severity, f.uploaded_bytes, f.orig_payload_bytes) for f in found}) == 1


def test_a_real_answer_does_end_a_turn(tmp_path: Path) -> None:
    """The counter-check: with 3 KB of answer after each 3 KB nothing adds up to an upload turn."""
    interruptions = dict.fromkeys(range(2, 21, 2), 4000)
    path = tmp_path / "x.pcap"
    path.write_bytes(pcap.write_pcap(upload_with(0, 30_000, interruptions, tls13=True)))
    analysis = run.analyze(tmp_path, path, own=[scenes.OWN])
    (flow,) = analysis.rows("SELECT upload_turns, turns FROM flows")
    assert flow["upload_turns"] == 0
    assert flow["turns"] >= 10


# -- silence --------------------------------------------------------------------------------------


def without_responders(packets: list[Packet], linktype: int, clients: set[str]) -> list[Packet]:
    kept = []
    for packet in packets:
        seen = peek(packet, linktype)
        if seen is None or seen.src in clients or seen.dst not in clients:
            kept.append(packet)
    return kept


def accusations(analysis: run.Analysis) -> set[tuple[str, str | None, str]]:
    return {(f.agent, f.endpoint, f.stream) for f in analysis.result.findings}


def test_dropping_all_responder_packets_of_a_benign_capture_adds_no_finding(
    lab_dir: Path, tmp_path: Path, ground_truth: dict[str, dict[str, dict[str, object]]]
) -> None:
    checked = 0
    for scenario in ground_truth["scenarios"].values():
        if scenario["verdict"] != "benign" or not scenario["clients"]:
            continue
        source = lab_dir / str(scenario["file"])
        recording = read_capture(source)
        clients = set(map(str, scenario["clients"]))  # type: ignore[call-overload]
        kept = without_responders(recording.packets, recording.linktype, clients)
        assert len(kept) < len(recording.packets)
        path = tmp_path / f"{scenario['id']}.pcap"
        path.write_bytes(pcap.write_pcap(kept, recording.linktype, nano=True))
        inventory = [lab_dir / "endpoints.json"]
        whole = run.analyze(tmp_path, source, inventories=inventory)
        half = run.analyze(tmp_path, path, inventories=inventory)
        assert accusations(half) <= accusations(whole), scenario["id"]
        checked += 1
    assert checked >= 10


@pytest.mark.parametrize("acks", [True, False], ids=["as captured", "payload packets only"])
def test_a_one_sided_pull_is_no_upload(tmp_path: Path, acks: bool) -> None:
    """With no responder packet, ACK numbers stand for the answers; without those, no turns."""
    session = scenes.pull_session(scenes.agent(0), layers=(9_000,) * 12)
    talk = session.conversation
    mine = [s for s in talk.segments if s.from_client and (acks or s.payload or s.flags & 2)]
    path = tmp_path / "x.pcap"
    path.write_bytes(pcap.write_pcap(talk.packets(mine)))
    assert run.analyze(tmp_path, path, own=[scenes.OWN]).exfiltration() == []


@pytest.mark.parametrize("own_dns", [True, False], ids=["own answers", "no own answers"])
@pytest.mark.parametrize("other_dns", [True, False], ids=["other answers", "no other answers"])
def test_our_push_is_silent_beside_a_registry_on_the_same_address(
    tmp_path: Path, own_dns: bool, other_dns: bool
) -> None:
    """One front end serves many registries: an answer for another one accuses nobody."""
    push = scenes.push_session(scenes.agent(0), start_ns=EPOCH_NS + scenes.SECOND_NS)
    parts = [push.conversation.packets()]
    here = scenes.REGISTRY_ADDRESS
    if own_dns:
        parts.append(scenes.resolve(scenes.agent(0), scenes.OWN_LOGIN, here, EPOCH_NS, 0x11))
    if other_dns:
        parts.append(scenes.resolve(scenes.agent(0), scenes.OTHER_REGISTRY, here, EPOCH_NS, 0x12))
    path = tmp_path / "x.pcap"
    path.write_bytes(pcap.write_pcap(scenes.merge(*parts)))
    assert run.analyze(tmp_path, path, own=[scenes.OWN]).exfiltration() == []


OWN_PUSH, FOREIGN_PUSH = "b03_push_own", "m12_push_badguy_same_ip"


@pytest.mark.parametrize("keep", ["all", "no foreign", "no own", "none"])
def test_our_recorded_push_is_silent_beside_a_foreign_one(
    lab_dir: Path, tmp_path: Path, keep: str
) -> None:
    """Two recordings as one capture, less the DNS packets of one registry, the other, or both."""
    ours = read_capture(lab_dir / "captures" / f"{OWN_PUSH}.pcap")
    theirs = read_capture(lab_dir / "captures" / f"{FOREIGN_PUSH}.pcap")
    behind = ours.packets[0].ts_ns - theirs.packets[0].ts_ns - scenes.SECOND_NS
    mixed = scenes.merge(ours.packets, [packet.shifted(behind) for packet in theirs.packets])
    gone = {
        "all": (),
        "no foreign": (b"\x06badguy",),
        "no own": (b"\x07contoso",),
        "none": (b"\x06badguy", b"\x07contoso"),
    }[keep]
    kept = [p for p in mixed if not _dns_about(p, ours.linktype, gone)]
    path = tmp_path / "mixed.pcap"
    path.write_bytes(pcap.write_pcap(kept, ours.linktype))
    found = run.analyze(tmp_path, path, inventories=[lab_dir / "endpoints.json"]).exfiltration()
    assert {f.endpoint for f in found if run.above_low(f)} == {"badguy.azurecr.io"}
    assert not [f for f in found if f.endpoint == "contoso.azurecr.io"]


def _dns_about(packet: Packet, linktype: int, labels: tuple[bytes, ...]) -> bool:
    seen = peek(packet, linktype)
    is_dns = seen is not None and 53 in (seen.sport, seen.dport)
    return is_dns and any(label in packet.data for label in labels)


def test_mixed_scene_has_the_dns_it_needs() -> None:
    """The counter-check of the crafted mix: both names do resolve to the same address."""
    packets = scenes.resolve(scenes.agent(0), scenes.OTHER_REGISTRY, scenes.REGISTRY_ADDRESS, 1)
    answer = peek(packets[1], 1)
    assert answer is not None
    assert dns.plain_name(scenes.OTHER_REGISTRY) in answer.payload
