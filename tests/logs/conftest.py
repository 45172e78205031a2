"""A case whose observations are written row by row."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest

from analyzer.case.build import open_case
from analyzer.logs.gather import gather
from analyzer.logs.observe import prepare

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analyzer.case.build import Case

S = 1_000_000_000
T0 = 1_790_000_000 * S


class Observed:
    """Takes observations, gathers them and shows the tables."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self._lines = itertools.count(1)
        prepare(case.connection)

    def sees(self, kind: str = "flow", *, at: float = 0, **columns: Any) -> int:
        """Adds an observation ``at`` seconds after T0; returns its line."""
        line = next(self._lines)
        row = {
            "input_id": 0,
            "line": line,
            "format": "azure-firewall",
            "kind": kind,
            "ts_ns": T0 + round(at * S),
            "client_ip": "10.0.0.4",
            "proto": "tcp",
            **columns,
        }
        if "last" in row:
            row["end_ns"] = T0 + round(row.pop("last") * S)
        names = ", ".join(row)
        marks = ", ".join("?" for _ in row)
        self.case.connection.execute(
            f"INSERT INTO logs.observations ({names}) VALUES ({marks})",
            list(row.values()),
        )
        return line

    def named(self, name: str, *, port: int = 50000, at: float = 0, **more: Any) -> int:
        """A firewall's line: who asked for which name, no bytes, no address of the server."""
        columns = {
            "client_port": port,
            "server_port": 443,
            "name": name,
            "name_kind": "log_fqdn",
            "action": "allow",
            "rule": "r",
            "app": "tls",
            **more,
        }
        return self.sees(at=at, **columns)

    def counted(
        self, up: int | None, down: int, *, port: int = 50000, at: float = 0, **more: Any
    ) -> int:
        """A flow log's tuple: deltas with packet headers, no name."""
        columns = {
            "format": "azure-flow-logs",
            "client_port": port,
            "server_ip": "20.60.1.1",
            "server_port": 443,
            "bytes_up": up,
            "bytes_down": down,
            "pkts_up": 0,
            "pkts_down": 0,
            "bytes_kind": "headers",
            "counter": "delta",
            "action": "allow",
            **more,
        }
        return self.sees(at=at, **columns)

    def gather(self) -> list[dict[str, Any]]:
        """Makes the tables; gives the flows."""
        gather(self.case.connection)
        return self.rows("SELECT * FROM flows ORDER BY flow_id")

    def rows(self, query: str) -> list[dict[str, Any]]:
        """Rows of a query as dicts."""
        cursor = self.case.connection.execute(query)
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


@pytest.fixture
def log() -> Iterator[Observed]:
    """An empty case that takes observations."""
    with open_case() as case:
        yield Observed(case)
