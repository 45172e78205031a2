"""Every laboratory capture gets the verdict its ground truth asks for, however it is stored."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest

from analyzer.report.document import render_json
from craft import pcap, pcapng, run
from craft.unpack import read_capture

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from analyzer.result import Finding

KB = 1000
BLOCKS_OF_PCAPNG = {"decryption-secrets", "capture-drops", "nrb-cap"}
"""Issues from blocks beside the packets, which writing the packets anew leaves out."""
FIRST_NOTICEABLE = 4 * KB
WAITING_ROLES = ("other",)
"""Nothing speaks against these names but that nobody declared them: low below 1 MiB (EX012)."""
UNCLASSIFIED_MEDIUM = 1_048_576
UNSIZED_ROLES = ("dns_tunnel",)

Truth = dict[str, Any]


@pytest.fixture
def scenario(ground_truth: Truth, scenario_id: str) -> Truth:
    chosen: Truth = ground_truth["scenarios"][scenario_id]
    return chosen


@pytest.fixture(scope="session")
def done() -> dict[str, run.Analysis]:
    """Captures that were analysed already, by scenario."""
    return {}


@pytest.fixture
def analysis(
    lab_dir: Path,
    tmp_path_factory: pytest.TempPathFactory,
    scenario: Truth,
    done: dict[str, run.Analysis],
) -> run.Analysis:
    """The scenario's capture, analysed as it is with our registry declared."""
    if scenario["id"] not in done:
        files = [lab_dir / name for name in scenario.get("files") or [scenario["file"]]]
        folder = tmp_path_factory.mktemp("lab")
        inventory = [lab_dir / "endpoints.json"]
        done[scenario["id"]] = run.analyze(folder, *files, inventories=inventory)
    return done[scenario["id"]]


def transfers(lab: Path, scenario: Truth) -> list[Truth]:
    path = lab / "transfers" / f"{scenario['id']}.json"
    listed = json.loads(path.read_bytes()) if path.exists() else scenario["transfers"]
    return list(listed)


def waits(upload: Truth, truth: Truth) -> bool:
    """Unclassified destinations; a name that imitates ours is not one of them."""
    imitates = upload["host"].startswith(truth["our_registry"] + ".")
    return upload["role"] in WAITING_ROLES and not imitates


def expected_keys(scenario: Truth) -> set[tuple[str, str]]:
    return {
        (client, upload["host"])
        for upload in scenario["expected"]["suspicious_uploads"]
        for client in upload["clients"]
    }


def about(findings: list[Finding], client: str, host: str) -> list[Finding]:
    return [f for f in findings if f.agent == client and f.endpoint == host]


def brief(findings: list[Finding]) -> list[tuple[Any, ...]]:
    return [
        (f.rule, f.severity, f.agent, f.endpoint, f.uploaded_bytes, f.severity_reasons)
        for f in findings
    ]


def test_verdict(analysis: run.Analysis, ground_truth: Truth, scenario: Truth) -> None:
    findings = analysis.exfiltration()
    expected = expected_keys(scenario)
    others = [f for f in findings if run.above_low(f) and (f.agent, f.endpoint) not in expected]
    assert brief(others) == []
    accused = 0
    for upload in scenario["expected"]["suspicious_uploads"]:
        for client in upload["clients"]:
            found = about(findings, client, upload["host"])
            assert len(found) == 1, (upload, brief(findings))
            if waits(upload, ground_truth):
                assert upload["upload_body_bytes"] < UNCLASSIFIED_MEDIUM
                assert found[0].severity == "low", brief(found)
                continue
            noticeable = upload["upload_body_bytes"] >= FIRST_NOTICEABLE
            accused += noticeable
            if noticeable:
                assert run.above_low(found[0]), brief(found)
            else:
                assert found[0].severity == "low", brief(found)
    if accused:
        assert analysis.result.verdict == "suspected upload"
    if scenario["verdict"] == "benign":
        assert analysis.result.verdict != "suspected upload"


def test_upload_size(
    lab_dir: Path, analysis: run.Analysis, ground_truth: Truth, scenario: Truth
) -> None:
    uploads = [
        upload
        for upload in scenario["expected"]["suspicious_uploads"]
        if not waits(upload, ground_truth)
        and upload["role"] not in UNSIZED_ROLES
        and len(upload["clients"]) == 1
    ]
    if not uploads or not scenario["capture"]["lossless"]:
        pytest.skip("no upload of one client in a complete capture")
    findings = analysis.exfiltration()
    for upload in uploads:
        (finding,) = about(findings, upload["clients"][0], upload["host"])
        requests = sum(
            exchange["host_header"] == upload["host"] and exchange["upload_body_bytes"] > 0
            for exchange in transfers(lab_dir, scenario)
        )
        body = upload["upload_body_bytes"]
        assert finding.uploaded_bytes is not None
        error = abs(finding.uploaded_bytes - body)
        assert error <= 0.02 * body + KB + 200 * requests, (finding.uploaded_bytes, body, requests)
        assert not finding.uploaded_bytes_is_lower_bound


def test_unique_payload_of_every_flow(
    lab_dir: Path, analysis: run.Analysis, scenario: Truth
) -> None:
    """tshark's recount of the same capture: unique TCP payload each way, flow by flow."""
    flows = analysis.rows(
        "SELECT orig_ip, orig_port, resp_ip, resp_port, orig_bytes, resp_bytes FROM flows "
        "WHERE proto = 'tcp' AND orig_bytes + resp_bytes > 0"
    )
    ours = sorted(tuple(flow.values()) for flow in flows)
    theirs = sorted(
        (*_host_port(f["client"]), *_host_port(f["server"]), f["up"], f["down"])
        for f in _tshark_flows(lab_dir, scenario)
    )
    assert ours == theirs


