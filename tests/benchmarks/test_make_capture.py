"""The benchmark's capture is what the benchmark says it is."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

from analyzer.capture.extract import extract
from analyzer.inputs.discover import discover

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

FLOWS, ROUNDS = 80, 3


@pytest.fixture
def maker(repo_root: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(repo_root / "benchmarks"))
    import make_capture

    yield make_capture
    sys.modules.pop("make_capture")


def made(maker: ModuleType, path: Path, rounds: int, **options: int) -> Any:
    with path.open("wb") as file:
        return maker.make(file, rounds, flows=FLOWS, **options)


def test_it_is_deterministic(maker: ModuleType, tmp_path: Path) -> None:
    one, two = tmp_path / "one.pcap", tmp_path / "two.pcap"
    wrote = made(maker, one, ROUNDS)
    made(maker, two, ROUNDS)
    assert one.read_bytes() == two.read_bytes()
    assert one.stat().st_size == wrote.bytes


def test_a_snap_length_cuts_the_bytes_and_leaves_the_lengths(
    maker: ModuleType, tmp_path: Path
) -> None:
    whole, cut = tmp_path / "whole.pcap", tmp_path / "cut.pcap"
    packets = made(maker, whole, ROUNDS).packets
    assert made(maker, cut, ROUNDS, snaplen=96).packets == packets
    assert cut.stat().st_size <= 24 + packets * (16 + 96) < whole.stat().st_size

    def payload(path: Path) -> list[int]:
        columns: list[int] = []

        def sink(table: str, rows: dict[str, Any]) -> None:
            if table == "flows":
                columns.extend((rows["orig_bytes"] + rows["resp_bytes"]).tolist())

        extract(discover([str(path)])[0], sink)
        return sorted(columns)

    assert payload(cut) == payload(whole)


def test_the_engine_sees_every_packet_handshake_and_look_up(
    maker: ModuleType, tmp_path: Path
) -> None:
    path = tmp_path / "bench.pcap"
    wrote = made(maker, path, ROUNDS)
    rows: dict[str, list[dict[str, Any]]] = {}

    def sink(table: str, columns: dict[str, Any]) -> None:
        rows.setdefault(table, []).append(columns)

    def column(table: str, name: str) -> list[Any]:
        return [value for columns in rows[table] for value in columns[name].tolist()]

    specs, _ = discover([str(path)])
    reports, issues = extract(specs, sink)
    assert [r.records for r in reports] == [wrote.packets]
    assert issues == []
    assert len(column("flows", "flow_id")) == 2 * FLOWS
    assert sum(column("flows", "missed_bytes")) == 0
    assert len(column("tls", "sni")) == FLOWS
    assert set(column("tls", "sni")) >= {"contoso.azurecr.io", "cache-0003.build.example"}
    assert len(column("dns_answers", "value")) == FLOWS


def test_the_default_is_more_than_a_gigabyte(maker: ModuleType, tmp_path: Path) -> None:
    small = made(maker, tmp_path / "a", 1).bytes
    large = made(maker, tmp_path / "b", 2).bytes
    scale = maker.FLOWS / FLOWS
    assert (small + (large - small) * (maker.ROUNDS - 1)) * scale > 1_000_000_000
    assert maker.FLOWS == 20_000
