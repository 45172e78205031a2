"""The matcher explains itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.endpoints.explain import MAX_NEAR, explain
from analyzer.endpoints.inventory import Inventory
from analyzer.endpoints.match import Catalogue

CATALOGUE = Catalogue.load()
OURS = Inventory.load(own=["contoso"], catalogue=CATALOGUE)


def near(explanation):
    return {miss.entry_id: miss.reason for miss in explanation.near}


def test_a_url_is_explained_by_its_host():
    found = explain("https://Contoso.azurecr.io:443/v2/", CATALOGUE, OURS)
    assert (found.name, found.match.entry_id) == ("contoso.azurecr.io", "acr.login")
    assert (found.ownership, found.reason) == ("ours", "declared by --own")
    assert near(found)["acr.login.lax"] == "fits too, but acr.login precedes it by rank"


def test_near_misses_say_which_label_is_wrong():
    found = explain("my-acct.blob.core.windows.net", CATALOGUE)
    assert (found.match.entry_id, found.match.role) == ("st.unusual", "storage-account")
    assert near(found)["st.standard"] == "label 'my-acct' does not fit ([a-z0-9]{3,24})"
    assert found.imitates is None


def test_the_longer_ending_decides():
    found = explain("bkt.s3.us-east-1.amazonaws.com", CATALOGUE)
    assert found.match.entry_id == "s3"
    found = explain("production.cloudfront.docker.com", CATALOGUE)
    assert found.match.entry_id == "dockerhub.data"
    found = explain("github-cloud.s3.amazonaws.com", CATALOGUE)
    assert near(found)["s3"] == "fits too, but code.github.lfs fits more of the name literally"


def test_imitation_is_named():
    found = explain("contoso.azurecr.io.x.net", CATALOGUE, OURS)
    assert (found.match.role, found.imitates) == ("unknown", "contoso.azurecr.io")


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("contoso.chinaeast2.data.azurecr.io", "belongs to another cloud than azurecr.io"),
        ("contoso.usgovvirginia.data.azurecr.us", None),
        ("contoso.eastus.data.azurecr.us", "belongs to another cloud"),
        ("contoso.marsnorth.geo.azurecr.io", "region marsnorth is unknown here"),
        ("contoso.privatelink.azurecr.io", "CNAME target"),
        ("_x.example.com", "underscore"),
        ("аzurecr.io", "internationalised"),
        ("a..b", "not a valid host name"),
        ("contoso.eastus.data.azurecr.io", None),
    ],
)
def test_notes(text, note):
    notes = explain(text, CATALOGUE).notes
    assert note is None or note in notes[0]
    assert (note is None) == (not notes)


def test_addresses_are_explained():
    found = explain("[::ffff:1.1.1.1]:443", CATALOGUE, OURS)
    assert (found.address, found.name, found.match.role) == ("1.1.1.1", None, "doh")
    assert explain("192.0.2.1", CATALOGUE, OURS).ownership == "unknown"


@given(st.text())
def test_any_text_is_explained(text):
    found = explain(text, CATALOGUE, OURS)
    assert found.text == text
    assert len(found.near) <= MAX_NEAR
