"""Names that nothing makes a link of, and what must stay as it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.report.defang import Prose, defanged, host, is_name, names, url
from craft import results


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("contoso.azurecr.io", True),
        ("xn--e1a.example", True),
        ("10.0.0.1", False),
        ("2001:db8::1", False),
        ("agent-1", False),
        ("3.14", False),
        ("a.b/c.d", False),
    ],
)
def test_what_is_a_name(text: str, expected: bool) -> None:
    assert is_name(text) is expected


def test_names_break_after_their_dots_and_addresses_stay() -> None:
    assert host("a.example") == '<span class="h">a[.]<wbr>example</span>'
    assert host("10.0.0.1") == "10.<wbr>0.<wbr>0.<wbr>1"
    assert host("<b>.example") == '<span class="h">&lt;b&gt;[.]<wbr>example</span>'


def test_a_url_keeps_its_path() -> None:
    assert url("https://a.example:8443/x.y?z=1.2") == (
        '<span class="h">hxxps://a[.]example:8443/x.y?z=1.2</span>'
    )
    assert (
        url("http://a.example?x=1.2/3#f") == '<span class="h">hxxp://a[.]example?x=1.2/3#f</span>'
    )


def test_sentences_are_touched_in_the_names_of_the_document_alone() -> None:
    prose = Prose(names(results.realistic()))
    said = "agent-1 sent agents.pcapng 1.5 to Fabrikam.azurecr.io, chain x.y.azurecr.io."
    assert prose.plain(said) == (
        "agent-1 sent agents.pcapng 1.5 to Fabrikam[.]azurecr[.]io, chain x[.]y[.]azurecr[.]io."
    )
    assert '<span class="h">Fabrikam[.]azurecr[.]io</span>' in prose(said)


@given(st.text(max_size=80))
def test_nothing_is_lost_and_nothing_becomes_markup(text: str) -> None:
    prose = Prose(["a.example"])
    assert "<" not in prose(f"{text} a.example").replace('<span class="h">', "").replace(
        "</span>", ""
    )
    assert prose.plain("see a.example" + " " + text).startswith("see a[.]example")
    assert defanged(text).replace("[.]", ".").replace("hxxp", "http").lower() == (
        text.replace("[.]", ".").replace("hxxp", "http").lower()
    )
