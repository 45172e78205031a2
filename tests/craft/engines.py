"""Runs each engine over the same captures and puts what it wrote into a comparable form."""

from __future__ import annotations

import os
import re
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from craft.direct import Row, Tables

if TYPE_CHECKING:
    from pathlib import Path

OTHERS = ("scapy", "tshark")
TUNNELS, TUNNEL_PORTS = "encapsulation", {4789, 8472, 6081, 4790, 2152, 3544}
LEFT_OUT = {"scapy": {"ip-fragment", "unknown-link-type"}, "tshark": set[str]()}
"""Issues with which an engine says itself that it leaves packets of a conversation out."""

FLOW = (
    "proto", "orig_ip", "orig_port", "resp_ip", "resp_port", "community_id", "start_ns", "end_ns",
    "orientation", "orig_bytes", "resp_bytes", "orig_pkts", "resp_pkts", "orig_missed_bytes",
    "missed_bytes", "duplicate_pkts", "app", "open_at_start", "open_at_end", "one_sided", "turns",
    "upload_turns", "upload_bytes", "upload_app_bytes", "largest_upload", "median_request",
    "wide_requests", "wide_bytes", "drip_turns", "drip_bytes", "small_app_bytes", "orig_app_bytes",
    "resp_app_bytes", "big16_turns",
    "big16_bytes", "big16_app_bytes", "big32_turns", "big32_bytes", "big32_app_bytes",
    "big64_turns", "big64_bytes", "big64_app_bytes", "bytes_grade", "first_packet", "last_packet",
)  # fmt: skip
"""Compared in full: every column of ``flows`` but the numbering, and ``ech`` (QUIC differs)."""

PAYLOAD = (
    "proto", "orig_ip", "orig_port", "resp_ip", "resp_port", "start_ns", "orig_bytes", "resp_bytes",
)  # fmt: skip
UDP_TURNS = ("proto", "ends", "start_ns", "end_ns", "bytes", "packets", "duplicate_pkts")
"""What is compared of a conversation that the native engine knows as QUIC: its orientation, turns
and what follows from its packet headers are not read by the others."""
TLS = (
    "sni", "alpn", "version", "ech", "versions", "ciphers", "session_id", "ticket", "psk",
    "early_data", "ech_type", "ech_config", "ja4",
)  # fmt: skip
OUTER = ("outer_orig_ip", "outer_resp_ip", "encapsulation")
HTTP = ("method", "host", "target", "content_length", "blob_type", "head_bytes")
DNS = (
    "client_ip", "server_ip", "transport", "txid", "is_response", "rcode", "qname", "qtype",
    "answers",
)  # fmt: skip
ANSWER = ("position", "owner", "type", "value", "ttl_s")
NAME = ("client_ip", "addr", "port", "name", "kind", "ttl_s", "chain")

Lines = list[str]


def require(engine: str) -> None:
    """Skips a test whose engine is not installed; in CI it has to be."""
    missing = engine == "tshark" and shutil.which("tshark") is None
    if missing and os.environ.get("CI") == "true":
        pytest.fail("tshark is not installed", pytrace=False)
    if missing:
        pytest.skip("tshark is not installed")


def read(engine: str, *paths: Path, keylog: Path | None = None) -> Tables:
    """What an engine makes of captures."""
    from analyzer.capture.extract import extract
    from analyzer.inputs.discover import discover

    tables = Tables()
    specs, _ = discover([str(path) for path in paths])
    tables.reports, tables.issues = extract(specs, tables.add, engine=engine, keylog=keylog)
    return tables


def _printed(value: Any) -> Any:
    """Our \\DDD for a byte that is no UTF-8 is tshark's replacement character."""
    if not isinstance(value, str):
        return value
    value = value.replace("\\239\\191\\189", "\N{REPLACEMENT CHARACTER}")
    return re.sub(
        r"\\(\d{3})",
        lambda m: "\N{REPLACEMENT CHARACTER}" if int(m[1]) > 127 else m[0],
        value,
    )


def _lines(rows: list[Row], columns: tuple[str, ...], *front: tuple[str, ...]) -> Lines:
    heads = front or ((),) * len(rows)
    return sorted(
        " ".join([*heads[k], *(f"{c}={_printed(row[c])}" for c in columns)])
        for k, row in enumerate(rows)
    )


def _flow_names(tables: Tables) -> dict[int, tuple[str, ...]]:
    return {
        f["flow_id"]: (
            f["proto"],
            f"{f['orig_ip']}:{f['orig_port']}-{f['resp_ip']}:{f['resp_port']}",
        )
        for f in tables["flows"]
    }


def _ends(flow: Row) -> frozenset[tuple[Any, ...]]:
    return frozenset([(flow["orig_ip"], flow["orig_port"]), (flow["resp_ip"], flow["resp_port"])])


def _hosts(row: Row, one: str, other: str) -> frozenset[str]:
    return frozenset([row[one], row[other]])


