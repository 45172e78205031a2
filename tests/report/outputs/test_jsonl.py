from __future__ import annotations

import json

from analyzer.report.document import render_json
from analyzer.report.outputs.jsonl import render_jsonl
from craft import results


def test_a_finding_is_a_line_and_the_same_as_in_the_document() -> None:
    lines = render_jsonl(results.realistic()).splitlines()
    document = json.loads(render_json(results.realistic()))
    assert [json.loads(line) for line in lines] == document["findings"]


def test_no_findings_no_lines() -> None:
    assert render_jsonl(results.make_result()) == ""


def test_hostile_strings_stay_in_their_line() -> None:
    hostile = results.hostile()
    text = render_jsonl(hostile)
    assert text.isascii()
    assert text.replace("\n", "").isprintable()
    document = json.loads(render_json(hostile))
    assert [json.loads(line) for line in text.split("\n")[:-1]] == document["findings"]
