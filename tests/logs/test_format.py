"""Format files: what is wrong is a UsageError that names file and line."""

from __future__ import annotations

import duckdb
import pytest

from analyzer.issues import UsageError
from analyzer.logs.format import (
    FORMATS_DIR,
    column_names,
    json_path,
    known,
    load_formats,
    read_format,
)
from analyzer.logs.patterns import fault_of
from analyzer.schema import OBSERVATIONS
from craft.logs import observed

HEAD = """\
-- title = "Test"
-- vendor = "https://vendor.example"
-- order = 990
-- view = "no byte counters"
-- claims = ["name"]
-- cannot = ["bytes"]
-- [[records]]
-- shape = "json"
-- match = { kind = "^test$" }
-- [fields]
-- kind = ["a.kind", "kind"]
"""
SELECT = "SELECT line_no AS line, 'flow' AS kind FROM records;\n"


@pytest.fixture
def write(tmp_path):
    def written(text, name="made"):
        path = tmp_path / f"{name}.sql"
        path.write_text(text, encoding="utf-8")
        return path

    return written


def test_a_head_is_read(write):
    found = read_format(write(HEAD + SELECT))
    assert (found.name, found.family, found.order, found.others) == (
        "made",
        "made",
        990,
        "unreadable",
    )
    assert found.fields == (("kind", ("a.kind", "kind")),)
    assert [(r.shape, r.match) for r in found.records] == [("json", (("kind", "^test$"),))]
    assert found.of_shape("table") == []
    assert not found.given


WRONG = [
    (HEAD.replace("title", "titel"), 1, "unknown key 'titel'"),
    (HEAD.replace('"Test"', "3"), 1, "expected title as text"),
    (HEAD.replace('-- vendor = "https://vendor.example"\n', ""), 1, "expected vendor as text"),
    (HEAD.replace("order = 990", 'others = "lost"'), 3, "expected others as one of unreadable, "),
    (HEAD.replace('shape = "json"', 'shape = "xml"'), 8, "expected shape as one of text, json, "),
    (HEAD.replace('-- shape = "json"\n', ""), 1, "expected shape as one of text, json, table"),
    (HEAD.replace("{ kind =", "{ sort ="), 9, "'sort' is not among [fields]"),
    (HEAD.replace("^test$", "("), 1, "'(' is no regular expression"),
    (HEAD.replace('-- match = { kind = "^test$" }\n', ""), 8, "records of shape json need match"),
    (HEAD.replace("json", "table"), 8, "records of shape table need columns"),
    (HEAD.replace("json", "text"), 8, "records of shape text need pattern"),
    ("-- title = \n" + HEAD, 1, "the head is not TOML"),
    ('-- title = "T"\n-- vendor = "v"\n-- view = "w"\n', 1, "expected at least one [[records]]"),
    (SELECT, 1, "expected title as text"),
]


@pytest.mark.parametrize(("text", "line", "message"), WRONG, ids=lambda v: str(v)[:24])
def test_what_is_wrong_is_told_with_file_and_line(write, text, line, message):
    path = write(text)
    with pytest.raises(UsageError) as told:
        read_format(path)
    assert str(told.value).startswith(f"{path}:{line}: ")
    assert message in str(told.value)


def test_an_unknown_format_is_told_with_those_that_there_are():
    with pytest.raises(UsageError, match="no log format 'nope': expected one of azure-firewall"):
        known("nope")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a", '$."a"'),
        ("properties.SourceIp", '$."properties"."SourceIp"'),
        ('"id.orig_h"', '$."id.orig_h"'),
        ('a."b.c".d', '$."a"."b.c"."d"'),
    ],
)
def test_paths(path, expected):
    assert json_path(path) == expected


def test_a_column_is_found_by_the_end_of_its_path_and_by_the_name_of_the_field():
    assert column_names("time", ("time", '"TimeGenerated [UTC]"', "a.When")) == [
        "time",
        "timegenerated [utc]",
        "when",
    ]


FORMATS = list(load_formats())


def test_every_file_is_a_format_and_they_stand_in_their_order():
    assert sorted(FORMATS) == sorted(path.stem for path in FORMATS_DIR.glob("*.sql"))
    orders = [load_formats()[name].order for name in FORMATS]
    assert orders == sorted(orders)


@pytest.mark.parametrize("name", FORMATS)
def test_patterns_are_such_that_reading_understands_them_as_well(name):
    """Reading uses RE2: no look-around, no back reference."""
    for record in load_formats()[name].records:
        for pattern in (record.pattern, *(pattern for _, pattern in record.match)):
            assert fault_of(pattern) is None, pattern


@pytest.mark.parametrize("name", FORMATS)
def test_json_paths_can_be_asked_for(name):
    for _, paths in load_formats()[name].fields:
        for path in paths:
            duckdb.execute("SELECT json_extract_string('{}', $1::VARCHAR)", [json_path(path)])


def test_a_format_that_states_an_unknown_column_is_told(write, monkeypatch):
    made = read_format(write(HEAD + "SELECT line_no AS line, 1 AS nonsense FROM records"))
    monkeypatch.setattr("analyzer.logs.format._loaded", lambda: (("made", made),))
    with pytest.raises(UsageError, match="log format made: observations have no column 'nonsense'"):
        observed('{"kind":"test"}\n' * 3)
    assert "nonsense" not in {column.name for column in OBSERVATIONS.columns}
