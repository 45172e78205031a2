from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.report.document import render_json
from analyzer.report.json_schema import result_schema
from analyzer.result import Result, to_plain
from craft import results

VALIDATOR = jsonschema.Draft202012Validator(result_schema())


@pytest.mark.parametrize(
    "result",
    [results.realistic(), results.undeclared(), results.make_result()],
    ids=["realistic", "undeclared", "empty"],
)
def test_document_is_the_result_and_fits_the_schema(result: Result) -> None:
    text = render_json(result)
    assert json.loads(text) == to_plain(result)
    VALIDATOR.validate(json.loads(text))
    assert render_json(result) == text


def test_keys_stand_in_the_order_of_the_contract() -> None:
    keys = list(json.loads(render_json(results.realistic())))
    assert keys == list(to_plain(results.realistic()))
    assert keys[0] == "schema"


def test_an_element_of_a_list_is_a_line() -> None:
    text = render_json(results.realistic())
    findings = [line for line in text.splitlines() if line.startswith('{"id": ')]
    assert len(findings) == 5
    assert text.endswith("\n}\n")


def test_not_a_number_becomes_null() -> None:
    result = replace(
        results.make_result(),
        endpoints=[
            results.make_endpoint(pcr=float("nan")),
            results.make_endpoint(pcr=float("inf")),
        ],
    )
    document = json.loads(render_json(result))
    assert [row["pcr"] for row in document["endpoints"]] == [None, None]
    VALIDATOR.validate(document)


@settings(max_examples=40, deadline=None)
@given(st.text(st.characters(), max_size=40))
def test_any_text_survives_and_stays_ascii(text: str) -> None:
    result = results.with_text(results.realistic(), text)
    written = render_json(result)
    assert written.isascii()
    assert "\x1b" not in written
    document = json.loads(written)
    expected = text.encode("utf-8", "backslashreplace").decode("utf-8")
    assert document["findings"][0]["explanation"] == expected
    VALIDATOR.validate(document)


def test_lone_surrogate_becomes_text() -> None:
    result = results.make_result(command_line=["acrtrace", "caf\udce9.pcap"])
    assert json.loads(render_json(result))["command_line"][1] == "caf\\udce9.pcap"


def test_json_does_not_pay_for_the_template_engine() -> None:
    code = (
        "from analyzer.report.formats import render\n"
        "from craft.results import realistic\n"
        "assert render(realistic(), 'json')\n"
        "loaded = {'jinja2', 'markupsafe', 'click', 'numpy', 'duckdb'} & set(sys.modules)\n"
        "assert not loaded, loaded"
    )
    subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:0] = {sys.path!r}\n{code}"], check=True
    )
