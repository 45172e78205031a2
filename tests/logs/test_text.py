"""Bytes into numbered lines."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.logs import text as module
from analyzer.logs.text import (
    Damage,
    blocks,
    encoding_of,
    is_text,
    lines,
    lines_of,
    pieces,
)


def read(data: bytes) -> tuple[list[tuple[int, str]], Damage]:
    """(number, line) of all lines, and what was lost."""
    damage = Damage()
    found: list[tuple[int, str]] = []
    for first, block in lines(pieces(io.BytesIO(data).readinto, encoding_of(data)), damage):
        found += enumerate(block, first)
    return found, damage


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("chunk", [1, 3, 1 << 16])
def test_encodings(encoding: str, end: str, chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Told by mark or by zeros; a character may lie across two pieces."""
    monkeypatch.setattr(module, "CHUNK", chunk)
    texts = ["plain ascii at first", "Grüße \u2028 \U0001f600", "", "last"]
    found, damage = read(end.join(texts).encode(encoding))
    assert found == list(enumerate(texts, 1))
    assert (damage.undecodable, damage.overlong) == (0, 0)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", []),
        (b"\n", [""]),
        (b"a", ["a"]),
        (b"a\n", ["a"]),
        (b"a\r\r\nb\rc\n", ["a\r", "b\rc"]),
        (b"a\x0bb\x0cc\xc2\x85d\n", ["a\x0bb\x0cc\x85d"]),
        (b"a\x00b\x01\n", ["a\0b\x01"]),
    ],
)
def test_only_lf_ends_a_line(data: bytes, expected: list[str]) -> None:
    """A CR before it comes off, once; other breaks are text."""
    assert [line for _, line in read(data)[0]] == expected


def test_undecodable_lines_are_counted() -> None:
    """They are kept, with U+FFFD, and their neighbours are whole."""
    found, damage = read(b"one\ntw\xffo\nthr\xc3\nfour")
    assert [line for _, line in found] == ["one", "tw\ufffdo", "thr\ufffd", "four"]
    assert (damage.undecodable, damage.first_undecodable) == (2, 2)


def test_a_cut_character_at_the_end() -> None:
    """UTF-16 that ends in half a unit."""
    found, damage = read("one\ntwo".encode("utf-16")[:-1])
    assert [line for _, line in found] == ["one", "tw\ufffd"]
    assert damage.undecodable == 1


@pytest.mark.parametrize("chunk", [1, 7, 1000])
def test_a_line_without_end_is_cut_and_counted(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is bounded, numbers stay right, and the lines behind it are read."""
    monkeypatch.setattr(module, "CHUNK", chunk)
    monkeypatch.setattr(module, "MAX_LINE", 10)
    found, damage = read(b"a\n" + b"x" * 95 + b"\nb\n" + b"y" * 10 + b"\n" + b"z" * 11)
    assert found == [(1, "a"), (2, "x" * 10), (3, "b"), (4, "y" * 10), (5, "z" * 10)]
    assert (damage.overlong, damage.first_overlong) == (2, 2)


def test_what_is_text() -> None:
    """Logs are, with an escape or a control character here and there; programs are not."""
    assert is_text(b"time=1 user=x\x01y\n")
    assert is_text("zeit=1 größe=2\n".encode("utf-16-le"))
    assert is_text(b"\x1b[32mok\x1b[0m\n" * 20)
    assert not is_text(b"")
    assert not is_text(bytes(range(256)) * 8)
    assert not is_text(b"\x7fELF" + b"\0" * 500)


def test_a_log_may_have_holes() -> None:
    """Runs of NUL bytes say nothing of what stands around them."""
    assert is_text(bytes(3000) + b"time=1 user=x\n")
    assert is_text(b"time=1 user=x\n" + bytes(3000) + b"time=2 user=x\n")
    assert not is_text(bytes(5000))
    assert not is_text(bytes(100) + bytes(range(256)) * 8)


@pytest.mark.parametrize("chunk", [1, 7, 8, 30, 1000])
def test_holes_are_skipped_and_counted(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hole may be larger than what is read at once; shorter runs are text."""
    monkeypatch.setattr(module, "CHUNK", chunk)
    data = bytes(40) + b"a\0b\n" + bytes(7) + b"c\n" + bytes(8) + b"d\n" + bytes(20)
    damage = Damage()
    texts = pieces(io.BytesIO(data).readinto, "utf-8", damage)
    found = [each for first, block in lines(texts, damage) for each in enumerate(block, first)]
    assert found == [(1, "a\0b"), (2, "\0" * 7 + "c"), (3, "d")]
    assert (damage.zeros, damage.first_zero) == (68, 1)
    again = Damage()
    rest = b"".join(block for _, _, block in blocks(io.BytesIO(data[41:]).readinto, again))
    assert rest == b"\0b\n" + bytes(7) + b"c\nd\n"
    assert (again.zeros, again.first_zero) == (28, 13)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300), st.integers(1, 50))
def test_no_bytes_break_the_reader(data: bytes, limit: int) -> None:
    """Numbers go up one by one and no line holds a line feed."""
    damage = Damage()
    found: list[tuple[int, str]] = []
    for first, block in lines(pieces(io.BytesIO(data).readinto, encoding_of(data)), damage):
        found += enumerate(block, first)
    assert [number for number, _ in found] == list(range(1, len(found) + 1))
    assert not any("\n" in line for _, line in found)


def read_blocks(data: bytes) -> tuple[list[tuple[int, str]], Damage]:
    """The same by way of blocks of whole lines."""
    damage = Damage()
    found: list[tuple[int, str]] = []
    for first, count, block in blocks(io.BytesIO(data).readinto):
        assert block.count(b"\n") == count
        assert block.endswith(b"\n")
        found += enumerate(lines_of(block, first, damage), first)
    return found, damage


@given(st.binary(max_size=300), st.integers(1, 40))
@settings(deadline=None)
def test_blocks_hold_the_same_lines(data: bytes, chunk: int) -> None:
    """Bytes in blocks and text in pieces: same numbers, same text, same damage."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "CHUNK", chunk)
        patch.setattr(module, "MAX_LINE", 1000)
        if encoding_of(data) == "utf-8":
            found, damage = read(data)
            # Half an object tells by itself that it is one.
            assert read_blocks(data) == (found, replace(damage, unended=0))
            assert damage.unended in (0, found[-1][0] if found else 0)


def test_a_line_longer_than_a_block_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is counted, its number stays, and the next line has the next one."""
    monkeypatch.setattr(module, "CHUNK", 100)
    monkeypatch.setattr(module, "MAX_LINE", 20)
    found, damage = read_blocks(b"a\n" + b"x" * 1000 + b"\nb\n" + b"y" * 500)
    assert found == [(1, "a"), (2, "x" * 20), (3, "b"), (4, "y" * 20)]
    assert (damage.overlong, damage.first_overlong) == (2, 2)
