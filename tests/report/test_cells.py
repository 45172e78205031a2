from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.report.cells import as_was, inert
from analyzer.report.visible import visible
from craft.hostile import HOSTILE

FORMULA = re.compile("(^|;)[\\s\u200b]*[=+\\-@\uff1d\uff0b\uff0d\uff20]")


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("  =1+1", "'  =1+1"),
        ("-2", "'-2"),
        ("\uff1d1+1", "'\uff1d1+1"),
        ("x;=1+1;y", "x;'=1+1;y"),
        ("'=1", "''=1"),
        ("\t=1", "<U+0009>=1"),
        ("contoso.azurecr.io", "contoso.azurecr.io"),
        ("a-b=c", "a-b=c"),
        ("", ""),
    ],
)
def test_what_looks_like_a_formula_gets_an_apostrophe(text: str, cell: str) -> None:
    assert inert(text) == cell


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_hostile_strings_are_inert_and_keep_their_words(name: str) -> None:
    cell = inert(HOSTILE[name])
    assert FORMULA.search(cell) is None
    assert cell.isprintable()
    assert as_was(cell) == visible(HOSTILE[name], 1 << 26)


@given(st.text(st.sampled_from("=+-@';ab \t"), max_size=12))
def test_apostrophes_can_be_taken_out_again(text: str) -> None:
    assert FORMULA.search(inert(text)) is None
    assert as_was(inert(text)) == visible(text)
