"""A carved file holds the packets of the finding's conversations: all of them, and no other."""

from __future__ import annotations

import gzip
import io
import json
import shutil
import struct
import subprocess
import tarfile
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from analyzer.evidence.carve import Options, carve, find_finding, socket
from analyzer.issues import InputError, UsageError
from craft import frames, pcap, pcapng, run, scenes, tcp, tunnels
from craft.packet import Packet
from craft.unpack import read_capture

if TYPE_CHECKING:
    from pathlib import Path

    from analyzer.evidence.carve import Carved
    from analyzer.result import Finding, Result

SECOND = 1_000_000_000
WANTED = scenes.agent(1)
OTHER = scenes.agent(2)


def session(client: str = WANTED, **options: object) -> list[Packet]:
    return list(scenes.upload_session(client, **options).conversation.packets())


def traffic() -> tuple[list[Packet], list[Packet]]:
    """The wanted upload, and all packets: another agent does the same at the same time."""
    wanted = session()
    return wanted, scenes.merge(
        wanted, session(OTHER), scenes.pull_session(WANTED).conversation.packets()
    )


def finding_of(result: Result, agent: str = WANTED) -> Finding:
    (found,) = [f for f in result.findings if f.agent == agent and f.stream == "exfiltration"]
    return found


def carved(
    folder: Path, result: Result, finding: Finding | None = None, **options: object
) -> tuple[list[Packet], Carved]:
    stream = io.BytesIO()
    done = carve(result, finding or finding_of(result), stream, Options(**options))
    path = folder / "carved.pcapng"
    path.write_bytes(stream.getvalue())
    return read_capture(path).packets, done


def analyzed(folder: Path, *files: tuple[str, bytes]) -> Result:
    for name, data in files:
        (folder / name).write_bytes(data)
    return run.analyze(folder, *(folder / name for name, _ in files)).result


def key(packets: list[Packet]) -> list[tuple[int, bytes, int]]:
    return sorted((p.ts_ns, p.data, p.length) for p in packets)


def test_exactly_the_finding(tmp_path: Path) -> None:
    wanted, everything = traffic()
    result = analyzed(tmp_path, ("x.pcap", pcap.write_pcap(everything, nano=True)))
    found, done = carved(tmp_path, result)
    assert key(found) == key(wanted)
    (listed,) = done.manifest["conversations"]
    assert (done.packets, listed["packets"], done.missing) == (len(wanted), len(wanted), 0)
    (source,) = done.manifest["inputs"]
    assert source["sha256"] == result.inputs[0].sha256
    assert source["packets_carved"] == len(wanted)


@pytest.mark.parametrize("wrap", tunnels.WRAPS, ids=lambda wrap: wrap.name)
def test_inside_tunnels(tmp_path: Path, wrap: tunnels.Wrap) -> None:
    wanted, everything = traffic()
    data = pcap.write_pcap(wrap.packets(everything), wrap.linktype, nano=True)
    result = analyzed(tmp_path, ("x.pcap", data))
    found, _ = carved(tmp_path, result)
    assert key(found) == key(wrap.packets(wanted))


def split(packets: list[Packet], size: int = 512, *, backwards: bool = False) -> list[Packet]:
    out = []
    for number, packet in enumerate(packets):
        pieces = tunnels.fragments(packet.data, size, ident=number)
        ordered = pieces[::-1] if backwards else pieces
        out += [replace(packet, data=data) for data in ordered]
    return out


@pytest.mark.parametrize("backwards", [False, True])
def test_fragments_come_whole(tmp_path: Path, backwards: bool) -> None:
    wanted, everything = traffic()
    data = pcap.write_pcap(split(everything, backwards=backwards), nano=True)
    result = analyzed(tmp_path, ("x.pcap", data))
    found, done = carved(tmp_path, result)
    numbered = {id(packet): n for n, packet in enumerate(everything)}
    parts = [
        replace(packet, data=piece)
        for packet in wanted
        for piece in tunnels.fragments(packet.data, 512, ident=numbered[id(packet)])
    ]
    assert key(found) == key(parts)
    assert done.manifest["conversations"][0]["packets"] == len(wanted)


