"""Display filters and recounts, as text and against tshark."""

from __future__ import annotations

import json
import shutil
import struct
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from analyzer.evidence.filters import bpf, recount
from craft import direct, frames, scenes, tunnels
from craft.packet import Packet
from craft.pcap import write_pcap
from craft.unpack import read_capture

if TYPE_CHECKING:
    from pathlib import Path

A, B = ("10.0.0.5", 40000), ("52.0.0.1", 443)
TUNNELS = [
    tunnels.vxlan,
    tunnels.gre,
    tunnels.mpls,
    tunnels.gtp,
    tunnels.pppoe,
    tunnels.geneve,
    tunnels.erspan2,
    tunnels.ip_in_ip6,
    tunnels.l2tp,
]


def command(**changes):
    base = {
        "proto": "tcp",
        "orig": A,
        "resp": B,
        "window": None,
        "duplicates": False,
        "paths": ["c.pcap"],
    }
    return recount(**{**base, **changes})


def run(shell: str, cwd: Path | None = None) -> str:
    done = subprocess.run(shell, shell=True, capture_output=True, text=True, check=False, cwd=cwd)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def tshark_count(path: Path, display_filter: str) -> int:
    numbers = ["-T", "fields", "-e", "frame.number"]
    done = subprocess.run(
        ["tshark", "-n", "-r", str(path), "-Y", display_filter, *numbers],
        capture_output=True,
        text=True,
        check=True,
    )
    return len(done.stdout.split())


def socket(text: str) -> tuple[str, int]:
    address, _, port = text.rpartition(":")
    return address.strip("[]"), int(port)


needs_tshark = pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")


def test_the_filter_shows_both_directions_of_one_conversation():
    shown, _ = command()
    assert shown == (
        "(ip.src == 10.0.0.5 && tcp.srcport == 40000 && ip.dst == 52.0.0.1 && tcp.dstport == 443)"
        " || "
        "(ip.src == 52.0.0.1 && tcp.srcport == 443 && ip.dst == 10.0.0.5 && tcp.dstport == 40000)"
    )


def test_ipv6_and_udp():
    shown, tshark = command(proto="udp", orig=("2001:db8::5", 1), resp=("2001:db8::1", 443))
    assert shown.startswith("(ipv6.src == 2001:db8::5 && udp.srcport == 1 && ipv6.dst")
    assert "udp.length" in tshark
    assert "tcp" not in tshark


def test_a_window_bounds_both_directions():
    shown, tshark = command(window=(1_795_474_332_000_000_001, 1_795_474_333_999_999_999))
    bounds = "frame.time_epoch >= 1795474332.000000001 && frame.time_epoch <= 1795474333.999999999"
    assert shown.startswith("((")
    assert shown.endswith(f") && {bounds}")
    assert bounds in tshark


def test_standard_input_cannot_be_read_again():
    assert command(paths=["-"])[1] is None
    assert command(paths=["c.pcap", "-"])[1] is None
    assert command(paths=[])[1] is None


def test_several_files_are_merged():
    tshark = command(paths=["a.pcap", "b b.pcap"])[1]
    assert tshark.startswith("mergecap -w - a.pcap 'b b.pcap' | tshark -r - -n -Y ")


def test_inputs_that_are_no_files_are_printed_by_their_commands():
    extracts = {"a.tar!/x y": "tar -xOif - 'x y' < a.tar"}
    one = command(paths=["a.tar!/x y"], extracts=extracts)[1]
    assert one.startswith("tar -xOif - 'x y' < a.tar | tshark -r - -n -Y ")
    both = command(paths=["a.tar!/x y", "-b"], extracts=extracts)[1]
    assert both.startswith("mergecap -w - <(tar -xOif - 'x y' < a.tar) ./-b | tshark -r - -n -Y ")
    assert command(paths=["a.tar!/x y", "-"], extracts=extracts)[1] is None


def test_file_names_are_quoted_and_never_options():
    assert command(paths=["a'; touch x; '.pcap"])[1].startswith(
        "tshark -r 'a'\"'\"'; touch x; '\"'\"'.pcap' -n"
    )
    assert command(paths=["-w"])[1].startswith("tshark -r ./-w -n")


@pytest.mark.parametrize("address", ["1.2.3.4 || tcp", "evil.example", "", "1.2.3.4'"])
def test_only_addresses_enter_a_filter(address):
    with pytest.raises(ValueError, match="address"):
        command(orig=(address, 1))


