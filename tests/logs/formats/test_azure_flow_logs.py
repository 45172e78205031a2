"""VNet and NSG flow logs: tuples, deltas, units of time, documents that are cut."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from craft.logs import observed, pick, unreadable
from craft.mangle import mangled

if TYPE_CHECKING:
    from pathlib import Path

MS = 1_000_000
WORKED = {
    "VNet": [
        "1493763938,185.170.185.105,10.2.0.4,35370,23,6,I,B,NX,,,,",
        "1493695838,185.170.185.105,10.2.0.4,35370,23,6,I,C,NX,1021,588096,8005,4610880",
        "1493696138,185.170.185.105,10.2.0.4,35370,23,6,I,E,NX,52,29952,47,27072",
    ],
    "NSG": [
        "1493763938,185.170.185.105,10.2.0.4,35370,23,T,I,A,B,,,,",
        "1493695838,185.170.185.105,10.2.0.4,35370,23,T,I,A,C,1021,588096,8005,4610880",
        "1493696138,185.170.185.105,10.2.0.4,35370,23,T,I,A,E,52,29952,47,27072",
    ],
}


def vnet(tuples: list[str], rule: str = "r") -> dict[str, Any]:
    """A record of a VNet flow log."""
    groups = [{"rule": rule, "flowTuples": tuples}]
    return {
        "time": "2026-11-03T08:01:00Z",
        "flowLogVersion": 4,
        "category": "FlowLogFlowEvent",
        "operationName": "FlowLogFlowEvent",
        "flowRecords": {"flows": [{"aclID": "a", "flowGroups": groups}]},
    }


def nsg(tuples: list[str]) -> dict[str, Any]:
    """A record of an NSG flow log."""
    flows = [{"rule": "r", "flows": [{"mac": "m", "flowTuples": tuples}]}]
    return {
        "time": "2026-11-03T08:01:00Z",
        "category": "NetworkSecurityGroupFlowEvent",
        "properties": {"Version": 2, "flows": flows},
    }


def read(*records: dict[str, Any]) -> list[dict[str, Any]]:
    """Observations of a whole document."""
    formats, rows, tally = observed(json.dumps({"records": records}))
    assert formats[0] == "azure-flow-logs"
    assert unreadable(tally) == 0
    return rows


@pytest.mark.parametrize("kind", WORKED)
def test_the_example_that_microsoft_works_out(kind: str) -> None:
    """9,125 packets and 5,256,000 bytes: C and E count what passed since the tuple before."""
    rows = read(vnet(WORKED[kind]) if kind == "VNet" else nsg(WORKED[kind]))
    assert len(rows) == 3
    packets, octets = ("pkts_up", "pkts_down"), ("bytes_up", "bytes_down")
    assert sum(row.get(n, 0) for row in rows for n in packets) == 9125
    assert sum(row.get(n, 0) for row in rows for n in octets) == 5_256_000
    assert Counter(pick(rows, "begins", "counter", "bytes_kind")) == {
        (True, None, None): 1,
        (False, "delta", "headers"): 2,
    }


def test_nsg_sample(logs_dir: Path) -> None:
    """Counts of the reference."""
    _, rows, tally = observed(logs_dir / "azure_nsg_flow_v2" / "elastic_PT1H_records.json")
    assert (len(rows), unreadable(tally)) == (11, 0)
    assert Counter(row["action"] for row in rows) == {"deny": 7, "allow": 4}
    assert sum(row.get("bytes_up", 0) for row in rows) == 25_533
    assert sum(row.get("bytes_down", 0) for row in rows) == 21_128


def test_vnet_sample(logs_dir: Path) -> None:
    """Counts of the reference, server by server."""
    _, rows, tally = observed(logs_dir / "azure_vnet_flow_v4" / "elastic_PT1H_records.json")
    assert (len(rows), unreadable(tally)) == (19, 0)
    states = Counter((row["action"], row.get("begins")) for row in rows)
    assert states == {("deny", None): 9, ("allow", True): 5, ("allow", False): 5}
    up: Counter[str] = Counter()
    for row in rows:
        up[row["server_ip"]] += row.get("bytes_up", 0)
    assert (up["52.239.184.180"], up["40.74.146.17"], up["104.16.218.84"]) == (767, 1544, 2217)
    assert sum(row.get("bytes_down", 0) for row in rows) == 43_292
    assert all(row["ts_ns"] % MS == 0 for row in rows)


def test_seconds_and_milliseconds(logs_dir: Path) -> None:
    """Microsoft's tutorial writes seconds into a version that counts milliseconds."""
    name = "msdocs_tutorial_seconds_resourceId.json"
    _, rows, _ = observed(logs_dir / "azure_vnet_flow_v4" / name)
    assert pick(rows, "ts_ns", "bytes_up", "bytes_down") == [(1754512773 * 1000 * MS, 1158, 8143)]


