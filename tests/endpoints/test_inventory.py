"""Whose a name is: ownership stays within its service and cloud suffix."""

from __future__ import annotations

import pytest

from analyzer.endpoints.inventory import Inventory


@pytest.fixture
def whose(declared):
    def ask(name, *own, approve=()):
        inventory = declared(*own, approve=approve)
        return inventory.ownership(inventory.catalogue.match(name), name)

    return ask


@pytest.mark.parametrize(
    "name",
    [
        "contoso.azurecr.io", "Contoso.azurecr.io.", "contoso.eastus.data.azurecr.io",
        "contoso.newregion7.data.azurecr.io", "contoso.eastus.geo.azurecr.io",
    ],
)  # fmt: skip
def test_a_registry_owns_its_names_of_the_same_suffix(whose, name):
    assert whose(name, "contoso") == ("ours", "declared by --own")


@pytest.mark.parametrize(
    "name",
    [
        "contoso.azurecr.cn", "contoso.eastus.data.azurecr.us", "contoso.blob.core.windows.net",
        "contoso.vault.azure.net", "contoso.azurewebsites.net", "contoso.servicebus.windows.net",
        "contoso-e7ggejfuhzhgedc8.azurecr.io", "contoso2.azurecr.io", "contoso.jfrog.io",
        "contoso.s3.amazonaws.com", "contoso-ws.ods.opinsights.azure.com",
    ],
)  # fmt: skip
def test_and_nothing_else(whose, name):
    assert whose(name, "contoso")[0] == "foreign"


def test_the_reason_names_the_crossing(whose):
    reason = whose("contoso.azurecr.cn", "contoso")[1]
    assert reason == (
        "acr:contoso@azurecr.cn is not declared; owning acr:contoso says nothing about it"
    )


@pytest.mark.parametrize(
    "name",
    [
        "acct.blob.core.windows.net", "acct.dfs.core.windows.net", "acct.file.core.windows.net",
        "acct.queue.core.windows.net", "acct.table.core.windows.net",
        "acct.z5.web.core.windows.net", "acct-secondary.blob.core.windows.net",
        "acct.z12.blob.storage.azure.net",
        "acct.privatelink.blob.core.windows.net", "acct-internetrouting.blob.core.windows.net",
    ],
)  # fmt: skip
def test_a_storage_account_owns_its_services(whose, name):
    assert whose(name, "storage:acct")[0] == "ours"
    assert whose(name, "acct")[0] == "foreign"


def test_a_storage_account_does_not_cross_clouds(whose):
    assert whose("acct.blob.core.chinacloudapi.cn", "storage:acct")[0] == "foreign"
    own = "storage:acct@core.chinacloudapi.cn"
    assert whose("acct.blob.core.chinacloudapi.cn", own)[0] == "ours"
    assert whose("acct.blob.core.windows.net", own)[0] == "foreign"


@pytest.mark.parametrize(
    ("name", "ownership"),
    [
        ("mcr.microsoft.com", "platform"),
        ("mcrprod.azurecr.io", "platform"),
        ("login.microsoftonline.com", "platform"),
        ("productionresultssa17.blob.core.windows.net", "platform-claimed"),
        ("weumanaged15.blob.core.windows.net", "platform-claimed"),
        ("md-zz400hv4xnwl.z32.blob.storage.azure.net", "platform-claimed"),
        ("storage.googleapis.com", "undecidable"),
        ("github.com", "undecidable"),
        ("s3.amazonaws.com", "undecidable"),
        ("hooks.slack.com", "undecidable"),
        ("badguy.azurecr.io", "foreign"),
        ("exfil.blob.core.windows.net", "foreign"),
        ("123456789012.dkr.ecr.us-east-2.amazonaws.com", "foreign"),
        ("evil.s3.us-east-1.amazonaws.com", "foreign"),
        ("www.example.org", "unknown"),
        ("contoso.azurecr.io.x.net", "unknown"),
        ("..", "unknown"),
    ],
)
def test_without_a_declaration_the_catalogue_decides(whose, name, ownership):
    assert whose(name)[0] == ownership
    assert whose(name)[1]


def test_the_reason_says_that_no_inventory_was_given(whose):
    assert whose("badguy.azurecr.io")[1] == "acr:badguy is not declared: no inventory was given"


def test_declarations_win_over_the_catalogue(whose):
    assert whose("weumanaged15.blob.core.windows.net", "storage:weumanaged15")[0] == "ours"
    assert whose("ghcr.io", approve=("ghcr.io",)) == ("approved", "declared by --approve")
    assert whose("contoso.azurecr.io", "contoso", approve=("contoso",))[0] == "ours"
    assert whose("www.example.org", "www.example.org")[0] == "ours"
    assert whose("x.www.example.org", "www.example.org")[0] == "unknown"


def test_approval_follows_the_same_scopes(whose):
    approve = ("acr:partner",)
    assert whose("partner.eastus.data.azurecr.io", approve=approve)[0] == "approved"
    assert whose("partner.blob.core.windows.net", approve=approve)[0] == "foreign"


def test_addresses_can_be_declared(declared):
    inventory = declared("203.0.113.5", approve=("2001:db8::1",))
    nothing = inventory.catalogue.match("203.0.113.5")
    assert inventory.ownership(nothing, "203.0.113.5")[0] == "ours"
    assert inventory.ownership(nothing, "2001:DB8:0::1")[0] == "approved"
    assert inventory.ownership(nothing, "203.0.113.6")[0] == "unknown"
    doh = inventory.catalogue.match_address("1.1.1.1")
    assert inventory.ownership(doh, "1.1.1.1")[0] == "undecidable"


def test_declares_registry(declared):
    assert declared("contoso").declares_registry
    assert not declared("storage:acct", approve=("contoso",)).declares_registry


def test_the_lab_inventory(lab_dir):
    inventory = Inventory.load([lab_dir / "endpoints.json"])
    assert inventory.declares_registry
    match = inventory.catalogue.match("contoso.westus2.data.azurecr.io")
    assert inventory.ownership(match, "contoso.westus2.data.azurecr.io")[0] == "ours"
