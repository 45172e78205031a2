"""Imitations are found, and honest names that come near are left alone."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.endpoints.inventory import Inventory, imitates
from analyzer.endpoints.lookalike import distance
from analyzer.endpoints.match import Catalogue

CATALOGUE = Catalogue.load()
NOTHING = Inventory.load(catalogue=CATALOGUE)
OURS = Inventory.load(
    own=["contoso", "acr:fabrikam@azurecr.cn", "storage:acctcontoso", "registry.contoso.com"],
    catalogue=CATALOGUE,
)


@pytest.mark.parametrize(
    ("name", "imitated"),
    [
        # the suffix, or one of our hosts, inside another domain
        ("contoso.azurecr.io.x.net", "contoso.azurecr.io"),
        ("Contoso.AzureCR.io.x.net.", "contoso.azurecr.io"),
        ("contoso.eastus.data.azurecr.io.x.net", "contoso.azurecr.io"),
        ("other.azurecr.io.x.net", "azurecr.io"),
        ("azurecr.io.x.net", "azurecr.io"),
        ("fabrikam.azurecr.cn.x.net", "fabrikam.azurecr.cn"),
        ("acctcontoso.blob.core.windows.net.x.net", "acctcontoso.blob.core.windows.net"),
        ("any.dfs.core.usgovcloudapi.net.x.net", "dfs.core.usgovcloudapi.net"),
        ("registry.contoso.com.x.net", "registry.contoso.com"),
        # without its dots
        ("notazurecr.io", "azurecr.io"),
        ("contosoazurecr.io", "contoso.azurecr.io"),
        ("contoso-azurecr-io.x.net", "contoso.azurecr.io"),
        ("pull-contoso-azurecr-io-v2.x.net", "contoso.azurecr.io"),
        ("contosoazurecrio.x.net", "contoso.azurecr.io"),
        ("azurecrio.x.net", "azurecr.io"),
        ("x-blob-core-windows-net.x.net", "blob.core.windows.net"),
        ("acctcontosoblobcorewindowsnet.x.net", "acctcontoso.blob.core.windows.net"),
        ("x.blob.core-windows.net", "blob.core.windows.net"),
        ("registry-contoso-com.x.net", "registry.contoso.com"),
        # under another top-level domain
        ("contoso.azurecr.com", "contoso.azurecr.io"),
        ("x.azurecr.co.uk", "azurecr.io"),
        ("azurecr-login.net", "azurecr.io"),
        ("contoso.azurecr.x.net", "contoso.azurecr.io"),
        ("acctcontoso.blob.core.windows.org", "acctcontoso.blob.core.windows.net"),
        # a letter or two
        ("contoso.azurcer.io", "contoso.azurecr.io"),
        ("contoso.azurrecr.io", "contoso.azurecr.io"),
        ("x.azuecr.io", "azurecr.io"),
        ("x.4zur3cr.io", "azurecr.io"),
        ("x.azure-cr.io", "azurecr.io"),
        ("contoso.azurec.net", "contoso.azurecr.io"),
        ("acctcontoso.blob.core.windws.net", "acctcontoso.blob.core.windows.net"),
        ("registry.contos0.com", "registry.contoso.com"),
        # letters that only look alike
        ("contoso.аzurecr.io", "contoso.azurecr.io"),
        ("xn--zurecr-2nf.io", "azurecr.io"),
        ("ϲontoso.azurecr.io", None),  # no such label under the genuine suffix can exist
        ("acctcontoso.blob.core.wіndows.net", "acctcontoso.blob.core.windows.net"),
        ("régistry.contoso.com", "registry.contoso.com"),
        ("contoso.azurecr.iо.x.net", "contoso.azurecr.io"),
    ],
)
def test_imitations(name, imitated):
    assert imitates(name, OURS) == imitated


def test_without_an_inventory_the_suffix_is_what_is_imitated():
    assert imitates("contoso.azurecr.io.x.net", NOTHING) == "azurecr.io"
    assert imitates("acct.blob.core.windows.net.x.net", NOTHING) == "blob.core.windows.net"


@pytest.mark.parametrize(
    "name",
    [
        # genuine, ours or not
        "contoso.azurecr.io", "other.azurecr.io", "contoso.azurecr.cn", "azurecr.io",
        "contoso.eastus.data.azurecr.io", "a.b.azurecr.io", "x.y.blob.core.windows.net",
        "contoso.privatelink.azurecr.io", "contoso.eastus.data.privatelink.azurecr.io",
        "acct.privatelink.blob.core.windows.net", "blob.blz22prdstr07a.store.core.windows.net",
        "registry.contoso.com",
        # CNAME infrastructure
        "eus1.fe.azcr.io", "eus2euap-0.data.azcr.io", "sec-acr-reg.trafficmanager.net",
        "eus2euap-2-acr-az-reg.trafficmanager.net", "r0318eus-az.eastus.cloudapp.azure.com",
        "0123456789abcdef0123456789abcdef.trafficmanager.net", "mcr-0001.mcr-msedge.net",
        "mcr.microsoft.com", "westus2.data.mcr.microsoft.com", "mcr.azure.cn",
        # search domains and content networks embed whole names
        "contoso.azurecr.io.default.svc.cluster.local", "contoso.azurecr.io.lan",
        "contoso.azurecr.io.abc.bx.internal.cloudapp.net", "contoso.azurecr.io.internal",
        "contoso.azurecr.io.reddog.microsoft.com", "contoso.azurecr.io.edgekey.net",
        "update.microsoft.com.nsatc.net", "contoso-azurecr-io.translate.goog",
        # products of the same house, documentation, customers' ordinary names
        "learn.microsoft.com", "docs.azure.cn", "portal.azure.us", "portal.azure.com",
        "contoso.azurefd.net", "contoso.azureedge.net", "azureml.net", "x.azureml.us", "azure.io",
        "azurerm.io", "azurecdn.de", "dev.azure.com", "azurecr.github.io", "azuredatabricks.net",
        "contoso-ws.ods.opinsights.azure.com", "contosoazurecr.azurewebsites.net",
        "azurecrdemo.eastus.cloudapp.azure.com", "azurecr.mirror.corp.example",
        "www.contoso.com", "contoso.com", "registry.contoso.com.au", "registry.contosos.example",
        "windows.com", "blob.example.com", "table.core.example.com", "file.core.linux.org",
        "xn--bcher-kva.example", "bücher.example", "github.com", "registry-1.docker.io",
        "azurecr", "", "..", "1.2.3.4",
    ],
)  # fmt: skip
def test_honest_names(name):
    assert imitates(name, OURS) is None


def test_examples_of_the_catalogue_imitate_nothing():
    names = [x for e in CATALOGUE.entries for x in e.examples]
    assert [n for n in names if imitates(n, OURS) or imitates(n, NOTHING)] == []


def test_no_name_of_the_corpus_imitates_anything(corpus_dir):
    oracle = json.loads((corpus_dir / "open" / "oracle.json").read_text())
    names = set()
    for file in oracle.values():
        for key in ("tls_sni", "quic_sni"):
            names.update(row[0] for row in file.get(key) or ())
        for row in file.get("dns_answers") or ():
            names.update((row[1], str(row[3])))
        names.update(file.get("dns_queries") or ())
        names.update(str(row[1]) for row in file.get("http_requests") or ())
    assert len(names) > 1000
    assert [n for n in names if imitates(n, OURS) or imitates(n, NOTHING)] == []


def test_a_private_suffix_with_an_everyday_first_word_is_no_brand():
    private = Inventory.load(
        catalogue=Catalogue.load(suffixes={"acr": ["cloud.corp.example"]}), own=["contoso"]
    )
    assert imitates("cloud.google.com", private) is None
    assert imitates("x.cloud.corp.example.evil.net", private) == "cloud.corp.example"


@given(st.text())
def test_any_text_is_survived(text):
    imitates(text, OURS)


@given(st.text(alphabet="azurecrio.-0nx—аω", max_size=60), st.sampled_from(["", ".io", ".x.net"]))
def test_names_made_of_its_letters_are_survived(text, end):
    found = imitates(text + end, OURS)
    assert found is None or found.endswith(("azurecr.io", "azurecr.cn", "azurecr.us", "azurecr.de"))


@pytest.mark.parametrize("unit", ["azurecr.io.", "azurecrio", "a-", "xn--a.", "blob.core.", "х"])
def test_work_is_bounded(unit):
    start = time.process_time()
    for length in (250, 100_000):
        imitates((unit * length)[:length] + "x.net", OURS)
    assert time.process_time() - start < 1.0


@pytest.mark.parametrize(
    ("left", "right", "edits"),
    [("azurecr", "azurecr", 0), ("azurcer", "azurecr", 1), ("azurcr", "azurecr", 1),
     ("4zur3cr", "azurecr", 2), ("", "ab", 2), ("abc", "", 3), ("kitten", "sitting", 3),
     ("ca", "abc", 3)],
)  # fmt: skip
def test_distance(left, right, edits):
    assert distance([left], [right]) == edits
    assert distance([right], [left]) == edits
