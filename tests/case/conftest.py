"""Hand-made rows for a case: `world` collects them, fills the base tables and derives."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from analyzer.case.build import Case, derive, open_case
from analyzer.config import Settings
from analyzer.endpoints.inventory import Inventory
from analyzer.endpoints.match import Catalogue
from analyzer.schema import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator

SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND

_SCHEMA = {t.name: t for t in TABLES}
_DTYPES = {"BIGINT": np.int64, "INTEGER": np.int32, "BOOLEAN": np.bool_}


def columns_of(table: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Rows as the columns that `Case.append` takes; what a row leaves out is NULL."""
    columns: dict[str, Any] = {}
    for column in _SCHEMA[table].columns:
        values = [row.get(column.name) for row in rows]
        if column.type == "VARCHAR":
            array: Any = np.empty(len(values), dtype=object)
            array[:] = values
        else:
            mask = [v is None for v in values]
            filled = [0 if v is None else v for v in values]
            array = np.ma.masked_array(np.array(filled, dtype=_DTYPES[column.type]), mask=mask)
        columns[column.name] = array
    return columns


@dataclass
class World:
    """Rows of the base tables in the making, and the cast of characters."""

    AGENT = "10.0.0.5"
    OTHER_AGENT = "10.0.0.6"
    PROXY = "10.0.9.8"
    LOGIN = "contoso.azurecr.io"
    FOREIGN_LOGIN = "badguy.azurecr.io"
    DATA = "contoso.eastus.data.azurecr.io"
    DROP = "attacker01.blob.core.windows.net"
    MANAGED = "eusmanaged63.blob.core.windows.net"
    FRONT_END = "20.62.128.10"
    STAMP = "52.239.170.36"
    CHAIN = "eastus.fe.azcr.io>eastus-acr-reg.trafficmanager.net>r0318eus.eastus.cloudapp.azure.com"
    STAMP_CHAIN = "blob.mnz20prdstr05a.store.core.windows.net"

    catalogue: Catalogue
    own: tuple[str, ...] = ("contoso.azurecr.io",)
    approve: tuple[str, ...] = ()
    proxies: tuple[str, ...] = ()
    agents: tuple[tuple[str, str], ...] = ()
    settings: Settings = field(default_factory=lambda: Settings(inputs=("x.pcap",)))
    threads: int = 1
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: {t: [] for t in _SCHEMA})

    def flow(self, dst: str = STAMP, *, src: str = AGENT, at: float = 10, **changes: Any) -> int:
        """A complete TCP flow that uploads nothing; `changes` are columns."""
        flow_id = len(self.rows["flows"])
        start = START + int(at * SECOND)
        row: dict[str, Any] = {
            "flow_id": flow_id, "input_id": 0, "start_ns": start, "end_ns": start + SECOND,
            "proto": "tcp", "orig_ip": src, "orig_port": 40000 + flow_id, "resp_ip": dst,
            "resp_port": 443, "orientation": "syn", "orig_bytes": 1500, "resp_bytes": 9000,
            "orig_pkts": 10, "resp_pkts": 12, "orig_missed_bytes": 0, "missed_bytes": 0,
            "duplicate_pkts": 0, "app": "tls", "open_at_start": False, "open_at_end": False,
            "median_request": 900, "bytes_grade": "measured", "first_packet": flow_id * 10 + 1,
            "last_packet": flow_id * 10 + 9, "turns": 2, "largest_upload": 900,
        }  # fmt: skip
        for name in ("upload", "wide", "drip", "big16", "big32", "big64"):
            row[f"{name}_requests" if name == "wide" else f"{name}_turns"] = 0
            row[f"{name}_bytes"] = 0
        for name in ("upload", "big16", "big32", "big64", "small"):
            row[f"{name}_app_bytes"] = 0
        self.rows["flows"].append({**row, **changes})
        return flow_id

    def upload(self, dst: str = STAMP, size: int = 100_000, **changes: Any) -> int:
        """A flow with one upload turn of `size` wire bytes."""
        figures: dict[str, Any] = {"orig_bytes": size + 600, "upload_turns": 1}
        for name, limit in (("upload", 0), ("big16", 16384), ("big32", 32768), ("big64", 65536)):
            if size >= limit:
                figures |= {f"{name}_turns": 1, f"{name}_bytes": size}
                figures[f"{name}_app_bytes"] = size - 300
        return self.flow(dst, **{**figures, **changes})

    def says(self, flow_id: int, name: str, kind: str = "sni") -> None:
        """A name that a flow carries."""
        flow = self.rows["flows"][flow_id]
        self.rows["names"].append({
            "ts_ns": flow["start_ns"] + {"sni": 2, "quic_sni": 2, "http_host": 3}.get(kind, 1),
            "client_ip": flow["orig_ip"], "flow_id": flow_id, "addr": flow["resp_ip"],
            "port": flow["resp_port"], "name": name, "kind": kind,
            "packet": flow["first_packet"] + 1, "input_id": 0,
        })  # fmt: skip

    def answers(
        self, name: str, addr: str, *, client: str = AGENT, at: float = 5, ttl: int = 60,
        chain: str | None = None,
    ) -> None:  # fmt: skip
        """A DNS answer."""
        self.rows["names"].append({
            "ts_ns": START + int(at * SECOND), "client_ip": client, "addr": addr, "name": name,
            "kind": "dns", "ttl_s": ttl, "chain": chain, "packet": 1, "input_id": 0,
        })  # fmt: skip

    def asks(self, flow_id: int, method: str, target: str, host: str, **changes: Any) -> None:
        """An HTTP request head, with its Host as a name unless it is a CONNECT."""
        flow = self.rows["flows"][flow_id]
        self.rows["http"].append({
            "flow_id": flow_id, "ts_ns": flow["start_ns"] + 3, "packet": flow["first_packet"] + 2,
            "input_id": 0, "method": method, "host": host, "target": target, "head_bytes": 200,
            **changes,
        })  # fmt: skip
        self.says(flow_id, host, "connect" if method == "CONNECT" else "http_host")

    def columns(self, table: str) -> dict[str, Any]:
        """The rows of a table as columns."""
        return columns_of(table, self.rows[table])

    def fill(self, case: Case) -> None:
        """Appends the rows to a case."""
        for table in self.rows:
            case.append(table, self.columns(table))

    def derive(self, table: str = "attributed") -> list[dict[str, Any]]:
        """The rows of a derived table or view, by flow."""
        with self.opened() as case:
            return table_rows(case, table)

    @contextmanager
    def opened(self) -> Iterator[Case]:
        """A case in memory, filled and derived."""
        with open_case(threads=self.threads) as case:
            self.fill(case)
            self.run(case)
            yield case

    def run(self, case: Case) -> None:
        """Derives the case with the declarations of this world."""
        inventory = Inventory.load(own=self.own, approve=self.approve, catalogue=self.catalogue)
        inventory.proxies, inventory.agents = self.proxies, self.agents
        derive(case, catalogue=self.catalogue, inventory=inventory, settings=self.settings)


def table_rows(case: Case, table: str) -> list[dict[str, Any]]:
    """All rows of a table in the order of all its columns."""
    found = case.connection.execute(f'SELECT * FROM "{table}" ORDER BY ALL')
    names = [d[0] for d in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return Catalogue.load()


@pytest.fixture
def world(catalogue: Catalogue) -> World:
    return World(catalogue)