def test_fragments_inside_a_tunnel_inside_fragments(tmp_path: Path) -> None:
    wanted, everything = traffic()

    def twice(packets: list[Packet]) -> list[Packet]:
        out = []
        for number, packet in enumerate(everything):
            if packet not in packets:
                continue
            for k, piece in enumerate(tunnels.fragments(packet.data, 800, ident=number)):
                outer = tunnels.vxlan(piece)
                for data in tunnels.fragments(outer, 400, ident=3 * number + k):
                    out.append(replace(packet, data=data))
        return out

    result = analyzed(tmp_path, ("x.pcap", pcap.write_pcap(twice(everything), nano=True)))
    found, _ = carved(tmp_path, result)
    assert key(found) == key(twice(wanted))


def test_rotated_files_and_copies_of_another_interface(tmp_path: Path) -> None:
    wanted, everything = traffic()
    half = len(everything) // 2
    files = (
        ("a.pcap", pcap.write_pcap(everything[:half], nano=True)),
        ("b.pcap", pcap.write_pcap(everything[half:], nano=True)),
        ("copy.pcap", pcap.write_pcap(everything, nano=True)),
    )
    result = analyzed(tmp_path, *files)
    found, done = carved(tmp_path, result)
    assert key(found) == key([*wanted, *wanted])
    assert done.manifest["output"]["interfaces"] == 3
    times = [packet.ts_ns for packet in found]
    assert times == sorted(times)


def test_the_same_ports_again_are_another_conversation(tmp_path: Path) -> None:
    """The ports are used twice; what was read from the store is no part of the upload."""
    first = session()
    later = first[-1].ts_ns + 400 * SECOND
    again = tcp.Conversation(
        tcp.Host(WANTED, 41000, 9_000_000), tcp.Host(scenes.STORE_ADDRESS, 443, 8), start_ns=later
    )
    second = list(again.open().client(b"x" * 40).server(b"y" * 4000).close().packets())
    result = analyzed(tmp_path, ("x.pcap", pcap.write_pcap([*first, *second], nano=True)))
    finding = finding_of(result)
    ours = [e for e in finding.evidence if e.start_ns == first[0].ts_ns]
    found, _ = carved(tmp_path, result, replace(finding, evidence=ours))
    assert key(found) == key(first)


@pytest.mark.parametrize("order", ["little", "big"])
@pytest.mark.parametrize(("resolution", "offset"), [(None, None), (9, 5), (0x80 | 20, None)])
def test_pcapng_keeps_ticks_resolution_and_link(
    tmp_path: Path, order: pcapng.Order, resolution: int | None, offset: int | None
) -> None:
    wanted, everything = traffic()
    face = pcapng.Interface(tsresol=resolution, tsoffset=offset, snaplen=9000)
    result = analyzed(tmp_path, ("x.pcapng", pcapng.write_pcapng(everything, [face], order=order)))
    found, _ = carved(tmp_path, result)
    (tmp_path / "all.pcapng").write_bytes(pcapng.write_pcapng(wanted, [face], order=order))
    assert key(found) == key(read_capture(tmp_path / "all.pcapng").packets)


def test_snapped_packets_stay_snapped(tmp_path: Path) -> None:
    wanted, everything = traffic()
    result = analyzed(tmp_path, ("x.pcap", pcap.write_pcap(everything, nano=True, snaplen=200)))
    found, _ = carved(tmp_path, result)
    assert key(found) == key([p if len(p.data) <= 200 else p.snapped(200) for p in wanted])


def test_members_of_archives_and_compressed_files(tmp_path: Path) -> None:
    wanted, everything = traffic()
    half = len(everything) // 2
    member = pcap.write_pcap(everything[:half], nano=True)
    with tarfile.open(tmp_path / "x.tar.gz", "w:gz") as archive:
        info = tarfile.TarInfo("dir/a.pcap")
        info.size = len(member)
        archive.addfile(info, io.BytesIO(member))
    (tmp_path / "b.pcap.gz").write_bytes(
        gzip.compress(pcap.write_pcap(everything[half:], nano=True))
    )
    result = run.analyze(tmp_path, tmp_path / "x.tar.gz", tmp_path / "b.pcap.gz").result
    found, done = carved(tmp_path, result)
    assert key(found) == key(wanted)
    assert {line["path"].rpartition("/")[2] for line in done.manifest["inputs"]} == {
        "a.pcap",
        "b.pcap.gz",
    }


