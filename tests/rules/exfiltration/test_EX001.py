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


@pytest.mark.parametrize("ownership", ["ours", "approved"])
def test_declared_accounts_are_silent(case, ownership):
    case.upload(HOST, MIB, **{**STORAGE, "ownership": ownership})
    assert case.findings() == []


@pytest.mark.parametrize("role", ["auth", "control-plane", "ech-public", "doh"])
def test_other_roles_are_a_contact_and_no_finding(case, role):
    case.upload("www.example.org", MIB, role=role, ownership="foreign")
    assert case.findings() == []  # DNS over HTTPS is a matter of hygiene
    assert [e.endpoint for e in case.judge().endpoints] == ["www.example.org"]


def test_mere_contact_is_no_finding(case):
    case.flow(HOST, **STORAGE)
    assert case.findings() == []


@pytest.mark.parametrize(
    ("size", "severity"),
    [(50_000, "medium"), (64 * KIB, "high"), (40_000_000, "high"), (100 * MIB, "critical")],
)
def test_counters_climb_the_same_ladder_with_less_confidence(case, size, severity):
    """Severity is about the bytes, confidence about the evidence."""
    case.counted(HOST, size, **STORAGE, input_id=case.log("vnet.json", "azure-vnet-flow"))
    found = case.only()
    assert (found.rule, found.severity, found.confidence) == ("EX001", severity, "medium")
    assert (found.direction_evidence, found.shows) == ("W4", "upload")
    assert found.uploaded_bytes == found.orig_payload_bytes == size


def test_less_than_a_turn_by_counters_is_medium(case):
    case.counted(HOST, 900, **STORAGE)
    found = case.only()
    assert found.severity == "medium"
    assert found.severity_reasons[-1].startswith("at least medium: byte counters")


@pytest.mark.parametrize(
    ("grade", "packets", "error"),
    [
        ("measured", None, 53_000),
        ("wire", 700, 53_000),  # the headers of counted packets are off
        ("wire", None, 103_000),
        ("estimated", None, 503_000),
    ],
)
def test_what_counters_say_may_only_be_too_much(case, grade, packets, error):
    case.counted(HOST, 1_000_000, **STORAGE, input_id=case.log("v.json", "azure-flow-logs"),
                 table_flow={"bytes_grade": grade, "orig_pkts": packets})  # fmt: skip
    found = case.only()
    assert (found.uploaded_bytes, found.size_error_bytes) == (1_000_000, error)
    for wanted in (
        "The byte counters of the Azure VNet flow log show 1,000,000 bytes out in 1 connection",
        "what was sent again counts again",
        f"up to {error:,} bytes less",
    ):
        assert wanted in found.explanation
    assert ("packet headers" in found.explanation) == (error == 103_000)
    assert ("from samples" in found.explanation) == (grade == "estimated")
    assert "turn" not in found.explanation
    assert "bytes in the counters of a log reach" in found.severity_reasons[1]


def test_counters_beside_turns_are_told_apart(case):
    case.upload(HOST, 10_000, **STORAGE)
    case.counted(HOST, 2_000_000, **STORAGE, input_id=case.log())
    found = case.only()
    # The turns are small; what the counters hold does not make them W3.
    assert (found.direction_evidence, found.uploaded_bytes) == ("W2", 2_009_500)
    assert "1 upload turn carried 10,000 bytes on the wire" in found.explanation
    assert "the Azure Firewall log show 2,000,000 bytes out" in found.explanation
    assert "Together that is about 2,009,500 bytes" in found.explanation
    assert found.size_error_bytes == 100 + 1000 + 200 + 203_000


def test_a_denied_attempt_is_none_of_its_own(case):
    case.logged(HOST, **STORAGE, table_flow={"action": "deny"})
    assert [f.rule for f in case.findings()] == ["EX010"]


def test_an_upload_that_a_device_says_it_denied_is_still_one(case):
    case.upload(HOST, 70_000, **STORAGE, table_flow={"action": "deny"})
    found = case.only()
    assert (found.rule, found.also, found.severity) == ("EX001", [], "high")
    assert any("(denied)" in reason for reason in found.severity_reasons)
    assert "A device denied 1 of the flows." in found.explanation


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


@pytest.mark.parametrize(
    ("size", "severity"), [(4096, "medium"), (64 * KIB, "high"), (100 * MIB, "critical")]
)
def test_other_azure_services_named_after_their_owner_are_judged_like_storage(case, size, severity):
    case.upload(
        "evilbus.servicebus.windows.net", size, role="azure-service", ownership="foreign",
        owner="evilbus", service="servicebus",
    )  # fmt: skip
    found = case.only()
    assert (found.rule, found.severity) == ("EX001", severity)
    assert "an Azure service whose name carries its owner" in found.explanation


def test_tokens_in_small_requests_to_an_azure_service_are_no_evidence(case):
    """A vault is read with a token of two kilobytes each time, and answers with less."""
    case.drip("v.vault.azure.net", 90_000, 40, role="azure-service", ownership="foreign")
    assert case.findings() == []
