"""Damaged, strange and hostile inputs: one clear line, exit 3, a report, and nothing lost before.

What "before the damage" means is counted with the tests' own writer, record by record.
"""

from __future__ import annotations

import gzip
import json
import os
import random
import stat
import struct
from typing import TYPE_CHECKING, Any

import pytest

from craft import dns, frames, https, pcap, pcapng, run, scenes, tls
from craft.filler import noise
from craft.packet import Packet
from craft.tcp import EPOCH_NS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from craft.unprivileged import Unprivileged

INCOMPLETE = 3
SAMPLED_CUTS = 60


def small() -> list[Packet]:
    """A look-up and a short upload: 30-odd packets."""
    client = scenes.agent(0)
    session = scenes.upload_session(client, body=6_000, start_ns=EPOCH_NS + 10_000_000)
    return scenes.merge(
        scenes.resolve(client, scenes.FOREIGN_STORE, scenes.STORE_ADDRESS, EPOCH_NS),
        session.conversation.packets(),
    )


def report_of(folder: Path, *arguments: str | Path) -> tuple[Any, Any]:
    """(finished process, result document) of one command-line run."""
    out = folder / "out.json"
    done = run.command_line(
        "analyze", *arguments, "--format", "json", "-o", out, "--own", scenes.OWN, cwd=folder
    )
    assert b"Traceback" not in done.stderr + done.stdout
    assert out.exists(), done.stderr.decode()
    return done, json.loads(out.read_text("utf-8"))


def complaint(done: Any, path: Path) -> str:
    """The one line about the file."""
    lines = [line for line in done.stderr.decode().splitlines() if path.name in line]
    assert len(lines) == 1, done.stderr.decode()
    return str(lines[0])


def boundaries(data: bytes) -> list[int]:
    """Offsets at which the records of a little-endian pcap end, the header's end first."""
    at, out = 24, [24]
    while at < len(data):
        at += 16 + struct.unpack_from("<I", data, at + 8)[0]
        out.append(at)
    return out


# -- the kinds of damage the issue names ----------------------------------------------------------


def test_empty_file(tmp_path: Path) -> None:
    path = tmp_path / "empty.pcap"
    path.write_bytes(b"")
    done, document = report_of(tmp_path, path)
    assert done.returncode == INCOMPLETE
    assert "empty" in complaint(done, path)
    assert document["verdict"] == "cannot tell"


def test_header_only_is_whole_but_shows_nothing(tmp_path: Path) -> None:
    path = tmp_path / "header.pcap"
    path.write_bytes(pcap.header())
    done, document = report_of(tmp_path, path)
    assert document["verdict"] == "cannot tell"
    assert document["inputs"][0]["records"] == 0
    assert done.returncode == INCOMPLETE
    assert "no packet" in complaint(done, path)


@pytest.mark.parametrize("length", [1, 3, 4, 11, 23])
def test_cut_inside_the_file_header(tmp_path: Path, length: int) -> None:
    path = tmp_path / "short.pcap"
    path.write_bytes(pcap.header()[:length])
    done, document = report_of(tmp_path, path)
    assert done.returncode == INCOMPLETE
    assert complaint(done, path)
    assert document["inputs"][0]["complete"] is False


@pytest.mark.parametrize("order", ["little", "big"])
def test_a_cut_record_names_its_offset_and_what_is_lost(tmp_path: Path, order: pcap.Order) -> None:
    packets = small()
    path = tmp_path / "cut.pcap"
    data = pcap.write_pcap(packets, order=order)
    last = len(data) - 16 - len(packets[-1].data)
    path.write_bytes(data[:-3])
    done, document = report_of(tmp_path, path)
    assert done.returncode == INCOMPLETE
    line = complaint(done, path)
    assert str(last) in line
    assert document["inputs"][0]["records"] == len(packets) - 1
    assert [f["agent"] for f in document["findings"]] == [scenes.agent(0)]
    (issue,) = [i for i in document["issues"] if i["incomplete"]]
    assert str(last) in issue["where"]


