from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from analyzer.report.outputs.ecs import render_ecs
from craft import results
from craft.published import ecs_errors, lines

if TYPE_CHECKING:
    from analyzer.result import Result


def documents(result: Result) -> list[dict[str, Any]]:
    return lines(render_ecs(result))


@pytest.mark.parametrize("result", [results.realistic(), results.undeclared(), results.hostile()])
def test_every_line_fits_the_published_fields(result: Result) -> None:
    for document in documents(result):
        assert ecs_errors(document) == []
    assert render_ecs(result) == render_ecs(result)
    assert render_ecs(result).isascii()


def test_the_fields_would_notice() -> None:
    document = documents(results.realistic())[0]
    document["source"]["port"] = "443"
    document["event"]["kind"] = "finding"
    document["event"]["type"] = ["group"]
    document["destination"]["host"] = "x"
    document["tags"] = "x"
    assert len(ecs_errors(document)) == 5


def test_a_finding_is_an_alert_with_its_evidence_behind_it() -> None:
    made = documents(results.realistic())
    assert len(made) == 5 + 27
    alert, event = made[0], made[1]
    assert alert["event"]["kind"] == "alert"
    assert alert["event"]["id"] == "ex-03b7e1c55a"
    assert alert["event"]["severity"] == 99
    assert alert["rule"]["id"] == "EX004"
    assert alert["destination"]["domain"] == "quietbucket.s3.eu-central-1.amazonaws.com"
    assert alert["source"]["ip"] == "10.20.1.15"
    assert alert["threat"]["technique"]["id"] == ["T1567", "T1090"]
    assert alert["threat"]["technique"]["subtechnique"]["id"] == ["T1567.002", "T1090.004"]
    assert alert["acrtrace"]["finding"]["uploaded_bytes"] == 1_398_002
    assert event["event"]["kind"] == "event"
    assert event["event"]["id"] == "ex-03b7e1c55a/1"
    assert event["source"] == {
        "address": "10.20.1.14:40000",
        "ip": "10.20.1.14",
        "port": 40_000,
        "bytes": 60_000,
    }
    assert event["network"]["community_id"] == "1:kJ8dmVtVdGmf3lHqZ8q3vY7fEGo="
    assert event["event"]["duration"] == 3_000_000_000


def test_several_addresses_are_related_and_none_is_the_source() -> None:
    alert = documents(results.make_result(findings=[results.make_finding()]))[0]
    assert "ip" not in alert["source"]
    assert alert["related"]["ip"] == ["10.20.1.14", "fd00:20:1::14", "20.60.34.4"]


def test_what_a_device_did() -> None:
    evidence = [results.make_evidence(action="deny"), results.make_evidence(action="allow")]
    finding = results.make_finding(shows="denied", evidence=evidence)
    made = documents(results.make_result(findings=[finding]))
    assert [each["event"]["type"] for each in made] == [
        ["denied"],
        ["connection", "denied"],
        ["connection", "allowed"],
    ]


def test_a_dns_message_is_a_question_and_no_destination() -> None:
    evidence = results.make_evidence(kind="dns", name="a.example.org", orig_payload_bytes=None)
    event = documents(results.make_result(findings=[results.make_finding(evidence=[evidence])]))[1]
    assert event["dns"] == {"question": {"name": "a.example.org"}}
    assert event["network"]["protocol"] == "dns"
    assert "domain" not in event["destination"]
    assert ecs_errors(event) == []


def test_without_times_it_is_the_runs_last_packet() -> None:
    evidence = results.make_evidence(start_ns=None, end_ns=None)
    finding = results.make_finding(first_ns=None, last_ns=None, evidence=[evidence])
    for document in documents(results.make_result(findings=[finding])):
        assert document["@timestamp"] == "2026-11-23T22:57:24.719847Z"
        assert "start" not in document["event"]
        assert ecs_errors(document) == []


def test_no_findings_no_lines() -> None:
    assert render_ecs(results.make_result()) == ""
