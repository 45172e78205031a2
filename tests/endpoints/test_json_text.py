"""JSON as people save it: tolerated with a note, or one clear line."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.endpoints.json_text import read_json
from analyzer.issues import UsageError

OBJECT = '{"loginServer": "contoso.azurecr.io"}'
VALUE = {"loginServer": "contoso.azurecr.io"}


def values(document):
    return [value for value, _ in document.items]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (OBJECT, [VALUE]),
        (f"\n [ {OBJECT} ,{OBJECT}]\n", [VALUE, VALUE]),
        ("[]", []),
        ('{"value": [' + OBJECT + "]}", [VALUE]),
    ],
)
def test_strict_json_needs_no_note(write, content, expected):
    document = read_json(write("a.json", content))
    assert values(document) == expected
    assert document.notes == ()
    assert len(document.sha256) == 64


@pytest.mark.parametrize("content", ['{"a": 1,}', '{"a": [1, 2, ],\n }', '[{"a": 1},\n]', "[{},]"])
def test_trailing_commas_are_noted(write, content):
    document = read_json(write("a.json", content))
    assert len(document.notes) == 1
    assert "trailing commas ignored, the first near line" in document.notes[0]


def test_a_comma_inside_a_text_is_not_one(write):
    document = read_json(write("a.json", '{"a": ",]", "b": "x\\",}",}'))
    assert values(document) == [{"a": ",]", "b": 'x",}'}]


def test_colour_codes_are_noted(write):
    document = read_json(write("a.json", '{\x1b[94m"a"\x1b[39;49;00m: \x1b[31m1\x1b[0m}'))
    assert values(document) == [{"a": 1}]
    assert "colour codes ignored" in document.notes[0]


@pytest.mark.parametrize(
    ("encode", "note"),
    [
        (lambda t: b"\xef\xbb\xbf" + t.encode(), "byte order mark"),
        (lambda t: t.encode("utf-16"), "UTF-16"),
        (lambda t: b"\xfe\xff" + t.encode("utf-16-be"), "UTF-16"),
        (lambda t: t.encode("utf-16-le"), "UTF-16"),
        (lambda t: t.encode("utf-16-be"), "UTF-16"),
    ],
)
def test_other_encodings_are_noted(write, encode, note):
    document = read_json(write("a.json", encode(OBJECT)))
    assert values(document) == [VALUE]
    assert note in document.notes[0]


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ("", ":1:1: the file is empty"),
        (" \n\t", ":1:1: the file is empty"),
        ('{\n  "a": 1,,\n}', ":2:10: "),
        ('{"a": 1', ":1:8: "),
        ('[{"a": 1}\n {"b": 2}]', ":2:2: Expecting ',' or ']'"),
        ('{"a": 1}\n{"b": 2}', ":2:1: Extra data"),
        ("[{}] x", ":1:6: Extra data"),
        ("loginServer: contoso.azurecr.io\n", "add -o json"),
        ("NAME   LOGIN SERVER\n", "add -o json"),
        ('[{"a": "open', ":1:8: "),
        (b'{"a": "\xff"}', ":1: byte 7 is not UTF-8"),
        ("[" * 200_000, "nested too deep"),
        ("{\"a\": " + "9" * 5_000 + "}", "a number too long"),
        ("[,]", ":1:"),
    ],
)  # fmt: skip
def test_anything_else_is_one_clear_line(write, content, place):
    path = write("broken.json", content)
    with pytest.raises(UsageError) as raised:
        read_json(path)
    message = str(raised.value)
    assert message.startswith(str(path))
    assert place in message
    assert "\n" not in message


def test_an_error_after_a_tolerated_comma_has_its_own_place(write):
    with pytest.raises(UsageError, match=r":3:7: "):
        read_json(write("a.json", '{\n "a": [1,],\n "b": oops}'))


def test_absent_and_large_files(tmp_path, write, monkeypatch):
    with pytest.raises(UsageError, match="cannot read inventory"):
        read_json(tmp_path / "absent.json")
    with pytest.raises(UsageError, match="cannot read inventory"):
        read_json(tmp_path)
    monkeypatch.setattr("analyzer.endpoints.json_text.MAX_BYTES", 10)
    with pytest.raises(UsageError, match="larger than 10 bytes"):
        read_json(write("big.json", OBJECT))


@given(st.binary(max_size=200) | st.text(alphabet='{}[]",:\\ \n1a\x1b', max_size=200))
def test_any_bytes_are_a_document_or_a_usage_error(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "any.json"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    message = ""
    try:
        read_json(path)
    except UsageError as error:
        message = str(error)
    assert not message or message.startswith(f"{path}:")


@pytest.mark.parametrize("unit", ['\\"', ",", ", ", '"', "\x1b[", "{},", "\n"])
def test_work_is_linear(write, unit):
    path = write("long.json", '["' + unit * (500_000 // len(unit)))
    start = time.process_time()
    with pytest.raises(UsageError):
        read_json(path)
    assert time.process_time() - start < 3.0
