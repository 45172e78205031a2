from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from analyzer.report.outputs.ocsf import render_ocsf
from craft import results
from craft.published import lines, ocsf_errors

if TYPE_CHECKING:
    from analyzer.result import Finding, Result


def one(finding: Finding) -> dict[str, Any]:
    (document,) = lines(render_ocsf(results.make_result(findings=[finding])))
    assert ocsf_errors(document) == []
    found: dict[str, Any] = document
    return found


@pytest.mark.parametrize("result", [results.realistic(), results.undeclared(), results.hostile()])
def test_every_line_fits_the_published_schema(result: Result) -> None:
    text = render_ocsf(result)
    assert len(lines(text)) == len(result.findings)
    for document in lines(text):
        assert ocsf_errors(document) == []
    assert text == render_ocsf(result)
    assert text.isascii()


def test_the_schema_would_notice() -> None:
    document = one(results.make_finding())
    document["severity_id"] = 17
    assert ocsf_errors(document) != []
    document = one(results.make_finding())
    document["finding_info"]["nonsense"] = True
    assert ocsf_errors(document) != []
    document = one(results.make_finding())
    document["evidences"][0]["dst_endpoint"]["ip"] = "no address"
    assert ocsf_errors(document) != []


def test_a_detection_finding() -> None:
    made = one(results.make_finding())
    assert (made["class_uid"], made["type_uid"], made["category_uid"]) == (2004, 200_401, 2)
    assert (made["severity_id"], made["severity"]) == (4, "High")
    assert made["confidence_id"] == 3
    assert made["is_alert"] is True
    assert made["metadata"]["version"] == "1.5.0"
    assert made["finding_info"]["uid"] == "ex-7c1f0a92d4"
    assert made["finding_info"]["analytic"]["uid"] == "EX001"
    assert [each["technique"]["uid"] for each in made["finding_info"]["attacks"]] == [
        "T1567",
        "T1048",
    ]
    (evidence,) = made["evidences"]
    assert evidence["src_endpoint"] == {"ip": "10.20.1.14", "port": 52_114}
    assert evidence["dst_endpoint"]["hostname"] == "stagingdrop17.blob.core.windows.net"
    assert evidence["connection_info"]["protocol_num"] == 6
    assert evidence["connection_info"]["community_uid"].startswith("1:")
    assert made["unmapped"]["uploaded_bytes"] == 5_243_112
    assert {each["type_id"] for each in made["observables"]} == {1, 2}


def test_readiness_is_no_alert() -> None:
    assert one(results.make_finding(stream="readiness"))["is_alert"] is False


def test_a_dns_message_is_a_query() -> None:
    evidence = results.make_evidence(kind="dns", name="a.example.org", resp="?")
    made = one(results.make_finding(evidence=[evidence, results.make_evidence(process="curl")]))
    assert made["evidences"][1]["data"]["process"] == "curl"
    assert made["evidences"][0]["query"] == {"hostname": "a.example.org"}
    assert "dst_endpoint" not in made["evidences"][0]


def test_without_evidence_and_times() -> None:
    made = one(
        results.make_finding(evidence=[], first_ns=None, last_ns=None, attack=[], addresses=[])
    )
    assert "evidences" not in made
    assert "start_time" not in made
    assert made["time"] == 1_795_474_644_719
