"""The project's own laboratory: every capture in captures/lab/recorded against its truth.

Another recording (``make lab``, with the big uploads) is judged the same way: ACRTRACE_OWN_LAB.
"""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any

import pytest

from craft import run

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path(os.environ.get("ACRTRACE_OWN_LAB") or ROOT / "captures/lab/recorded")
COMMITTED = ROOT / "captures/lab/recorded"
FIRST_NOTICEABLE = 4_000
COMMITTED_LIMIT_BYTES = 6_000_000
TABLE: dict[str, Any] = json.loads((FOLDER / "truth.json").read_bytes())
SCENARIOS = {scenario["id"]: scenario for scenario in TABLE["scenarios"]}

Truth = dict[str, Any]


@pytest.fixture(scope="module")
def analyses() -> dict[str, run.Analysis]:
    """Captures that were analysed already."""
    return {}


def analysis_of(
    name: str, analyses: dict[str, run.Analysis], tmp_path_factory: pytest.TempPathFactory
) -> run.Analysis:
    if name not in analyses:
        scenario = SCENARIOS[name]
        files = [FOLDER / file for file in scenario["files"]]
        own = [*TABLE["own"], *scenario["own"]]
        analyses[name] = run.analyze(tmp_path_factory.mktemp("own-lab"), *files, own=own)
    return analyses[name]


def _uploads(*waiting: str) -> list[Any]:
    """One case per upload; those that acrtrace does not size right must fail."""
    return [
        pytest.param(
            name,
            number,
            id=f"{name}-{upload['host'].split('.')[0]}-{number}",
            marks=[pytest.mark.xfail(reason=upload[key]) for key in waiting if key in upload],
        )
        for name, scenario in SCENARIOS.items()
        for number, upload in enumerate(scenario["expected"]["suspicious_uploads"])
    ]


def _expected(upload: Truth) -> str:
    """none, low or medium: by what the destination can be judged by, and its body bytes."""
    limits = TABLE["judged_by"][upload["judged_by"]]
    reached = [
        word
        for word in ("low", "medium")
        if upload["upload_body_bytes"] >= limits.get(word, math.inf)
    ]
    return reached[-1] if reached else "none"


def _about(analysis: run.Analysis, upload: Truth) -> list[Any]:
    (agent,) = upload["clients"]
    return [
        f for f in analysis.exfiltration() if f.agent == agent and f.endpoint == upload["endpoint"]
    ]


def _brief(analysis: run.Analysis) -> list[tuple[Any, ...]]:
    return [
        (f.rule, f.severity, f.agent, f.endpoint, f.uploaded_bytes) for f in analysis.exfiltration()
    ]


@pytest.mark.parametrize(("name", "number"), _uploads())
def test_found(
    name: str,
    number: int,
    analyses: dict[str, run.Analysis],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """With the exact agent and name: at medium or higher where an owner can be judged, low where
    only the volume can and it is small (truth: `judged_by`), low at most below 4 KB.
    """
    upload = SCENARIOS[name]["expected"]["suspicious_uploads"][number]
    analysis = analysis_of(name, analyses, tmp_path_factory)
    found = _about(analysis, upload)
    expected = _expected(upload)
    if expected == "none":
        assert [f for f in found if run.above_low(f)] == []
        return
    assert len(found) == 1, _brief(analysis)
    if expected == "low":
        assert found[0].severity == "low", _brief(analysis)
        return
    assert run.above_low(found[0]), _brief(analysis)
    assert analysis.result.verdict == "suspected upload"


@pytest.mark.parametrize(("name", "number"), _uploads("size_pending"))
def test_size(
    name: str,
    number: int,
    analyses: dict[str, run.Analysis],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Within 2 % + 1 KB + 200 B per request; never more than that where bytes are missing."""
    scenario = SCENARIOS[name]
    upload = scenario["expected"]["suspicious_uploads"][number]
    body = upload["upload_body_bytes"]
    if body < FIRST_NOTICEABLE:
        pytest.skip("below what must be found")
    (finding,) = _about(analysis_of(name, analyses, tmp_path_factory), upload)
    assert finding.uploaded_bytes is not None
    allowed = 0.02 * body + 1_000 + 200 * upload["requests"]
    if scenario["capture"]["complete"]:
        error = abs(finding.uploaded_bytes - body)
        assert error <= allowed, (finding.uploaded_bytes, body, upload["requests"])
        assert not finding.uploaded_bytes_is_lower_bound
    else:
        assert finding.uploaded_bytes <= body + allowed


@pytest.mark.parametrize("name", SCENARIOS)
def test_nobody_else_is_accused(
    name: str, analyses: dict[str, run.Analysis], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """No exfiltration finding above low but for the uploads of the truth."""
    scenario = SCENARIOS[name]
    analysis = analysis_of(name, analyses, tmp_path_factory)
    expected = {
        (client, upload["endpoint"])
        for upload in scenario["expected"]["suspicious_uploads"]
        for client in upload["clients"]
    }
    others = [
        f
        for f in analysis.exfiltration()
        if run.above_low(f)
        and (f.agent, f.endpoint) not in expected
        and f.endpoint not in scenario["expected"]["also"]
    ]
    assert others == [], _brief(analysis)
    if scenario["verdict"] == "benign":
        assert analysis.result.verdict != "suspected upload"


@pytest.mark.parametrize("name", SCENARIOS)
def test_bytes_of_every_connection(
    name: str, analyses: dict[str, run.Analysis], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The servers' application bytes fit into each flow, with TLS and handshakes on top."""
    scenario = SCENARIOS[name]
    if not scenario["capture"]["complete"]:
        pytest.skip("the capture lacks bytes by intent")
    analysis = analysis_of(name, analyses, tmp_path_factory)
    flows = {
        (row["orig_ip"], row["orig_port"], row["resp_ip"], row["resp_port"]): row
        for row in analysis.rows("SELECT * FROM flows WHERE proto = 'tcp'")
    }
    for known in scenario["connections"]:
        key = (known["client_ip"], known["client_port"], known["server_ip"], known["server_port"])
        if key not in flows:
            assert scenario["capture"]["elsewhere"], key
            continue
        # HTTP/2 says its heads in fewer bytes than the server counts; a capture that begins in the
        # middle lacks those of the first request.
        counts = known["http"] != "HTTP/2.0" and not scenario["capture"]["begins_late"]
        heads = known["request_bytes"] if counts else 0
        least = max(known["upload_body_bytes"], heads)
        assert least <= flows[key]["orig_bytes"], (key, known)
        assert known["download_body_bytes"] <= flows[key]["resp_bytes"], (key, known)


def test_what_is_committed_is_small_and_described() -> None:
    table = json.loads((COMMITTED / "truth.json").read_bytes())
    named = {name for scenario in table["scenarios"] for name in scenario["files"]}
    there = {path.name for path in COMMITTED.iterdir()} - {"truth.json"}
    assert named == there
    assert sum(path.stat().st_size for path in COMMITTED.iterdir()) < COMMITTED_LIMIT_BYTES
