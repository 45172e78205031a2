"""Tables: CSV, printed columns, Zeek's directives."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.logs.cells import columns_of, delimited, fixed, is_rule, split, zeek
from analyzer.logs.documents import Lost

if TYPE_CHECKING:
    from collections.abc import Iterator


def blocks(text: str, size: int = 2) -> Iterator[tuple[int, list[str]]]:
    """Lines of a text, a few at once."""
    every = text.split("\n")
    if every[-1] == "":
        every.pop()
    for at in range(0, len(every), size):
        yield at + 1, every[at : at + size]


def table(text: str, delimiter: str = ",") -> tuple[list[tuple[int, list[str]]], Lost]:
    """(line, cells) of a table under its header, and what was lost."""
    lost = Lost()
    header = split(text.split("\n", 1)[0], delimiter)
    found: list[tuple[int, list[str]]] = []
    for numbers, rows in delimited(blocks(text), delimiter, header, lost):
        found += zip(numbers, rows, strict=True)
    return found, lost


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_quoted_and_plain_cells(delimiter: str) -> None:
    """As RFC 4180 has it, with any delimiter; a space behind the delimiter is none of the cell."""
    d = delimiter
    text = f'a{d}b{d}c\n1{d}"x{d}""y"""{d}\n"2"{d} z{d}3\n'
    found, lost = table(text, d)
    assert found == [(2, ["1", f'x{d}"y"', ""]), (3, ["2", "z", "3"])]
    assert lost.count == 0


def test_a_cell_of_several_lines() -> None:
    """The row begins where its first line does, and the next one too."""
    found, _ = table('a,b\n1,"x\ny\n"\n2,z\n')
    assert found == [(2, ["1", "x\ny\n"]), (5, ["2", "z"])]


def test_headers_and_empty_lines_between() -> None:
    """Files put together repeat their header."""
    found, _ = table("a,b\n1,2\n\na,b\n3,4\n")
    assert found == [(2, ["1", "2"]), (5, ["3", "4"])]


def test_a_quote_that_is_never_closed() -> None:
    """It costs a bounded part, which is counted, and reading goes on behind it."""
    rows = "".join(f"{n},{'x' * 100}\n" for n in range(3000))
    found, lost = table('a,b\n1,"open\n' + rows)
    assert lost.count >= 1
    assert lost.first_line == 2
    assert len(found) > 1000
    assert found[-1] == (3002, ["2999", "x" * 100])


def test_nul_is_no_end() -> None:
    """Some versions of csv refuse it."""
    found, lost = table("a,b\n1,x\0y\n2,z\n")
    assert found == [(2, ["1", "x\ufffdy"]), (3, ["2", "z"])]
    assert lost.count == 0


def test_a_printed_table() -> None:
    """Columns are where the dashes stand; cells may hold spaces, be empty or run out."""
    text = (
        "Some words before\n"
        "Name       Rule          Count\n"
        "---------  ------------  -----\n"
        "x.example  allow, all    1\n"
        "y.example                22\n"
        "z.example\n"
        "\n"
    )
    lost = Lost()
    found = [
        (header, number, row)
        for header, numbers, rows in fixed(blocks(text, 3), lost)
        for number, row in zip(numbers, rows, strict=True)
    ]
    names = ["Name", "Rule", "Count"]
    assert found == [
        (names, 4, ["x.example", "allow, all", "1"]),
        (names, 5, ["y.example", "", "22"]),
        (names, 6, ["z.example", "", ""]),
    ]
    assert lost.count == 0


def test_two_printed_tables_in_one_file() -> None:
    """The header of the second is no row of the first, and its columns are its own."""
    text = "A   B\n--  --\n1   2\nC     D\n----  --\n3     4\n"
    found = [(h, rows) for h, _, rows in fixed(blocks(text, 100), Lost())]
    assert found == [(["A", "B"], [["1", "2"]]), (["C", "D"], [["3", "4"]])]


def test_a_printed_table_without_dashes() -> None:
    """Without them nobody knows where a column begins."""
    lost = Lost()
    assert list(fixed(blocks("a b\n1 2\n"), lost)) == []
    assert lost.count == 1


def test_a_rule_of_dashes() -> None:
    """What underlines a header."""
    assert is_rule("-----  ---")
    assert is_rule("  --  --  ")
    assert not is_rule("-")
    assert not is_rule("--- x ---")
    assert not is_rule("")


def test_zeek_directives_may_change() -> None:
    """Logs put together: each block is read under the directives before it."""
    text = (
        "#separator \\x09\n#fields\ta\tb\n#unset_field\t-\n1\t2\n#close\tx\n"
        "#separator ,\n#fields,b,c\n3,4\n"
    )
    found = [(d.get("fields"), numbers, kept) for d, numbers, kept in zeek(blocks(text, 3))]
    assert found == [("a\tb", [4], ["1\t2"]), ("b,c", [8], ["3,4"])]


def test_names_of_columns() -> None:
    """Case, spaces and quotes do not matter, and the first of two counts."""
    assert columns_of([' "Name"', "PORT", "name"]) == {"name": 0, "port": 1}


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.lists(
            st.text(st.characters(blacklist_characters="\r\0", codec="utf-8"), max_size=6),
            min_size=2,
            max_size=2,
        ),
        max_size=6,
    )
)
def test_what_csv_writes_is_read(rows: list[list[str]]) -> None:
    """Any cells, quoted; the header is left out wherever it comes."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerows([["h1", "h2"], *rows])
    found, lost = table(out.getvalue())
    assert [row for _, row in found] == [row for row in rows if row != ["h1", "h2"]]
    assert lost.count == 0


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="\"',;|\t -#x1\0\n", max_size=80))
def test_no_text_breaks_the_readers(text: str) -> None:
    """Whatever a table is, it ends."""
    found, _ = table("a,b\n" + text)
    assert all(number >= 2 for number, _ in found)
    list(fixed(blocks(text), Lost()))
    list(zeek(blocks(text)))
