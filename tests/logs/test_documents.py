"""JSON in every arrangement but an object a line."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.logs import documents
from analyzer.logs.documents import Lost, begun, records, respelled

A, B, C = {"a": 1}, {"b": "x"}, {"c": [1, {"d": None}]}


def read(text: str, size: int = 1 << 20) -> tuple[list[Any], list[int], Lost]:
    """(records, the line each begins in, what was lost), with the text in pieces."""
    lost = Lost()
    found: list[Any] = []
    numbers: list[int] = []
    pieces = (text[at : at + size] for at in range(0, len(text), size))
    for lines, texts in records(pieces, lost):
        found += [json.loads(each, strict=False) for each in texts]
        numbers += lines
    return found, numbers, lost


@pytest.mark.parametrize("size", [1, 2, 7, 64, 1 << 20])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("  \n ", []),
        (json.dumps([A, B, C]), [A, B, C]),
        (json.dumps([A, B, C], indent=2), [A, B, C]),
        (json.dumps({"records": [A, B]}), [A, B]),
        (json.dumps({"Records": [A, B]}, indent=1), [A, B]),
        (json.dumps({"value": [A], "nextLink": "u", "count": 1}), [A]),
        (json.dumps({"count": 1, "value": [A, B]}), [A, B]),
        (json.dumps({"records": []}), []),
        ('{"records":[{"a":1}]}{"records":[{"b":"x"}]}', [A, B]),
        ('{"a": 1}\n\n{"b": "x"}\r\n{"c": [1, {"d": null}]}', [A, B, C]),
        ('{"a": 1}, {"b": "x"},', [A, B]),
        ('\x1e{"a": 1}\n\x1e{"b": "x"}\n', [A, B]),
        ("[" + json.dumps(A), [A]),
        ("[[" + json.dumps(A) + "], [" + json.dumps(B) + "]]", [A, B]),
        ('[{"a": 1,}, {"b": "x",}]', [A, B]),
        ('[{"c": [1, {"d": null,},],}]', [C]),
    ],
)
def test_arrangements(text: str, expected: list[Any], size: int) -> None:
    """Nothing is lost, wherever the text is cut into pieces."""
    found, _, lost = read(text, size)
    assert (found, lost.count) == (expected, 0)


def test_a_mark_between_documents() -> None:
    """Files put together keep their byte-order marks."""
    found, _, lost = read('\ufeff{"a": 1}\ufeff{"b": "x"}')
    assert (found, lost.count) == ([A, B], 0)


def test_a_comma_within_a_string_stays() -> None:
    """Only commas that end a list are taken off."""
    found, _, lost = read('[{"a": ",]", "b": ",}",}]')
    assert (found, lost.count) == ([{"a": ",]", "b": ",}"}], 0)


def test_rows_and_columns() -> None:
    """The answer of the Log Analytics API; rows that are none are left out."""
    columns = [{"name": "x", "type": "string"}, {"name": "y"}]
    tables = [{"columns": columns, "rows": [[1, 2], ["p", None], "no"]}, 7, {"columns": 1}]
    found, _, lost = read(json.dumps({"tables": tables}))
    assert found == [{"x": 1, "y": 2}, {"x": "p", "y": None}]
    assert lost.count == 0


def test_the_first_of_two_equal_keys_is_kept_in_the_text() -> None:
    """Text is handed on as it stands; what reads it takes the first, as for lines."""
    lost = Lost()
    ((_, texts),) = records(iter(['[{"a": 1, "a": 2}]']), lost)
    assert texts == ['{"a": 1, "a": 2}']


@pytest.mark.parametrize("size", [1, 64, 1 << 20])
@pytest.mark.parametrize(
    ("text", "expected", "count", "line"),
    [
        ('[{"a": 1},\n{"b": <redacted>},\n{"b": "x"}]', [A, B], 1, 2),
        ('[{"a": 1},\n{"b": "x', [A], 1, 2),
        ('[{"a": 1},\n{"b": "x"', [A], 1, 2),
        ('[{"a": 1},\n nonsense\n,{"b": "x"}]', [A, B], 1, 2),
        ('{"a": 1}\n7\n{"b": "x"}', [A, B], 1, 2),
        ('{"a": 1}\n{"n": ' + "9" * 5000 + '}\n{"b": "x"}', [A, B], 1, 2),
        ('{"a": 1}\n' + '{"n":' * 100_000 + '\n{"b": "x"}', [A, B], 1, 2),
    ],
    ids=["placeholder", "cut string", "cut object", "words", "number", "long number", "deep"],
)
def test_damage_costs_itself(
    text: str, expected: list[Any], count: int, line: int, size: int
) -> None:
    """What is damaged is counted with its line, and reading goes on behind it."""
    if len(text) > 10_000 and size == 1:
        pytest.skip("tells nothing new")
    found, _, lost = read(text, size)
    assert (found, lost.count, lost.first_line) == (expected, count, line)


@pytest.mark.parametrize("size", [10_000, 1 << 20])
def test_damage_within_a_long_record_on_one_line(size: int) -> None:
    """A document of flow logs is one line; a record of it that was edited costs itself."""
    long = {"t": ["1793692800000,10.0.0.4,20.60.1.1,50001,443,6,O,B,NX,0,0,0,0"] * 5000}
    damaged = json.dumps(long).replace("NX", 'NX", <redacted>, "', 1)
    text = '{"records":[' + ",".join([json.dumps(A), damaged, json.dumps(B)]) + "]}"
    found, _, lost = read(text, size)
    assert (found, lost.count) == ([A, B], 1)


def test_what_is_lost_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """A record that is too long to be looked at takes along what stands behind it on its line."""
    monkeypatch.setattr(documents, "MAX_MENDED", 20)
    found, _, lost = read('[{"a": 1}, {"b": <x>, "c": "' + "y" * 50 + '"}, {"b": "x"}]')
    assert found == [A]
    assert lost.reason.endswith("(what follows is lost, too)")


def test_numbers_are_those_of_the_records() -> None:
    """From 1, whatever the lines; what is lost has one, too."""
    _, numbers, lost = read('[{"a": 1},\n\n{\n"b": <x>\n}, {"a": 1}]')
    assert numbers == [1, 3]
    assert (lost.first_line, lost.begins) == (2, "line 3")


def test_blocks_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A block holds no more characters than it must: one record may be an hour of flows."""
    monkeypatch.setattr(documents, "BLOCK_CHARACTERS", 1000)
    text = json.dumps([{"x": "y" * 400}] * 20)
    sizes = [sum(map(len, texts)) for _, texts in records(iter([text]), Lost())]
    assert len(sizes) == 7
    assert max(sizes) < 1500


