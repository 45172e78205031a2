"""The scapy engine as a reader: containers, damage, hostile bytes, silence on the terminal."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from craft import engines, pcap, pcapng, scenes

if TYPE_CHECKING:
    from pathlib import Path

PACKETS = scenes.upload_session(scenes.agent(1), body=9_000).conversation.packets()
PLAIN = pcap.write_pcap(PACKETS)
CHECKS = ("flows", "tls", "dns", "names")


def agree(path: Path) -> None:
    native, other = engines.read("native", path), engines.read("scapy", path)
    found = {check: engines.differences(native, other, check, "scapy")[1] for check in CHECKS}
    assert not any(found.values()), found
    assert [r.records for r in other.reports] == [r.records for r in native.reports]
    assert [r.complete for r in other.reports] == [r.complete for r in native.reports]
    assert [r.sha256 for r in other.reports] == [r.sha256 for r in native.reports]


@pytest.mark.parametrize("order", ["little", "big"])
@pytest.mark.parametrize("nano", [True, False])
def test_pcap(tmp_path: Path, order: pcap.Order, nano: bool) -> None:
    path = tmp_path / "x.pcap"
    path.write_bytes(pcap.write_pcap(PACKETS, order=order, nano=nano))
    agree(path)


@pytest.mark.parametrize("order", ["little", "big"])
def test_sections_number_their_interfaces_anew(tmp_path: Path, order: pcap.Order) -> None:
    half = len(PACKETS) // 2
    face = pcapng.Interface()
    names = pcapng.name_resolution([(bytes((192, 0, 2, 1)), "stated.example")], order)
    parts = (
        pcapng.section(order), pcapng.interface(face, order), names,
        *(pcapng.enhanced(p, face, order) for p in PACKETS[:half]),
        pcapng.section(order), pcapng.interface(face, order),
        *(pcapng.enhanced(p, face, order) for p in PACKETS[half:]),
    )  # fmt: skip
    path = tmp_path / "x.pcapng"
    path.write_bytes(b"".join(parts))
    agree(path)
    (name,) = [r for r in engines.read("scapy", path)["names"] if r["kind"] == "nrb"]
    assert (name["addr"], name["name"]) == ("192.0.2.1", "stated.example")


def test_compressed(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(gzip.compress(PLAIN))
    agree(path)


@pytest.mark.parametrize("lost", [1, 15, 60])
def test_a_cut_record_is_lost_and_said(tmp_path: Path, lost: int) -> None:
    path = tmp_path / "x.pcap"
    path.write_bytes(PLAIN[:-lost])
    agree(path)
    assert engines.read("scapy", path).codes["cut-record"] == 1


def test_a_block_of_gigabytes_is_damage_and_no_allocation(tmp_path: Path) -> None:
    path = tmp_path / "x.pcapng"
    path.write_bytes(pcapng.section() + b"\x06\0\0\0" + (0xFFFFFFF0).to_bytes(4, "little") + PLAIN)
    assert "cut-record" in engines.read("scapy", path).codes


def test_what_it_cannot_do_is_an_issue(tmp_path: Path) -> None:
    path = tmp_path / "x.pcap"
    path.write_bytes(PLAIN)
    assert engines.read("scapy", path).codes["engine-limits"] == 1


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(at=st.integers(0, len(PLAIN)), piece=st.binary(max_size=60), drop=st.integers(0, 60))
def test_a_spliced_file_ends_well(
    tmp_path_factory: pytest.TempPathFactory, at: int, piece: bytes, drop: int
) -> None:
    path = tmp_path_factory.mktemp("spliced") / "x.pcap"
    path.write_bytes(PLAIN[:at] + piece + PLAIN[at + drop :])
    tables = engines.read("scapy", path)
    assert len(tables.reports) == 1
    assert all(f["orig_bytes"] >= 0 and f["missed_bytes"] >= 0 for f in tables["flows"])


def test_scapy_says_nothing_on_the_terminal(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x.pcap"
    path.write_bytes(PLAIN[:-7])
    engines.read("scapy", path)
    assert capfd.readouterr() == ("", "")
