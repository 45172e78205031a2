"""Blocks about the capture: names, statistics, secrets; and the modified pcap beside them."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.capture import blocks
from analyzer.capture.blocks import About
from analyzer.capture.framing import BLOCK_DSB, BLOCK_ISB, BLOCK_NRB
from craft import direct, pcap, pcapng, run, scenes

if TYPE_CHECKING:
    from pathlib import Path

FACE = pcapng.Interface()
BLOB = "parked.blob.core.windows.net"
ADDRESS = b"\xcb\0\x71\x09"


def capture(*extra: bytes, order: pcap.Order = "little") -> bytes:
    """A section with an upload by a client that asks no DNS, and further blocks before it."""
    session = scenes.upload_session(scenes.agent(0), body=90_000, start_ns=10**18)
    packets = session.conversation.packets()
    return b"".join(
        [
            pcapng.section(order),
            pcapng.interface(FACE, order),
            *extra,
            *(pcapng.enhanced(packet, FACE, order) for packet in packets),
        ]
    )


@pytest.mark.parametrize("order", ["little", "big"])
def test_names_of_the_file_become_evidence(order: pcap.Order) -> None:
    block = pcapng.name_resolution(
        [
            (ADDRESS, "Host.Example."),
            (bytes(15) + b"\1", "six.example"),
            (bytes(10) + b"\xff\xff" + ADDRESS, "mapped.example"),
            (ADDRESS, "host.example"),
        ],
        order,
    )
    tables = direct.read(capture(block, block, order=order))
    noted = [row for row in tables["names"] if row["kind"] == "nrb"]
    assert [(row["addr"], row["name"]) for row in noted] == [
        ("203.0.113.9", "host.example"),
        ("::1", "six.example"),
        ("::ffff:203.0.113.9", "mapped.example"),
    ]
    assert noted[0]["client_ip"] is None
    assert noted[0]["flow_id"] is None
    assert noted[0]["ts_ns"] is None


def test_they_name_a_flow_without_any_other_name(tmp_path: Path) -> None:
    path = tmp_path / "x.pcapng"
    bare = direct.read(capture())["flows"][0]["resp_ip"]
    address = bytes(int(part) for part in bare.split("."))
    path.write_bytes(capture(pcapng.name_resolution([(address, "elsewhere.example")])))
    (row,) = run.analyze(tmp_path, path).rows(
        "SELECT DISTINCT endpoint, name_grade FROM attributed WHERE endpoint IS NOT NULL"
    )
    # the client announced a name itself: the file's note does not touch it
    assert row["name_grade"] < "A5"


@pytest.mark.parametrize("order", ["little", "big"])
def test_lost_packets_are_told_once_per_interface(order: pcap.Order) -> None:
    early = pcapng.interface_statistics(0, order, ifrecv=100, ifdrop=3)
    late = pcapng.interface_statistics(0, order, ifrecv=900, ifdrop=5, osdrop=7)
    tables = direct.read(capture(early, late, order=order))
    assert tables.codes["capture-drops"] == 12
    (report,) = tables.reports
    assert report.complete
    unknown = pcapng.interface_statistics(0, order, ifdrop=(1 << 64) - 1)
    assert "capture-drops" not in direct.read(capture(unknown, order=order)).codes


def test_secrets_and_custom_blocks_do_not_stop_the_walk() -> None:
    plain = direct.read(capture())
    more = direct.read(
        capture(pcapng.secrets(b"CLIENT_RANDOM 00 11"), pcapng.custom(bytes(70_000)))
    )
    assert more.comparable() == plain.comparable()
    assert more.codes["decryption-secrets"] == 1


def test_the_number_of_names_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "MAX_NAMES", 3)
    about = About()
    body = b"".join(
        struct.pack("<HH", 1, 7) + bytes((192, 0, 2, k)) + b"%02d\0\0" % k for k in range(9)
    )
    about.take(BLOCK_NRB, body, False, 1)
    assert len(about.hand_out()) == 3
    assert about.hand_out() == []
    (issue,) = about.issues(0)
    assert (issue.code, issue.count) == ("nrb-cap", 6)


@pytest.mark.parametrize(("then", "words"), [
    (pcap.write_pcap(scenes.resolve("10.0.0.1", BLOB, "192.0.2.1", 10**18)), "another capture"),
    (bytes(8) + b"\xff\xff\xff\xff" + bytes(20), "found 00 00 00 00 00 00 00 00 ff ff ff ff"),
])  # fmt: skip
def test_damage_says_what_stands_there(then: bytes, words: str) -> None:
    packets = scenes.resolve(scenes.agent(0), BLOB, "192.0.2.1", 10**18)
    tables = direct.read(pcap.write_pcap(packets) + then)
    (issue,) = [i for i in tables.issues if i.code == "record-length"]
    assert words in issue.detail
    assert tables.reports[0].records - len(packets) in (0, 1)


def test_a_capture_is_not_another_one_beside_its_own_header() -> None:
    """The header in front of a first record that makes no sense is the file's own."""
    for order in ("little", "big"):
        damaged = pcap.header(order=order) + b"\xff" * 40
        (issue,) = [i for i in direct.read(damaged).issues if i.code == "record-length"]
        assert "another capture" not in issue.detail
        assert "found ff ff ff ff" in issue.detail


@given(st.sampled_from((BLOCK_NRB, BLOCK_ISB, BLOCK_DSB)), st.binary(max_size=200), st.booleans())
def test_any_body_is_survived(kind: int, body: bytes, big: bool) -> None:
    about = About()
    about.take(kind, body, big, 1)
    for address, name in about.hand_out():
        assert address
        assert name.isascii()
        assert name.isprintable()
    about.issues(0)


@pytest.mark.parametrize("order", ["little", "big"])
def test_a_modified_pcap_is_read_like_a_plain_one(order: pcap.Order) -> None:
    packets = scenes.everything()
    body = b"".join(pcap.record(packet, order=order, modified=True) for packet in packets)
    modified = pcap.header(order=order, magic=pcap.MODIFIED) + body
    usual = direct.read(packets)
    found = direct.read(modified)
    assert found.comparable() == usual.comparable()
    assert found.reports[0].format == "pcap-modified"
    cut = direct.read(modified[:-1])
    assert cut.reports[0].records == len(packets) - 1
    assert cut.codes["cut-record"] == 1
