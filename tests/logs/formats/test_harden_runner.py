"""Harden-Runner's agent log, alone and inside of a job log of GitHub Actions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings

from craft.damage import check, hurts
from craft.logs import observed, pick, unreadable

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ("gha_joblog_stirling_20260804", "derived_agent_log_no_gha_prefix")


@pytest.mark.parametrize("name", NAMES)
def test_counts_of_the_reference(logs_dir: Path, name: str) -> None:
    """17 calls, 15 names resolved and one that was not, three calls to GitHub's own storage."""
    formats, rows, tally = observed(logs_dir / "harden_runner" / f"{name}.log")
    assert formats == ("harden-runner",)
    assert unreadable(tally) == 0
    calls = [row for row in rows if row["kind"] == "flow"]
    lookups = [row for row in rows if row["kind"] == "dns"]
    assert len(calls) == 17
    assert [row.get("rcode") for row in lookups].count(None) == 15
    assert [row["name"] for row in lookups if row.get("rcode") == "3"] == ["api.vendor.example"]
    storage = [row for row in calls if row.get("name", "").endswith(".blob.core.windows.net")]
    assert pick(storage, "server_port", "process") == [
        (443, "Runner.Worker"),
        (443, "node"),
        (443, "Runner.Worker"),
    ]
    assert {row["process"] for row in calls} >= {"python3.12", "python3.11", "docker-buildx"}
    assert all("action" not in row for row in rows)


def test_both_forms_say_the_same(logs_dir: Path) -> None:
    """The time is the agent's, not the one that GitHub puts in front."""
    both = [observed(logs_dir / "harden_runner" / f"{name}.log")[1] for name in NAMES]
    columns = ("kind", "ts_ns", "server_ip", "name", "process", "answers")
    assert pick(both[0], *columns) == pick(both[1], *columns)


def test_upstream_unit_test_line(logs_dir: Path) -> None:
    """The line that the vendor's own test has."""
    _, rows, _ = observed(logs_dir / "harden_runner" / "upstream_unit_test_line.log")
    columns = ("server_ip", "server_port", "name", "process")
    assert pick(rows, *columns) == [("104.16.24.35", 443, "registry.pkgjs.org", "node")]


CALL = (
    "2026-11-03T08:05:57.7453261Z Tue, 03 Nov 2026 08:00:50 GMT:endpoint called ip address:port "
    "20.60.0.1:443, domain: a.example., pid: 3891, process: curl"
)


def test_agent_lines_near_the_end_of_a_job_log() -> None:
    """They stand far behind the first 64 KiB, and one is enough."""
    noise = "2026-11-03T08:00:00.0000000Z   Compiling something v1.0.0 (/home/runner/work)\n"
    _, rows, tally = observed(noise * 5000 + CALL + "\n" + noise)
    assert pick(rows, "name") == [("a.example",)]
    assert (tally.ignored, tally.others) == (5001, 0)


def test_a_job_log_without_agent_lines_is_read_when_told_so() -> None:
    """Where the head shows none, the user may know that they come later."""
    noise = "2026-11-03T08:00:00.0000000Z   Compiling something v1.0.0 (/home/runner/work)\n"
    _, rows, _ = observed(noise * 8000 + CALL + "\n", "harden-runner")
    assert pick(rows, "line", "name") == [(8001, "a.example")]


LINES = tuple(
    line.encode()
    for i in range(4)
    for line in (
        CALL.replace("a.example", f"a{i}.example"),
        f"Tue, 03 Nov 2026 08:00:5{i} GMT:domain resolved: b.example., ip address: 192.0.2.1, TTL: 3",  # noqa: E501
    )
)


@settings(max_examples=30, deadline=None)
@given(hurts(LINES))
def test_a_hurt_line_costs_itself(damaged: dict[int, bytes]) -> None:
    """Whatever some lines have become, the others are read as before."""
    check(LINES, damaged, "harden-runner")
