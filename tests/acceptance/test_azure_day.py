"""One day of an Azure network in three logs: both uploads, with name, bytes and agent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from analyzer.api import analyze
from analyzer.config import Settings
from analyzer.result import SEVERITIES
from craft import azure_day
from craft.azure_day import DRIPPED, UPLOADED

if TYPE_CHECKING:
    from pathlib import Path

    from analyzer.result import Result

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