def icmp_error(packet: Packet, delay_ns: int) -> Packet:
    """A router's answer to a packet: destination unreachable, with its head (RFC 792)."""
    quoted = tunnels.inside(packet.data)[:28]
    body = struct.pack(">BBHI", 3, 1, 0, 0) + quoted
    data = frames.ethernet(frames.ipv4("10.77.0.254", WANTED, 1, body))
    return Packet(packet.ts_ns + delay_ns, data)


@pytest.mark.parametrize("asked", [False, True])
def test_icmp_errors_only_when_asked_for(tmp_path: Path, asked: bool) -> None:
    wanted, everything = traffic()
    theirs = [p for p in everything if p not in wanted]
    errors = [icmp_error(wanted[3], 10), icmp_error(wanted[-1], SECOND)]
    strangers = [icmp_error(theirs[4], 10), icmp_error(wanted[-1], 60 * SECOND)]
    data = pcap.write_pcap(scenes.merge(everything, errors, strangers), nano=True)
    result = analyzed(tmp_path, ("x.pcap", data))
    found, done = carved(tmp_path, result, icmp=asked)
    assert key(found) == key([*wanted, *errors] if asked else wanted)
    assert done.manifest["icmp_errors"] == (2 if asked else None)
    assert done.manifest["conversations"][0]["packets"] == len(wanted)


@pytest.mark.parametrize("asked", [False, True])
def test_secrets_only_when_asked_for(tmp_path: Path, asked: bool) -> None:
    _, everything = traffic()
    data = pcapng.write_pcapng(everything)
    data = data[: 28 + 20] + data[28 + 20 :] + pcapng.secrets(b"CLIENT_RANDOM 00 11\n")
    result = analyzed(tmp_path, ("x.pcapng", data))
    stream = io.BytesIO()
    done = carve(result, finding_of(result), stream, Options(secrets=asked))
    assert done.secrets == 1
    assert (b"CLIENT_RANDOM" in stream.getvalue()) is asked


def test_a_changed_input_is_named_and_nothing_written(tmp_path: Path) -> None:
    _, everything = traffic()
    result = analyzed(tmp_path, ("x.pcap", pcap.write_pcap(everything)))
    (tmp_path / "x.pcap").write_bytes(pcap.write_pcap(everything[:-1]))
    with pytest.raises(InputError, match=r"x\.pcap: SHA-256 was \w{64}, is \w{64}"):
        carve(result, finding_of(result), io.BytesIO(), Options())


def test_without_a_hash_sizes_are_compared(tmp_path: Path) -> None:
    _, everything = traffic()
    result = analyzed(tmp_path, ("x.pcap", pcap.write_pcap(everything)))
    unhashed = replace(result, inputs=[replace(result.inputs[0], sha256=None)])
    done = carve(unhashed, finding_of(unhashed), io.BytesIO(), Options())
    assert done.manifest["inputs"][0]["verified"] is False
    (tmp_path / "x.pcap").write_bytes(pcap.write_pcap(everything[:-1]))
    with pytest.raises(InputError, match="bytes were read, now"):
        carve(unhashed, finding_of(unhashed), io.BytesIO(), Options())


def test_what_cannot_be_carved_says_why(tmp_path: Path) -> None:
    _, everything = traffic()
    data = pcap.write_pcap(everything)
    with run.standard_input(data):
        result = run.analyze(tmp_path, "-").result
    finding = finding_of(result)
    with pytest.raises(UsageError, match="standard input, which was not kept"):
        carve(result, finding, io.BytesIO(), Options())
    logged = replace(finding, evidence=[replace(finding.evidence[0], first_packet=None)])
    with pytest.raises(UsageError, match="no conversation to carve"):
        carve(result, logged, io.BytesIO(), Options())
    with pytest.raises(UsageError, match="no finding 'f-0'"):
        find_finding(result, "f-0")


