"""One finding per (agent, endpoint, stream): merging, ids, evidence, total order."""

from __future__ import annotations

import itertools

import pytest

from analyzer.config import Thresholds
from analyzer.issues import UsageError
from analyzer.result import SEVERITIES, to_plain
from analyzer.rules.engine import find, finding_id
from analyzer.rules.load import load
from analyzer.rules.proof import Commands

STORAGE = {"role": "storage-account", "ownership": "foreign", "owner": "evil"}
HOST = "evil.blob.core.windows.net"


def test_flows_of_several_rules_meet_in_one_finding(case):
    case.upload(HOST, 70_000, **STORAGE)
    case.flow(
        HOST,
        **STORAGE,
        app="http",
        resp_port=80,
        write_requests=1,
        write_bytes=100,
        write_line="PUT /c (packet 9)",
        name_grade="A1",
        direction_evidence="W1",
    )
    found = case.only()
    assert (found.rule, found.also, found.flow_count) == ("EX007", ["EX001"], 2)
    # EX007's own flow is a tiny write, EX001 saw both: the worse severity stands.
    assert found.severity == "high"
    assert found.direction_evidence == "W1"
    assert found.name_grade == "A2"  # most bytes stand behind it
    assert [e.flow_id for e in found.evidence] == [1, 2]


def test_agents_and_endpoints_are_kept_apart(case):
    case.upload(HOST, 9000, **STORAGE)
    case.upload(HOST, 9000, **STORAGE, agent="build", agent_ip="10.0.0.6")
    case.upload(HOST, 9000, **STORAGE, agent="build", agent_ip="fd00::6", resp_ip="2001:db8::1")
    case.upload("other.blob.core.windows.net", 9000, **STORAGE)
    found = case.findings()
    assert [(f.agent, f.endpoint) for f in found] == [
        ("build", HOST),
        ("10.0.0.5", HOST),
        ("10.0.0.5", "other.blob.core.windows.net"),
    ]
    assert found[0].agent_addresses == ["10.0.0.6", "fd00::6"]
    assert found[0].addresses == ["2001:db8::1", "52.0.0.1"]
    assert found[0].evidence[1].orig == "[fd00::6]:40003"
    assert len({f.id for f in found}) == 3


def test_the_id_depends_on_stream_agent_and_endpoint_alone(make_case):
    one, other = make_case(), make_case()
    one.upload(HOST, 9000, **STORAGE)
    other.flow("www.example.org")
    other.upload(
        HOST, 9_000_000, **STORAGE, resp_ip="52.9.9.9", claimed_name="a", contradiction="b"
    )
    assert one.only().id == other.only().id
    assert one.only().rule != other.only().rule
    parts = [
        ("s", "a", "e", None),
        ("s", "a", None, "e"),
        ("s", "ae", "", None),
        ("t", "a", "e", None),
    ]
    assert len({finding_id(*part) for part in parts}) == len(parts)
    assert finding_id("s", "a", "e", "1.2.3.4") == finding_id("s", "a", "e", "5.6.7.8")


def test_sizes_and_times(case):
    case.upload(
        HOST,
        50_000,
        **STORAGE,
        orig_missed_bytes=100,
        small_turns=1,
        small_bytes=900,
        small_app_bytes=300,
    )
    case.upload(HOST, 50_000, **STORAGE)
    found = case.only()
    assert found.uploaded_bytes == 2 * 49_500 + 300
    assert found.size_error_bytes == 100_900 // 100 + 1000 + 200 * 3
    assert found.orig_payload_bytes == 2 * 50_600
    assert (found.missed_bytes, found.uploaded_bytes_is_lower_bound) == (100, False)
    assert found.first_ns is not None
    assert found.last_ns - found.first_ns == 1_500_000_000
    assert "100,000 bytes on the wire" in found.explanation
    assert "2026-11-23T22:52:13.000000000Z" in found.explanation


@pytest.mark.parametrize(("missed", "bound"), [(506, False), (507, True)])
def test_holes_above_one_percent_make_a_lower_bound(case, missed, bound):
    case.upload(HOST, 50_000, **STORAGE, orig_missed_bytes=missed)
    found = case.only()
    assert found.uploaded_bytes_is_lower_bound is bound
    assert ("lower bound" in found.explanation) is bound


def test_evidence_is_capped_at_fifty_flows_largest_first(case):
    for size in range(60):
        case.upload(HOST, 5000 + size, **STORAGE)
    found = case.only()
    assert (len(found.evidence), found.flow_count) == (50, 60)
    uploaded = [e.uploaded_bytes for e in found.evidence]
    assert uploaded == sorted(uploaded, reverse=True)
    assert found.uploaded_bytes == sum(4500 + size for size in range(60))


def test_evidence_details(case):
    number = case.upload(
        HOST, 9000, **STORAGE, ambiguous_names=2, name_grade="A4", proxy_leg="client"
    )
    case.add(
        "names",
        ts_ns=1,
        client_ip="10.0.0.5",
        addr="52.0.0.1",
        name=HOST,
        kind="dns",
        ttl_s=5,
        chain=f"{HOST}>blob.x.store.core.windows.net",
        packet=1,
        input_id=0,
    )
    found = case.only()
    evidence = found.evidence[0]
    assert (evidence.kind, evidence.flow_id, evidence.input) == ("flow", number, "c.pcap")
    assert "blob.x.store.core.windows.net" in evidence.detail
    assert "2 other names fit" in evidence.detail
    assert "Through a proxy" in evidence.detail
    assert found.confidence == "low"
    assert evidence.pcr == (9600 - 5000) / (9600 + 5000)


