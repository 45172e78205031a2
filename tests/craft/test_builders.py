"""The builders are right: scapy and tshark read what they write."""

from __future__ import annotations

import gzip
import io
import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from craft import dns, frames, hostile, http, https, pcap, pcapng, tls
from craft.packet import Packet
from craft.tcp import Conversation, Host, data_indexes, delay, drop, merge_retransmit, retransmit
from craft.unpack import read_capture

if TYPE_CHECKING:
    from pathlib import Path

scapy_all = pytest.importorskip("scapy.all")

needs_tshark = pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark not installed")


def talk(isn: int = 1_000_000) -> Conversation:
    conversation = Conversation(Host("10.9.0.5", 40000, isn), Host("198.51.100.7", 443, 5), mss=100)
    return conversation.open().client(b"q" * 450).server(b"a" * 120).close()


def fields(path: Path, *names: str, options: tuple[str, ...] = ()) -> list[list[str]]:
    command = ["tshark", "-n", "-r", str(path), *options, "-T", "fields"]
    for name in names:
        command += ["-e", name]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [line.split("\t") for line in out.splitlines()]


@pytest.mark.parametrize("order", ["little", "big"])
@pytest.mark.parametrize("nano", [False, True])
def test_scapy_reads_the_pcap(order: pcap.Order, nano: bool) -> None:
    packets = talk().packets()
    data = pcap.write_pcap(packets, order=order, nano=nano)
    read = scapy_all.rdpcap(io.BytesIO(data))
    assert [bytes(packet) for packet in read] == [packet.data for packet in packets]
    unit = 1 if nano else 1000
    assert [int(p.time * 1_000_000_000) // unit for p in read] == [p.ts_ns // unit for p in packets]


@pytest.mark.parametrize("order", ["little", "big"])
@pytest.mark.parametrize("tsresol", [None, 9, 3, 0x80 | 20, 0x80 | 30])
def test_unpack_returns_what_pcapng_was_given(
    tmp_path: Path, order: pcap.Order, tsresol: int | None
) -> None:
    packets = talk().packets()
    face = pcapng.Interface(tsresol=tsresol, name="eth0")
    path = tmp_path / "x.pcapng.gz"
    path.write_bytes(gzip.compress(pcapng.write_pcapng(packets, [face], order=order)))
    read = read_capture(path)
    assert [p.data for p in read.packets] == [p.data for p in packets]
    tick = 1_000_000 if tsresol == 3 else 1000
    assert all(0 <= a.ts_ns - b.ts_ns < tick for a, b in zip(packets, read.packets, strict=True))


@needs_tshark
def test_tshark_reads_every_pcapng_block(tmp_path: Path) -> None:
    packets = talk().packets()
    faces = [pcapng.Interface(tsresol=9, tsoffset=-7), pcapng.Interface(tsresol=0x80 | 24)]
    body = pcapng.section("big") + b"".join(pcapng.interface(face, "big") for face in faces)
    body += pcapng.enhanced(packets[0], faces[0], "big")
    body += pcapng.name_resolution([(b"\xc0\0\x02\x01", "x.example")], "big")
    body += pcapng.obsolete(Packet(packets[1].ts_ns, packets[1].data, None, 1), faces[1], "big")
    body += pcapng.custom(b"noise", order="big") + pcapng.interface_statistics(0, "big")
    body += pcapng.section() + pcapng.interface(pcapng.Interface()) + pcapng.simple(packets[2])
    path = tmp_path / "all.pcapng"
    path.write_bytes(body)
    records = fields(path, "frame.len", "frame.time_epoch", "ip.src")
    rows = [row for row in records if row[2]]  # tshark also lists the custom block
    assert [int(row[0]) for row in rows] == [len(packet.data) for packet in packets[:3]]
    assert float(rows[0][1]) == pytest.approx(packets[0].ts_ns / 1e9, abs=1e-5)
    assert float(rows[1][1]) == pytest.approx(packets[1].ts_ns / 1e9, abs=1e-5)


@needs_tshark
@pytest.mark.parametrize("link", ["ethernet", "sll", "sll2", "null", "loop", "raw"])
@pytest.mark.parametrize("hosts", [("10.9.0.5", "198.51.100.7"), ("2001:db8::5", "2001:db8::7")])
def test_tshark_reads_every_link_type(
    tmp_path: Path, link: frames.Link, hosts: tuple[str, str]
) -> None:
    conversation = Conversation(Host(hosts[0], 40000, 2**32 - 60), Host(hosts[1], 80, 77), mss=100)
    conversation.open().client(http.request("GET", "/x", "host.example")).server(b"a" * 120).close()
    path = tmp_path / "x.pcap"
    path.write_bytes(pcap.write_pcap(conversation.packets(link=link), frames.LINKTYPE[link]))
    checks = ("-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE")
    rows = fields(path, "tcp.len", "tcp.checksum.status", "http.host", options=checks)
    assert {row[1] for row in rows} == {"1"}
    account = conversation.account()
    assert sum(int(row[0]) for row in rows) == account.orig_bytes + account.resp_bytes
    assert [row[2] for row in rows if row[2]] == ["host.example"]


@needs_tshark
def test_vlans_extension_headers_and_options(tmp_path: Path) -> None:
    datagram = frames.udp("2001:db8::5", "2001:db8::7", (4000, 53), dns.message(7, "x.example"))
    six = frames.ipv6("2001:db8::5", "2001:db8::7", 17, datagram, extensions=(0, 60))
    inner = frames.udp("10.9.0.5", "10.9.0.6", (4000, 53), dns.message(8, "y.example"))
    four = frames.ipv4("10.9.0.5", "10.9.0.6", 17, inner, options=b"\x94\x04\0\0")
    stacked = frames.ethernet(six, 0x86DD, vlans=((0x88A8, 100), (0x8100, 7)))
    packets = [Packet(1, stacked), Packet(2, frames.ethernet(four, pad=True))]
    path = tmp_path / "x.pcap"
    path.write_bytes(pcap.write_pcap(packets))
    rows = fields(
        path, "dns.qry.name", "udp.checksum.status", options=("-o", "udp.check_checksum:TRUE")
    )
    assert rows == [["x.example", "1"], ["y.example", "1"]]


@needs_tshark
@pytest.mark.parametrize("tls13", [True, False])
def test_tshark_reads_the_tls_session(tmp_path: Path, tls13: bool) -> None:
    hello = tls.Hello(
        "store.example", key_share_bytes=1216, ech="grease", padding=90,
        versions=(tls.TLS13, tls.TLS12) if tls13 else (),
    )  # fmt: skip
    session = https.connect(
        ("10.9.0.5", 40000), ("198.51.100.7", 443), None, tls13=tls13, hello=hello
    )
    session.exchange(400, 20_000, 300).close()
    path = tmp_path / "x.pcap"
    path.write_bytes(pcap.write_pcap(session.conversation.packets()))
    rows = fields(
        path, "tls.handshake.extensions_server_name", "tls.handshake.extensions_alpn_str",
        "tls.handshake.type", "_ws.malformed",
    )  # fmt: skip
    assert [row[:2] for row in rows if row[0]] == [["store.example", "h2,http/1.1"]]
    assert not tls13 or not any(row[3] for row in rows)  # a TLS 1.2 certificate is noise here
    seen = {kind for row in rows for kind in row[2].split(",") if kind}
    assert seen >= ({"1", "2"} if tls13 else {"1", "2", "11", "16"})


@needs_tshark
def test_tshark_reads_the_dns_records(tmp_path: Path) -> None:
    answers = [
        dns.Record("www.shop.example", dns.CNAME, "edge.cdn.example", 60),
        dns.Record("edge.cdn.example", dns.A, "198.51.100.9", 20),
        dns.Record("edge.cdn.example", dns.AAAA, "2001:db8::9", 20),
        dns.Record(
            "www.shop.example", dns.HTTPS,
            dns.Service(1, "edge.cdn.example", ("h2",), ("198.51.100.9",)).rdata(),
        ),
    ]  # fmt: skip
    path = tmp_path / "x.pcap"
    path.write_bytes(pcap.write_pcap(dns.lookup(1, "10.9.0.5", "www.shop.example", answers)))
    row = fields(path, "dns.cname", "dns.a", "dns.aaaa", "dns.svcb.targetname", "_ws.malformed")[1]
    assert row == ["edge.cdn.example", "198.51.100.9", "2001:db8::9", "edge.cdn.example", ""]


def test_the_account_counts_each_byte_once() -> None:
    conversation = talk(isn=2**32 - 200)
    plain = conversation.account()
    assert (plain.orig_bytes, plain.resp_bytes, plain.orig_missed) == (450, 120, 0)
    data = data_indexes(conversation.segments, True)
    for changed in (
        retransmit(conversation.segments, data[1], 350_000),
        delay(conversation.segments, data[1], 350_000),
        merge_retransmit(conversation.segments, data[1], data[2], 5_000_000),
    ):
        account = conversation.account(changed)
        assert (account.orig_bytes, account.orig_missed) == (450, 0)
    lost = conversation.account(drop(conversation.segments, data[2]))
    assert (lost.orig_bytes, lost.orig_missed) == (350, 100)


def test_a_keep_alive_adds_nothing() -> None:
    conversation = Conversation(Host("10.9.0.5", 40000, 10), Host("198.51.100.7", 443, 5)).open()
    conversation.client(b"q" * 50).keep_alive(True, garbage=b"\0").client(b"q" * 50)
    assert conversation.account().orig_bytes == 100


def test_every_hostile_string_survives_the_way_through_a_file_name(tmp_path: Path) -> None:
    names = {hostile.as_file_name(text) for text in hostile.HOSTILE.values()} - {None}
    for name in names:
        (tmp_path / os.fsdecode(name)).touch()
    assert {os.fsencode(path.name) for path in tmp_path.iterdir()} == names
    assert len(names) > 40


def test_no_hostile_string_is_in_the_list_twice() -> None:
    assert len(set(hostile.HOSTILE.values())) == len(hostile.HOSTILE)
