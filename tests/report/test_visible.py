from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.report.visible import MAX_CHARACTERS, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("contoso.example", "contoso.example"),
        ("a\x1b[31mb", "a<U+001B>[31mb"),
        ("a\u202eb", "a<U+202E>b"),
        ("a\u200bb", "a<U+200B>b"),
        ("a\nb\tc", "a<U+000A>b<U+0009>c"),
        ("a\x9bb\x7f", "a<U+009B>b<U+007F>"),
        ("\udcff", "<U+DCFF>"),
        ("\U000e0041", "<U+E0041>"),
        ("münchen", "münchen"),
    ],
)
def test_what_would_deceive_is_shown(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(st.text(st.characters()))
def test_result_can_be_printed_and_encoded(text: str) -> None:
    assert visible(text).isprintable()
    visible(text).encode("utf-8")


def test_cut_is_announced() -> None:
    assert visible("x" * (MAX_CHARACTERS + 3)).endswith("x ... (3 more characters)")
    assert visible("x" * MAX_CHARACTERS) == "x" * MAX_CHARACTERS
