"""However a capture is cut into files, stored or doubled, the same is found in it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from craft import pcap, pcapng, run, scenes
from craft.packet import Packet
from craft.tables import comparable_tables, differences
from craft.tcp import duplicated
from craft.unpack import Recording, read_capture

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

Pieces = tuple[list[tuple[int, int]], list[int]]
"""(first packet, file) of each piece, and the order in which the files are given."""


@st.composite
def cuttings(draw: st.DrawFn, packets: int) -> Pieces:
    """Any cuts, any grouping of the pieces into files, any order of the files."""
    cuts = draw(st.sets(st.integers(1, packets - 1), min_size=1, max_size=7))
    files = draw(st.integers(1, 4))
    pieces = [(first, draw(st.integers(0, files - 1))) for first in (0, *sorted(cuts))]
    return pieces, list(draw(st.permutations(range(files))))


def cut(recording: Recording, pieces: Pieces, folder: Path) -> list[Path]:
    """Writes the files; each is in time order, its pieces need not be neighbours."""
    starts, order = pieces
    ends = [*(first for first, _ in starts[1:]), len(recording.packets)]
    groups: dict[int, list[Packet]] = {}
    for (first, file), end in zip(starts, ends, strict=True):
        groups.setdefault(file, []).extend(recording.packets[first:end])
    paths = []
    for file in order:
        if file in groups:
            path = folder / f"part-{file}.pcap"
            path.write_bytes(pcap.write_pcap(groups[file], recording.linktype, nano=True))
            paths.append(path)
    return paths


def compare(whole: run.Analysis, pieces: run.Analysis) -> list[str]:
    """What differs, as lines; empty when nothing does."""
    out = differences(comparable_tables(whole), comparable_tables(pieces))
    left, right = run.comparable(whole.result.findings), run.comparable(pieces.result.findings)
    out.extend(f"finding {a} != {b}" for a, b in zip(left, right, strict=False) if a != b)
    if len(left) != len(right):
        out.append(f"{len(left)} findings != {len(right)}")
    if whole.result.verdict_line != pieces.result.verdict_line:
        out.append(f"{whole.result.verdict_line} != {pieces.result.verdict_line}")
    return out


def write(packets: Sequence[Packet], path: Path, linktype: int = 1) -> Path:
    path.write_bytes(pcap.write_pcap(packets, linktype, nano=True))
    return path


@pytest.fixture(scope="module")
def scene() -> Recording:
    return Recording(1, scenes.everything())


@pytest.fixture(scope="module")
def whole(scene: Recording, tmp_path_factory: pytest.TempPathFactory) -> run.Analysis:
    folder = tmp_path_factory.mktemp("whole")
    return run.analyze(folder, write(scene.packets, folder / "x.pcap"), own=[scenes.OWN])


def test_the_scene_is_worth_cutting(whole: run.Analysis) -> None:
    """The counter-check: every kind of row is there, and the uploads are found."""
    tables = comparable_tables(whole)
    assert {table: len(rows) > 0 for table, rows in tables.items()} == dict.fromkeys(tables, True)
    assert len(tables["flows"]) == 9
    accused = {f.agent for f in whole.exfiltration() if run.above_low(f)}
    assert accused >= {scenes.agent(1), scenes.agent(2), scenes.agent(4)}


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(pieces=cuttings(len(scenes.everything())))
def test_any_cut_grouping_and_order_equals_the_whole(
    pieces: Pieces,
    scene: Recording,
    whole: run.Analysis,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("cut")
    paths = cut(scene, pieces, folder)
    assert compare(whole, run.analyze(folder, *paths, own=[scenes.OWN])) == []


@pytest.mark.parametrize("every", [1, 2, 3])
def test_cut_at_every_few_packets(
    every: int, scene: Recording, whole: run.Analysis, tmp_path: Path
) -> None:
    """Packets dealt out to three files like cards: no file has two neighbours."""
    starts = [(n, n // every % 3) for n in range(0, len(scene.packets), every)]
    paths = cut(scene, (starts, [2, 0, 1]), tmp_path)
    assert compare(whole, run.analyze(tmp_path, *paths, own=[scenes.OWN])) == []


@pytest.mark.parametrize("reverse", [False, True])
def test_recordings_cut_in_twenty(
    lab_dir: Path, tmp_path: Path, scenario_id: str, reverse: bool
) -> None:
    """Rotated files of each laboratory capture, given in either order."""
    (source,) = (lab_dir / "captures").glob(f"{scenario_id}.pcap*")
    recording = read_capture(source)
    inventory = [lab_dir / "endpoints.json"]
    step = -(-len(recording.packets) // 20)
    starts = [(n, n // step) for n in range(0, len(recording.packets), step)]
    order = sorted((file for _, file in starts), reverse=reverse)
    paths = cut(recording, (starts, order), tmp_path)
    whole = run.analyze(tmp_path, source, inventories=inventory)
    assert compare(whole, run.analyze(tmp_path, *paths, inventories=inventory)) == []


def test_a_folder_of_pieces_equals_the_whole(
    scene: Recording, whole: run.Analysis, tmp_path: Path
) -> None:
    nested = tmp_path / "in" / "deeper"
    nested.mkdir(parents=True)
    cut(scene, ([(0, 3), (50, 1), (90, 2)], [1, 2, 3]), nested)
    again = run.analyze(tmp_path, tmp_path / "in", own=[scenes.OWN])
    names = [info.path.rpartition("/")[2] for info in again.result.inputs]
    assert names == ["part-3.pcap", "part-1.pcap", "part-2.pcap"]
    assert compare(whole, again) == []


# -- copies that hold less, or twice as much ------------------------------------------------------

BYTES = (
    "SELECT orig_ip, orig_port, resp_ip, resp_port, proto, orig_bytes, resp_bytes, missed_bytes, "
    "upload_turns FROM flows ORDER BY ALL"
)
COUNTS = BYTES.replace("upload_turns", "upload_turns, orig_pkts, resp_pkts, turns, upload_bytes")


@pytest.mark.parametrize("snaplen", [14 + 40 + 32, 96, 200])
def test_a_snaplen_cut_copy_counts_bytes_in_full(
    scene: Recording, whole: run.Analysis, tmp_path: Path, snaplen: int
) -> None:
    path = tmp_path / "snapped.pcap"
    path.write_bytes(pcap.write_pcap(scene.packets, snaplen=snaplen, nano=True))
    snapped = run.analyze(tmp_path, path, own=[scenes.OWN])
    # Where the record headers are cut away, the end of a handshake is only known to a segment: the
    # number of turns may differ by it, bytes and upload turns may not.
    tcp = BYTES.replace("FROM flows", "FROM flows WHERE proto = 'tcp'")
    assert snapped.rows(tcp) == whole.rows(tcp)
    longer = sum(len(packet.data) > snaplen for packet in scene.packets)
    assert snapped.result.inputs[0].snapped == longer
    assert snapped.result.coverage.snapped_packets == longer


@pytest.mark.parametrize("as_seen", ["one interface", "two interfaces"])
def test_packets_seen_twice_count_once(
    scene: Recording, whole: run.Analysis, tmp_path: Path, as_seen: str
) -> None:
    """TCP by sequence space wherever it is seen again; UDP only on another interface."""
    twice = duplicated(scene.packets)
    if as_seen == "two interfaces":
        first: dict[bytes, int] = {}
        seen_on = []
        for packet in twice:
            number = first.get(packet.data, 0)
            first[packet.data] = 1
            seen_on.append(Packet(packet.ts_ns, packet.data, None, number))
        faces = [pcapng.Interface(tsresol=9, name="ag1"), pcapng.Interface(tsresol=9, name="up")]
        path = tmp_path / "x.pcapng"
        path.write_bytes(pcapng.write_pcapng(seen_on, faces))
    else:
        path = write(twice, tmp_path / "x.pcap")
    again = run.analyze(tmp_path, path, own=[scenes.OWN])
    # On one interface nothing tells a copy from a retransmission: packets count as they are.
    counts = COUNTS if as_seen == "two interfaces" else BYTES
    if as_seen == "one interface":
        counts = counts.replace("FROM flows", "FROM flows WHERE proto = 'tcp'")
    assert again.rows(counts) == whole.rows(counts)
    findings = [
        [{**finding, "coverage": None} for finding in run.comparable(a.result.findings)]
        for a in (whole, again)
    ]
    assert [_amounts(f) for f in findings[1]] == [_amounts(f) for f in findings[0]]
    if as_seen == "one interface":
        return
    doubled = again.rows("SELECT sum(duplicate_pkts) AS n FROM flows WHERE proto = 'tcp'")
    tcp_packets = whole.rows(
        "SELECT sum(orig_pkts + resp_pkts) AS n FROM flows WHERE proto = 'tcp'"
    )
    assert doubled[0]["n"] >= tcp_packets[0]["n"]


def _amounts(finding: dict[str, object]) -> tuple[object, ...]:
    keys = ("agent", "endpoint", "rule", "severity", "orig_payload_bytes", "uploaded_bytes")
    return tuple(finding[key] for key in keys)


def test_overlapping_files_are_a_union_not_a_sum(
    scene: Recording, whole: run.Analysis, tmp_path: Path
) -> None:
    first = write(scene.packets[:100], tmp_path / "a.pcap")
    second = write(scene.packets[60:], tmp_path / "b.pcap")
    again = run.analyze(tmp_path, second, first, own=[scenes.OWN])
    counts = COUNTS.replace("FROM flows", "FROM flows WHERE proto = 'tcp'")
    assert again.rows(counts) == whole.rows(counts)


# -- compiled and not -----------------------------------------------------------------------------

_DUMP = """
import json, pathlib, sys
from craft import run
from craft.tables import comparable_tables
folder, own, *paths = sys.argv[1:]
for number, path in enumerate(paths):
    analysis = run.analyze(pathlib.Path(folder), path, own=[own])
    print(json.dumps([comparable_tables(analysis), run.comparable(analysis.result.findings)]))
"""


def test_compiled_kernels_and_pure_python_give_equal_tables(
    lab_dir: Path, repo_root: Path, tmp_path: Path, scene: Recording
) -> None:
    paths = [write(scene.packets, tmp_path / "scene.pcap")]
    for name in ("m16_plain_http", "m28_pqc_hello", "b08_dns_only", "b15_pull_any_sll2"):
        recording = read_capture(lab_dir / "captures" / f"{name}.pcap")
        part = recording.packets[:300]
        paths.append(write(part, tmp_path / f"{name}.pcap", recording.linktype))
    printed = []
    for disabled in ("0", "1"):
        folder = tmp_path / disabled
        folder.mkdir()
        search = f"{repo_root}{os.pathsep}{repo_root / 'tests'}"
        done = subprocess.run(
            [sys.executable, "-c", _DUMP, str(folder), scenes.OWN, *map(str, paths)],
            env={**os.environ, "NUMBA_DISABLE_JIT": disabled, "PYTHONPATH": search},
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode()[-2000:]
        printed.append([json.loads(line) for line in done.stdout.splitlines()])
    assert printed[0] == printed[1]
    assert len(printed[0]) == len(paths)