# Retransmission and loss, doubled packets (SLL2), a VLAN trunk, IPv6, pcapng, HTTP in clear.
RECOUNTED = [
    "b03_push_own",
    "b10_pull_ipv6",
    "b15_pull_any_sll2",
    "b17_pull_pcapng",
    "b18_pull_vlan",
    "m08_drip_reused",
    "m16_plain_http",
    "m18_put_proxy",
]


@pytest.mark.tool
@needs_tshark
@pytest.mark.parametrize("scenario", RECOUNTED)
def test_the_recount_reprints_the_payload_of_lab_flows(lab_dir, scenario):
    flows = json.loads((lab_dir / "flows" / f"{scenario}.json").read_text())
    flows.sort(key=lambda flow: -flow["up_tcp_payload"])
    capture = next((lab_dir / "captures").glob(f"{scenario}.*"))
    for flow in (flows[0], flows[-1]):
        shown, tshark = command(
            orig=socket(flow["client"]), resp=socket(flow["server"]), paths=[str(capture)]
        )
        assert int(run(tshark)) == flow["up_tcp_payload"]
        assert tshark_count(capture, shown) > 0


@pytest.mark.tool
@needs_tshark
def test_filters_of_all_flows_split_a_capture(lab_dir):
    capture = lab_dir / "captures" / "m46_many_accounts.pcap"
    flows = json.loads((lab_dir / "flows" / "m46_many_accounts.json").read_text())
    each = [
        tshark_count(capture, command(orig=socket(f["client"]), resp=socket(f["server"]))[0])
        for f in flows
    ]
    assert all(each)
    assert sum(each) == tshark_count(capture, "tcp")