def test_cut_at_any_offset_keeps_everything_before_it(tmp_path: Path) -> None:
    """In process, so that many offsets can be tried: records, flows and bytes before the cut."""
    packets = small()
    data = pcap.write_pcap(packets)
    ends = boundaries(data)
    offsets = sorted({*random.Random(7).sample(range(25, len(data)), SAMPLED_CUTS), *ends[3:6]})
    path = tmp_path / "cut.pcap"
    for offset in offsets:
        path.write_bytes(data[:offset])
        analysis = run.analyze(tmp_path, path, own=[scenes.OWN])
        whole_records = sum(end <= offset for end in ends) - 1
        (info,) = analysis.result.inputs
        assert info.records == whole_records, offset
        assert info.complete is (offset in ends), offset
        counted = analysis.rows("SELECT sum(orig_pkts + resp_pkts) AS n FROM flows")[0]["n"]
        assert (counted or 0) == whole_records, offset


@pytest.mark.parametrize("compressed", [False, True], ids=["plain", "gzip"])
def test_cut_at_any_offset_of_a_pcapng(tmp_path: Path, compressed: bool) -> None:
    data = pcapng.write_pcapng(small())
    stored = gzip.compress(data, mtime=0) if compressed else data
    path = tmp_path / "cut.pcapng"
    for offset in sorted(random.Random(8).sample(range(1, len(stored)), 30)):
        path.write_bytes(stored[:offset])
        analysis = run.analyze(tmp_path, path, own=[scenes.OWN])
        (info,) = analysis.result.inputs
        assert info.bytes <= offset
        known = [i for i in analysis.result.issues if i.incomplete]
        assert known or info.complete, offset
        if compressed:
            assert not info.complete


@pytest.mark.parametrize("length", [0xFFFFFFFF, 0x7FFFFFFF, 0x40000001, 300_000])
def test_a_wrong_record_length(tmp_path: Path, length: int) -> None:
    packets = small()
    good = pcap.write_pcap(packets[:10])
    bad = good + pcap.record(packets[10], captured_len=length)
    path = tmp_path / "length.pcap"
    path.write_bytes(bad + b"".join(map(pcap.record, packets[11:])))
    done, document = report_of(tmp_path, path)
    assert done.returncode == INCOMPLETE
    assert document["inputs"][0]["records"] >= 10
    assert str(len(good)) in complaint(done, path)


@pytest.mark.parametrize("length", [0, 8, 11, 13, 0xFFFFFFFC])
def test_a_wrong_block_length(tmp_path: Path, length: int) -> None:
    packets = small()
    face = pcapng.Interface()
    good = pcapng.write_pcapng(packets[:10], [face])
    broken = pcapng.block(pcapng.EPB, noise(60), length=length)
    path = tmp_path / "length.pcapng"
    path.write_bytes(good + broken + pcapng.enhanced(packets[10], face))
    done, document = report_of(tmp_path, path)
    assert done.returncode == INCOMPLETE
    assert document["inputs"][0]["records"] == 10
    assert str(len(good)) in complaint(done, path)


def _wrong_total_length(packet: Packet) -> Packet:
    return Packet(packet.ts_ns, packet.data[:16] + b"\xff\xff" + packet.data[18:])


def _short_total_length(packet: Packet) -> Packet:
    return Packet(packet.ts_ns, packet.data[:16] + b"\x00\x10" + packet.data[18:])


def _long_header(packet: Packet) -> Packet:
    return Packet(packet.ts_ns, packet.data[:14] + b"\x4f" + packet.data[15:])


def _short_offset(packet: Packet) -> Packet:
    return Packet(packet.ts_ns, packet.data[:46] + b"\x10" + packet.data[47:])


def _long_offset(packet: Packet) -> Packet:
    return Packet(packet.ts_ns, packet.data[:46] + b"\xf0" + packet.data[47:])


@pytest.mark.parametrize(
    "spoil",
    [_wrong_total_length, _short_total_length, _long_header, _short_offset, _long_offset],
)
def test_wrong_lengths_inside_a_packet_are_counted(
    tmp_path: Path, spoil: Callable[[Packet], Packet]
) -> None:
    """One bad packet among good ones is an issue, and the next packet is read."""
    packets = small()
    tcp = [i for i, packet in enumerate(packets) if packet.data[23] == 6]
    broken = [*packets, spoil(packets[tcp[0]].shifted(9_000_000_000))]
    path = tmp_path / "x.pcap"
    path.write_bytes(pcap.write_pcap(broken))
    analysis = run.analyze(tmp_path, path, own=[scenes.OWN])
    assert analysis.result.inputs[0].records == len(broken)
    assert [f.agent for f in analysis.exfiltration()] == [scenes.agent(0)]
    assert analysis.result.issues, "a bad packet is counted by kind"


