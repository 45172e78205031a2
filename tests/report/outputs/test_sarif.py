from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from analyzer.report.outputs.sarif import render_sarif
from craft import results
from craft.published import sarif_errors

if TYPE_CHECKING:
    from analyzer.result import Result


def run_of(result: Result) -> dict[str, Any]:
    run: dict[str, Any] = json.loads(render_sarif(result))["runs"][0]
    return run


def location(**changes: Any) -> dict[str, Any]:
    """Location of a finding with this evidence, in a run with this input."""
    path = changes.get("log") or changes.get("input", "build-agents.pcapng")
    archive = changes.pop("archive", None)
    result = results.make_result(
        inputs=[results.make_input(path=path, archive=archive)],
        findings=[results.make_finding(evidence=[results.make_evidence(**changes)])],
    )
    assert sarif_errors(render_sarif(result)) == []
    run = run_of(result)
    (found,) = run["results"][0]["locations"]
    return {**found["physicalLocation"], "artifacts": run["artifacts"]}


@pytest.mark.parametrize(
    "result", [results.realistic(), results.undeclared(), results.make_result(), results.hostile()]
)
def test_it_fits_the_published_schema(result: Result) -> None:
    text = render_sarif(result)
    assert sarif_errors(text) == []
    assert text == render_sarif(result)
    assert text.isascii()


def test_the_schema_would_notice() -> None:
    broken = json.loads(render_sarif(results.realistic()))
    broken["runs"][0]["results"][0]["level"] = "fatal"
    assert sarif_errors(json.dumps(broken)) != []
    broken = json.loads(render_sarif(results.realistic()))
    broken["runs"][0]["artifacts"][0]["location"]["uri"] = "a b"
    assert sarif_errors(json.dumps(broken)) != []


def test_findings_are_results_with_the_finding_id_as_fingerprint() -> None:
    result = results.realistic()
    run = run_of(result)
    assert [each["partialFingerprints"] for each in run["results"]] == [
        {"acrtraceFindingId/v1": finding.id, "primaryLocationLineHash": finding.id}
        for finding in result.findings
    ]
    assert [each["level"] for each in run["results"]] == [
        "error",
        "error",
        "note",
        "warning",
        "note",
    ]
    rules = run["tool"]["driver"]["rules"]
    for each in run["results"]:
        assert rules[each["ruleIndex"]]["id"] == each["ruleId"]
    assert [rule["id"] for rule in rules] == ["EX001", "EX004", "HY001", "RD001"]
    assert rules[0]["properties"]["security-severity"] == "8.0"
    assert "acrtrace rule EX001" in rules[0]["help"]["text"]
    first = run["results"][0]
    assert "no answer to any client exonerates it" in first["message"]["text"]
    assert "What would clear it:" in first["message"]["text"]
    assert len(first["locations"]) == 1
    assert len(first["relatedLocations"]) == 23
    assert first["properties"]["uploaded_bytes"] == 1_398_002


def test_techniques_are_taxa_of_the_taxonomy() -> None:
    run = run_of(results.realistic())
    (taxonomy,) = run["taxonomies"]
    stated = {taxon["id"]: taxon["helpUri"] for taxon in taxonomy["taxa"]}
    assert stated["T1567.002"] == "https://attack.mitre.org/techniques/T1567/002/"
    for each in run["results"]:
        assert {taxon["id"] for taxon in each.get("taxa", [])} <= set(stated)


def test_the_inputs_are_artifacts_with_hashes() -> None:
    run = run_of(results.realistic())
    first = run["artifacts"][0]
    assert first["location"] == {"uri": "build-agents.pcapng"}
    assert first["hashes"] == {"sha-256": "9f2c4b7a51d08e63" * 4}
    assert first["length"] == 48_210_344
    assert {"hashes", "length"} & set(run["artifacts"][1]) == set()  # it was not read to its end
    notifications = run["invocations"][0]["toolExecutionNotifications"]
    assert [each["level"] for each in notifications] == ["note", "warning"]
    known = {each["id"] for each in run["tool"]["driver"]["notifications"]}
    assert {each["descriptor"]["id"] for each in notifications} == known


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        ("day one.pcap", "day%20one.pcap"),
        ("/var/log/a.pcap", "file:///var/log/a.pcap"),
        ("C:day.pcap", "C%3Aday.pcap"),
        ("caf\udce9.pcap", "caf%5Cudce9.pcap"),
        ("s3://bucket/a%20b.pcap", "s3://bucket/a%20b.pcap"),
        ("100%.pcap", "100%25.pcap"),
        ("", "."),
    ],
)
def test_paths_are_uris(path: str, uri: str) -> None:
    assert location(input=path)["artifactLocation"] == {"uri": uri, "index": 0}


def test_standard_input_has_no_uri() -> None:
    assert location(input="-")["artifactLocation"] == {
        "description": {"text": "standard input"},
        "index": 0,
    }


def test_a_member_of_an_archive_says_whose_it_is() -> None:
    found = location(input="bundle.tar!/dir/a b.pcap", archive="bundle.tar")
    assert found["artifacts"][0]["location"] == {"uri": "/dir/a%20b.pcap"}
    assert found["artifacts"][0]["parentIndex"] == 1
    assert found["artifacts"][1] == {"location": {"uri": "bundle.tar"}}


def test_a_line_of_a_log_is_a_region_and_a_packet_is_none() -> None:
    found = location(
        first_packet=None, last_packet=None, log="fw.json", log_unit="line", log_line=7
    )
    assert found["region"] == {"startLine": 7, "endLine": 7}
    found = location(first_packet=None, log="fw.json", log_unit="line", log_line=7, log_last_line=9)
    assert found["region"] == {"startLine": 7, "endLine": 9}
    assert "region" not in location(
        first_packet=None, log="fw.json", log_unit="record", log_line=7, log_last_line=9
    )
    assert location()["region"] == {"byteOffset": 0, "byteLength": 48_210_344}


def test_a_finding_without_evidence_is_somewhere() -> None:
    """GitHub takes no result without a location."""
    run = run_of(results.make_result(findings=[results.make_finding(evidence=[])]))
    (found,) = run["results"][0]["locations"]
    assert found["physicalLocation"]["artifactLocation"]["uri"] == "build-agents.pcapng"
    bare = results.make_result(findings=[results.make_finding(evidence=[])], inputs=[])
    assert run_of(bare)["results"][0]["locations"] == []
    assert sarif_errors(render_sarif(bare)) == []


def test_a_message_opens_no_link() -> None:
    finding = results.make_finding(explanation="[click](https://hostile.example/)\u202e")
    run = run_of(results.make_result(findings=[finding]))
    told = run["results"][0]["message"]["text"]
    assert "](" not in told
    assert "<U+202E>" in told
