"""Amazon's flow and resolver logs as third parties published them, and damaged ones."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING

from hypothesis import given, settings

from craft.damage import check, hurts
from craft.logs import observed, pick, unreadable

if TYPE_CHECKING:
    from pathlib import Path


def test_sekoia_expected(logs_dir: Path) -> None:
    """Ends, ports, bytes, packets, decision and times of each record, text or JSON."""
    cases = (logs_dir / "aws_vpcflow" / "sekoia.expected.ndjson").read_text().splitlines()
    compared = 0
    for case in map(json.loads, cases):
        formats, rows, tally = observed(case["message"] + "\n")
        ecs = case["expected"]
        assert formats == ("aws-vpc-flow",)
        assert unreadable(tally) == tally.others == 0
        if "source" not in ecs:  # NODATA
            assert rows == []
            continue
        # In all of them the source has the larger port, or the same one: it is the client.
        (row,) = rows
        source, target = ecs["source"], ecs["destination"]
        assert (row["client_ip"], row["client_port"]) == (source["ip"], source["port"])
        assert (row["server_ip"], row["server_port"]) == (target["ip"], target["port"])
        assert (row["bytes_up"], row["pkts_up"]) == (source["bytes"], source["packets"])
        assert row["proto"] == ecs["network"].get("transport", "tcp")
        assert row["action"] == {"accept": "allow", "reject": "deny"}[ecs["action"]["name"]]
        for column, key in (("ts_ns", "start"), ("end_ns", "end")):
            assert row[column] == datetime.fromisoformat(ecs["event"][key]).timestamp() * 1e9
        compared += 1
    assert compared == 7


def test_samples_as_files(logs_dir: Path) -> None:
    """A file of both text and JSON is read as what it begins with; the rest is counted."""
    folder = logs_dir / "aws_vpcflow"
    _, rows, tally = observed(folder / "sekoia.log")
    assert (len(rows), unreadable(tally), tally.others) == (5, 0, 2)
    _, rows, tally = observed(folder / "elastic_extra_samples.log")
    assert (len(rows), unreadable(tally), tally.others) == (5, 0, 0)
    assert [row["action"] for row in rows] == ["allow", "allow", "deny", "allow", "deny"]


def test_resolver(logs_dir: Path) -> None:
    """Questions, outcomes and answers of eight lookups, as json.loads finds them."""
    path = logs_dir / "aws_route53_resolver" / "elastic_route53.ndjson"
    formats, rows, tally = observed(path)
    assert formats == ("aws-route53-resolver",)
    assert unreadable(tally) == tally.others == 0
    records = [json.loads(line) for line in path.read_text().splitlines()]
    assert pick(rows, "name", "qtype", "rcode", "client_ip", "client_port") == [
        (
            r["query_name"].rstrip("."),
            r["query_type"],
            r["rcode"],
            r["srcaddr"],
            int(r["srcport"]),
        )
        for r in records
    ]
    assert [[(a["type"], a["value"]) for a in row["answers"]] for row in rows] == [
        [(a["Type"], a["Rdata"].rstrip(".")) for a in r["answers"]] for r in records
    ]


RECORD = (
    b"2 123456789010 eni-1 10.0.0.4 20.60.0.1 5000%d 443 6 30 4320 1793692800 1793692860 ACCEPT OK"
)
LINES = tuple(RECORD % number for number in range(8))
HEAD = (
    b"version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start "
)
HEAD += b"end action log-status\n"


@settings(max_examples=20, deadline=None)
@given(hurts(LINES))
def test_a_hurt_line_costs_itself(damaged: dict[int, bytes]) -> None:
    """Whatever some lines have become, the others are read as before."""
    check(LINES, damaged, "aws-vpc-flow")


@settings(max_examples=20, deadline=None)
@given(hurts(LINES))
def test_a_hurt_line_under_a_header(damaged: dict[int, bytes]) -> None:
    """The same below a header; an open quote may not swallow what follows it."""
    check(LINES, {k: v.replace(b'"', b"") for k, v in damaged.items()}, "aws-vpc-flow", HEAD)


def test_octets_are_those_of_ip_packets(logs_dir: Path) -> None:
    """Two packets of NTP (48 bytes behind UDP and IP) are 152 bytes in the published sample."""
    text = (logs_dir / "aws_vpcflow" / "sekoia.log").read_text(encoding="utf-8")
    line = next(each for each in text.splitlines() if " 123 123 17 " in each)
    _, (row,), _ = observed(line + "\n")
    assert row["bytes_kind"] == "headers"
    assert row.get("bytes_up", row.get("bytes_down")) == 2 * (20 + 8 + 48)
