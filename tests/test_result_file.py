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
    assert "schema acrtrace-result/1" in refused({"schema": "acrtrace-result/9"})
    assert "found None" in refused([])
    with pytest.raises(UsageError, match="found an HTML report"):
        parse_result(b"<!doctype html>\n<html>")
    with pytest.raises(UsageError, match="no JSON"):
        parse_result(b"[" * 100_000)
    with pytest.raises(UsageError, match=r"gone\.json: cannot be read"):
        read_result(tmp_path / "gone.json")


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