def test_a_record_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A string that is never closed costs a bounded buffer."""
    monkeypatch.setattr(documents, "MAX_RECORD", 10_000)
    held: list[int] = []

    def texts() -> Any:
        yield '[{"a": 1},\n{"b": "'
        for _ in range(200):
            held.append(1)
            yield "x" * 1000

    lost = Lost()
    found = [text for _, block in records(texts(), lost) for text in block]
    assert found == ['{"a": 1}']
    assert lost.count >= 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"records": [{"a": 1, "t": ["x,y", "z,', {"a": 1, "t": ["x,y"]}),
        ('{"a": {"b": [1, 2, {"c": 3, "d": "', {"a": {"b": [1, 2, {"c": 3}]}}),
        ('{"a": 1}', {"a": 1}),
        ('{"a": 1} {"b"', {"a": 1}),
        ('{"a', None),
        ("[1, 2", None),
        ("x", None),
        ("", None),
    ],
)
def test_the_beginning_of_a_record(text: str, expected: Any) -> None:
    """As far as it goes."""
    assert begun(text) == expected


def test_respelled() -> None:
    """Strict readers take what Python takes."""
    assert respelled('{"a": "\\ud800\x01"}') == '{"a": "?\\u0001"}'


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=8,
)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.dictionaries(st.sampled_from(["a", "b", "\u2028"]), JSON, max_size=3), max_size=6),
    st.sampled_from([None, 1, 4]),
    st.integers(1, 40),
    st.booleans(),
)
def test_what_is_written_is_read(
    objects: list[dict[str, Any]], indent: int | None, size: int, wrapped: bool
) -> None:
    """Any records, any indentation, any pieces."""
    text = json.dumps({"records": objects} if wrapped else objects, indent=indent)
    found, _, lost = read(text, size)
    assert (found, lost.count) == (objects, 0)


@settings(max_examples=300, deadline=None)
@given(
    st.text(alphabet='{}[]":,\\ \n1ax\x00\ud800\ufeff', max_size=80),
    st.integers(1, 30),
)
def test_no_text_breaks_the_reader(text: str, size: int) -> None:
    """Records of any text are JSON objects; an honest one behind it is found or counted."""
    found, numbers, lost = read(text + '\n{"honest": 1}', size)
    assert all(isinstance(each, dict) for each in found)
    assert len(numbers) == len(found)
    assert {"honest": 1} in found or lost.count > 0


def texts_of(text, size=None):
    lost = Lost()
    size = size or max(len(text), 1)
    pieces = (text[at : at + size] for at in range(0, len(text), size))
    return [each for _, block in records(pieces, lost) for each in block], lost.count


@pytest.mark.parametrize("size", [None, 1, 7])
def test_members_beside_the_records_are_no_records(size):
    text = '{"records":[{"a":1},{"b":2}],"count":3,"next":{"x":["y"]}}'
    assert texts_of(text, size) == (['{"a":1}', '{"b":2}'], 0)


def test_a_bare_word_costs_no_record_behind_it():
    assert texts_of('{"b":2}, bad\n{"c":1}') == (['{"b":2}', '{"c":1}'], 1)


def test_a_trailing_comma_is_mended():
    assert texts_of('[{"a":1,},{"b":[2,],}]') == (['{"a":1}', '{"b":[2]}'], 0)


def test_damage_is_looked_at_closely_only_so_long(monkeypatch):
    monkeypatch.setattr(documents, "MAX_LOOKED_AT", 1000)
    found, lost = texts_of('{"a":bad}\n' * 200 + '{"b":1}')
    assert (found, lost) == (['{"b":1}'], 200)


def test_many_members_do_not_copy_the_document_each_time(monkeypatch):
    """Each skipped member once made a new buffer of all that follows."""
    text = '{"records":[{"x":1}],' + '"a":1,' * 1000 + '"b":2}{"y":2}'
    reader = documents._Reader(iter([text]), Lost())
    buffers = set()
    original = documents._Reader._to

    def watched(self, end):
        buffers.add(id(self.buffer))
        original(self, end)

    monkeypatch.setattr(documents._Reader, "_to", watched)
    assert [each for _, block in reader.blocks() for each in block] == ['{"x":1}', '{"y":2}']
    assert len(buffers) < 10


def test_a_number_too_long_to_be_one_costs_its_record():
    assert texts_of('{"b":1}\n{"a":' + "1" * 5000 + '}\n{"c":1}') == (['{"b":1}', '{"c":1}'], 1)


def test_a_member_without_what_holds_records_is_damage():
    """What stands behind its name may be a record."""
    found, _, lost = read('"":\n{"honest": 1}')
    assert found == [{"honest": 1}] or lost.count > 0
    assert lost.count > 0
