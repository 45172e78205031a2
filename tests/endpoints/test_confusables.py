"""What an internationalised name reads like."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.endpoints.confusables import skeleton
from analyzer.names import normalise


@pytest.mark.parametrize(
    ("drawn", "read"),
    [
        ("аzurecr.io", "azurecr.io"),
        ("аzurеcr.io", "azurecr.io"),
        ("contoѕo.example", "contoso.example"),
        ("wіndows.example", "windows.example"),
        ("álpha.example", "alpha.example"),
        ("microsоft.example", "microsoft.example"),
        ("bücher.example", "bucher.example"),
    ],
)
def test_lookalikes_read_as_ascii(drawn, read):
    name = normalise(drawn)
    assert name is not None
    assert skeleton(name) == read


@pytest.mark.parametrize("name", ["azurecr.io", "", "xn--", "xn--a", "xn--99999999.io", "a.b"])
def test_nothing_to_read(name):
    assert skeleton(name) in (None, *([""] if name == "xn--" else []))


def test_an_honest_script_stays_what_it_is():
    name = normalise("例え.example")
    assert name is not None
    assert skeleton(name) is None


@given(st.text(alphabet="xn-.aз0中", max_size=80))
def test_any_name_is_survived(text):
    read = skeleton(text)
    assert read is None or read.isascii()
