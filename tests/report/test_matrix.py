"""Agents and endpoints as a table of shades."""

from __future__ import annotations

from analyzer.report.matrix import AGENTS, ENDPOINTS, SHADES, matrix
from craft import results


def test_findings_come_first_and_cells_carry_them():
    found = matrix(results.realistic())
    assert found.agents == ["10.20.1.15", "agent-1"]
    first, second = found.lines[:2]
    assert first.endpoint == "quietbucket.s3.eu-central-1.amazonaws.com"
    assert first.cells[0].finding.severity == "critical"
    assert first.cells[1] is None
    assert (second.cells[1].sent, second.cells[1].shade) == (5_262_801, SHADES)


def test_each_shade_is_ten_times_the_one_before():
    rows = [
        results.make_endpoint(endpoint=f"e{n}.example", orig_payload_bytes=10**n, finding_ids=[])
        for n in range(9)
    ]
    found = matrix(results.make_result(endpoints=rows))
    assert [line.cells[0].shade for line in found.lines] == [5, 4, 3, 2, 1, 1, 1, 1, 1]


def test_unknown_is_not_nothing():
    rows = [results.make_endpoint(endpoint=None, addresses=[], orig_payload_bytes=None)]
    (line,) = matrix(results.make_result(endpoints=rows)).lines
    assert (line.endpoint, line.cells[0].sent, line.cells[0].shade) == ("no name", None, 0)


def test_a_crowd_is_cut_and_counted():
    found = matrix(results.crowded(50, 50))
    assert (len(found.agents), len(found.lines)) == (AGENTS, ENDPOINTS)
    assert (found.all_agents, found.all_endpoints) == (50, 50)
    assert matrix(results.make_result(endpoints=[])) is None
