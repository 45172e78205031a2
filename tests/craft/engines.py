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
BEYOND = {
    "mpls", "pppoe", "ip-fragment", "ip-tunnel", "udp-tunnel", "unknown-link-type", "tunnel-cap",
}  # fmt: skip
"""With these issues an engine says itself that it does not look into something: where the other one
does, the file is no case of disagreement."""

FLOW = (
    "proto", "orig_ip", "orig_port", "resp_ip", "resp_port", "community_id", "start_ns", "end_ns",
    "orientation", "orig_bytes", "resp_bytes", "orig_pkts", "resp_pkts", "orig_missed_bytes",
    "missed_bytes", "duplicate_pkts", "app", "open_at_start", "open_at_end", "one_sided", "turns",
    "upload_turns", "upload_bytes", "upload_app_bytes", "largest_upload", "median_request",
    "wide_requests", "wide_bytes", "drip_turns", "drip_bytes", "small_app_bytes", "big16_turns",
    "big16_bytes", "big16_app_bytes", "big32_turns", "big32_bytes", "big32_app_bytes",
    "big64_turns", "big64_bytes", "big64_app_bytes", "bytes_grade", "first_packet", "last_packet",
)  # fmt: skip
"""Compared in full: every column of ``flows`` but the numbering, and ``ech`` (QUIC differs)."""

PAYLOAD = (
    "proto", "orig_ip", "orig_port", "resp_ip", "resp_port", "start_ns", "orig_bytes", "resp_bytes",
)  # fmt: skip
TLS = ("sni", "alpn", "version", "ech")
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


def _carried(tables: Tables, table: str, columns: tuple[str, ...]) -> Lines:
    """Rows that a TCP conversation carries."""
    names = _flow_names(tables)
    rows = [r for r in tables[table] if names[r["flow_id"]][0] == "tcp"]
    return _lines(rows, columns, *(names[r["flow_id"]] for r in rows))


def _answers(tables: Tables) -> Lines:
    asked = {r["dns_id"]: (f"{r['client_ip']} {r['txid']}",) for r in tables["dns"]}
    rows = tables["dns_answers"]
    return _lines(rows, ANSWER, *(asked[r["dns_id"]] for r in rows))


def view(tables: Tables, check: str) -> Lines:
    """One aspect of what an engine wrote, as sorted lines."""
    if check == "flows":
        return _lines(tables["flows"], FLOW)
    if check == "payload":
        return _lines(tables["flows"], PAYLOAD)
    if check == "tls":
        return _carried(tables, "tls", TLS)
    if check == "sni":
        return sorted({line for line in _carried(tables, "tls", ("sni",)) if "=None" not in line})
    if check == "http":
        return _carried(tables, "http", HTTP)
    if check == "dns":
        return _lines(tables["dns"], DNS) + _answers(tables)
    if check == "dns names":
        return sorted(set(_lines(tables["dns_answers"], ("owner", "type", "value"))))
    rows = [r for r in tables["names"] if r["kind"] not in ("quic_sni", "nrb")]
    return _lines(rows, NAME)


def differences(native: Tables, other: Tables, check: str) -> tuple[int, Lines]:
    """How many lines were compared, and those that one engine alone has, marked by which."""
    ours, theirs = view(native, check), view(other, check)
    left, right = list(ours), list(theirs)
    for line in ours:
        if line in right:
            right.remove(line)
            left.remove(line)
    return len(ours), [*(f"- {line}" for line in left), *(f"+ {line}" for line in right)]


def beyond(tables: Tables) -> set[str]:
    """What an engine says it does not look into."""
    return set(tables.codes) & BEYOND
