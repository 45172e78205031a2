"""Suricata's events as third parties published them, OISF's own expectations, and damaged ones."""

from __future__ import annotations

import collections
import json
import re
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings

from craft.damage import check, hurts
from craft.logs import observed, unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    Event = dict[str, Any]

SAMPLES = {
    "suricata/elastic_eve_dns_v1_v2.ndjson": {"dns": 6},
    "suricata/elastic_eve_small.ndjson": {"http": 3, "flow": 2, "name": 2, "dns": 1},
    "suricata/sekoia.log": {"flow": 6, "dns": 3},
    "aws_network_firewall/elastic_firewall.ndjson": {"flow": 3},
}
STRANGERS = {"suricata/sekoia.log": 1}
"""A Metricbeat record that its publisher keeps among Suricata's (``beats.json``)."""


@pytest.mark.parametrize("name", SAMPLES)
def test_sample(logs_dir: Path, name: str) -> None:
    """Every sample is told, every event is read or is none of traffic."""
    formats, rows, tally = observed(logs_dir / name)
    assert formats == ("aws-network-firewall" if "aws" in name else "suricata",)
    assert unreadable(tally) == 0
    assert tally.others == STRANGERS.get(name, 0)
    assert collections.Counter(row["kind"] for row in rows) == SAMPLES[name]


def test_sekoia_expected(logs_dir: Path) -> None:
    """Addresses, ports, packets, bytes, names and times as Sekoia normalises them."""
    folder = logs_dir / "suricata"
    _, rows, _ = observed(folder / "sekoia.log")
    lines = (folder / "sekoia.log").read_text().splitlines()
    cases = [json.loads(line) for line in (folder / "sekoia.expected.ndjson").open()]
    expected = {json.dumps(json.loads(case["message"])): case["expected"] for case in cases}
    compared = 0
    for row in rows:
        event = json.loads(lines[row["line"] - 1])
        ecs = expected[json.dumps(event)]
        ends = [(ecs[side]["ip"], ecs[side].get("port")) for side in ("source", "destination")]
        ours = [
            (str(ip_address(row[f"{side}_ip"])), row.get(f"{side}_port"))
            for side in ("client", "server")
        ]
        # Sekoia keeps the direction of the packet; ours is who opened the connection.
        assert sorted(map(str, ends)) == sorted(map(str, ours))
        if "bytes_up" in row:
            assert row["bytes_up"] == event["flow"]["bytes_toserver"]
            assert row["pkts_down"] == event["flow"]["pkts_toclient"]
        if row["kind"] == "dns":
            assert row["name"] == event["dns"]["rrname"]
        compared += 1
    assert compared == 9


def expectations(path: Path) -> Iterator[Event]:
    """The events that a test of suricata-verify asks for, as nested objects."""
    match: dict[str, str] | None = None
    for line in [*path.read_text().splitlines(), "end:"]:
        pair = re.fullmatch(r"\s+(?:- )?([\w.\[\]]+)\s*: ?(.*)", line)
        if pair and pair[1] == "match":
            match = {}
        elif match is not None and pair and pair[1] not in ("filter", "requires", "count"):
            match[pair[1]] = pair[2].strip("'\"")
        elif match:
            yield nested(match)
            match = None


def nested(flat: dict[str, str]) -> Event:
    event: Event = {}
    for path, value in flat.items():
        parts = re.findall(r"[^.\[\]]+", path)
        place: Any = event
        for part, after in zip(parts, [*parts[1:], None], strict=True):
            empty: Any = value if after is None else [] if after.isdigit() else {}
            if isinstance(place, list):
                place.extend(empty for _ in range(int(part) + 1 - len(place)))
                place = place[int(part)]
            else:
                place = place.setdefault(part, empty)
    return event


def complete(event: Event) -> Event:
    """With what the test leaves open, so that it is a whole event."""
    given = {"timestamp": "2017-06-08T15:45:57.828730+0000", "flow_id": 1, "proto": "UDP"}
    ends = {"src_ip": "10.16.1.11", "src_port": 41805, "dest_ip": "10.16.1.1", "dest_port": 53}
    return {**given, **ends, **event}


@pytest.mark.parametrize(
    ("name", "lookups"),
    [("dns_dns-udp-eve-dig", 2), ("dns_dns-udp-eve-log-srv", 2), ("dns_dns-udp-eve-txt", 4)],
)
def test_expectations_of_dns_version_3(logs_dir: Path, name: str, lookups: int) -> None:
    """Suricata 8 states the question in a list, and calls its messages request and response."""
    path = logs_dir / "suricata" / "verify_expectations" / f"{name}.yaml"
    events = [complete(e) for e in expectations(path) if "dns" in e or "flow" in e]
    _, rows, tally = observed("".join(json.dumps(e) + "\n" for e in events), "suricata")
    assert unreadable(tally) == 0
    assert [row["kind"] for row in rows].count("dns") == lookups
    for row in rows:
        event = events[row["line"] - 1]
        if row["kind"] == "flow":
            assert str(row["bytes_up"]) == event["flow"]["bytes_toserver"]
            assert str(row["bytes_down"]) == event["flow"]["bytes_toclient"]
            continue
        dns = event["dns"]
        assert row["name"] == dns["queries"][0]["rrname"].lower()
        assert row["qtype"] == dns["queries"][0]["rrtype"]
        assert row["is_response"] == (dns["type"] == "response")
        assert (row["client_ip"], row["server_port"]) == ("10.16.1.11", 53)
        if row["is_response"] and "rdata" in dns["answers"][0]:
            assert [(a["owner"], a["type"], a["value"], str(a["ttl"])) for a in row["answers"]] == [
                (a["rrname"], a["rrtype"], a["rdata"], a["ttl"]) for a in dns["answers"]
            ]
        elif row["is_response"]:
            names = [a["srv"]["name"] for a in dns["answers"]]
            assert [a["value"] for a in row["answers"]] == names


def made(number: int) -> bytes:
    event = complete({"event_type": ("dns", "tls", "flow", "http", "netflow", "alert")[number % 6]})
    event |= {
        "dns": {"version": 2, "type": "answer", "rrname": "a.example", "id": 1, "answers": [{}]},
        "tls": {"sni": "a.example"},
        "flow": {"bytes_toserver": 9, "start": "2017-06-08T15:45:57.828730+0000"},
        "http": {"hostname": "a.example", "url": "/x", "http_method": "PUT"},
        "netflow": {"bytes": 9},
        "alert": {"action": "blocked", "signature": "s"},
        "flow_id": number,
    }
    return json.dumps(event).encode()


LINES = tuple(made(number) for number in range(12))


@settings(max_examples=30, deadline=None)
@given(hurts(LINES))
def test_a_hurt_line_costs_itself(damaged: dict[int, bytes]) -> None:
    """Whatever some events have become, the others are read as before."""
    check(LINES, damaged, "suricata")
