"""Fields of JSON lines, and lines that strict parsers refuse."""

from __future__ import annotations

import json

import duckdb
import pytest

from analyzer.logs.keys import Keys
from craft.logs import observed, pick, unreadable


def values(paths: list[str], line: str) -> list[str | None]:
    """What stands at each path."""
    keys = Keys(paths)
    places = ", ".join(keys.place(path) for path in paths)
    query = f"SELECT {places} FROM (SELECT {keys.parse} FROM (SELECT $1 AS line))"  # noqa: S608
    return list(duckdb.connect().execute(query, [line]).fetchall()[0])


@pytest.mark.parametrize(
    ("paths", "value", "expected"),
    [
        (["a", "b.c"], {"a": 1, "b": {"c": "x"}}, ["1", "x"]),
        (["a", "A", "b.c", "B.c"], {"A": 1, "B": {"c": 2}}, [None, "1", None, "2"]),
        (["a", "A"], {"a": 1, "A": 2}, ["1", "2"]),
        (["a", "a.b"], {"a": {"b": 1}}, ['{"b":1}', "1"]),
        (["a.b", "a"], {"a": {"b": 1}}, ["1", '{"b":1}']),
        (['"id.orig_h"', "id.orig_h"], {"id.orig_h": "x"}, ["x", None]),
        (["it's"], {"it's": "y"}, ["y"]),
        (["a.b"], {"a": [1]}, [None]),
        (["a.b"], {"a": "text"}, [None]),
        (["a"], {"b": 1}, [None]),
    ],
)
def test_paths(paths: list[str], value: object, expected: list[str | None]) -> None:
    """Spellings that differ by case, and a parent that is itself a field, are told apart."""
    assert values(paths, json.dumps(value)) == expected


def test_no_json() -> None:
    """Nothing stands anywhere."""
    assert values(["a", "A"], '{"a": 1') == [None, None]


LINE = (
    '{"time":"2026-11-03T08:00:01Z","category":"AZFWApplicationRule","properties":{"Protocol":'
    '"HTTPS","SourceIp":"10.0.0.4","SourcePort":5,"DestinationPort":443,"Fqdn":"%s",'
    '"Action":"Allow"%s}}'
)


@pytest.mark.parametrize(
    ("name", "end", "expected"),
    [
        ("a.example", ",", "a.example"),
        ("a.example", ',"x":"\x01"', "a.example"),
        ("a.example", ',"x":"\\ud800"', "a.example"),
        ("a.example", ',"Fqdn":"b.example"', "a.example"),
        ("a.example", ',"x":NaN', "a.example"),
        ("a.example", ',"x":' + "9" * 5000, "a.example"),
        ("a.example", ',"x":<redacted>', None),
        ("a.example", ',"x":"', None),
    ],
    ids=["comma", "control", "surrogate", "twice", "nan", "long", "placeholder", "quote"],
)
def test_damaged_lines(name: str, end: str, expected: str | None) -> None:
    """A line that can be mended is; any other is counted, and costs only itself."""
    good = LINE % ("good.example", "")
    _, rows, tally = observed("\n".join([good, good, LINE % (name, end), good]))
    names = [n for (n,) in pick(rows, "name")]
    assert names == ["good.example"] * 2 + [expected] * (expected is not None) + ["good.example"]
    assert unreadable(tally) == (expected is None)
