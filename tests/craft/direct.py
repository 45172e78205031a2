"""Runs the packet engine alone, without a case, and keeps what it handed over as plain rows."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from craft.pcap import write_pcap

if TYPE_CHECKING:
    from collections.abc import Iterable

    from analyzer.capture.engine import Engine
    from analyzer.capture.report import InputReport
    from analyzer.issues import Issue
    from craft.packet import Packet

Row = dict[str, Any]


@dataclass(slots=True)
class Tables:
    """Everything that one run of the engine gave."""

    rows: dict[str, list[Row]] = field(default_factory=dict)
    reports: list[InputReport] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)

    def add(self, table: str, columns: dict[str, Any]) -> None:
        """The engine's sink."""
        lists = [column.tolist() for column in columns.values()]
        self.rows.setdefault(table, []).extend(
            dict(zip(columns, values, strict=True)) for values in zip(*lists, strict=True)
        )

    def __getitem__(self, table: str) -> list[Row]:
        return self.rows.get(table, [])

    @property
    def flow(self) -> Row:
        """The only conversation."""
        (row,) = self["flows"]
        return row

    @property
    def codes(self) -> dict[str, int]:
        """How often each kind of problem was met."""
        out: dict[str, int] = {}
        for issue in self.issues:
            out[issue.code] = out.get(issue.code, 0) + issue.count
        return out

    def comparable(self) -> dict[str, list[Row]]:
        """All rows; equal runs give equal values here, in equal order."""
        return {name: self.rows[name] for name in sorted(self.rows)}


def read(
    *captures: bytes | Iterable[Packet], engine: Engine | None = None, **options: Any
) -> Tables:
    """Walks captures, given as the bytes of files or as packets, with an engine of its own.

    Args:
        captures: One input each.
        engine: An engine that the test has prepared; its sink is replaced.
        options: Of the engine.
    """
    from analyzer.capture.engine import Engine
    from analyzer.capture.merge import Merge
    from analyzer.inputs.discover import discover

    tables = Tables()
    if engine is None:
        engine = Engine(tables.add, **{"seed": 1, **options})
    engine.sink = engine.units.sink = tables.add
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for number, capture in enumerate(captures):
            path = Path(folder) / f"{number:03}.cap"
            path.write_bytes(capture if isinstance(capture, bytes) else write_pcap(capture))
            paths.append(str(path))
        specs, _ = discover(paths)
        tables.reports, tables.issues = Merge([engine]).run(specs)
    return tables