def _tshark_flows(lab: Path, scenario: Truth) -> list[Truth]:
    listed = json.loads((lab / "flows" / f"{scenario['id']}.json").read_bytes())
    return [
        {**flow, "up": flow["up_tcp_payload"], "down": flow["down_tcp_payload"]}
        for flow in listed
        if flow["up_tcp_payload"] + flow["down_tcp_payload"] > 0
    ]


def _host_port(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port)


def test_a_name_that_contradicts_the_destination(
    analysis: run.Analysis, ground_truth: Truth, scenario: Truth
) -> None:
    """Announced one name, went to the address of another: the endpoint is what DNS says."""
    spoofed = [
        (client, upload)
        for upload in scenario["expected"]["suspicious_uploads"]
        for client in upload["clients"]
        if ground_truth["our_registry"] in upload["snis"]
        and upload["host"] != ground_truth["our_registry"]
    ]
    if not spoofed:
        pytest.skip("no announced name contradicts its destination here")
    findings = analysis.exfiltration()
    for client, upload in spoofed:
        (finding,) = about(findings, client, upload["host"])
        assert finding.rule == "EX004"
        assert finding.severity == "critical"
        claimed = {evidence.claimed_name for evidence in finding.evidence}
        assert ground_truth["our_registry"] in claimed


# -- the same packets, stored in another way ------------------------------------------------------


def _as_pcapng(capture: Path) -> bytes:
    recording = read_capture(capture)
    return pcapng.write_pcapng(_faceless(recording), [_face(recording)])


def _as_big_endian_pcapng(capture: Path) -> bytes:
    recording = read_capture(capture)
    return pcapng.write_pcapng(_faceless(recording), [_face(recording)], order="big")


def _as_big_endian_nanosecond_gzip(capture: Path) -> bytes:
    recording = read_capture(capture)
    data = pcap.write_pcap(recording.packets, recording.linktype, order="big", nano=True)
    return gzip.compress(data, mtime=0)


def _as_it_is(capture: Path) -> bytes:
    return capture.read_bytes()


def _face(recording: Any) -> pcapng.Interface:
    return pcapng.Interface(recording.linktype, tsresol=9)


def _faceless(recording: Any) -> list[Any]:
    return [type(p)(p.ts_ns, p.data, p.wire_len) for p in recording.packets]


@pytest.mark.parametrize(
    "encode", [_as_pcapng, _as_big_endian_pcapng, _as_big_endian_nanosecond_gzip, _as_it_is]
)
def test_stored_otherwise(
    lab_dir: Path,
    tmp_path: Path,
    analysis: run.Analysis,
    scenario: Truth,
    encode: Callable[[Path], bytes],
) -> None:
    """Re-encoded files by path, and each capture through a pipe, give the same findings."""
    (name,) = scenario.get("files") or [scenario["file"]]
    inventory = [lab_dir / "endpoints.json"]
    data = encode(lab_dir / name)
    if encode is _as_it_is:
        with run.standard_input(data):
            again = run.analyze(tmp_path, "-", inventories=inventory)
    else:
        path = tmp_path / "other"
        path.write_bytes(data)
        again = run.analyze(tmp_path, path, inventories=inventory)
    assert run.comparable(again.result.findings) == run.comparable(analysis.result.findings)
    assert again.result.verdict == analysis.result.verdict
    left_out = set() if encode is _as_it_is else BLOCKS_OF_PCAPNG
    expected = [i.code for i in analysis.result.issues if i.code not in left_out]
    assert [i.code for i in again.result.issues] == expected


def test_two_threads_give_the_same_document(
    lab_dir: Path, tmp_path: Path, analysis: run.Analysis, scenario: Truth
) -> None:
    files = [lab_dir / name for name in scenario.get("files") or [scenario["file"]]]
    inventory = [lab_dir / "endpoints.json"]
    again = run.analyze(tmp_path, *files, inventories=inventory, threads=2)
    assert render_json(again.result) == render_json(analysis.result)


# -- nothing of the laboratory is in the product --------------------------------------------------

PLATFORM_ADDRESSES = {"168.63.129.16", "169.254.169.254"}
"""Fixed addresses of the platform that the laboratory uses as Azure does (WireServer, IMDS)."""
LABORATORY_ROLES = {
    "registry_login", "registry_data", "registry_managed_storage", "non_registry_storage",
    "foreign_registry", "other_cloud_storage", "dns_tunnel",
}  # fmt: skip


def _laboratory_words(truth: Truth) -> set[str]:
    words: set[str] = set()
    for scenario in truth["scenarios"].values():
        words.add(scenario["id"])
        words.update(scenario["clients"])
        words.update(u["host"] for u in scenario["expected"]["suspicious_uploads"])
        for endpoint in scenario["endpoints"]:
            words.update(endpoint["ips"])
            if endpoint["role"] in LABORATORY_ROLES:
                words.add(endpoint["name"])
    return words - PLATFORM_ADDRESSES


def test_no_laboratory_name_or_address_in_the_product(ground_truth: Truth, repo_root: Path) -> None:
    words = _laboratory_words(ground_truth)
    found = [
        (path.name, word)
        for path in sorted((repo_root / "analyzer").rglob("*"))
        if path.suffix in {".py", ".sql", ".toml", ".html", ".css", ".js", ".json"}
        for word in sorted(words)
        if word in path.read_text(encoding="utf-8")
    ]
    assert len(words) > 40
    assert found == []
