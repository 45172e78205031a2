"""Same truth, other road: what Suricata and Zeek would have logged gives the capture's verdicts.

A log of connections has totals, no turns. So what it can hold of an upload is W4 (from 64 KiB a day
on, and more than half of what came down) or a write request read in clear; where an upload is
smaller, or hidden behind a bigger download, the log does not hold the evidence, and the capture's
finding is not asked of it. No log may accuse anybody whom the truth does not.
"""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from craft import run, zeek_logs
from craft.suricata import eve_of

if TYPE_CHECKING:
    from pathlib import Path

Truth = dict[str, Any]
SCENARIOS = "scenarios"
COUNTED = 65_536
UNREAD_BY_SURICATA = {"b15_pull_any_sll2": "Suricata 7 does not read Linux cooked v2 (SLL2)"}
MARGIN = 1.1
"""An upload this much over the limit is found in spite of what heads and records add or hide."""


def captures(lab: Path, scenario: Truth) -> list[Path]:
    """The files of a scenario."""
    return [lab / name for name in scenario.get("files") or [scenario["file"]]]


@pytest.fixture(scope="module")
def truth(lab_dir: Path) -> Truth:
    """What was done in the laboratory."""
    return dict(json.loads((lab_dir / "ground_truth.json").read_bytes()))


def accused(analysis: run.Analysis) -> set[tuple[str, str | None]]:
    """Agents and endpoints of findings above low."""
    return {(f.agent, f.endpoint) for f in analysis.exfiltration() if run.above_low(f)}


def shown(case: Path) -> set[tuple[str, str]]:
    """(agent, endpoint) whose totals in the capture show an upload by what a log has of them."""
    with duckdb.connect(str(case), read_only=True) as connection:
        found = connection.execute(
            "SELECT agent, endpoint FROM attributed WHERE endpoint IS NOT NULL "
            "AND role IN ('storage-account', 'object-store', 'drop-service', 'registry-data') "
            "GROUP BY agent, endpoint, start_ns // 86400000000000 "
            "HAVING sum(orig_bytes) >= ? AND 2 * sum(orig_bytes) > ? * sum(resp_bytes)",
            [round(COUNTED * MARGIN), MARGIN],
        ).fetchall()
    return set(found)


def written(analysis: run.Analysis) -> set[tuple[str, str | None]]:
    """(agent, endpoint) of write requests that were read in clear: a log has them, too."""
    return {(f.agent, f.endpoint) for f in analysis.exfiltration() if f.direction_evidence == "W1"}


def expected(truth: Truth, scenario: Truth) -> set[tuple[str, str]]:
    """Everybody who did upload to a stranger."""
    return {
        (client, upload["host"])
        for upload in scenario["expected"]["suspicious_uploads"]
        for client in upload["clients"]
    }


def judge(truth: Truth, scenario: Truth, by_capture: run.Analysis, by_log: run.Analysis) -> None:
    """Nobody else is accused, and everybody whose evidence the log holds is."""
    guilty = expected(truth, scenario)
    found = accused(by_log)
    assert found - guilty - accused(by_capture) == set()
    held = shown(by_capture.case) | written(by_capture)
    assert (guilty & accused(by_capture) & held) - found == set()


def test_zeek_logs(lab_dir: Path, tmp_path: Path, ground_truth: Truth, scenario_id: str) -> None:
    """conn, ssl, dns and http, written from the tables that our engine read."""
    scenario = ground_truth[SCENARIOS][scenario_id]
    inventory = [lab_dir / "endpoints.json"]
    by_capture = run.analyze(tmp_path, *captures(lab_dir, scenario), inventories=inventory)
    folder = tmp_path / "zeek"
    folder.mkdir()
    with duckdb.connect(str(by_capture.case), read_only=True) as connection:
        for name, text in zeek_logs.written(connection).items():
            (folder / name).write_text(text)
    by_log = run.analyze(tmp_path, folder, inventories=inventory)
    judge(ground_truth, scenario, by_capture, by_log)


@pytest.mark.skipif(shutil.which("suricata") is None, reason="Suricata is not installed")
def test_suricata_eve(lab_dir: Path, tmp_path: Path, ground_truth: Truth, scenario_id: str) -> None:
    """What Suricata logs of the same capture."""
    if scenario_id in UNREAD_BY_SURICATA:
        pytest.skip(UNREAD_BY_SURICATA[scenario_id])
    scenario = ground_truth[SCENARIOS][scenario_id]
    inventory = [lab_dir / "endpoints.json"]
    by_capture = run.analyze(tmp_path, *captures(lab_dir, scenario), inventories=inventory)
    inputs = []
    for number, capture in enumerate(captures(lab_dir, scenario)):
        inputs.append(eve_of(capture, tmp_path / f"suricata-{number}"))
    by_log = run.analyze(tmp_path, *inputs, inventories=inventory)
    judge(ground_truth, scenario, by_capture, by_log)


@pytest.mark.skipif(shutil.which("suricata") is None, reason="Suricata is not installed")
def test_look_ups_that_several_sensors_logged_are_no_more_data(
    lab_dir: Path, tmp_path: Path
) -> None:
    """The same queries in a capture, in Zeek's and in Suricata's log: rules count names, so that
    neither names nor bytes double. The messages read do, and are called so."""
    capture = lab_dir / "captures" / "m23_dns_tunnel_txt.pcap"
    alone = run.analyze(tmp_path, capture)
    zeek = tmp_path / "zeek"
    zeek.mkdir()
    with duckdb.connect(str(alone.case), read_only=True) as connection:
        for name, text in zeek_logs.written(connection).items():
            (zeek / name).write_text(text)
    eve = eve_of(capture, tmp_path / "suricata")
    together = run.analyze(tmp_path, zeek, eve)
    everything = run.analyze(tmp_path, capture, zeek, eve)
    (expected_,) = alone.exfiltration()
    assert expected_.rule == "EX008"
    assert expected_.facts["names"] > 100
    for analysis in (together, everything):
        (found,) = analysis.exfiltration()
        assert (found.rule, found.agent, found.endpoint) == (
            expected_.rule,
            expected_.agent,
            expected_.endpoint,
        )
        assert (found.severity, found.facts) == (expected_.severity, expected_.facts)
        assert analysis.result.coverage.flows == alone.result.coverage.flows
    assert everything.exfiltration()[0].flow_count == expected_.flow_count
    assert (
        everything.result.coverage.dns_messages
        == alone.result.coverage.dns_messages + together.result.coverage.dns_messages
    )
