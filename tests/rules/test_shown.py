"""The timeline, and the SELECT behind each figure of a report."""

from __future__ import annotations

import json

import pytest

from analyzer.case.sandbox import Limits, select
from analyzer.cli.main import run
from analyzer.rules.shown import QUERIES

HOUR = 3600 * 1_000_000_000


def bins(case):
    found = case.judge().timeline
    return found.bin_ns, [(b.start_ns, b.destination, b.orig_bytes) for b in found.bins]


def test_bytes_stand_where_they_were_sent_by_ownership(case):
    case.flow("a.example.org", orig_bytes=100, start_ns=0, end_ns=0)
    case.flow("b.example.org", orig_bytes=30, start_ns=HOUR, end_ns=HOUR, ownership="foreign")
    case.flow("b.example.org", orig_bytes=20, start_ns=HOUR + 1, end_ns=HOUR + 1)
    width, found = bins(case)
    assert width == 60_000_000_000
    assert found == [(0, "unknown", 100), (HOUR, "foreign", 30), (HOUR, "unknown", 20)]


def test_a_long_flow_is_spread_and_no_byte_is_lost(case):
    case.flow("a.example.org", orig_bytes=1000, start_ns=5, end_ns=7 * HOUR)
    case.flow("a.example.org", orig_bytes=7, start_ns=HOUR, end_ns=HOUR + 9)
    timeline = case.judge().timeline
    assert timeline.bin_ns == HOUR // 12
    assert sum(b.orig_bytes for b in timeline.bins) == 1007
    assert sum(b.flow_count for b in timeline.bins) == 2
    assert max(b.orig_bytes for b in timeline.bins) <= 1000 // len(timeline.bins) + 1 + 7
    starts = [b.start_ns for b in timeline.bins]
    assert starts == sorted(starts)
    assert all(start % timeline.bin_ns == 0 for start in starts)


def test_what_is_not_outgoing_is_not_in_it(case):
    case.flow(None, orig_bytes=900, app="dns", proto="udp", resp_port=53)
    case.flow("a.example.org", orig_bytes=None)
    case.flow("a.example.org", orig_bytes=5, proxy_leg="upstream")
    assert bins(case) == (None, [])


@pytest.mark.parametrize("last", [1, 999_999, 10**9, 10**14, 10**18, 2**62, 2**63 - 1])
def test_there_are_never_more_than_120_bins(case, last):
    for n in range(7):
        case.flow("a.example.org", orig_bytes=2**40, start_ns=last // 7 * n, end_ns=last)
    timeline = case.judge().timeline
    assert len(timeline.bins) <= 120
    assert sum(b.orig_bytes for b in timeline.bins) == 7 * 2**40


def test_the_timeline_adds_up_to_the_outgoing_bytes(case):
    for n in range(200):
        case.flow("a.example.org", orig_bytes=n * 37, start_ns=n * HOUR, end_ns=(n + n % 9) * HOUR)
    result = case.judge()
    assert sum(b.orig_bytes for b in result.timeline.bins) == result.coverage.outgoing_bytes


def test_what_a_finding_rests_on_is_in_the_case(case):
    flow = case.upload("evil.blob.core.windows.net", 9000, role="storage-account",
                       ownership="foreign")  # fmt: skip
    (finding,) = case.judge().findings
    rows = case.connection.execute("SELECT * FROM finding_flows").fetchall()
    assert (finding.id, "EX001", flow, None) in rows
    case.judge()
    assert case.connection.execute("SELECT * FROM finding_flows").fetchall() == rows


def _same(figure, answer, document):
    """The rows of a figure's query are what the document says of it."""
    rows = [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]
    if figure in ("endpoints", "inputs", "issues"):
        stated = document[figure]
        assert [{key: each[key] for key in answer.columns} for each in stated] == rows
    elif figure == "coverage":
        (row,) = rows
        assert {key: document["coverage"][key] for key in row} == row
    elif figure == "timeline":
        assert document["timeline"]["bins"] == rows
    elif figure == "period":
        first = min(i["first_ns"] for i in document["inputs"])
        assert rows == [{"first_ns": first, "last_ns": max(i["last_ns"]
                         for i in document["inputs"])}]  # fmt: skip
    elif figure == "agents":
        contacts = document["endpoints"]
        assert {row["agent"] for row in rows} == {c["agent"] for c in contacts}
        for row in rows:
            own = [c for c in contacts if c["agent"] == row["agent"]]
            assert row["endpoints"] == len(own)
            assert row["sent"] == sum(c["orig_payload_bytes"] or 0 for c in own)
            assert row["uploaded"] == sum(c["uploaded_bytes"] or 0 for c in own)
    elif figure == "matrix":
        sent = {(r["endpoint"], r["agent"]): r["sent"] for r in rows}
        for each in document["endpoints"]:
            name = each["endpoint"] or each["addresses"][0]
            assert sent[name, each["agent"]] == each["orig_payload_bytes"]
    elif figure == "registries":
        named = {r["endpoint"] for r in rows}
        assert {host for each in document["registries"] for host in each["hosts"]} <= named
        assert {host for each in document["registries"] for host in each["managed_storage"]} <= (
            named
        )
    else:
        raise AssertionError(f"no comparison for {figure}")


def test_every_query_gives_its_figure_on_the_case_file(tmp_path, repo_root):
    """Run as ``acrtrace query`` runs it."""
    capture = repo_root / "captures" / "pull-and-upload.pcap"
    inventory = repo_root / "captures" / "endpoints.json"
    case, out = tmp_path / "c.duckdb", tmp_path / "r.json"
    command = ["analyze", str(capture), "--inventory", str(inventory), "--case", str(case),
               "--format", "json", "-o", str(out)]  # fmt: skip
    assert run(command) == 0
    document = json.loads(out.read_text())
    assert document["queries"] == QUERIES
    findings = document["findings"]
    assert findings
    for figure, sql in QUERIES.items():
        if figure != "finding":
            _same(figure, select(case, sql, Limits()), document)
            continue
        for finding in findings:
            answer = select(case, sql.replace("FINDING_ID", finding["id"]), Limits())
            (row,) = answer.rows
            for key, value in zip(answer.columns, row, strict=True):
                if finding[key] is not None:
                    assert (key, value) == (key, finding[key])
