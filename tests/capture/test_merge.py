"""Engines that share a run write together what one writes alone, and neither hides a failure."""

from __future__ import annotations

import struct
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from analyzer.capture.engine import Engine
from analyzer.capture.extract import extract, worthwhile
from analyzer.capture.layout import HOLES
from analyzer.capture.merge import Merge
from analyzer.inputs.discover import discover
from analyzer.inputs.spec import Spec
from craft import pcap, scenes, tunnels
from craft.direct import Tables

if TYPE_CHECKING:
    from collections.abc import Sequence

CAPTURES = Path(__file__).parents[2] / "captures"


def shared(paths: Sequence[Path], shares: int, **options: Any) -> Tables:
    """Everything that ``shares`` engines write about some files."""
    tables = Tables()
    lock = threading.Lock()

    def sink(table: str, columns: dict[str, Any]) -> None:
        with lock:
            tables.add(table, columns)

    engines = [Engine(sink, seed=7, share=k, shares=shares, **options) for k in range(shares)]
    specs, _ = discover([str(path) for path in paths])
    tables.reports, tables.issues = Merge(engines).run(specs)
    return tables


def rows(tables: Tables) -> dict[str, list[str]]:
    """Rows without their order; a DNS message is told by where it is, not by its number."""
    place = {m["dns_id"]: (m["input_id"], m["packet"], m["txid"]) for m in tables["dns"]}
    return {
        name: sorted(
            str({k: place[v] if k == "dns_id" else v for k, v in row.items()}) for row in found
        )
        for name, found in tables.rows.items()
    }


def spoiled() -> bytes:
    """Conversations between packets of which each kind of damage is counted once or twice."""
    packets = scenes.everything()
    segment = next(p.data for p in packets if p.data[12:14] == b"\x08\0" and p.data[23] == 6)
    bad = [
        segment[:36],  # ports are not captured
        segment[:44],  # they are, the rest of the header is not
        segment[:46] + b"\x10" + segment[47:],  # a TCP header of four bytes
        segment[:12] + b"\x08\x06" + bytes(30),
    ]
    damaged = [type(packets[0])(p.ts_ns, data) for p, data in zip(packets, bad, strict=False)]
    return pcap.write_pcap(scenes.merge(packets, damaged, damaged[1:3]))


def wrapped() -> bytes:
    """Tunnels, fragments inside them, one that never comes, and something encrypted."""
    packets, cut = [], False
    for number, packet in enumerate(scenes.everything()):
        data = [packet.data]
        if packet.data[12:14] == b"\x08\0" and number % 2:
            data = tunnels.fragments(packet.data, 200, ident=number, wrap=tunnels.vxlan)
            if len(data) > 1 and not cut:
                data, cut = data[:1], True
        packets += [type(packet)(packet.ts_ns + k, each) for k, each in enumerate(data)]
    odd = tunnels.vxlan(packets[0].data[:14] + bytes(60))
    last = packets[-1].ts_ns
    packets += [
        type(packets[0])(last + k, data)
        for k, data in enumerate((odd, tunnels.over_ip(50, bytes(60)), tunnels.gre(odd)))
    ]
    return pcap.write_pcap(packets)


@pytest.mark.parametrize("shares", [2, 3])
def test_shares_of_fragments_and_tunnels_add_up(tmp_path: Path, shares: int) -> None:
    path = tmp_path / "wrapped.pcap"
    path.write_bytes(wrapped())
    whole, split = shared([path], 1), shared([path], shares)
    assert rows(split) == rows(whole)
    assert split.codes == whole.codes
    assert whole.codes["ip-fragment"] == 1
    assert whole.codes["esp"] == 1
    assert whole.codes["udp-tunnel"] == 2


@pytest.mark.parametrize("shares", [2, 3])
@pytest.mark.parametrize("window", [1 << 16, 8 << 20])
def test_shares_add_up_to_the_whole(tmp_path: Path, shares: int, window: int) -> None:
    path = tmp_path / "x.pcap"
    path.write_bytes(spoiled())
    paths = [path, *sorted(CAPTURES.glob("*.pcap"))]
    whole = shared(paths, 1, window=window)
    parts = shared(paths, shares, window=window)
    assert whole.codes
    assert {"cut-transport-header", "bad-tcp-header", "not-ip"} <= set(whole.codes)
    assert rows(parts) == rows(whole)
    assert parts.reports == whole.reports
    assert parts.issues == whole.issues