class Wire:
    """A pcap (raw IP) with TCP segments or UDP datagrams that are made byte by byte."""

    def __init__(self) -> None:
        self.packets: list[tuple[int, bytes]] = []

    def tcp(self, ns: int, seq: int, payload: bytes, flags: int = 0x18, orig=A, resp=B) -> None:
        head = struct.pack(">HHIIBBHHH", orig[1], resp[1], seq % 2**32, 1, 0x50, flags, 9000, 0, 0)
        self.ip(ns, 6, head + payload, orig, resp)

    def udp(self, ns: int, payload: bytes, ident: int = 1) -> None:
        head = struct.pack(">HHHH", A[1], B[1], 8 + len(payload), ident)
        self.ip(ns, 17, head + payload, A, B, ident)

    def ip(self, ns, proto, body, orig, resp, ident=1) -> None:
        source, target = (bytes(int(x) for x in s[0].split(".")) for s in (orig, resp))
        head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(body), ident, 0, 64, proto, 0)
        self.packets.append((ns, head + source + target + body))

    def write(self, path: Path) -> None:
        data = struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 65535, 101)
        for ns, packet in self.packets:
            size = len(packet)
            data += struct.pack("<IIII", ns // 10**9, ns % 10**9, size, size) + packet
        path.write_bytes(data)


@pytest.fixture
def wire():
    return Wire()


@pytest.mark.tool
@needs_tshark
def test_retransmission_overlap_disorder_wrap_syn_data_and_keep_alive(wire, tmp_path):
    start = 2**32 - 150
    wire.tcp(1000, start - 1, b"", flags=2)
    wire.tcp(2000, start + 100, b"b" * 100)  # out of order, over the wrap
    wire.tcp(3000, start, b"a" * 100)
    wire.tcp(4000, start + 50, b"c" * 100)  # overlap
    wire.tcp(5000, start + 200, b"d" * 10)
    wire.tcp(6000, start + 200, b"d" * 10)  # retransmission
    wire.tcp(7000, start + 209, b"\0")  # keep-alive
    wire.tcp(8000, start + 300, b"e" * 5)  # after a hole: the hole was not seen
    wire.tcp(9000, 1, b"answer", orig=B, resp=A)
    wire.write(tmp_path / "c.pcap")
    assert run(command()[1], tmp_path) == "215"


@pytest.mark.tool
@needs_tshark
def test_data_in_the_syn_counts_from_behind_it(wire, tmp_path):
    wire.tcp(1000, 5, b"ab", flags=2)
    wire.tcp(2000, 8, b"cd")
    wire.write(tmp_path / "c.pcap")
    assert run(command()[1], tmp_path) == "4"


@pytest.mark.tool
@needs_tshark
def test_a_conversation_without_payload_is_zero(wire, tmp_path):
    wire.tcp(1000, 5, b"", flags=2)
    wire.write(tmp_path / "c.pcap")
    assert run(command()[1], tmp_path) == "0"


@pytest.mark.tool
@needs_tshark
def test_the_window_tells_reused_ports_apart(wire, tmp_path):
    wire.tcp(10**9, 100, b"first")
    wire.tcp(10**9 + 7, 105, b"!")
    wire.tcp(2 * 10**9, 90_000, b"second")
    wire.write(tmp_path / "c.pcap")
    window = (10**9, 10**9 + 7)
    shown, tshark = command(window=window)
    assert run(tshark, tmp_path) == "6"
    assert tshark_count(tmp_path / "c.pcap", shown) == 2


@pytest.mark.tool
@needs_tshark
def test_a_conversation_over_two_files_and_a_hostile_name(wire, tmp_path):
    other = Wire()
    wire.tcp(10**9, 100, b"first")
    other.tcp(2 * 10**9, 105, b"second")
    wire.write(tmp_path / "a'b$(touch x).pcap")
    other.write(tmp_path / "-w")
    tshark = command(paths=["a'b$(touch x).pcap", "-w"])[1]
    assert run(tshark, tmp_path) == "11"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["-w", "a'b$(touch x).pcap"]


@pytest.mark.tool
@needs_tshark
@pytest.mark.parametrize(("duplicates", "total"), [(False, "370"), (True, "270")])
def test_udp_sums_payloads_and_drops_copies(wire, tmp_path, duplicates, total):
    wire.udp(0, b"x" * 100, ident=1)
    wire.udp(2_000_000, b"x" * 100, ident=1)  # the other interface's copy
    wire.udp(500_000_000, b"x" * 100, ident=1)  # half a second later it is another datagram
    wire.udp(600_000_000, b"y" * 70, ident=2)
    wire.write(tmp_path / "c.pcap")
    assert run(command(proto="udp", duplicates=duplicates)[1], tmp_path) == total


@pytest.mark.tool
@needs_tshark
@pytest.mark.parametrize("wrap", TUNNELS)
def test_a_tunnelled_conversation_is_filtered_and_recounted_inside(wrap, tmp_path):
    session = scenes.upload_session("10.0.0.5", body=20_000)
    talk = session.conversation
    datagrams = []
    for ns, body in enumerate((b"x" * 100, b"y" * 70)):
        packet = frames.ipv4(A[0], B[0], 17, frames.udp(A[0], B[0], (A[1], B[1]), body))
        datagrams.append(Packet(ns * 1000, frames.ethernet(packet)))
    packets = [*datagrams, *talk.packets()]
    path = tmp_path / "c.pcap"
    path.write_bytes(write_pcap([replace(p, data=wrap(p.data)) for p in packets]))
    read = direct.read(path.read_bytes())
    counts = []
    for row in read["flows"]:
        shown, tshark = command(
            proto=row["proto"],
            orig=(row["orig_ip"], row["orig_port"]),
            resp=(row["resp_ip"], row["resp_port"]),
            tunnelled=row["encapsulation"] is not None,
        )
        assert tshark_count(path, shown) == row["orig_pkts"] + row["resp_pkts"]
        assert run(tshark, tmp_path) == str(row["orig_bytes"])
        counts.append(row["orig_bytes"])
    assert counts[0] == 170
    assert counts[1] > 20_000


@pytest.mark.parametrize("tagged", [False, True])
@pytest.mark.skipif(shutil.which("tcpdump") is None, reason="no tcpdump")
def test_the_capture_filter_shows_both_directions_and_no_other(tmp_path, tagged):
    """tcpdump is the oracle of its own language."""
    first = scenes.upload_session("10.0.0.1", port=4000).conversation.packets()
    other = scenes.upload_session("10.0.0.1", port=4001).conversation.packets()
    packets = scenes.merge(first, other)
    if tagged:
        tag = b"\x81\0\0\7"
        packets = [replace(p, data=p.data[:12] + tag + p.data[12:]) for p in packets]
    path = tmp_path / "x.pcap"
    path.write_bytes(write_pcap(packets))
    wanted = bpf("tcp", ("10.0.0.1", 4000), (scenes.STORE_ADDRESS, 443))
    shown = subprocess.run(
        ["tcpdump", "-nr", str(path), "-w", "-", wanted], capture_output=True, check=True
    ).stdout
    (tmp_path / "y.pcap").write_bytes(shown)
    assert len(read_capture(tmp_path / "y.pcap").packets) == len(list(first))


@pytest.mark.parametrize("address", ["10.0.0.1 or tcp", "$(id)", "::1%x' or '"])
def test_only_addresses_enter_a_capture_filter(address):
    with pytest.raises(ValueError, match="address"):
        bpf("tcp", (address, 1), ("10.0.0.2", 2))
