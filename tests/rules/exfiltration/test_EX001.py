"""EX001: upload to a storage account or object store that is not ours."""

from __future__ import annotations

import pytest

STORAGE = {"role": "storage-account", "ownership": "foreign", "owner": "evil", "service": "storage"}
HOST = "evil.blob.core.windows.net"
KIB = 1024
MIB = 1024 * KIB


@pytest.mark.parametrize(
    ("size", "severity"),
    [
        (4095, "low"),
        (4096, "medium"),
        (64 * KIB - 1, "medium"),
        (64 * KIB, "high"),
        (100 * MIB - 1, "high"),
        (100 * MIB, "critical"),
    ],
)
def test_ladder_of_upload_turns(case, size, severity):
    case.upload(HOST, size, **STORAGE)
    found = case.only()
    assert (found.rule, found.severity, found.stream) == ("EX001", severity, "exfiltration")


@pytest.mark.parametrize(
    ("size", "severity"),
    [(700, "low"), (64 * KIB - 1, "low"), (64 * KIB, "medium"), (9 * MIB, "medium")],
)
def test_ladder_of_drips_and_wide_requests(case, size, severity):
    case.drip(HOST, size, turns=max(1, size // 1500), **STORAGE)
    found = case.only()
    assert (found.severity, found.confidence) == (severity, "low")
    assert found.direction_evidence in ("W2", "W3")


def test_amounts_of_several_flows_add_up(case):
    for _ in range(2):
        case.upload(HOST, 32 * KIB, **STORAGE)
    assert case.only().severity == "high"


def test_object_stores_whose_owner_cannot_be_told(case):
    case.upload("s3.us-east-1.amazonaws.com", 70_000, role="object-store", ownership="undecidable")
    found = case.only()
    assert found.severity == "high"
    assert any("owner-undecidable" in reason for reason in found.severity_reasons)


@pytest.mark.parametrize("role", ["ci-platform", "registry-task-staging", "storage-system"])
def test_platform_accounts_are_low_at_any_size_and_never_silent(case, role):
    case.upload(
        "productionresultssa1.blob.core.windows.net",
        300 * MIB,
        role=role,
        ownership="platform-claimed",
    )
    found = case.only()
    assert (found.rule, found.severity) == ("EX001", "low")
    assert found.uploaded_bytes == 300 * MIB - 500
    assert any(reason.startswith("at most low") for reason in found.severity_reasons)


@pytest.mark.parametrize("ownership", ["ours", "approved"])
def test_declared_accounts_are_silent(case, ownership):
    case.upload(HOST, MIB, **{**STORAGE, "ownership": ownership})
    assert case.findings() == []


@pytest.mark.parametrize(
    "role", ["unknown", "telemetry", "code-host", "azure-service", "auth", "control-plane"]
)
def test_other_roles_are_a_contact_and_no_finding(case, role):
    case.upload("www.example.org", MIB, role=role, ownership="foreign")
    result = case.judge()
    assert result.findings == []
    assert [e.endpoint for e in result.endpoints] == ["www.example.org"]


def test_mere_contact_is_no_finding(case):
    case.flow(HOST, **STORAGE)
    assert case.findings() == []


def test_counters_alone_are_medium(case):
    case.flow(
        HOST,
        **{
            **STORAGE,
            "direction_evidence": "W4",
            "has_turns": False,
            "turns": None,
            "upload_turns": None,
            "upload_bytes": None,
            "upload_app_bytes": None,
            "small_turns": None,
            "small_bytes": None,
            "orig_bytes": 9 * MIB,
        },
    )
    found = case.only()
    assert (found.severity, found.direction_evidence, found.uploaded_bytes) == (
        "medium",
        "W4",
        None,
    )
    assert found.size_error_bytes is None


def test_a_denied_attempt_is_medium_and_says_so(case):
    case.flow(
        HOST,
        **STORAGE,
        direction_evidence="W5",
        has_turns=False,
        orig_bytes=None,
        table_flow={"action": "deny", "orig_bytes": None},
    )
    found = case.only()
    assert (found.severity, found.direction_evidence) == ("medium", "W5")
    assert "tried to send data to" in found.explanation
    assert "no bytes were counted" in found.explanation


def test_a_proxy_s_own_leg_is_not_counted_again(case):
    case.upload(HOST, 50_000, **STORAGE, proxy_leg="client")
    case.upload(
        HOST, 50_000, **STORAGE, proxy_leg="upstream", agent="10.9.9.9", agent_ip="10.9.9.9"
    )
    found = case.only()
    assert (found.agent, found.severity, found.flow_count) == ("10.0.0.5", "medium", 1)


def test_no_inventory_changes_nothing_for_storage(case):
    case.upload(HOST, 64 * KIB, **STORAGE)
    assert case.only(inventory=False).severity == "high"
