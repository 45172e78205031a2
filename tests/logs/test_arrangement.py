"""The jq program of a document prints exactly the records that the reader finds in it."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.logs.arrangement import DEEPEST, Arrangement
from analyzer.logs.documents import Lost, records

STREAM = "-cn --stream 'fromstream({}|truncate_stream(inputs))'"
A, B = {"a": 1}, {"b": [{"records": 2}]}

record = st.dictionaries(
    st.sampled_from(["a", "records", "é]}"]), st.integers(0, 9) | st.text(max_size=3), max_size=2
)
listed = st.lists(record, max_size=3)
value = st.one_of(
    record,
    listed,
    st.lists(listed, max_size=2),
    st.fixed_dictionaries(
        {"records": listed}, optional={"n": st.integers(0, 9), "x": st.lists(record, max_size=1)}
    ),
    st.fixed_dictionaries({"time": st.just("t"), "value": listed}),
    st.lists(st.fixed_dictionaries({"value": listed}), max_size=2),
)


def program_of(text: str, size: int = 1 << 20) -> tuple[str | None, list[object], int]:
    """(arguments of jq, the records, how many were lost)"""
    arrangement, lost = Arrangement(), Lost()
    pieces = (text[at : at + size] for at in range(0, len(text), size))
    found = [json.loads(each) for _, block in records(pieces, lost, arrangement) for each in block]
    return arrangement.program(), found, lost.count


def printed(program: str, text: str) -> list[object]:
    done = subprocess.run(
        f"jq {program}", shell=True, input=text.encode(), capture_output=True, check=False
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.skipif(not shutil.which("jq"), reason="needs jq")
@settings(max_examples=80, deadline=None)
@given(
    st.lists(value, min_size=1, max_size=3),
    st.sampled_from([None, 1]),
    st.sampled_from(["", "\n", ","]),
    st.integers(0, 60),
    st.sampled_from([1, 7, 1 << 20]),
)
def test_jq_prints_what_the_reader_finds(values, indent, between, cut, size):
    """Whatever stands in a text, and wherever it breaks off: the same records, or no program."""
    text = between.join(json.dumps(each, indent=indent, ensure_ascii=False) for each in values)
    text = text[: max(len(text) - cut, 1)]
    program, found, lost = program_of(text, size)
    if program is not None:
        assert lost <= 1  # what breaks off
        assert printed(program, text) == found


@pytest.mark.parametrize(
    ("text", "program"),
    [
        (json.dumps({"records": [A, B]}), "-c '.records[]'"),
        (json.dumps([A, B]), "-c '.[]'"),
        (json.dumps([[A], [B]]), "-c '.[][]'"),
        (json.dumps([{"value": [A]}, {"value": [B]}]), "-c '.[].value[]'"),
        (json.dumps(A, indent=1) + json.dumps(B), "-c ."),
        (json.dumps({"records": [A, B]})[:-4], STREAM.format(2)),
        (json.dumps([A, B])[:-4], STREAM.format(1)),
        (json.dumps([A]) + json.dumps(B), None),
        ("", None),
    ],
)
def test_the_usual_arrangements_have_a_program(text, program):
    assert program_of(text)[0] == program


def test_lists_in_lists_are_followed_to_a_bound():
    """A text of brackets alone costs no memory."""
    assert program_of("[" * DEEPEST + json.dumps(A) + "]" * DEEPEST)[0] is not None
    assert program_of("[" * 100_000 + json.dumps(A) + "]" * 100_000)[:2] == (None, [A])
