"""The engine's promises: faults cost one record, caps are counted, nothing depends on chance."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analyzer.capture.engine import Engine
from analyzer.capture.layout import F_SIZE, HOLES
from analyzer.capture.merge import Merge
from analyzer.inputs.discover import discover
from craft import pcap, scenes
from craft.tcp import Conversation, Host, data_indexes, drop

CAPTURES = Path(__file__).parents[2] / "captures"


class Rows:
    """Collects what an engine writes, as rows of dicts by table."""

    def __init__(self) -> None:
        self.tables: dict[str, list[dict[str, Any]]] = {}

    def __call__(self, table: str, columns: dict[str, Any]) -> None:
        names = list(columns)
        plain = [np.ma.getdata(columns[n]).tolist() for n in names]
        null = [np.ma.getmaskarray(columns[n]).tolist() for n in names]
        for values, masks in zip(zip(*plain, strict=True), zip(*null, strict=True), strict=True):
            row = {n: None if m else v for n, v, m in zip(names, values, masks, strict=True)}
            self.tables.setdefault(table, []).append(row)


def read(*paths: Path, **options: Any) -> tuple[Rows, Engine, dict[str, int]]:
    """Rows, the engine and how often each issue was counted."""
    rows = Rows()
    engine = Engine(rows, **options)
    _, issues = Merge([engine]).run(discover([str(path) for path in paths])[0])
    return rows, engine, {issue.code: issue.count for issue in issues}


def talk(number: int, *, gap: bool = False) -> list[Any]:
    """A small plain conversation; with ``gap`` its second client segment is missing."""
    conversation = Conversation(
        Host(scenes.agent(number), 40000 + number, 1000), Host("203.0.113.9", 9999, 5000)
    ).open()
    for _ in range(3):
        conversation.client(b"x" * 100)
    conversation.server(b"y" * 50).close()
    segments = conversation.segments
    if gap:
        segments = drop(segments, data_indexes(segments, from_client=True)[1])
    return conversation.packets(segments)


def test_a_kernel_fault_costs_its_record_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "x.pcap"
    path.write_bytes(pcap.write_pcap(scenes.merge(talk(1, gap=True), talk(2))))
    rows = Rows()
    engine = Engine(rows)
    engine.h = np.zeros((0, 2 * HOLES), dtype=np.int64)  # the first hole trips the bounds check
    (report,), issues = Merge([engine]).run(discover([str(path)])[0])
    counts = {issue.code: issue for issue in issues}
    assert counts["kernel-fault"].count >= 1
    assert counts["kernel-fault"].incomplete
    assert not report.complete
    sound = [f for f in rows.tables["flows"] if f["orig_ip"] == scenes.agent(2)]
    assert [(f["orig_bytes"], f["resp_bytes"]) for f in sound] == [(300, 50)]


@pytest.mark.parametrize("name", ["pull-and-upload.pcap", "made-push-own.pcap"])
def test_neither_seed_nor_window_size_shows(name: str) -> None:
    usual, _, _ = read(CAPTURES / name, seed=1)
    for options in ({"seed": 2}, {"seed": 3, "window": 1 << 16}, {"seed": 4, "slots": 64}):
        assert read(CAPTURES / name, **options)[0].tables == usual.tables


def test_the_flow_cap_ends_the_longest_idle_and_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "x.pcap"
    path.write_bytes(pcap.write_pcap([p for n in range(60) for p in talk(n)]))
    rows, engine, issues = read(path, max_flows=8)
    assert len(engine.f) == 8
    assert issues["flow-cap"] >= 52
    assert len({f["orig_ip"] for f in rows.tables["flows"]}) == 60
    assert sum(f["orig_bytes"] for f in rows.tables["flows"]) == 60 * 300


def test_a_syn_with_another_number_is_another_conversation(tmp_path: Path) -> None:
    first = Conversation(Host("10.0.0.1", 5000, 1000), Host("203.0.113.9", 9999, 5000))
    first.open().client(b"a" * 10).close()
    again = Conversation(
        Host("10.0.0.1", 5000, 90000), Host("203.0.113.9", 9999, 70000),
        start_ns=first.packets()[-1].ts_ns + 1_000_000,
    ).open().client(b"b" * 20).close()  # fmt: skip
    path = tmp_path / "x.pcap"
    path.write_bytes(pcap.write_pcap([*first.packets(), *again.packets()]))
    rows, _, _ = read(path)
    assert [f["orig_bytes"] for f in rows.tables["flows"]] == [10, 20]


def test_idle_time_of_packets_ends_a_conversation(tmp_path: Path) -> None:
    conversation = Conversation(Host("10.0.0.1", 5000, 1000), Host("203.0.113.9", 9999, 5000))
    conversation.open().client(b"a" * 10).wait(2 * 3600 * 10**9).client(b"b" * 20)
    path = tmp_path / "x.pcap"
    path.write_bytes(pcap.write_pcap(conversation.packets()))
    rows, _, _ = read(path)
    flows = rows.tables["flows"]
    assert [f["orig_bytes"] for f in flows] == [10, 20]
    assert [f["open_at_start"] for f in flows] == [False, True]


@pytest.mark.parametrize(("apart_s", "flows"), [(50, 1), (70, 2)])
def test_an_answered_look_up_is_over_after_a_minute(
    tmp_path: Path, apart_s: int, flows: int
) -> None:
    asked = [
        packet
        for start in (0, apart_s)
        for packet in scenes.resolve("10.0.0.1", "a.example", "192.0.2.1", 10**18 + start * 10**9)
    ]
    path = tmp_path / "x.pcap"
    path.write_bytes(pcap.write_pcap(asked))
    assert len(read(path)[0].tables["flows"]) == flows
    path.write_bytes(pcap.write_pcap(asked[::2]))  # without the answers: five minutes
    assert len(read(path)[0].tables["flows"]) == 1


def test_growing_keeps_holes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hole that opened before the arrays grew is filled after it."""
    monkeypatch.setattr("analyzer.capture.engine.FIRST_ROWS", 8)
    torn = Conversation(Host("10.9.0.1", 5000, 1000), Host("203.0.113.9", 9999, 5000)).open()
    torn.client(b"a" * 3000)
    packets = torn.packets()
    late = packets[data_indexes(torn.segments, from_client=True)[0]]
    end = packets[-1].ts_ns
    others = [p for n in range(60) for p in talk(n)]
    path = tmp_path / "x.pcap"
    order = [
        *(p for p in packets if p is not late),
        *(replace(p, ts_ns=end + k) for k, p in enumerate(others)),
        replace(late, ts_ns=end + 10**9),
    ]
    path.write_bytes(pcap.write_pcap(order))
    rows, engine, _ = read(path)
    assert len(engine.f) > 8
    (flow,) = [f for f in rows.tables["flows"] if f["orig_ip"] == "10.9.0.1"]
    assert (flow["orig_bytes"], flow["missed_bytes"]) == (3000, 0)


def test_rows_start_on_cache_lines() -> None:
    engine = Engine(Rows())
    assert F_SIZE % 8 == 0
    assert engine.f.ctypes.data % 64 == 0
    engine.grow(1 << 15)
    assert engine.f.ctypes.data % 64 == 0


def test_inputs_beyond_the_cap_are_read_later_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("analyzer.capture.merge.MAX_ACTIVE", 2)
    for number in range(5):
        (tmp_path / f"{number}").write_bytes(pcap.write_pcap(talk(number)))
    rows, _, issues = read(tmp_path)
    assert sorted(f["orig_ip"] for f in rows.tables["flows"]) == sorted(
        scenes.agent(number) for number in range(5)
    )
    assert issues == {"input-cap": 3}
    monkeypatch.setattr("analyzer.capture.merge.MAX_ACTIVE", 5)
    assert read(tmp_path)[2] == {}
