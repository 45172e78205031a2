"""HY005: foreign storage was read."""

from __future__ import annotations

import pytest

HOST = "packages7.blob.core.windows.net"
STORAGE = {"role": "storage-account", "ownership": "foreign", "owner": "packages7"}


def test_a_download_from_foreign_storage_is_noted(case):
    case.flow(HOST, **STORAGE, resp_bytes=70_000)
    case.flow(HOST, **STORAGE, resp_bytes=1_000)
    found = case.only()
    assert (found.rule, found.severity, found.facts) == ("HY005", "info", {"bytes": 71_000})
    assert "--approve packages7.blob.core.windows.net" in found.clears[1]
    assert case.judge().verdict == "none found in what could be seen"


@pytest.mark.parametrize("ownership", ["ours", "approved", "platform", "platform-claimed"])
def test_what_is_known_is_silent(case, ownership):
    case.flow(HOST, **{**STORAGE, "ownership": ownership})
    assert case.findings() == []


def test_managed_storage_of_a_registry_is_a_matter_of_readiness(case):
    managed = {"role": "managed-storage-candidate", "ownership": "foreign"}
    case.flow("eusmanaged63.blob.core.windows.net", **managed, managed_of="other.azurecr.io")
    assert [f.rule for f in case.findings()] == ["RD001"]
    case.flow("eusmanaged64.blob.core.windows.net", **managed)
    assert sorted(f.rule for f in case.findings()) == ["HY005", "RD001"]


def test_an_upload_by_the_same_agent_speaks_for_itself(case):
    """Near miss: the reads in front of an upload are no second finding."""
    case.flow(HOST, **STORAGE)
    case.upload(HOST, 9000, **STORAGE)
    assert [f.rule for f in case.findings()] == ["EX001"]


def test_contact_without_counts_is_no_read(case):
    case.logged(HOST, **STORAGE)
    assert [f.rule for f in case.findings()] == ["EX015"]