def test_both_shares_have_work(tmp_path: Path) -> None:
    path = tmp_path / "x.pcap"
    path.write_bytes(pcap.write_pcap(scenes.everything()))
    counts = []
    for share in range(2):
        tables = Tables()
        engine = Engine(tables.add, share=share, shares=2)
        Merge([engine]).run(discover([str(path)])[0])
        counts.append(len(tables["flows"]))
    assert min(counts) > 0


def test_overlapping_inputs_are_shared_too(tmp_path: Path) -> None:
    packets = scenes.everything()
    paths = [tmp_path / name for name in ("even.pcap", "odd.pcap")]
    for number, path in enumerate(paths):
        path.write_bytes(pcap.write_pcap(packets[number::2]))
    assert rows(shared(paths, 2)) == rows(shared(paths, 1))


@pytest.mark.parametrize("cut", range(1, 60))
def test_a_cut_input_is_reported_once(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "x.pcap"
    path.write_bytes(pcap.write_pcap(scenes.everything())[:-cut])
    one, two = shared([path], 1), shared([path], 2)
    assert two.issues == one.issues
    assert two.reports == one.reports


def test_damage_ends_every_share(tmp_path: Path) -> None:
    sound = pcap.write_pcap(scenes.everything())
    path = tmp_path / "x.pcap"
    path.write_bytes(sound + struct.pack("<IIII", 1, 0, 1 << 30, 1 << 30) + bytes(100))
    found = shared([path], 2)
    assert found.codes["record-length"] == 1
    assert rows(found) == rows(shared([path], 1))


@pytest.mark.parametrize("broken", [0, 1])
def test_a_fault_in_one_share_costs_its_record(tmp_path: Path, broken: int) -> None:
    path = tmp_path / "x.pcap"
    path.write_bytes(pcap.write_pcap(scenes.everything()))
    tables = Tables()
    lock = threading.Lock()

    def sink(table: str, columns: dict[str, Any]) -> None:
        with lock:
            tables.add(table, columns)

    engines = [Engine(sink, seed=7, share=k, shares=2) for k in range(2)]
    engines[broken].h = np.zeros((0, 2 * HOLES), dtype=np.int64)
    (report,), issues = Merge(engines).run(discover([str(path)])[0])
    faults = sum(issue.count for issue in issues if issue.code == "kernel-fault")
    whole = shared([path], 1)
    ids = {row["flow_id"] for row in tables["flows"]}
    assert report.records == whole.reports[0].records
    assert len(ids) == len(tables["flows"])  # the shares still agree on the numbers of packets
    assert faults > 0 or broken == 1 or ids == {row["flow_id"] for row in whole["flows"]}


def test_what_a_share_raises_is_raised(tmp_path: Path) -> None:
    path = tmp_path / "x.pcap"
    path.write_bytes(pcap.write_pcap(scenes.everything()))

    def refuse(_table: str, _columns: dict[str, Any]) -> None:
        raise RuntimeError("disk full")

    engines = [Engine(sink, share=k, shares=2) for k, sink in enumerate((lambda *_: None, refuse))]
    before = threading.active_count()
    with pytest.raises(RuntimeError, match="disk full"):
        Merge(engines).run(discover([str(path)])[0])
    assert not [t for t in threading.enumerate() if t.name == "acrtrace-share"]
    assert threading.active_count() <= before + 1  # the reader of the input that was left


def test_threads_are_only_for_what_takes_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(8)))
    small = Spec("a", "a", size=1 << 20)
    large = Spec("b", "b", size=1 << 30)
    assert worthwhile([small] * 3) == 1
    assert worthwhile([small, large]) == 2
    assert worthwhile([Spec("-", None)]) == 2
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 1})
    assert worthwhile([large]) == 1


def test_extract_takes_the_number_of_threads(tmp_path: Path) -> None:
    path = tmp_path / "x.pcap"
    path.write_bytes(pcap.write_pcap(scenes.everything()))
    found = []
    for threads in (None, 1, 2):
        tables = Tables()
        extract(discover([str(path)])[0], tables.add, threads=threads)
        found.append(rows(tables))
    assert found[0] == found[1] == found[2]