@pytest.mark.parametrize("folder", ["azure_nsg_flow_sekoia", "azure_vnet_flow_sekoia"])
def test_flattened_lines(folder: str, logs_dir: Path) -> None:
    """Addresses, ports, bytes and decisions as Sekoia reads them.

    Sekoia takes the record's time for NSG, and in one case another source address than the tuple's;
    Microsoft and we take the tuple's (section 17 of the reference).
    """
    _, rows, tally = observed(logs_dir / folder / "sekoia.log")
    assert unreadable(tally) == 0
    oracle = (logs_dir / folder / "sekoia.expected.ndjson").read_text(encoding="utf-8")
    cases = [json.loads(line) for line in oracle.splitlines()]
    assert len(rows) == len(cases)
    for row, case in zip(rows, cases, strict=True):
        told = case["expected"]
        source, destination = told["source"], told["destination"]
        if case["name"] != "test_short.json":
            assert row["client_ip"] == source["ip"]
        assert row["client_port"] == source["port"]
        assert (row["server_ip"], row["server_port"]) == (destination["ip"], destination["port"])
        # Zeros of a tuple that begins a flow, or denies it, count nothing.
        assert row.get("bytes_up", 0) == source.get("bytes", 0)
        assert row.get("bytes_down", 0) == destination.get("bytes", 0)
        assert row["rule"] == told["rule"]["name"]
        denied = "denied" in told["event"]["type"]
        assert row["action"] == ("deny" if denied else "allow")


def test_a_long_record_is_recognised() -> None:
    """A busy minute is longer than the head by which a log is told."""
    tuples = [f"17936928{n:05d},10.0.0.4,20.60.1.1,{n},443,6,O,B,NX,0,0,0,0" for n in range(3000)]
    assert len(read(vnet(tuples))) == 3000


@pytest.mark.parametrize("left_out", [40, 500, 3000])
def test_a_cut_document_gives_its_complete_records(left_out: int) -> None:
    """The hour that is being written: what is complete counts, what is not is one lost record."""
    record = vnet(WORKED["VNet"])
    text = json.dumps({"records": [record] * 20})[:-left_out]
    complete = text.count(json.dumps(record))
    _, rows, tally = observed(text)
    assert 0 < complete < 20
    assert len(rows) == 3 * complete
    assert tally.lost.count == 1


def test_denied_and_begun_flows_have_no_bytes() -> None:
    """Zeros where nothing is counted are not a measurement."""
    rows = read(
        vnet(
            [
                "1663146003599,10.0.0.6,20.60.1.1,23956,443,6,O,B,NX,0,0,0,0",
                "1663145998065,198.51.100.7,10.0.0.6,55188,22,6,I,D,NX,0,0,0,0",
            ]
        )
    )
    assert not any("bytes_up" in row or "counter" in row for row in rows)


@pytest.mark.parametrize(
    "tuple_",
    [
        "",
        ",,,,,,,,,,,,",
        "x,10.0.0.4,20.60.1.1,1,443,6,O,C,NX,1,1,1,1",
        "1663146003599,10.0.0.4,20.60.1.1,1,443,6,O,Q,NX,1,1,1,1",
        "1663146003599,10.0.0.4,20.60.1.1,1,443,6,Z,C,NX,1,1,1,1",
        "1663146003599,10.0.0.4,20.60.1.1,1,443,6,O,C,NX,1,-1,1,1",
        "1663146003599,10.0.0.4,20.60.1.1,1,443,6,O,C,NX,1,1",
        "1663146003,10.0.0.4,20.60.1.1,1,443,T,O,Q,C,1,1,1,1",
    ],
)
def test_a_tuple_that_is_wrong_is_counted(tuple_: str) -> None:
    """And the tuple beside it is read."""
    good = "1663146003599,10.0.0.4,20.60.1.1,1,443,6,O,C,NX,1,2,3,4"
    _, rows, tally = observed(json.dumps({"records": [vnet([tuple_, good])]}))
    assert pick(rows, "bytes_up", "bytes_down") == [(2, 4)]
    assert unreadable(tally) == 1


@settings(max_examples=15, deadline=None)
@given(
    st.lists(
        mangled([json.dumps(vnet(WORKED["VNet"])), json.dumps(nsg(WORKED["NSG"]))]),
        min_size=1,
        max_size=8,
    )
)
def test_a_hostile_line_costs_itself(hostile: list[bytes]) -> None:
    """Whatever a line is, its neighbours are read."""
    tuple_ = "1663146003599,10.0.0.4,20.60.1.99,1,443,6,O,C,NX,1,2,3,4"
    honest = json.dumps(vnet([tuple_], "honest")).encode()
    text = b"\n".join([honest] * 4 + [each for line in hostile for each in (line, honest)])
    _, rows, _ = observed(text)
    assert sum(row.get("rule") == "honest" for row in rows) == 4 + len(hostile)
