"""A result document is read back as it was written; anything else is one clear error."""

from __future__ import annotations

import contextlib
import copy
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.issues import UsageError
from analyzer.report.document import render_json
from analyzer.result import to_plain
from analyzer.result_file import parse_result, read_result
from craft.result_parts import make_finding, make_result

if TYPE_CHECKING:
    from pathlib import Path

PLAIN = to_plain(make_result(findings=[make_finding()]))


def refused(plain: Any) -> str:
    with pytest.raises(UsageError) as caught:
        parse_result(json.dumps(plain).encode())
    return str(caught.value)


def test_there_and_back(tmp_path: Path) -> None:
    result = make_result()
    (tmp_path / "r.json").write_text(render_json(result))
    assert read_result(tmp_path / "r.json") == result


def test_what_is_wrong_is_named(tmp_path: Path) -> None:
    broken = copy.deepcopy(PLAIN)
    broken["findings"][0]["evidence"][0]["first_packet"] = "7"
    assert refused(broken).startswith("findings[0].evidence[0].first_packet: expected int")
    del broken["findings"][0]["evidence"][0]["first_packet"]
    assert "first_packet is missing: the result is of another version" in refused(broken)
    other = refused({"schema": "acrtrace-result/1"})
    assert "schema acrtrace-result/2, found 'acrtrace-result/1'; another version" in other
    assert refused({"schema": "else/1"}).endswith("found 'else/1'")
    for plain, found in (
        ([], "a list"),
        ({}, "an object without one"),
        (None, "null"),
        (1, "a num"),
    ):
        assert refused(plain).startswith("is no result document: expected an object with schema")
        assert f"found {found}" in refused(plain)
    with pytest.raises(UsageError, match="found an HTML report"):
        parse_result(b"<!doctype html>\n<html>")
    with pytest.raises(UsageError, match="no JSON"):
        parse_result(b"[" * 100_000)
    with pytest.raises(UsageError, match=r"gone\.json: cannot be read"):
        read_result(tmp_path / "gone.json")


def test_a_cut_is_told_from_damage() -> None:
    text = '{"schema": "x",\n "a": [true, -1.5, "\\u00e4", null], "b": {}}'
    for length in range(1, len(text)):
        with pytest.raises(UsageError) as caught:
            parse_result(text[:length].encode())
        line = 1 if length < text.index("\n") + 1 else 2
        assert str(caught.value).endswith(
            f"it ends inside the document at byte {length} (line {line})"
        ), text[:length]
    for wrong, said in (
        ('{"ä": x}', "no JSON: line 1, byte 7: Expecting value"),
        ('{"a": 1}\n}', "no JSON: line 2, byte 9: Extra data"),
        ("", "no JSON: it is empty"),
    ):
        with pytest.raises(UsageError) as caught:
            parse_result(wrong.encode())
        assert said in str(caught.value)
    with pytest.raises(UsageError, match="at byte 3"):
        parse_result('{"ä'.encode()[:-1])
    with pytest.raises(UsageError, match="byte 2 is not utf-8"):
        parse_result(b'{"\xff": 1}')


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("missed_bytes",), 1 << 63, "findings[0].missed_bytes: expected an integer of 64 bits"),
        (("first_ns",), -(1 << 63) - 1, "findings[0].first_ns: expected an integer of 64 bits"),
        (("evidence", 0, "pcr"), float("nan"), "pcr: expected a finite number, found nan"),
        (("evidence", 0, "pcr"), float("-inf"), "pcr: expected a finite number, found -inf"),
        (("evidence", 0, "pcr"), 10**400, "pcr: expected an integer of 64 bits"),
        (("severity",), "purple", "findings[0].severity: expected one of critical, high, medium"),
        (("stream",), "", "findings[0].stream: expected one of exfiltration"),
        (("uploaded_bytes_is_lower_bound",), 1, "expected bool, found 1"),
        (("flow_count",), True, "expected int, found True"),
        (("facts",), {"a": [1 << 64]}, "findings[0].facts.a[0]: expected an integer of 64 bits"),
        (("facts",), {"a": float("inf")}, "findings[0].facts.a: expected a finite number"),
    ],
)
def test_what_no_output_could_hold_is_refused(
    path: tuple[str | int, ...], value: object, said: str
) -> None:
    broken = copy.deepcopy(PLAIN)
    place = broken["findings"][0]
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    assert said in refused(broken)


def test_facts_are_not_nested_without_end() -> None:
    broken = copy.deepcopy(PLAIN)
    for _ in range(100):
        broken["findings"][0]["facts"] = {"a": broken["findings"][0]["facts"]}
    assert "expected at most 32 levels of lists and objects" in refused(broken)


@given(st.data())
def test_any_value_in_any_place_is_read_or_refused(data: st.DataObject) -> None:
    broken = copy.deepcopy(PLAIN)
    place: Any = broken
    while isinstance(place, dict | list) and place:
        names = list(place) if isinstance(place, dict) else list(range(len(place)))
        name = data.draw(st.sampled_from(names))
        if data.draw(st.booleans()) or not isinstance(place[name], dict | list):
            place[name] = data.draw(st.none() | st.booleans() | st.integers() | st.text())
            break
        place = place[name]
    with contextlib.suppress(UsageError):
        parse_result(json.dumps(broken).encode())
