"""NAME as users write it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.endpoints.declare import Declarations, declare
from analyzer.endpoints.match import Catalogue
from analyzer.issues import UsageError

CATALOGUE = Catalogue.load()


@pytest.mark.parametrize(
    ("text", "entry"),
    [
        ("contoso", "acr:contoso"),
        ("Contoso", "acr:contoso"),
        ("acr:contoso", "acr:contoso"),
        ("ACR:contoso-e7ggejfuhzhgedc8", "acr:contoso-e7ggejfuhzhgedc8"),
        ("acr:contoso@azurecr.cn", "acr:contoso@azurecr.cn"),
        ("contoso@azurecr.us", "acr:contoso@azurecr.us"),
        ("acr:contoso@azurecr.io", "acr:contoso"),
        ("storage:acct", "storage:acct"),
        ("storage:acct@core.chinacloudapi.cn", "storage:acct@core.chinacloudapi.cn"),
        ("contoso.azurecr.io", "acr:contoso"),
        (" Contoso.AzureCR.io. ", "acr:contoso"),
        ("contoso.eastus.data.azurecr.io", "acr:contoso"),
        ("acct.blob.core.windows.net", "storage:acct"),
        ("acct.z5.blob.storage.azure.net", "storage:acct"),
        ("bkt.s3.amazonaws.com", "bkt.s3.amazonaws.com"),
        ("ghcr.io", "ghcr.io"),
        ("registry.contoso.com", "registry.contoso.com"),
        ("203.0.113.5", "203.0.113.5"),
        ("[2001:DB8::1]", "2001:db8::1"),
    ],
)
def test_forms(text, entry):
    assert declare(text, Declarations(), CATALOGUE, "--own") == entry


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "acr:", "storage:", "storage:my-acct", "storage:ab", "acr:a b", "acr:contoso@",
        "acr:contoso@evil.example", "storage:acct@azurecr.io", "*.blob.core.windows.net",
        "https://contoso.azurecr.io/", "contoso.azurecr.io:443", "a..b", "s3:bucket", "con_toso",
        "acr:contoso.azurecr.io", "a/b", "-x", "con\x1btoso",
    ],
)  # fmt: skip
def test_everything_else_is_a_usage_error(text):
    with pytest.raises(UsageError) as raised:
        declare(text, Declarations(), CATALOGUE, "--own")
    message = str(raised.value)
    assert message.startswith("--own ")
    assert message.isprintable()


def test_unknown_suffixes_are_answered_with_the_known_ones():
    with pytest.raises(UsageError, match=r"azurecr\.io, azurecr\.cn.*acr_suffixes"):
        declare("acr:contoso@azurecr.corp", Declarations(), CATALOGUE, "--own")


@given(st.text())
def test_any_text_is_an_entry_or_a_usage_error(text):
    try:
        answer = declare(text, Declarations(), CATALOGUE, "--own")
    except UsageError as error:
        answer = str(error)
    assert answer
    assert answer.isprintable()
