"""RD001: layers come from registry-managed storage."""

from __future__ import annotations

import pytest

from analyzer.rules.expected import Expected

MANAGED = {"role": "managed-storage-candidate", "ownership": "platform-claimed", "resp_bytes": 7000}


def declare(case, name, ownership):
    case.add(
        "endpoints", name=name, role="registry-login", ownership=ownership, owner=name.split(".")[0]
    )


def test_one_finding_names_registry_hosts_and_what_to_allow(case):
    declare(case, "contoso.azurecr.io", "ours")
    for host in ("eusmanaged64", "eusmanaged63", "eusmanaged63"):
        case.flow(f"{host}.blob.core.windows.net", **MANAGED, managed_of="contoso.azurecr.io")
    found = case.only()
    assert (found.rule, found.stream, found.severity) == ("RD001", "readiness", "low")
    assert (found.endpoint, found.role, found.ownership) == (
        "contoso.azurecr.io",
        "registry-login",
        "ours",
    )
    assert {key: found.facts[key] for key in ("hosts", "candidates", "bytes", "would_break")} == {
        "hosts": ["eusmanaged63.blob.core.windows.net", "eusmanaged64.blob.core.windows.net"],
        "candidates": ["contoso.azurecr.io"],
        "bytes": 21_000,
        "would_break": None,
    }
    # An agent that never used a data endpoint: RD004 says so in the same finding.
    assert found.also == ["RD004"]
    text = found.explanation + " ".join(found.clears)
    for wanted in (
        "contoso.<region>.data.azurecr.io",
        "az acr update --name contoso --data-endpoint-enabled true",
        "az acr show-endpoints --name contoso",
        "21,000 bytes",
    ):
        assert wanted in text


def test_every_candidate_is_named_and_undeclared_ones_are_info(case):
    declare(case, "contoso.azurecr.io", "ours")
    declare(case, "other.azurecr.io", "foreign")
    case.flow(
        "weumanaged1.blob.core.windows.net",
        **MANAGED,
        managed_of="contoso.azurecr.io,other.azurecr.io",
    )
    found = case.findings()
    assert [(f.endpoint, f.severity) for f in found] == [
        ("contoso.azurecr.io", "low"),
        ("other.azurecr.io", "info"),
    ]
    assert found[0].facts["candidates"] == ["contoso.azurecr.io", "other.azurecr.io"]


def test_no_correlation_no_finding(case):
    case.flow("weumanaged1.blob.core.windows.net", **MANAGED)
    assert case.findings() == []


def test_it_never_makes_the_verdict(case):
    declare(case, "contoso.azurecr.io", "ours")
    case.flow("weumanaged1.blob.core.windows.net", **MANAGED, managed_of="contoso.azurecr.io")
    assert case.judge().verdict == "none found in what could be seen"


def test_a_replica_s_login_server_stands_for_its_registry(case):
    declare(case, "contoso.eastus.geo.azurecr.io", "ours")
    case.flow(
        "weumanaged1.blob.core.windows.net",
        **MANAGED,
        managed_of="contoso.azurecr.io,contoso.eastus.geo.azurecr.io",
    )
    found = case.only()
    assert (found.endpoint, found.severity) == ("contoso.azurecr.io", "low")
    assert found.facts["candidates"] == ["contoso.azurecr.io"]
    assert found.facts["bytes"] == 7000


def test_without_byte_counts_no_download_is_claimed(case):
    case.logged("eusmanaged63.blob.core.windows.net", role="managed-storage-candidate",
                ownership="foreign", managed_of="contoso.azurecr.io")  # fmt: skip
    found = case.only()
    assert (found.rule, found.facts["bytes"]) == ("RD001", None)
    assert "was in contact (nobody counted the bytes) with 1 storage account" in found.explanation


@pytest.mark.parametrize(
    ("allows", "stopped"),
    [
        (["*.data.azurecr.io"], ["eusmanaged63.blob.core.windows.net"]),
        (["*.blob.core.windows.net"], []),
        (["eusmanaged63.blob.core.windows.net"], []),
        # Near misses: one label less, and an ending without its dot.
        (["blob.core.windows.net"], ["eusmanaged63.blob.core.windows.net"]),
        (["*.managed63.blob.core.windows.net"], ["eusmanaged63.blob.core.windows.net"]),
    ],
)
def test_what_would_break_is_said_of_a_stated_firewall(case, allows, stopped):
    declare(case, "other.azurecr.io", "foreign")
    case.flow("eusmanaged63.blob.core.windows.net", **MANAGED, managed_of="other.azurecr.io")
    (found,) = case.judge(expected=Expected(allows=tuple(allows))).findings
    assert (found.rule, found.facts["would_break"]) == ("RD001", stopped)
    assert found.severity == ("low" if stopped else "info")
    assert ("would break" in found.explanation) == bool(stopped)


def test_without_a_policy_nothing_is_said_to_break(case):
    declare(case, "contoso.azurecr.io", "ours")
    case.flow("eusmanaged63.blob.core.windows.net", **MANAGED, managed_of="contoso.azurecr.io")
    found = case.only()
    assert (found.facts["would_break"], "break" in found.explanation) == (None, False)
