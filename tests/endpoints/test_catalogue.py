"""The catalogue's own entries: examples, precedence, sources, and the reference's vectors."""

from __future__ import annotations

import json
import re
from collections import defaultdict

import pytest

from analyzer.endpoints.entries import ROLES, check_examples
from analyzer.endpoints.match import Catalogue
from analyzer.names import normalise

ENTRIES = Catalogue.load().entries

GRAMMARS = {"st.standard": {"st.standard", "st.secondary"}, "quay": {"quay", "redhat"}}
"""Grammars of the reference that the catalogue tells apart further, beside ``id`` and ``id.*``."""


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda e: e.id)
def test_examples_fit_and_are_found_under_this_entry(entry, catalogue):
    check_examples(entry, entry.id)
    for example in entry.examples:
        match = catalogue.match_address(example) or catalogue.match(example)
        assert match.entry_id == entry.id, example
        assert (match.owner is not None) == (entry.owner == "label") or entry.owner.startswith(
            "platform"
        )


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda e: e.id)
def test_every_entry_is_sourced(entry):
    assert len(entry.source) > 5
    assert entry.checked is None or re.fullmatch(r"20\d\d-\d\d-\d\d", entry.checked)
    assert entry.role in ROLES


def test_a_place_to_upload_to_has_a_technique():
    """What can take data names the ATT&CK technique of doing so; our own control planes do not."""
    silent = {e.id for e in ENTRIES if e.technique is None}
    roles = {e.role for e in ENTRIES if e.id in silent}
    assert roles <= {"registry-infra", "auth", "control-plane", "storage-infra"}, silent


def test_no_two_entries_of_equal_precedence_claim_an_example_with_different_roles():
    claims = defaultdict(set)
    for example in {x for e in ENTRIES for x in e.examples}:
        for entry in ENTRIES:
            for pattern in entry.patterns:
                if pattern.accepts(example):
                    precedence = (not pattern.head, len(pattern.literal), entry.rank)
                    claims[example, precedence].add((entry.role, entry.owner))
    assert {k: v for k, v in claims.items() if len(v) > 1} == {}


def test_every_role_is_used():
    assert {e.role for e in ENTRIES} == ROLES


def test_ids_and_files_are_orderly():
    assert len({e.id for e in ENTRIES}) == len(ENTRIES)
    assert len({e.file for e in ENTRIES}) >= 15


@pytest.fixture(scope="module")
def vectors(reference_dir):
    return json.loads((reference_dir / "endpoint-vectors.json").read_text())


def _grammar(name):
    chosen = GRAMMARS.get(name, set())
    return [e for e in ENTRIES if e.id == name or e.id.startswith(name + ".") or e.id in chosen]


def test_positive_vectors(vectors):
    missing = [
        (grammar, name)
        for grammar, names in vectors["positive"].items()
        for name in names
        if not any(e.accepts(normalise(name)) for e in _grammar(grammar))
    ]
    assert missing == []
    assert sum(map(len, vectors["positive"].values())) > 100


def test_positive_vectors_are_catalogued(vectors, catalogue):
    names = [n for names in vectors["positive"].values() for n in names]
    assert [n for n, m in zip(names, catalogue.match_many(names), strict=True) if not m.entry] == []


def test_negative_vectors(vectors):
    """As written: a name that must be normalised first is refused by the bare grammar."""
    wrong = [
        (grammar, name)
        for grammar, names in vectors["negative"].items()
        for name in names
        if any(e.accepts(name) for e in ENTRIES if e.id == grammar)
    ]
    assert wrong == []


def test_role_vectors(vectors, catalogue):
    wrong = [
        (row, match.role, match.owner)
        for row in vectors["roles"]
        if ((match := catalogue.match(row["name"])).role, match.owner)
        != (row["role"], row["owner"])
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("name", "role", "owner"),
    [
        ("abcd.azurecr.io", "registry-login", "abcd"),
        ("ab.blob.core.windows.net", "storage-account", "ab"),
        ("my-acct.blob.core.windows.net", "storage-account", "my-acct"),
        ("a_b.blob.core.windows.net", "storage-account", "a_b"),
        ("a.b.dfs.core.usgovcloudapi.net", "storage-account", "a.b"),
        ("a.b.azurecr.io", "registry-login", "a.b"),
        ("azurecr.io", "registry-infra", None),
        ("privatelink.azurecr.io", "registry-infra", None),
        ("acct-secondary.blob.core.windows.net", "storage-account", "acct"),
        ("acct.privatelink.blob.core.windows.net", "storage-account", "acct"),
        ("prod-registry-k8s-io-eu-west-1.s3.dualstack.eu-west-2.amazonaws.com", "object-store",
         "prod-registry-k8s-io-eu-west-1"),
        ("bkt.0123456789abcdef0123456789abcdef.r2.cloudflarestorage.com", "object-store",
         "0123456789abcdef0123456789abcdef"),
        ("mcrprod.azurecr.io", "registry-login", "mcrprod"),
        ("contoso-ws.ods.opinsights.azure.com", "telemetry", "contoso-ws"),
        ("r0318eus.eastus.cloudapp.azure.com", "registry-infra", None),
        ("contosovm.eastus.cloudapp.azure.com", "azure-service", "contosovm"),
    ],
)  # fmt: skip
def test_names_worth_stating(catalogue, name, role, owner):
    match = catalogue.match(name)
    assert (match.role, match.owner) == (role, owner)


def test_infrastructure_is_not_confused_with_customers(catalogue):
    assert catalogue.match("0" * 32 + ".trafficmanager.net").role == "registry-infra"
    assert catalogue.match("0" * 31 + ".trafficmanager.net").role == "azure-service"


def test_every_cloud_has_its_own_scope(catalogue):
    suffixes = {catalogue.match(f"contoso.azurecr.{t}").suffix for t in ("io", "cn", "us", "de")}
    assert suffixes == {"azurecr.io", "azurecr.cn", "azurecr.us", "azurecr.de"}
    assert catalogue.match("acct.z5.blob.storage.azure.net").suffix == "core.windows.net"
    assert catalogue.match("acct.blob.core.chinacloudapi.cn").suffix == "core.chinacloudapi.cn"
