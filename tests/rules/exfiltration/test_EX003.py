"""EX003: upload where registry clients only download, or to a look-alike."""

from __future__ import annotations

import pytest

DATA = {"role": "registry-data", "service": "acr", "owner": "contoso"}
MANAGED = {
    "role": "managed-storage-candidate",
    "ownership": "foreign",
    "service": "storage",
    "owner": "eusmanaged99",
}
HOST = "contoso.eastus.data.azurecr.io"
LOOK = "eusmanaged99.blob.core.windows.net"


@pytest.mark.parametrize("ownership", ["ours", "approved", "foreign", "platform"])
@pytest.mark.parametrize(("size", "severity"), [(4096, "medium"), (65_536, "high")])
def test_a_data_endpoint_takes_no_upload_whoever_owns_it(case, ownership, size, severity):
    case.upload(HOST, size, **DATA, ownership=ownership)
    found = case.only()
    assert (found.rule, found.severity) == ("EX003", severity)
    assert "only serves layer downloads" in found.explanation


def test_head_requests_to_our_own_data_endpoint_stay_low(case):
    case.drip(HOST, 100_000, turns=100, **DATA, ownership="ours")
    assert case.only().severity == "low"
    assert any("own-data-reads" in reason for reason in case.only().severity_reasons)


@pytest.mark.parametrize(("ownership", "turns"), [("ours", 40), ("foreign", 100)])
def test_wide_requests_or_a_foreign_data_endpoint_do_not(case, ownership, turns):
    case.drip(HOST, 100_000, turns=turns, **DATA, ownership=ownership)
    assert case.only().severity == "medium"


@pytest.mark.parametrize(("size", "severity"), [(40_000, "medium"), (150_000, "high")])
def test_an_account_that_merely_looks_managed(case, size, severity):
    case.upload(LOOK, size, **MANAGED)
    found = case.only()
    assert (found.rule, found.also, found.severity) == ("EX003", [], severity)
    assert "anybody can register" in found.explanation


def test_read_shaped_managed_storage_of_our_registry_is_cleared(case):
    case.add("endpoints", name="contoso.azurecr.io", role="registry-login", ownership="ours")
    case.drip(LOOK, 900, **MANAGED, managed_of="contoso.azurecr.io")
    assert [f.rule for f in case.findings()] == ["RD001"]


def test_that_of_a_foreign_registry_is_not(case):
    case.add("endpoints", name="evil.azurecr.io", role="registry-login", ownership="foreign")
    case.drip(LOOK, 900, **MANAGED, managed_of="evil.azurecr.io")
    assert [(f.rule, f.severity) for f in case.findings()] == [("EX003", "low"), ("RD001", "info")]


def test_an_upload_is_never_cleared_by_a_correlation(case):
    case.add("endpoints", name="contoso.azurecr.io", role="registry-login", ownership="ours")
    case.upload(LOOK, 70_000, **MANAGED, managed_of="contoso.azurecr.io")
    assert case.findings()[0].severity == "high"


def test_a_name_that_imitates_ours(case):
    name = "contoso.azurecr.io.filedrop.example.net"
    case.upload(name, 100_000, imitates="contoso.azurecr.io", ownership="foreign")
    found = case.only()
    assert (found.rule, found.severity, found.endpoint) == ("EX003", "high", name)
    assert "imitates contoso.azurecr.io" in found.explanation
    assert found.facts == {"imitates": "contoso.azurecr.io"}


def test_the_same_name_without_an_imitation_is_unclassified(case):
    case.upload("filedrop.example.net", 100_000)
    assert (case.only().rule, case.only().severity) == ("EX012", "low")


def test_a_download_host_of_another_registry(case):
    download = {"role": "other-registry", "ownership": "undecidable", "direction": "download-only"}
    case.upload("production.cloudfront.docker.com", 70_000, **download)
    found = case.only()
    assert (found.rule, found.also) == ("EX003", ["EX002"])


@pytest.mark.parametrize("ownership", ["ours", "approved"])
def test_a_declared_managed_or_imitating_name_is_silent(case, ownership):
    case.upload(LOOK, 70_000, **{**MANAGED, "ownership": ownership})
    case.upload("contoso.example", 70_000, imitates="contoso", ownership=ownership)
    assert case.findings() == []


def test_a_plain_download_is_silent(case):
    case.flow(HOST, **DATA, ownership="foreign")
    case.flow(LOOK, **MANAGED)
    assert case.findings() == []


def test_a_write_that_was_read_at_a_registry_s_download_host(case):
    host = {"role": "other-registry", "ownership": "foreign", "direction": "download-only"}
    flow = case.logged("cdn.example.net", **host, app="http", direction_evidence="W1",
                       write_requests=1, write_bytes=70_000)  # fmt: skip
    case.add("http", flow_id=flow, ts_ns=1, packet=1, input_id=0, method="PUT", target="/x",
             content_length=70_000)  # fmt: skip
    found = case.only()
    assert (found.rule, found.also, found.severity) == ("EX003", ["EX002"], "high")
