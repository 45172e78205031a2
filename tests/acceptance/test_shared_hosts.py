"""Captures made to the byte for EX001 (other roads), EX008, EX009, EX011 and EX012, end to end."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from craft import dns, run
from craft.pcap import write_pcap
from craft.scenes import OWN, agent, merge, resolve, upload_session
from craft.tcp import EPOCH_NS, Conversation, Host

if TYPE_CHECKING:
    from pathlib import Path

    from analyzer.result import Finding
    from craft.packet import Packet

MIB = 1_048_576


def only(folder: Path, packets: list[Packet]) -> Finding:
    path = folder / "c.pcap"
    path.write_bytes(write_pcap(packets))
    (finding,) = run.analyze(folder, path, own=[OWN]).exfiltration()
    return finding


def upload(name: str, body: int) -> list[Packet]:
    return upload_session(agent(1), name=name, body=body).conversation.packets()


def test_a_budget_and_an_unclassified_name(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    found = only(tmp_path / "a", upload("productionresultssa3.blob.core.windows.net", 300_000))
    assert (found.rule, found.severity) == ("EX011", "low")
    (tmp_path / "b").mkdir()
    found = only(tmp_path / "b", upload("collect.unheard.example", MIB + 5000))
    assert (found.rule, found.severity) == ("EX012", "medium")


def test_a_namespace_of_a_stranger(tmp_path: Path) -> None:
    found = only(tmp_path, upload("evilbus.servicebus.windows.net", 90_000))
    assert (found.rule, found.severity) == ("EX001", "high")


def test_file_shares_and_sftp_are_storage_by_the_name_that_dns_gave(tmp_path: Path) -> None:
    for port, name in (
        (445, "evilshare.file.core.windows.net"),
        (22, "evilsftp.blob.core.windows.net"),
    ):
        folder = tmp_path / str(port)
        folder.mkdir()
        talk = Conversation(
            Host(agent(1), 41000, 7), Host("151.101.9.36", port, 9), start_ns=EPOCH_NS + 10**9
        ).open()
        talk.client(b"\x00\x01" * 100).server(b"\x02" * 300)
        talk.client(bytes(range(256)) * 320).server(b"\x03" * 80).close()
        looked_up = resolve(agent(1), name, "151.101.9.36", EPOCH_NS)
        found = only(folder, merge(looked_up, talk.packets()))
        assert (found.rule, found.severity, found.endpoint) == ("EX001", "high", name)


def test_drips_to_an_unclassified_site(tmp_path: Path) -> None:
    sessions = [
        upload_session(agent(1), name="c.unheard.example", body=2500, port=41000 + n,
                       start_ns=EPOCH_NS + n * 10**9, isn=1000 + n)
        for n in range(30)
    ]  # fmt: skip
    found = only(tmp_path, merge(*(s.conversation.packets() for s in sessions)))
    assert (found.rule, found.severity) == ("EX009", "medium")


def test_a_tunnel_in_the_names_of_queries(tmp_path: Path) -> None:
    packets = []
    for n in range(80):
        label = hashlib.sha256(str(n).encode()).hexdigest()[:60]
        packets += dns.lookup(EPOCH_NS + n * 10**8, agent(1), f"{label}.t.unheard.example", [],
                              txid=n + 1, qtype=dns.TXT, port=20000 + n)  # fmt: skip
    found = only(tmp_path, packets)
    assert (found.rule, found.severity, found.endpoint) == ("EX008", "medium", "t.unheard.example")
    assert found.flow_count == 80