def test_an_unknown_link_type(tmp_path: Path) -> None:
    path = tmp_path / "dbus.pcap"
    path.write_bytes(pcap.write_pcap(small(), 231))
    done, document = report_of(tmp_path, path)
    assert done.returncode == INCOMPLETE
    assert "231" in complaint(done, path)
    assert document["verdict"] == "cannot tell"


def test_one_unknown_link_type_among_known_ones(tmp_path: Path) -> None:
    packets = small()
    faces = [pcapng.Interface(), pcapng.Interface(231)]
    strange = [Packet(packet.ts_ns, noise(70), None, 1) for packet in packets]
    path = tmp_path / "mixed.pcapng"
    path.write_bytes(pcapng.write_pcapng(scenes.merge(packets, strange), faces))
    done, document = report_of(tmp_path, path)
    assert done.returncode == INCOMPLETE
    assert len(document["findings"]) >= 1
    (issue,) = [i for i in document["issues"] if "231" in i["detail"] + i["code"] + i["where"]]
    assert issue["count"] == len(strange)


@pytest.mark.parametrize("seed", range(6))
def test_random_bytes(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "noise.pcap"
    path.write_bytes(noise(3000, str(seed)))
    done, document = report_of(tmp_path, path)
    assert done.returncode == INCOMPLETE
    assert complaint(done, path)
    assert document["inputs"][0]["format"] is None


def test_random_packets_in_a_sound_file(tmp_path: Path) -> None:
    packets = [Packet(EPOCH_NS + n, noise(n % 400, f"p{n}")) for n in range(2000)]
    for linktype in frames.LINKTYPE.values():
        path = tmp_path / f"noise-{linktype}.pcap"
        path.write_bytes(pcap.write_pcap(packets, linktype))
        analysis = run.analyze(tmp_path, path)
        assert analysis.result.inputs[0].records == len(packets)
        codes = {issue.code for issue in analysis.result.issues}
        assert analysis.result.inputs[0].complete is not ("nothing-analysed" in codes)


def test_flipped_bits_never_stop_the_rest(tmp_path: Path) -> None:
    """Damage below the record layer: every packet is still read."""
    source = random.Random(11)
    packets = scenes.everything()
    for round_number in range(12):
        spoiled = []
        for packet in packets:
            data = bytearray(packet.data)
            for _ in range(source.choice((0, 1, 1, 8))):
                data[source.randrange(len(data))] ^= 1 << source.randrange(8)
            spoiled.append(Packet(packet.ts_ns, bytes(data)))
        path = tmp_path / f"bits-{round_number}.pcap"
        path.write_bytes(pcap.write_pcap(spoiled))
        analysis = run.analyze(tmp_path, path, own=[scenes.OWN])
        assert analysis.result.inputs[0].records == len(packets)
        faults = [i for i in analysis.result.issues if i.code == "kernel-fault"]
        assert faults == []


# -- files that cannot be had ---------------------------------------------------------------------


def test_a_missing_file_beside_a_good_one(tmp_path: Path) -> None:
    good = tmp_path / "good.pcap"
    good.write_bytes(pcap.write_pcap(small()))
    missing = tmp_path / "nowhere.pcap"
    done, document = report_of(tmp_path, missing, good)
    assert done.returncode == INCOMPLETE
    assert complaint(done, missing)
    assert [f["agent"] for f in document["findings"]] == [scenes.agent(0)]


def test_an_unreadable_file(unprivileged: Unprivileged) -> None:
    folder = unprivileged.folder
    path = folder / "secret.pcap"
    path.write_bytes(pcap.write_pcap(small()))
    path.chmod(0)
    out = folder / "out" / "x.json"
    done = unprivileged.command_line("analyze", path, "--format", "json", "-o", out)
    assert done.returncode == INCOMPLETE, done.stderr.decode()
    assert "ermission" in complaint(done, path)
    assert b"Traceback" not in done.stderr
    assert json.loads(out.read_text("utf-8"))["verdict"] == "cannot tell"


def test_a_folder_of_junk(tmp_path: Path) -> None:
    junk = tmp_path / "junk"
    (junk / "sub").mkdir(parents=True)
    (junk / "notes.txt").write_text("these are no packets\n")
    (junk / "sub" / "blob").write_bytes(noise(500))
    (junk / "zero").write_bytes(b"")
    (junk / "sub" / "good.bin").write_bytes(pcap.write_pcap(small()))
    (junk / "loop").symlink_to(junk)
    os.mkfifo(junk / "pipe")
    done, document = report_of(tmp_path, junk)
    assert done.returncode == INCOMPLETE
    assert [f["agent"] for f in document["findings"]] == [scenes.agent(0)]
    for name in ("notes.txt", "blob", "zero"):
        assert complaint(done, junk / name)


def test_an_empty_folder(tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    done, document = report_of(tmp_path, tmp_path / "nothing")
    assert done.returncode == INCOMPLETE
    assert complaint(done, tmp_path / "nothing")
    assert document["verdict"] == "cannot tell"


def test_damage_through_a_pipe(tmp_path: Path) -> None:
    data = pcap.write_pcap(small())
    out = tmp_path / "x.json"
    done = run.command_line(
        "analyze", "-", "--format", "json", "-o", out, cwd=tmp_path, stdin=data[:-3]
    )
    assert done.returncode == INCOMPLETE
    assert b"Traceback" not in done.stderr
    document = json.loads(out.read_text("utf-8"))
    assert document["inputs"][0]["records"] == len(small()) - 1


# -- an attacker chose the bytes ------------------------------------------------------------------

ESCAPES = b"\x1b]0;owned\x07\x1b[2J<script>x</script>.blob.core.windows.net"


@pytest.mark.parametrize("output", ["html", "json"])
def test_terminal_escapes_in_a_name_never_come_out_raw(tmp_path: Path, output: str) -> None:
    client = scenes.agent(0)
    hello = tls.Hello(ESCAPES)
    session = https.connect((client, 41000), (scenes.STORE_ADDRESS, 443), None, hello=hello)
    session.exchange(400, 2_000_000, 250).close()
    question = dns.message(5, ESCAPES.decode("latin-1"))
    path = tmp_path / "\x1b[31mred.pcap"
    asked = dns.datagram(EPOCH_NS - 1, (client, 30000), ("192.0.2.53", 53), question)
    path.write_bytes(pcap.write_pcap([asked, *session.conversation.packets()])[:-1])
    out = tmp_path / f"out.{output}"
    done = run.command_line("analyze", path, "--format", output, "-o", out, cwd=tmp_path)
    assert done.returncode == INCOMPLETE
    for shown in (done.stdout, done.stderr, out.read_bytes()):
        assert b"\x1b" not in shown
        assert b"\x07" not in shown
    assert b"<script>x" not in out.read_bytes() or output == "json"


def test_dns_loops_are_refused(tmp_path: Path) -> None:
    name = scenes.FOREIGN_STORE
    packets = [
        dns.datagram(EPOCH_NS + n, ("192.0.2.53", 53), (scenes.agent(0), 30000 + n), message)
        for n, message in enumerate(
            [
                dns.looping_answer(1, name),
                struct.pack(">HHHHHH", 2, 0x8180, 1, 0xFFFF, 0xFFFF, 0xFFFF)
                + b"\xc0\x0c\0\x01\0\x01",
                struct.pack(">HHHHHH", 3, 0x8180, 0xFFFF, 0, 0, 0) + b"\x01a\xc0\x0c" * 100,
            ]
        )
    ]
    path = tmp_path / "loops.pcap"
    path.write_bytes(pcap.write_pcap(packets))
    rows = run.analyze(tmp_path, path).rows("SELECT * FROM dns ORDER BY txid")
    assert [row["malformed"] for row in rows] == [True, True, True]


def test_the_report_is_never_world_writable_and_never_half_written(tmp_path: Path) -> None:
    path = tmp_path / "cut.pcap"
    path.write_bytes(pcap.write_pcap(small())[:-3])
    report_of(tmp_path, path)
    left = sorted(entry.name for entry in tmp_path.iterdir())
    assert left == ["cut.pcap", "out.json"]
    assert not (tmp_path / "out.json").stat().st_mode & stat.S_IWOTH
