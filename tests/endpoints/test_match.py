"""The matcher: equal to its specification, one name or many, on any text, in bounded time."""

from __future__ import annotations

import dataclasses
import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.endpoints.match import UNKNOWN, Catalogue
from analyzer.issues import UsageError
from analyzer.names import normalise

CATALOGUE = Catalogue.load()
ENDINGS = sorted({p.literal for e in CATALOGUE.entries for p in e.patterns})
EXAMPLES = sorted({x for e in CATALOGUE.entries for x in e.examples})

near_names = st.one_of(
    st.sampled_from(EXAMPLES),
    st.builds(
        lambda head, ending: head + ending,
        st.text(alphabet="abz019.-_AZ\n ü", max_size=30),
        st.sampled_from(ENDINGS),
    ),
    st.builds(lambda x, y: x + y, st.sampled_from(EXAMPLES), st.text(max_size=4)),
)


def specified(name):
    """The entry by the documented precedence, without any index."""
    plain = normalise(name)
    if plain is None:
        return None
    fits = [
        (not p.head, len(p.literal), e.rank, -i, e.id)
        for i, e in enumerate(CATALOGUE.entries)
        for p in e.patterns
        if p.accepts(plain)
    ]
    return max(fits)[-1] if fits else None


@given(near_names)
def test_match_follows_the_documented_precedence(name):
    assert CATALOGUE.match(name).entry_id == specified(name)


@given(st.lists(st.one_of(near_names, st.text()), max_size=30))
def test_many_equal_one_by_one(names):
    assert CATALOGUE.match_many(names) == [CATALOGUE.match(n) for n in names]


@given(st.text())
def test_any_text_is_survived(text):
    match = CATALOGUE.match(text)
    assert match.role
    CATALOGUE.match_address(text)


def test_a_match_carries_the_entry_and_the_labels():
    match = CATALOGUE.match("Contoso.EastUS.data.azurecr.io.")
    assert match.entry_id == "acr.data"
    assert match.service == "acr"
    assert match.role == "registry-data"
    assert (match.owner, match.region, match.suffix) == ("contoso", "eastus", "azurecr.io")
    assert match.owner_decidable
    assert match.direction == "download-only"
    assert match.technique == "T1567.002"
    assert "dedicated-data-endpoints" in match.source


def test_unknown_is_nothing():
    assert CATALOGUE.match("www.example.org") is UNKNOWN
    match = CATALOGUE.match("..")
    assert (match.entry_id, match.service, match.role, match.owner) == (None, None, "unknown", None)
    assert (match.direction, match.technique, match.source) == (None, None, None)
    assert not match.owner_decidable


def test_a_match_is_frozen_slotted_and_comparable():
    match = CATALOGUE.match("contoso.azurecr.io")
    with pytest.raises(dataclasses.FrozenInstanceError):
        match.owner = "other"
    assert not hasattr(match, "__dict__")
    assert match == CATALOGUE.match("contoso.azurecr.io") != CATALOGUE.match("other1.azurecr.io")
    assert len({match, CATALOGUE.match("contoso.azurecr.io")}) == 1


def test_addresses():
    assert CATALOGUE.match_address("168.63.129.16").role == "control-plane"
    assert CATALOGUE.match_address("169.254.169.254").entry_id == "azure.imds"
    assert CATALOGUE.match_address("1.1.1.1").role == "doh"
    assert CATALOGUE.match_address("::ffff:8.8.8.8").entry_id == "doh.google"
    assert CATALOGUE.match_address("2606:4700:4700:0::1111").role == "doh"
    assert CATALOGUE.match_address("192.0.2.1") is None
    assert CATALOGUE.match_address("contoso.azurecr.io") is None


def test_networks_in_a_users_file(write):
    text = """
[[entry]]
id = "corp.net"
title = "Our network"
service = "corp"
role = "control-plane"
owner = "platform"
direction = "both"
source = "our wiki"
checked = false
addresses = ["198.51.100.0/24", "198.51.0.0/16", "2001:db8::/32"]
examples = ["198.51.100.7"]
"""
    extended = Catalogue.load([write("net.toml", text)])
    assert extended.match_address("198.51.100.7").entry_id == "corp.net"
    assert extended.match_address("2001:db8::7").entry_id == "corp.net"
    assert extended.match_address("203.0.113.1") is None


def test_aliases_stand_for_their_target():
    aliased = Catalogue.load(aliases={"registry.contoso.com": "contoso.azurecr.io"})
    assert aliased.match("registry.contoso.com") == aliased.match("contoso.azurecr.io")
    with pytest.raises(UsageError, match="no catalogued name"):
        Catalogue.load(aliases={"registry.contoso.com": "www.example.org"})


def test_suffixes_extend_every_form_of_a_service():
    private = Catalogue.load(suffixes={"acr": ["azurecr.corp.example"]})
    match = private.match("contoso.eastus.data.azurecr.corp.example")
    assert (match.role, match.owner, match.suffix) == (
        "registry-data", "contoso", "azurecr.corp.example",
    )  # fmt: skip


def test_the_version_depends_on_what_is_in_force():
    versions = {
        Catalogue.load().version,
        Catalogue.load(disabled=["gh.results"]).version,
        Catalogue.load(suffixes={"acr": ["azurecr.corp.example"]}).version,
    }
    assert len(versions) == 3
    assert Catalogue.load().version == CATALOGUE.version


@pytest.mark.parametrize(
    "name",
    [
        "a" * 1_000_000 + ".azurecr.io",
        "a." * 500_000 + "azurecr.io",
        "a." * 120 + "s3.amazonaws.com",
        "s3." * 80 + "amazonaws.com",
        "." * 1_000_000 + "blob.core.windows.net",
        "-" * 1_000_000 + ".blob.core.windows.net",
        "managed" * 100_000 + "1.blob.core.windows.net",
        "a" * 240 + ".azurecr.io",
        ("s3.dualstack.us-east-1." * 10) + "amazonaws.com",
        "х" * 1_000_000 + ".azurecr.io",
        "blob.core.windows.net." * 50_000,
    ],
    ids=lambda n: n[:20],
)
def test_hostile_names_cost_no_more_than_their_length(name):
    start = time.process_time()
    for _ in range(20):
        CATALOGUE.match(name)
    assert time.process_time() - start < 4.0


def test_a_hundred_thousand_names_take_a_fraction_of_a_second():
    """A tripwire for a lost index; benchmarks/match_names.py measures the rate itself."""
    rng = random.Random(7)
    letters = "abcdefghijklmnopqrstuvwxyz0123456789"
    words = ["".join(rng.choices(letters, k=12)) for _ in range(20_000)]
    endings = [".blob.core.windows.net", ".azurecr.io", ".example.com", ".s3.amazonaws.com", ".org"]
    names = [word + ending for word in words for ending in endings]
    CATALOGUE.match_many(names[:100])
    start = time.process_time()
    CATALOGUE.match_many(names)
    assert time.process_time() - start < 1.0
