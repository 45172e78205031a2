"""EX007: write request to a storage host, read in clear."""

from __future__ import annotations

import pytest

WRITE = {
    "role": "storage-account",
    "ownership": "foreign",
    "owner": "evil",
    "app": "http",
    "resp_port": 80,
    "name_grade": "A1",
    "name_source": "http_host",
    "direction_evidence": "W1",
    "write_requests": 1,
    "write_line": "PUT /c/b.bin (packet 7)",
}
HOST = "evil.blob.core.windows.net"


@pytest.mark.parametrize(
    ("size", "severity"),
    [
        (3999, "low"),
        (4000, "medium"),
        (65_535, "medium"),
        (65_536, "high"),
        (1_048_575, "high"),
        (1_048_576, "critical"),
    ],
)
def test_ladder_by_body_bytes_where_turns_are_unknown(case, size, severity):
    case.flow(HOST, **WRITE, write_bytes=size, has_turns=False, turns=None)
    found = case.only()
    assert (found.rule, found.also, found.severity) == ("EX007", ["EX001"], severity)
    assert (found.direction_evidence, found.confidence) == ("W1", "high")
    assert found.uploaded_bytes == size


def test_the_request_line_is_evidence(case):
    case.upload(HOST, 51_000, **WRITE, write_bytes=50_000)
    found = case.only()
    assert found.severity == "medium"
    assert found.uploaded_bytes == 50_500  # the larger of body bytes and the turns' estimate
    assert found.evidence[0].kind == "http"
    assert "PUT /c/b.bin (packet 7)" in found.evidence[0].detail
    assert "PUT /c/b.bin (packet 7)" in found.explanation


def test_platform_claimed_accounts_stay_low(case):
    case.upload(
        HOST, 9_000_000, **{**WRITE, "ownership": "platform-claimed"}, write_bytes=8_999_000
    )
    assert case.only().severity == "low"


def test_a_look_alike_is_no_platform_account(case):
    look = {**WRITE, "role": "managed-storage-candidate", "ownership": "platform-claimed"}
    case.upload(HOST, 70_000, **look, write_bytes=69_000)
    found = case.only()
    assert (found.rule, found.also, found.severity) == ("EX007", ["EX003"], "high")


@pytest.mark.parametrize(
    ("role", "rule"), [("unknown", "EX012"), ("telemetry", "EX011"), ("azure-service", "EX001")]
)
def test_a_write_elsewhere_is_not_this_rule(case, role, rule):
    case.upload("www.example.org", 70_000, **{**WRITE, "role": role})
    assert (case.only().rule, case.only().also) == (rule, [])


def test_a_read_in_clear_is_not(case):
    case.flow(
        HOST, **{**WRITE, "write_requests": 0, "write_line": None, "direction_evidence": None}
    )
    assert case.findings() == []


def test_our_own_account_is_silent(case):
    case.upload(HOST, 70_000, **{**WRITE, "ownership": "ours"}, write_bytes=69_000)
    assert case.findings() == []


def test_a_size_that_is_not_stated_is_not_zero(case):
    case.logged(HOST, **WRITE, resp_bytes=394)
    text = case.only().explanation
    assert "1 write request was read in clear; the size of the body is not counted." in text
    assert " 0 " not in text
    case.logged(HOST, **{**WRITE, "write_requests": 2}, write_bytes=900)
    text = case.only().explanation
    assert "2 write requests read in clear had 900 body bytes in the input; of 1 other" in text