@pytest.mark.parametrize("shown", ["?", "1.2.3.4", "1.2.3.4:99999", "[::1]", "x:1", "1.2.3.4:1\n"])
def test_a_result_from_anybody(shown: str) -> None:
    with pytest.raises(UsageError):
        socket(shown)


@pytest.mark.tool
@pytest.mark.skipif(shutil.which("tshark") is None, reason="no tshark")
def test_the_command_and_tshark_agree(tmp_path: Path) -> None:
    wanted, everything = traffic()
    (tmp_path / "x.pcap").write_bytes(pcap.write_pcap(everything))
    made = run.command_line("analyze", "x.pcap", "-o", "r.json", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    finding = next(
        f for f in json.loads((tmp_path / "r.json").read_bytes())["findings"]
        if f["agent"] == WANTED and f["stream"] == "exfiltration"
    )  # fmt: skip
    arguments = ("carve", "r.json", "--finding", finding["id"], "-o", "c.pcapng")
    done = run.command_line(*arguments, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, b"")
    manifest = json.loads((tmp_path / "c.pcapng.manifest.json").read_bytes())
    shown = subprocess.run(
        ["tshark", "-r", "c.pcapng", "-T", "fields", "-e", "frame.comment", "-Y",
         finding["evidence"][0]["display_filter"]],
        cwd=tmp_path, capture_output=True, check=True, text=True,
    )  # fmt: skip
    numbers = [everything.index(packet) + 1 for packet in wanted]
    assert shown.stdout.splitlines() == [f"packet {number} of x.pcap" for number in numbers]
    assert manifest["output"]["packets"] == len(wanted)
    again = run.command_line(*arguments, cwd=tmp_path)
    assert again.returncode == 2
    assert run.command_line(*arguments, "--force", cwd=tmp_path).returncode == 0
    over = run.command_line(*arguments[:-1], "x.pcap", "--force", cwd=tmp_path)
    assert over.returncode == 2
    assert b"not overwritten" in over.stderr


@pytest.mark.parametrize("sixth", [False, True])
def test_more_conversations_than_the_evidence_lists(tmp_path: Path, sixth: bool) -> None:
    """The result names all of them, whatever it shows: none is missing, none is another's."""
    addresses = {"address": "2603:1030:b::8"} if sixth else {}
    client, other = ("fd00::5", "fd00::6") if sixth else (WANTED, OTHER)
    wanted = [
        session(
            client, port=30_000 + n, body=6_000, start_ns=scenes.EPOCH_NS + n * SECOND, **addresses
        )
        for n in range(70)
    ]
    stranger = session(other, port=30_000, **addresses)
    everything = scenes.merge(*wanted, stranger)
    result = analyzed(tmp_path, ("x.pcap", pcap.write_pcap(everything, nano=True)))
    finding = finding_of(result, client)
    assert finding.flow_count == 70
    assert len(finding.evidence) == 50
    assert len(finding.conversations) == 20
    found, done = carved(tmp_path, result, finding)
    assert key(found) == key([packet for each in wanted for packet in each])
    assert (done.conversations, done.missing) == (70, 0)
    assert [c["packets"] for c in done.manifest["conversations"]] == [len(each) for each in wanted]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tcp 10.0.0.4:1 10.0.0.5:443 1 2 0",
        "icmp 10.0.0.4:1 10.0.0.5:443 1 2 0 1",
        "tcp 10.0.0.4:1 10.0.0.5:443 1 2 7 1",
        "tcp 10.0.0.4 10.0.0.5:443 1 2 0 1",
        "tcp 10.0.0.4:1 10.0.0.5:443 1 2 0 1\n",
    ],
)
def test_what_is_no_conversation_is_refused(tmp_path: Path, text: str) -> None:
    _, everything = traffic()
    result = analyzed(tmp_path, ("x.pcap", pcap.write_pcap(everything, nano=True)))
    finding = replace(finding_of(result), conversations=[text])
    with pytest.raises(UsageError, match="is this a result of acrtrace"):
        carved(tmp_path, result, finding)