@pytest.mark.parametrize(
    ("writes", "told", "shown"),
    [(1, "First write request: PUT /a", "Request read in clear: PUT /a"),
     (3, "First write request of 3: PUT /a", "First of 3 write requests read in clear: PUT /a")],
)  # fmt: skip
def test_several_write_requests_are_counted_beside_the_first(case, writes, told, shown):
    case.upload(
        HOST,
        9000,
        **STORAGE,
        write_requests=writes,
        write_bytes=8000,
        write_line="PUT /a (packet 4)",
    )
    found = case.only()
    assert told in found.explanation
    assert shown in found.evidence[0].detail


def test_a_reused_port_pair_adds_the_time_range(case):
    case.upload(HOST, 9000, **STORAGE, agent_port=5000)
    assert "frame.time_epoch" not in case.only().evidence[0].display_filter
    case.flow("www.example.org", agent_port=5000)
    assert "frame.time_epoch >= 1795474333.000000000" in case.only().evidence[0].display_filter


def test_the_same_ports_the_other_way_round_count_as_reuse(case):
    case.upload(HOST, 9000, **STORAGE, agent_port=5000)
    case.flow(
        None,
        agent="52.0.0.1",
        agent_ip="52.0.0.1",
        agent_port=443,
        resp_ip="10.0.0.5",
        resp_port=5000,
    )
    assert "frame.time_epoch" in case.only().evidence[0].display_filter


def test_a_flow_over_rotated_files_is_recounted_from_all_of_them(case):
    case.connection.execute("UPDATE inputs SET last_ns = first_ns + 1000000000")
    start = 1_795_474_332_000_000_000
    for number, path in ((1, "d.pcap"), (2, "e.pcap")):
        case.add(
            "inputs",
            input_id=number,
            path=path,
            bytes=1,
            records=1,
            snapped=0,
            complete=True,
            unit="packet",
            first_ns=start + number * 10**9,
            last_ns=start + (number + 1) * 10**9,
        )
    case.upload(HOST, 9000, **STORAGE, start_ns=start, end_ns=start + 3 * 10**9 // 2)
    assert (case.only().evidence[0].tshark or "").startswith("mergecap -w - c.pcap d.pcap | tshark")


def test_order_is_by_stream_severity_size_agent_and_endpoint(case):
    case.flow(
        "eusmanaged63.blob.core.windows.net",
        role="managed-storage-candidate",
        managed_of="contoso.azurecr.io",
    )
    case.add("endpoints", name="contoso.azurecr.io", role="registry-login", ownership="ours")
    for agent, size in (("b", 5000), ("a", 5000), ("a", 6000), ("c", 800_000)):
        case.upload(f"x{size}.blob.core.windows.net", size, **STORAGE, agent=agent)
    keys = [
        (f.stream, SEVERITIES.index(f.severity), -(f.uploaded_bytes or 0), f.agent)
        for f in case.findings()
    ]
    assert keys == sorted(keys)
    assert [f.agent for f in case.findings()] == ["c", "a", "a", "b", "10.0.0.5"]


def test_the_document_depends_neither_on_threads_nor_on_row_order(make_case):
    rows = [("a", 5000), ("b", 70_000), ("a", 9000), ("c", 2_000_000)]
    documents = []
    for threads, order in itertools.product(
        (1, 2), itertools.islice(itertools.permutations(rows), 3)
    ):
        case = make_case(threads)
        for agent, size in order:
            case.flows = size  # the flow's number is a property of the traffic, not of the row
            case.upload(f"{agent}.blob.core.windows.net", size, **STORAGE, agent=agent)
        documents.append(to_plain(case.judge()))
    assert all(document == documents[0] for document in documents)


def test_a_rule_of_ours_that_fails_on_values_names_its_file(case, tmp_path, monkeypatch):
    source = next(rule for rule in load() if rule.id == "EX001").path.read_text()
    path = tmp_path / "EX900.sql"
    text = source.replace("EX001", "EX900").replace(
        "    endpoint,", "    CAST(CAST(endpoint AS INT) AS VARCHAR) AS endpoint,", 1
    )
    path.write_text(text)
    monkeypatch.setattr("analyzer.rules.load.RULES_DIR", tmp_path)
    case.upload(HOST, 9000, **STORAGE)
    with pytest.raises(UsageError, match=r"EX900\.sql: "):
        find(
            case.connection,
            thresholds=Thresholds(),
            inventory=True,
            inputs=[],
            commands=Commands(
                lambda **_: ("", None), lambda **_: None, lambda *_: "", lambda *_, **__: []
            ),
            rules=load([path]),
        )


def test_hostile_names_are_data_in_texts_and_commands(case):
    name = "{agent}'; touch x; '\\010.blob.core.windows.net"
    case.upload(name, 9000, **{**STORAGE, "owner": "{label}$(id)"})
    found = case.only()
    assert found.endpoint == name
    assert name in found.explanation
    assert (
        "--approve '{agent}'\"'\"'; touch x; '\"'\"'\\010.blob.core.windows.net'" in found.clears[1]
    )
    assert name not in found.evidence[0].display_filter
    assert name not in (found.evidence[0].tshark or "")


def test_very_many_findings_keep_one_flow_each(case):
    case.upload(HOST, 9000, **STORAGE)
    case.connection.execute(
        "INSERT INTO attributed SELECT a.* REPLACE (range + 10 AS flow_id, "
        "'h' || (range % 6000) || '.blob.core.windows.net' AS endpoint) "
        "FROM attributed a, range(12000)"
    )
    found = case.findings()
    assert len(found) == 6001
    assert {len(f.evidence) for f in found} == {1}
    assert sum(f.flow_count for f in found) == 12_001
