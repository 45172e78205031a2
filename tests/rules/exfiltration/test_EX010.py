"""EX010: denied attempts to reach what is not ours."""

from __future__ import annotations

import pytest

HOST = "evil.blob.core.windows.net"
STORAGE = {"role": "storage-account", "ownership": "foreign", "owner": "evil", "service": "storage"}
DENY = {"action": "deny"}


def test_a_denied_attempt_at_foreign_storage_is_medium(case):
    log = case.log()
    case.logged(HOST, **STORAGE, input_id=log, first_packet=17, last_packet=19,
                table_flow={"action": "deny", "rule": "block/all", "process": "curl", "records": 3,
                            "input_id": log, "first_packet": 17, "last_packet": 19})  # fmt: skip
    found = case.only()
    assert (found.rule, found.severity, found.shows) == ("EX010", "medium", "denied")
    # The device read the name; nothing else can be mistaken.
    assert (found.direction_evidence, found.confidence) == ("W5", "medium")
    assert (found.uploaded_bytes, found.size_error_bytes) == (None, None)
    for wanted in ("tried to reach", "a device denied it", "block/all", "curl", "3 log record"):
        assert wanted in found.explanation
    for wrong in ("uploaded", "turn", "sent data"):
        assert wrong not in found.explanation
    assert "A device denied it (rule block/all). Opened by curl." in found.evidence[0].detail


def test_an_upload_beside_it_is_the_finding(case):
    case.logged(HOST, **STORAGE, table_flow=DENY)
    case.counted(HOST, 70_000, **STORAGE)
    found = case.only()
    assert (found.rule, found.also, found.severity) == ("EX001", ["EX010"], "high")
    assert (found.uploaded_bytes, found.flow_count, found.shows) == (70_000, 2, "upload")
    assert "A device denied 1 of the flows." in found.explanation


def test_a_denied_write_is_an_attempt_whatever_its_size(case):
    """A proxy that refused the request kept it: the body went nowhere."""
    case.logged(HOST, **STORAGE, write_requests=1, write_bytes=9_000_000, direction_evidence="W1",
                write_line="PUT /c/b (line 4), refused with 403", table_flow=DENY)  # fmt: skip
    found = case.only()
    assert (found.rule, found.also, found.severity) == ("EX010", [], "medium")
    assert found.direction_evidence == "W5"
    assert "First write request that was denied: PUT /c/b (line 4)" in found.explanation


def test_what_was_not_denied_beside_it_is_said(case):
    """An allowed connection to the same name, counted or not, must be known too."""
    case.logged(HOST, **STORAGE, table_flow=DENY)
    case.logged(HOST, **STORAGE, orig_bytes=900, resp_bytes=90_000, table_flow={"action": "allow"})
    case.logged(HOST, **STORAGE, agent="10.0.0.6", table_flow={"action": "allow"})
    case.logged("x" + HOST, **STORAGE, table_flow={"action": "allow"})
    (found,) = [f for f in case.findings() if f.rule == "EX010"]
    assert "Nothing is known to have left" not in found.explanation
    assert "1 other connection of this agent to the same destination was not" in found.explanation
    assert "(1 logged as allowed)" in found.explanation
    assert (found.flow_count, found.facts["not_denied"]) == (1, 1)


def test_a_contact_beside_it_is_in_the_finding(case):
    case.logged(HOST, **STORAGE, table_flow=DENY)
    case.logged(HOST, **STORAGE, resp_bytes=70, table_flow={"action": "allow"})
    found = case.only()
    assert (found.rule, found.also, found.flow_count) == ("EX010", ["EX015"], 2)
    assert "1 flow of the finding was not denied" in found.explanation
    assert "What was sent in these attempts is not counted." in found.explanation


def test_attempts_at_bare_addresses_are_told_apart(case):
    values = {**STORAGE, "name_grade": "A6", "name_source": None}
    case.logged(None, **values, table_flow=DENY)
    case.logged(None, **values, resp_ip="52.0.0.2", table_flow={"action": "allow"})
    (found,) = [f for f in case.findings() if f.rule == "EX010"]
    assert "Nothing is known to have left" in found.explanation


def test_more_than_an_attempt_takes_is_not_called_one(case):
    case.logged(HOST, **STORAGE, orig_bytes=90_000, table_flow=DENY)
    found = case.only()
    assert found.rule == "EX010"
    assert "90,000 bytes were counted on their way out" in found.explanation
    assert "no more than connecting" not in found.explanation


def test_a_denied_conversation_of_a_capture_without_upload(case):
    case.flow(HOST, **STORAGE, orig_bytes=600, table_flow=DENY)
    found = case.only()
    assert (found.rule, found.severity) == ("EX010", "medium")
    assert "600 bytes, is no more than connecting" in found.explanation
    assert found.evidence[0].tshark is not None


@pytest.mark.parametrize(
    ("role", "severity"),
    [
        ("object-store", "medium"),
        ("drop-service", "medium"),
        ("tunnel", "medium"),
        ("webhook", "low"),
        ("other-registry", "low"),
        ("registry-login", "low"),
        ("managed-storage-candidate", "low"),
    ],
)
def test_where_images_come_from_an_attempt_says_little(case, role, severity):
    case.logged("x.example.org", role=role, ownership="foreign", table_flow=DENY)
    assert case.only().severity == severity


def test_a_denied_look_alike_is_medium(case):
    case.logged("contoso.azurecr.io.evil.net", imitates="contoso.azurecr.io", table_flow=DENY)
    found = case.only()
    assert found.severity == "medium"
    assert "imitates contoso.azurecr.io" in found.explanation


@pytest.mark.parametrize(
    "values",
    [
        {**STORAGE, "ownership": "ours"},
        {**STORAGE, "ownership": "approved"},
        {**STORAGE, "ownership": "platform"},
        {"role": "code-host", "ownership": "foreign"},
        {"role": "unknown"},
    ],
)
def test_others_are_silent(case, values):
    case.logged("x.example.org", **values, table_flow=DENY)
    assert case.findings() == []


@pytest.mark.parametrize("action", [None, "allow"])
def test_what_was_not_denied_is_another_matter(case, action):
    case.logged(HOST, **STORAGE, table_flow={"action": action})
    assert case.only().rule == "EX015"
