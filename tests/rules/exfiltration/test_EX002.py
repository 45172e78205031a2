"""EX002: push to a registry that is not ours."""

from __future__ import annotations

import pytest

BAD = {"role": "registry-login", "ownership": "foreign", "owner": "badguy", "service": "acr"}


@pytest.mark.parametrize(("size", "severity"), [(60_000, "medium"), (65_536, "high")])
def test_push_to_a_foreign_registry(case, size, severity):
    case.upload("badguy.azurecr.io", size, **BAD)
    found = case.only()
    assert (found.rule, found.severity) == ("EX002", severity)
    assert "--own acr:badguy" in found.clears[0]


def test_without_inventory_it_is_medium_and_the_flag_is_named(case):
    case.upload("contoso.azurecr.io", 200_000_000, **{**BAD, "owner": "contoso"})
    result = case.judge(inventory=False)
    assert [f.severity for f in result.findings] == ["medium"]
    assert any("no-inventory" in reason for reason in result.findings[0].severity_reasons)
    assert [(r.name, r.declare) for r in result.registries] == [
        ("contoso.azurecr.io", "--own acr:contoso")
    ]


@pytest.mark.parametrize("role", ["registry-login", "registry-regional", "other-registry"])
def test_small_turns_are_tokens_and_no_evidence(case, role):
    case.drip("badguy.azurecr.io", 300_000, turns=200, **{**BAD, "role": role})
    assert case.findings() == []


def test_a_shared_registry_host_counts_when_the_shape_is_a_push(case):
    case.upload("ghcr.io", 90_000, role="other-registry", ownership="undecidable")
    assert (case.only().rule, case.only().severity) == ("EX002", "high")


def test_the_platform_s_own_registry_is_capped(case):
    case.upload("mcrprod.azurecr.io", 90_000_000, **{**BAD, "ownership": "platform"})
    assert case.only().severity == "low"


@pytest.mark.parametrize("ownership", ["ours", "approved"])
def test_our_own_push_is_silent(case, ownership):
    case.upload("contoso.azurecr.io", 500_000_000, **{**BAD, "ownership": ownership})
    assert case.findings() == []
    assert case.findings(inventory=False) == []


READ = {**BAD, "app": "http", "direction_evidence": "W1", "write_requests": 1}
BLOB = "/v2/team/app/blobs/uploads/"


def request(case, method, target, size=None, **values):
    """A request that a log's line states, and the flow it makes."""
    flow = case.logged("badguy.azurecr.io", **{**READ, "write_bytes": size, **values})
    case.add("http", flow_id=flow, ts_ns=1, packet=1, input_id=0, method=method, target=target,
             content_length=size)  # fmt: skip


@pytest.mark.parametrize(
    ("method", "target", "size", "severity"),
    [
        ("PUT", BLOB + "u?digest=sha256:0", 3999, "low"),
        ("PUT", BLOB + "u?digest=sha256:0", 4000, "medium"),
        ("PATCH", BLOB + "u", 65_536, "high"),
        ("PATCH", None, 1_048_576, "critical"),
        ("PUT", "https://badguy.azurecr.io/v2/team/app/manifests/v1", None, "low"),
        ("POST", "https://badguy.azurecr.io" + BLOB + "?digest=sha256:0", 5000, "medium"),
        ("POST", BLOB, None, "low"),
        ("POST", "/oauth2/token", 16_384, "medium"),
    ],
)
def test_a_write_that_was_read_is_a_push(case, method, target, size, severity):
    request(case, method, target, size)
    found = case.only()
    assert (found.rule, found.severity, found.direction_evidence) == ("EX002", severity, "W1")
    assert found.uploaded_bytes == size


@pytest.mark.parametrize(
    ("method", "target", "size"),
    [
        ("POST", "/oauth2/token", 16_383),
        ("POST", "/oauth2/exchange", None),
        ("POST", "/v2/team/app/manifests/v1", 900),
        ("POST", "https://badguy.azurecr.io/oauth2/token?next=/v2/a/blobs/uploads/", 900),
        ("POST", None, None),
        ("POST", BLOB, 0),
        ("PUT", BLOB + "u?digest=sha256:0", 0),
    ],
)
def test_a_question_for_a_token_and_a_write_of_nothing_are_a_contact(case, method, target, size):
    request(case, method, target, size)
    assert (case.only().rule, case.only().shows) == ("EX015", "contact")


def test_a_read_is_a_contact(case):
    request(case, "GET", "/v2/team/app/blobs/sha256:0", 0, write_requests=0, write_bytes=None,
            direction_evidence="W5")  # fmt: skip
    assert case.only().rule == "EX015"


def test_a_write_to_ours_is_silent(case):
    request(case, "PUT", BLOB + "u", 9_000_000, ownership="ours")
    assert case.findings() == []


def test_a_denied_write_is_an_attempt(case):
    request(case, "PUT", BLOB + "u", 9_000_000, table_flow={"action": "deny"})
    assert (case.only().rule, case.only().shows) == ("EX010", "denied")


def test_a_token_in_a_capture_is_nothing(case):
    flow = case.flow("badguy.azurecr.io", **READ, write_bytes=400)
    case.add("http", flow_id=flow, ts_ns=1, packet=1, input_id=0, method="POST",
             target="/oauth2/token", body_bytes=400)  # fmt: skip
    assert case.findings() == []
