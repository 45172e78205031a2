"""A hand-made case: the tables of schema.py in memory, filled flow by flow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from analyzer.case.addresses import key_of
from analyzer.config import Settings
from analyzer.endpoints.match import Catalogue
from analyzer.evidence.filters import bpf, recount
from analyzer.evidence.kql import queries
from analyzer.evidence.lines import reprint
from analyzer.result import Finding, InventoryInfo, Result
from analyzer.rules.assemble import evaluate
from analyzer.rules.expected import Expected
from analyzer.rules.proof import Commands
from analyzer.schema import ATTRIBUTED, DERIVED, FLOWS, TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator


QUIET = Catalogue.load().quiet
SECOND = 1_000_000_000
START = 1_795_474_332 * SECOND

OWN_REGISTRY = InventoryInfo("endpoints.json", None, ["acr:contoso"], [])

_QUIET = {
    "agent": "10.0.0.5",
    "agent_ip": "10.0.0.5",
    "resp_ip": "52.0.0.1",
    "resp_port": 443,
    "proto": "tcp",
    "app": "tls",
    "scope": "global",
    "name_grade": "A2",
    "name_source": "sni",
    "ambiguous_names": 0,
    "name_hidden": False,
    "role": "unknown",
    "ownership": "unknown",
    "has_turns": True,
    "orig_bytes": 900,
    "resp_bytes": 5000,
    "orig_missed_bytes": 0,
    "turns": 2,
    "upload_turns": 0,
    "upload_bytes": 0,
    "upload_app_bytes": 0,
    "small_turns": 0,
    "small_bytes": 0,
    "small_app_bytes": 0,
    "write_requests": 0,
    "first_packet": 1,
    "last_packet": 20,
}


_CARRIED = (
    *("orientation", "action", "bytes_grade", "missed_bytes", "one_sided", "ech"),
    *("open_at_start", "open_at_end"),
)
"""Columns that `attributed` takes from `flows` as they are."""


class Case:
    """Fills a case and judges it."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection
        self.flows = 0
        self.add(
            "inputs",
            input_id=0,
            path="c.pcap",
            format="pcap",
            bytes=10_000,
            records=100,
            first_ns=START,
            last_ns=START + 3600 * SECOND,
            snapped=0,
            complete=True,
            unit="packet",
        )

    def add(self, table: str, **values: Any) -> None:
        names = ", ".join(f'"{name}"' for name in values)
        marks = ", ".join("?" for _ in values)
        self.connection.execute(
            f'INSERT INTO "{table}" ({names}) VALUES ({marks})', list(values.values())
        )

    def flow(
        self, endpoint: str | None, *, table_flow: dict[str, Any] | None = None, **values: Any
    ) -> int:
        """One row of `attributed` (a quiet download unless told otherwise) and of `flows`."""
        self.flows += 1
        number = self.flows
        row = {
            **_QUIET,
            "flow_id": number,
            "input_id": 0,
            "agent_port": 40_000 + number,
            "start_ns": START + number * SECOND,
            "end_ns": START + number * SECOND + SECOND // 2,
            "endpoint": endpoint,
        }
        if endpoint is None:
            row |= {"name_grade": "A6", "name_source": None}
        row |= values
        base = {
            "flow_id": number,
            "input_id": 0,
            "start_ns": row["start_ns"],
            "end_ns": row["end_ns"],
            "proto": row["proto"],
            "orig_ip": row["agent_ip"],
            "orig_port": row["agent_port"],
            "resp_ip": row["resp_ip"],
            "resp_port": row["resp_port"],
            "orientation": "syn",
            "orig_bytes": row["orig_bytes"],
            "resp_bytes": row["resp_bytes"],
            "orig_missed_bytes": row["orig_missed_bytes"],
            "missed_bytes": row["orig_missed_bytes"],
            "duplicate_pkts": 0,
            "open_at_start": False,
            "open_at_end": False,
            "bytes_grade": "measured",
        }
        base |= table_flow or {}
        self.add("flows", **base)
        self.add("attributed", **{name: base[name] for name in _CARRIED if name in base}, **row)
        return number

    def upload(self, endpoint: str | None, size: int, **values: Any) -> int:
        """A flow with one upload turn of `size` wire bytes, 500 of them head and TLS."""
        return self.flow(
            endpoint,
            **{
                "upload_turns": 1,
                "upload_bytes": size,
                "upload_app_bytes": max(size - 500, 0),
                "orig_bytes": size + 600,
                "direction_evidence": "W3" if size >= 1_048_576 else "W2",
                **values,
            },
        )

    def drip(self, endpoint: str | None, size: int, turns: int = 1, **values: Any) -> int:
        """A flow with drips (or wide requests) alone."""
        return self.flow(
            endpoint,
            **{
                "small_turns": turns,
                "small_bytes": size,
                "small_app_bytes": size // 2,
                "orig_bytes": size + 600,
                **values,
            },
        )

    def log(self, path: str = "fw.json", form: str = "azure-firewall", **values: Any) -> int:
        """One more input, a log; its number."""
        number = self.connection.execute("SELECT count(*) FROM inputs").fetchall()[0][0]
        base = {"bytes": 9000, "records": 50, "first_ns": START, "last_ns": START + 3600 * SECOND,
                "snapped": 0, "complete": True, "unit": "line"}  # fmt: skip
        self.add("inputs", input_id=number, path=path, format=form, **{**base, **values})
        return number

    def logged(
        self, endpoint: str | None, *, table_flow: dict[str, Any] | None = None, **values: Any
    ) -> int:
        """A flow that only a log has, without bytes unless told otherwise."""
        nothing = dict.fromkeys(
            ("orig_bytes", "resp_bytes", "orig_missed_bytes", "turns", "upload_turns",
             "upload_bytes", "upload_app_bytes", "small_turns", "small_bytes", "small_app_bytes")
        )  # fmt: skip
        row = {**nothing, "has_turns": False, "direction_evidence": "W5", "app": "tls",
               "name_source": "log_fqdn", "name_grade": "A3", **values}  # fmt: skip
        unknown = row["orig_bytes"] is None and row["resp_bytes"] is None
        grade = "absent" if unknown else "wire"
        flow = {"orientation": "log", "bytes_grade": grade, "records": 1, "missed_bytes": None,
                "first_packet": row.get("first_packet"), "last_packet": row.get("last_packet"),
                "duplicate_pkts": None, "input_id": row.get("input_id", 0)}  # fmt: skip
        return self.flow(endpoint, table_flow={**flow, **(table_flow or {})}, **row)

    def counted(self, endpoint: str | None, size: int, **values: Any) -> int:
        """A flow whose byte counters are an upload (W4), as case/counters.sql marks it."""
        return self.logged(
            endpoint,
            **{"orig_bytes": size, "resp_bytes": 5000, "upload_bytes": size,
               "upload_app_bytes": size, "direction_evidence": "W4", **values},
        )  # fmt: skip

    def look_up(
        self, name: str, addr: str | None = None, chain: str | None = None, **values: Any
    ) -> int:
        """A DNS answer (or, without an address, a response without one); its flow in a rule."""
        number = self.connection.execute("SELECT count(*) FROM dns").fetchall()[0][0]
        row = {"dns_id": number, "ts_ns": START + number * SECOND, "client_ip": "10.0.0.5",
               "server_ip": "10.0.0.53", "transport": "udp", "is_response": True, "rcode": 0,
               "qname": name, "qtype": 1, "answers": 1, "malformed": False,
               "packet": 500 + number, "input_id": 0, **values}  # fmt: skip
        self.add("dns", **row)
        if addr is not None:
            self.add("names", ts_ns=row["ts_ns"], client_ip=row["client_ip"], addr=addr,
                     name=name, kind="dns", ttl_s=60, chain=chain, packet=row["packet"],
                     input_id=row["input_id"])  # fmt: skip
        return -1 - number

    def say(self, flow: int, name: str, kind: str, **values: Any) -> None:
        """A name that a flow carries."""
        self.add("names", **{"flow_id": flow, "name": name, "kind": kind, "client_ip": "10.0.0.5",
                             "ts_ns": START, "input_id": 0, **values})  # fmt: skip

    def address(self, addr: str, scope: str = "global", **values: Any) -> None:
        """One row of `addresses`."""
        self.add("addresses", addr=addr, key=key_of(addr), scope=scope,
                 **{"agent": addr, **values})  # fmt: skip

    def judge(
        self,
        *,
        inventory: bool = True,
        settings: Settings | None = None,
        expected: Expected | None = None,
        inventories: list[InventoryInfo] | None = None,
    ) -> Result:
        given = [OWN_REGISTRY] if inventory else []
        return evaluate(
            self.connection,
            settings=settings or Settings(inputs=("c.pcap",)),
            inventory_infos=given if inventories is None else inventories,
            catalogue_version="test",
            tool_version="0",
            commands=Commands(recount, reprint, bpf, queries),
            expected=expected or Expected(quiet=QUIET),
        )

    def findings(self, *, inventory: bool = True) -> list[Finding]:
        return self.judge(inventory=inventory).findings

    def only(self, *, inventory: bool = True) -> Finding:
        """The single finding."""
        found = self.findings(inventory=inventory)
        assert len(found) == 1, [(f.rule, f.endpoint, f.severity) for f in found]
        return found[0]


def empty_case(threads: int = 1) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(":memory:", config={"threads": threads})
    connection.execute("SET TimeZone='UTC'")
    for table in (*TABLES, *DERIVED):
        connection.execute(table.ddl())
    return connection


@pytest.fixture
def case() -> Iterator[Case]:
    connection = empty_case()
    yield Case(connection)
    connection.close()


@pytest.fixture
def make_case() -> Any:
    """For tests that need several cases, or a number of threads."""
    return lambda threads=1: Case(empty_case(threads))


assert {c.name for c in ATTRIBUTED.columns} >= set(_QUIET)
assert FLOWS in TABLES
