"""A capture in pieces, each read by an engine that got only the boundary, equals the whole."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analyzer.capture.engine import Engine
from analyzer.capture.handover import resume, suspend
from analyzer.capture.merge import Merge
from analyzer.inputs.discover import discover

CAPTURES = Path(__file__).parents[2] / "captures"
# numbering of inputs and of packets inside them is what cutting changes
PER_INPUT = {"input_id", "packet", "first_packet", "last_packet"}


def pieces(raw: bytes, cuts: list[int]) -> list[bytes]:
    """The file cut before the packets of these numbers; each piece with the file header."""
    starts = [24]
    at = 24
    while at < len(raw):
        at += 16 + int.from_bytes(raw[at + 8 : at + 12], "little")
        starts.append(at)
    bounds = sorted({starts[c % len(starts)] for c in cuts} | {24, len(raw)})
    return [raw[:24] + raw[a:b] for a, b in zip(bounds, bounds[1:], strict=False)]


class Rows:
    """Collects what an engine writes as comparable rows."""

    def __init__(self) -> None:
        self.rows: dict[str, list[Any]] = {}

    def __call__(self, table: str, columns: dict[str, Any]) -> None:
        kept = [columns[name] for name in sorted(columns) if name not in PER_INPUT]
        plain = [np.ma.getdata(c).tolist() for c in kept]
        null = [np.ma.getmaskarray(c).tolist() for c in kept]
        for values, masks in zip(zip(*plain, strict=True), zip(*null, strict=True), strict=True):
            row = tuple(None if m else v for v, m in zip(values, masks, strict=True))
            self.rows.setdefault(table, []).append(row)

    def all(self) -> dict[str, list[Any]]:
        return {table: sorted(rows, key=repr) for table, rows in self.rows.items()}


def run_whole(path: Path) -> dict[str, list[Any]]:
    rows = Rows()
    Merge([Engine(rows)]).run(discover([str(path)])[0])
    return rows.all()


@pytest.mark.parametrize("name", ["pull-and-upload.pcap", "made-push-own.pcap"])
@given(cuts=st.lists(st.integers(0, 10_000), min_size=1, max_size=4))
@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_pieces_equal_the_whole(
    name: str, cuts: list[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    whole = CAPTURES / name
    folder = tmp_path_factory.mktemp("pieces")
    rows = Rows()
    engine = Engine(rows)
    for number, piece in enumerate(pieces(whole.read_bytes(), cuts)):
        path = folder / f"{number}.pcap"
        path.write_bytes(piece)
        Merge([engine]).run(discover([str(path)])[0], finish=False)
        engine = resume(pickle.loads(pickle.dumps(suspend(engine))), rows)
    engine.finish_all()
    assert rows.all() == run_whole(whole)