class Apart:
    """What is compared in part, or not at all, because an engine does not look there.

    Args:
        native: What the native engine made of the capture, which knows QUIC and tunnels.
        engine: The engine it is held against.
    """

    def __init__(self, native: Tables, engine: str) -> None:
        flows = native["flows"]
        self.engine = engine
        self.quic = {_ends(f) for f in flows if f["app"] == "quic"}
        inside = [f for f in flows if f[TUNNELS] is not None] if engine == "scapy" else []
        self.inside = {_ends(f) for f in inside}
        self.hosts_inside = {_hosts(f, "orig_ip", "resp_ip") for f in inside}

    def flows(self, tables: Tables) -> list[Row]:
        """Conversations that both look into."""
        return [f for f in tables["flows"] if _ends(f) not in self.inside and not self._tunnel(f)]

    def dns(self, tables: Tables) -> list[Row]:
        """DNS messages between hosts that do not talk in a tunnel."""
        return [
            row for row in tables["dns"]
            if _hosts(row, "client_ip", "server_ip") not in self.hosts_inside
        ]  # fmt: skip

    def _tunnel(self, flow: Row) -> bool:
        """A conversation that scapy sees where the native engine sees those inside."""
        ports = {flow["orig_port"], flow["resp_port"]}
        return self.engine == "scapy" and flow["proto"] == "udp" and bool(ports & TUNNEL_PORTS)


def _quic(flow: Row) -> Row:
    return {
        **flow,
        "ends": sorted(_ends(flow)),
        "bytes": sorted([flow["orig_bytes"], flow["resp_bytes"]]),
        "packets": sorted([flow["orig_pkts"], flow["resp_pkts"]]),
    }


def _conversations(tables: Tables, columns: tuple[str, ...], apart: Apart) -> Lines:
    flows = apart.flows(tables)
    as_quic = [f["proto"] == "udp" and _ends(f) in apart.quic for f in flows]
    rows = [
        # Google's own QUIC is no more than a name: nothing else depends on it
        {**f, "app": None if f["app"] == "gquic" else f["app"]}
        for f, quic in zip(flows, as_quic, strict=True) if not quic
    ]  # fmt: skip
    parted = [_quic(f) for f, quic in zip(flows, as_quic, strict=True) if quic]
    return _lines(rows, columns) + _lines(parted, UDP_TURNS)


def _carried(tables: Tables, table: str, columns: tuple[str, ...], apart: Apart) -> Lines:
    """Rows that a TCP conversation carries."""
    names = _flow_names(tables)
    own = {f["flow_id"] for f in apart.flows(tables) if f["proto"] == "tcp"}
    rows = [r for r in tables[table] if r["flow_id"] in own]
    return _lines(rows, columns, *(names[r["flow_id"]] for r in rows))


def _answers(tables: Tables, columns: tuple[str, ...], apart: Apart) -> Lines:
    asked = {r["dns_id"]: (f"{r['client_ip']} {r['txid']}",) for r in apart.dns(tables)}
    rows = [r for r in tables["dns_answers"] if r["dns_id"] in asked]
    return _lines(rows, columns, *(asked[r["dns_id"]] for r in rows))


def view(tables: Tables, check: str, apart: Apart) -> Lines:
    """One aspect of what an engine wrote, as sorted lines."""
    if check == "flows":
        return _conversations(tables, FLOW, apart)
    if check == "payload":
        return _conversations(tables, PAYLOAD, apart)
    if check == "outer":
        return _lines([f for f in tables["flows"] if f[TUNNELS] is not None], (*PAYLOAD, *OUTER))
    if check == "tls":
        return _carried(tables, "tls", TLS, apart)
    if check == "sni":
        lines = _carried(tables, "tls", ("sni",), apart)
        return sorted({line for line in lines if "=None" not in line})
    if check == "http":
        return _carried(tables, "http", HTTP, apart)
    if check == "dns":
        return _lines(apart.dns(tables), DNS) + _answers(tables, ANSWER, apart)
    if check == "dns names":
        known = {r["dns_id"] for r in apart.dns(tables)}
        rows = [r for r in tables["dns_answers"] if r["dns_id"] in known]
        return sorted(set(_lines(rows, ("owner", "type", "value"))))
    rows = [r for r in tables["names"] if r["kind"] not in ("quic_sni", "nrb")]
    return _lines(rows, NAME)


def differences(native: Tables, other: Tables, check: str, engine: str) -> tuple[int, Lines]:
    """How many lines were compared, and those that one engine alone has, marked by which."""
    apart = Apart(native, engine)
    ours, theirs = view(native, check, apart), view(other, check, apart)
    left, right = list(ours), list(theirs)
    for line in ours:
        if line in right:
            right.remove(line)
            left.remove(line)
    return len(ours), [*(f"- {line}" for line in left), *(f"+ {line}" for line in right)]


def beyond(tables: Tables, engine: str) -> set[str]:
    """What an engine says it leaves out of conversations."""
    return set(tables.codes) & LEFT_OUT[engine]
