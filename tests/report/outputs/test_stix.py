from __future__ import annotations

import json
import uuid
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from analyzer.report.outputs.stix import render_stix
from craft import results
from craft.published import stix_errors

if TYPE_CHECKING:
    from analyzer.result import Finding, Result


def objects(result: Result) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(render_stix(result))["objects"]
    return found


def of(kind: str, *findings: Finding) -> list[dict[str, Any]]:
    result = results.make_result(findings=list(findings))
    assert stix_errors(render_stix(result)) == []
    return [each for each in objects(result) if each["type"] == kind]


@pytest.mark.parametrize(
    "result", [results.realistic(), results.undeclared(), results.make_result(), results.hostile()]
)
def test_it_is_valid_stix(result: Result) -> None:
    text = render_stix(result)
    assert stix_errors(text) == []
    assert text == render_stix(result)
    assert text.isascii()


def test_the_validator_would_notice() -> None:
    broken = json.loads(render_stix(results.realistic()))
    del broken["objects"][1]["created"]
    assert stix_errors(json.dumps(broken)) != []


def test_every_reference_leads_to_an_object_of_the_bundle() -> None:
    made = objects(results.realistic())
    ids = [each["id"] for each in made]
    assert len(set(ids)) == len(ids)
    for each in made:
        for name, value in each.items():
            if name.endswith("_ref"):
                assert value in ids
            elif name.endswith("_refs"):
                assert set(value) <= set(ids)
    assert Counter(each["type"] for each in made)["note"] == 5


def test_ids_are_of_the_content() -> None:
    one = objects(results.realistic())
    assert all(uuid.UUID(each["id"].split("--")[1]).version == 5 for each in one)
    changed = replace(results.realistic(), findings=results.realistic().findings[:1])
    two = {each["id"]: each for each in objects(changed)}
    shared = [each for each in one if each["id"] in two]
    assert len(shared) > 20
    assert all(two[each["id"]] == each for each in shared)


def test_a_finding_is_a_note_with_its_id_and_what_was_observed() -> None:
    (note,) = of("note", results.make_finding())
    assert note["external_references"][0]["external_id"] == "ex-7c1f0a92d4"
    assert note["confidence"] == 85
    assert "What would clear it:" in note["content"]
    (observed,) = of("observed-data", results.make_finding())
    assert observed["first_observed"] < observed["last_observed"]
    assert observed["id"] in note["object_refs"]
    (traffic,) = of("network-traffic", results.make_finding())
    assert (traffic["src_port"], traffic["dst_port"]) == (52_114, 443)
    assert traffic["protocols"] == ["ipv4", "tcp"]
    assert traffic["src_byte_count"] == 5_262_801


def test_an_upload_to_a_name_is_an_indicator_that_was_sighted() -> None:
    (indicator,) = of("indicator", results.make_finding())
    assert indicator["pattern"] == "[domain-name:value = 'stagingdrop17.blob.core.windows.net']"
    (sighting,) = of("sighting", results.make_finding())
    assert sighting["sighting_of_ref"] == indicator["id"]
    relations = of("relationship", results.make_finding())
    assert len(relations) == len(of("attack-pattern", results.make_finding())) == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"severity": "low"},
        {"stream": "readiness"},
        {"shows": "denied"},
        {"shows": "contact"},
        {"ownership": "platform"},
        {"endpoint": None},
        {"endpoint": "x' OR file:name = 'y"},
        {"endpoint": "203.0.113.9"},
        {"endpoint": "__proto__.blob.core.windows.net"},
        {"endpoint": "xn--a.example.com"},
    ],
)
def test_what_nobody_should_block_is_no_indicator(changes: dict[str, Any]) -> None:
    finding = results.make_finding(**changes)
    assert of("indicator", finding) == []
    assert len(of("note", finding)) == 1


def test_without_addresses_names_and_times() -> None:
    bare = results.make_evidence(
        orig="?", resp="?:443", name=None, start_ns=None, end_ns=None, orig_payload_bytes=None
    )
    finding = results.make_finding(
        endpoint=None,
        addresses=[],
        agent_addresses=["?"],
        first_ns=None,
        last_ns=None,
        evidence=[bare],
        attack=[],
    )
    assert of("observed-data", finding) == []
    (note,) = of("note", finding)
    assert note["created"] == "2026-11-23T22:57:24.719847Z"  # the run's last packet


@pytest.mark.parametrize("text", ["[2001:db8::7]:443", "[fe80::1%eth0]:443", "203.0.113.7:?"])
def test_addresses_as_they_are_written(text: str) -> None:
    evidence = results.make_evidence(resp=text, start_ns=5, end_ns=3, resp_payload_bytes=-1)
    (traffic,) = of("network-traffic", results.make_finding(evidence=[evidence]))
    assert "dst_byte_count" not in traffic
    assert "end" not in traffic
