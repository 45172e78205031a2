"""One day of an Azure network in three logs: both uploads, with name, bytes and agent."""

from __future__ import annotations

import json
import shutil
import subprocess
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from analyzer.api import analyze
from analyzer.config import Settings
from analyzer.result import SEVERITIES
from craft import azure_day
from craft.azure_day import DRIPPED, UPLOADED

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from analyzer.result import Result

Connection = tuple[int, int, str, str, str, str]
LOW = SEVERITIES.index("low")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The three logs."""
    path = tmp_path_factory.mktemp("azure-day")
    day = azure_day.made()
    (path / "firewall.json").write_text(day.firewall_log())
    (path / "PT1H.json").write_text(day.flow_log())
    (path / "dns.json").write_text(day.resolver_log())
    return path


def judged(*paths: Path) -> Result:
    """What the logs show."""
    inputs = tuple(str(path) for path in paths)
    return analyze(Settings(inputs=inputs, own=azure_day.OWN))


@pytest.fixture(scope="module")
def result(folder: Path) -> Result:
    """All three together."""
    return judged(folder)


def test_all_lines_are_read(result: Result) -> None:
    assert [each.complete for each in result.inputs] == [True] * 3
    assert not result.issues


def test_both_uploads_and_nothing_else_above_low(result: Result) -> None:
    found = {
        (f.agent, f.endpoint): f.uploaded_bytes
        for f in result.findings
        if SEVERITIES.index(f.severity) < LOW
    }
    assert found == {
        (azure_day.UPLOADER, azure_day.UPLOAD_TO): UPLOADED,
        (azure_day.DRIPPER, azure_day.DRIP_TO): DRIPPED,
    }
    assert result.verdict == "suspected upload"


def test_the_evidence_says_when_and_between_whom(result: Result) -> None:
    """Ports, addresses, times and decision are those of the connections that were made."""
    found = {
        (f.agent, f.endpoint): sorted(
            (each.start_ns, each.end_ns, each.orig, each.resp, each.action, each.rule)
            for each in f.evidence
        )
        for f in result.findings
        if SEVERITIES.index(f.severity) < LOW
    }
    begun = azure_day.DAY + timedelta(hours=13, minutes=7)
    assert found[azure_day.UPLOADER, azure_day.UPLOAD_TO] == [
        connection(azure_day.UPLOADER, 50111, azure_day.UPLOAD_TO, begun, 1500)
    ]
    drips = [
        connection(
            azure_day.DRIPPER,
            49152 + step % 6,
            azure_day.DRIP_TO,
            azure_day.DAY + timedelta(hours=2, minutes=31 * step),
            2,
        )
        for step in range(DRIPPED // 50_000)
    ]
    # With so many findings a document shows the first flows of each; `flow_count` has them all.
    steps = found[azure_day.DRIPPER, azure_day.DRIP_TO]
    assert len(set(steps)) == len(steps) >= 10
    assert set(steps) <= set(drips)


def connection(agent: str, port: int, name: str, begun: datetime, seconds: int) -> Connection:
    """One as the evidence shows it."""
    start = round(begun.timestamp()) * 1_000_000_000
    socket = f"{azure_day.ADDRESSES[name][0]}:443"
    return (
        start,
        start + seconds * 1_000_000_000,
        f"{agent}:{port}",
        socket,
        "allow",
        "AllowInternet",
    )


def test_the_day_is_as_hard_as_it_says(folder: Path) -> None:
    """Otherwise the test above says little: 500 agents, names that share an address, ports used
    again by one agent for several names and within the minute, traffic that no firewall sees."""
    tuples = [
        text.split(",")
        for record in json.loads((folder / "PT1H.json").read_text())["records"]
        for flow in record["flowRecords"]["flows"]
        for group in flow["flowGroups"]
        for text in group["flowTuples"]
    ]
    begun: dict[tuple[str, str], list[int]] = {}
    for at, client, _, port, _, _, _, state, *_ in tuples:
        if state == "B":
            begun.setdefault((client, port), []).append(int(at))
    assert len({client for client, _ in begun}) >= azure_day.AGENTS
    soon = [b - a for ats in begun.values() for a, b in pairwise(sorted(ats)) if b - a < 60_000]
    assert len(soon) > 1000
    asked: dict[tuple[str, int], set[str]] = {}
    for line in (folder / "firewall.json").read_text().splitlines():
        told = json.loads(line)["properties"]
        asked.setdefault((told["SourceIp"], told["SourcePort"]), set()).add(told["Fqdn"])
    assert sum(len(names) > 1 for names in asked.values()) > 500
    assert azure_day.PRIVATE not in set().union(*asked.values())
    assert any(server.startswith("10.9.") for _, _, server, *_ in tuples)
    shared = [n for n, (a, _) in azure_day.ADDRESSES.items() if a == "20.60.1.132"]
    assert azure_day.UPLOAD_TO in shared
    assert azure_day.OURS in shared


def test_a_record_that_is_evidence_is_printed(result: Result, folder: Path) -> None:
    """The flow log is one line: its command prints the record with the upload's end."""
    (found,) = [f for f in result.findings if f.agent == azure_day.UPLOADER and f.evidence
                and f.endpoint == azure_day.UPLOAD_TO]  # fmt: skip
    (evidence,) = found.evidence
    assert evidence.log_unit == "record"
    assert evidence.log_command is not None
    if shutil.which("jq") is None:
        pytest.skip("needs jq")
    done = subprocess.run(evidence.log_command, shell=True, capture_output=True, check=True)
    first, *_, last = done.stdout.decode().splitlines()
    assert f",{azure_day.UPLOADER}," in first
    assert ",50111,443,6,O,E," in last


def test_the_evidence_is_counters_and_an_answer(result: Result) -> None:
    suspects = [f for f in result.findings if SEVERITIES.index(f.severity) < LOW]
    assert {(f.direction_evidence, f.name_grade) for f in suspects} == {("W4", "A2")}
    assert sorted(f.flow_count for f in suspects) == [1, DRIPPED // 50_000]


def test_names_alone_are_contacts(folder: Path) -> None:
    """The firewall's log without bytes: who contacted what, never how much."""
    result = judged(folder / "firewall.json")
    stranger = [f for f in result.findings if f.endpoint == azure_day.UPLOAD_TO]
    assert [f.severity for f in stranger] == ["low"]
    assert stranger[0].uploaded_bytes is None
    assert "upload" not in stranger[0].explanation
    assert result.verdict == "cannot tell"


def test_bytes_and_answers_alone_accuse_where_the_address_is_nobody_elses(folder: Path) -> None:
    """Flow log and resolver: the drip's address was answered for one name. The upload's is that of
    storage of ours as well (accounts of a stamp share it): an answer to any client exonerates."""
    result = judged(folder / "PT1H.json", folder / "dns.json")
    suspects = {(f.agent, f.endpoint) for f in result.findings if f.severity in ("high", "medium")}
    assert suspects == {(azure_day.DRIPPER, azure_day.DRIP_TO)}
    (upload,) = [
        each
        for each in result.endpoints
        if each.agent == azure_day.UPLOADER and (each.orig_payload_bytes or 0) >= UPLOADED
    ]
    assert upload.endpoint == azure_day.OURS
