"""The SELECT of a rule is bound before it runs."""

from __future__ import annotations

import re

import pytest

from analyzer.config import Thresholds
from analyzer.issues import UsageError
from analyzer.rules.check import check
from analyzer.rules.load import load, rule_files
from analyzer.rules.tables import QUERIES, prepare

HEAD = """\
-- id = "EX900"
-- title = "Test"
-- stream = "exfiltration"
-- order = 90
-- severity = "low"
-- attack = []
-- explanation = "{agent} to {target}: {a}"
-- clears = ["nothing"]
"""
SELECT = """\
SELECT agent, endpoint, list(flow_id ORDER BY flow_id) AS flow_ids,
    []::VARCHAR[] AS modifiers, {'a': 1} AS facts
FROM evidence_flows
GROUP BY agent, endpoint
"""


@pytest.fixture
def bind(case, tmp_path):
    prepare(case.connection, Thresholds())

    def run(text):
        path = tmp_path / "EX900.sql"
        path.write_text(text)
        check(load([path])[0], case.connection)

    return run


def test_all_built_in_rules_bind_on_an_empty_case(case):
    prepare(case.connection, Thresholds())
    for rule in load():
        check(rule, case.connection)


@pytest.mark.parametrize("ending", ["", ";", ";\n", "\n\n"])
def test_a_good_rule_binds(bind, ending):
    bind(HEAD + SELECT.rstrip() + ending)


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        (HEAD, 9, "exactly one SELECT"),
        (HEAD + SELECT.rstrip() + ";\n" + SELECT, 9, "exactly one SELECT"),
        (HEAD + "DELETE FROM flows", 9, "exactly one SELECT"),
        (HEAD + SELECT.replace("FROM", "FORM"), 11, "syntax error"),
        (HEAD + SELECT.replace("evidence_flows", "nowhere"), 11, "nowhere does not exist"),
        (HEAD + SELECT.replace("flow_id)", "flow)"), 9, "flow"),
        (HEAD + SELECT.replace("endpoint,", "endpoint AS name,", 1), 9, "columns must be"),
        (HEAD + SELECT.replace("::VARCHAR[]", "::INTEGER[]"), 9, "modifiers must be VARCHAR"),
        (HEAD + SELECT.replace("{'a': 1}", "1"), 9, "facts must be STRUCT"),
        (HEAD + SELECT.replace("'a'", "'b'"), 7, "explanation names a"),
        (HEAD.replace("nothing", "{b}") + SELECT, 8, "clears names b"),
    ],
)
def test_a_broken_select_names_file_and_line(bind, tmp_path, text, line, message):
    with pytest.raises(UsageError, match=message) as caught:
        bind(text)
    assert str(caught.value).startswith(f"{tmp_path / 'EX900.sql'}:{line}: ")
    assert "\n" not in str(caught.value)


def test_no_sql_of_this_room_depends_on_the_order_of_rows():
    for path in [*rule_files(), *sorted(QUERIES.glob("*.sql"))]:
        text = "\n".join(x for x in path.read_text().splitlines() if not x.startswith("--"))
        assert not re.search(r"\b(any_value|first|last)\s*\(", text), path
        for call in re.finditer(r"\b(list|array_agg|string_agg)\(", text):
            depth, end = 1, call.end()
            while depth:
                depth += {"(": 1, ")": -1}.get(text[end], 0)
                end += 1
            assert "ORDER BY" in text[call.end() : end], (path, text[call.start() : end])
