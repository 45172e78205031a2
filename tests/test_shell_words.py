from __future__ import annotations

import os
import shlex
import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.shell_words import shell_line, shell_word

NAMES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))


def test_a_line_break_in_a_name() -> None:
    assert shell_word("a\nb's.pcap") == r"$'a\x0ab\'s.pcap'"
    assert shell_line(["tshark", "-r", "a b"]) == "tshark -r 'a b'"


def test_a_name_that_is_no_text_keeps_its_bytes() -> None:
    assert shell_word(os.fsdecode(b"a\xff\xc3\xa9")) == r"$'a\xffé'"
    assert shell_word("a\ud800") == r"$'a\xed\xa0\x80'"


@given(NAMES)
def test_a_word_is_one_line_and_printable(text: str) -> None:
    assert shell_word(text).isprintable()
    if text.isprintable():
        assert shlex.split(shell_word(text)) == [text]


@pytest.mark.skipif(not shutil.which("bash"), reason="needs bash")
@given(st.lists(NAMES, min_size=1, max_size=50))
@settings(max_examples=20, deadline=None)
def test_bash_reads_the_same_words(words: list[str]) -> None:
    done = subprocess.run(
        ["bash", "-c", f"printf '%s\\0' {shell_line(words)}"], capture_output=True, check=True
    )
    assert done.stdout.split(b"\0")[:-1] == [word.encode() for word in words]
