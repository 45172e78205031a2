"""Google Cloud's flow, DNS and firewall logs as third parties published them, and damaged ones."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings

from craft.damage import check, hurts
from craft.logs import observed, pick, unreadable

if TYPE_CHECKING:
    from pathlib import Path

SAMPLES = {
    "gcp_vpcflow/elastic_vpcflow_excerpt.ndjson": ("gcp-vpc-flow", 4),
    "gcp_vpcflow/sekoia_flow_logs_gke.txt": ("gcp-vpc-flow", 1),
    "gcp_dns/elastic_dns.ndjson": ("gcp-dns", 3),
    "gcp_firewall/elastic_firewall.ndjson": ("gcp-firewall", 2),
}


@pytest.mark.parametrize("name", SAMPLES)
def test_sample(logs_dir: Path, name: str) -> None:
    """Every sample is told, every record is read."""
    formats, rows, tally = observed(logs_dir / name)
    assert (formats[0], len(rows)) == SAMPLES[name]
    assert {row["format"] for row in rows} == {formats[0]}
    assert unreadable(tally) == tally.others == 0


def test_sekoia_expected(logs_dir: Path) -> None:
    """Ends, ports, bytes, packets and times; the source is the server by its port."""
    cases = (logs_dir / "gcp_vpcflow" / "sekoia.expected.ndjson").read_text().splitlines()
    assert len(cases) == 2
    for case in map(json.loads, cases):
        _, (row,), _ = observed(case["message"])
        ecs = case["expected"]
        source, target = ecs["source"], ecs["destination"]
        assert (row["server_ip"], row["server_port"]) == (source["ip"], source["port"])
        assert (row["client_ip"], row["client_port"]) == (target["ip"], target["port"])
        assert (row["bytes_down"], row["pkts_down"]) == (
            ecs["network"]["bytes"],
            ecs["network"]["packets"],
        )
        for column, key in (("ts_ns", "start"), ("end_ns", "end")):
            # Sekoia cuts off nanoseconds.
            micros = round(datetime.fromisoformat(ecs["event"][key]).timestamp() * 1e6)
            assert row[column] // 1000 == micros


def test_answers(logs_dir: Path) -> None:
    """Owner, type, value and life of each record of the answer."""
    _, rows, _ = observed(logs_dir / "gcp_dns" / "elastic_dns.ndjson")
    answers = [[(a["owner"], a["type"], a["value"], a["ttl"]) for a in r["answers"]] for r in rows]
    assert answers[0] == [("elastic.co", "A", "127.0.0.1", 300)]
    assert answers[1] == [("elastic.co", "AAAA", "0:0:0:0:0:0:0:1", 300)]
    assert [value for _, _, value, _ in answers[2]] == [
        "aspmx.l.google.com",
        "alt3.aspmx.l.google.com",
        "alt4.aspmx.l.google.com",
        "alt1.aspmx.l.google.com",
        "alt2.aspmx.l.google.com",
    ]


def test_firewall(logs_dir: Path) -> None:
    """Both records are denied by the same rule."""
    _, rows, _ = observed(logs_dir / "gcp_firewall" / "elastic_firewall.ndjson")
    assert pick(rows, "client_ip", "client_port", "server_ip", "server_port", "action") == [
        ("10.142.0.10", 57794, "10.128.0.16", 80, "deny"),
        ("10.142.0.16", 80, "10.128.0.10", 57794, "deny"),
    ]


def made(number: int) -> bytes:
    ends = {"src_ip": "10.0.0.4", "src_port": 50001, "dest_ip": "20.60.0.1", "dest_port": 443}
    payloads = (
        {"queryName": "a.example.", "queryType": "A", "rdata": "a.example.\t3\tIN\ta\t192.0.2.1"},
        {"connection": {**ends, "protocol": 6}, "reporter": "SRC", "bytes_sent": "9"},
        {"connection": {**ends, "protocol": 6}, "disposition": "DENIED"},
    )
    record = {"jsonPayload": payloads[number % 3], "timestamp": f"2026-11-03T08:00:0{number}Z"}
    return json.dumps(record).encode()


LINES = tuple(made(number) for number in range(9))


@settings(max_examples=20, deadline=None)
@given(hurts(LINES))
def test_a_hurt_line_costs_itself(damaged: dict[int, bytes]) -> None:
    """Whatever some records have become, the others are read as before."""
    check(LINES, damaged, "gcp-dns")
