"""A user's rules: what is refused before anything is read, what fails alone, what becomes a hit."""

from __future__ import annotations

import os
import tempfile
from typing import TYPE_CHECKING

import pytest

from analyzer.case.scripts import run_script
from analyzer.config import Settings, Thresholds
from analyzer.evidence.filters import bpf, recount
from analyzer.evidence.kql import queries
from analyzer.evidence.lines import reprint
from analyzer.issues import UsageError
from analyzer.rules import custom, engine
from analyzer.rules.assemble import evaluate
from analyzer.rules.custom import custom_files, stated
from analyzer.rules.load import RULES_DIR, load, rule_files
from analyzer.rules.proof import Commands
from analyzer.schema import DERIVED, TABLES

if TYPE_CHECKING:
    from pathlib import Path

    from analyzer.case.sandbox import Limits

HEAD = """\
-- id = "EX900"
-- title = "Test"
-- stream = "exfiltration"
-- order = 1
-- severity = "low"
-- attack = []
-- explanation = "{agent} to {target}: {a}"
-- clears = ["nothing"]
"""
COLUMNS = (
    "list(flow_id ORDER BY flow_id) AS flow_ids, []::VARCHAR[] AS modifiers, {'a': 1} AS facts"
)
SELECT = f"SELECT agent, endpoint, {COLUMNS}\nFROM evidence_flows\nGROUP BY agent, endpoint\n"
STORAGE = {"role": "storage-account", "ownership": "foreign"}


@pytest.fixture(autouse=True)
def own_temporary_folder(tmp_path, monkeypatch):
    """Whatever is left behind after a test is seen."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield
    assert list(folder.iterdir()) == []


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "rules"
    made.mkdir()
    return made


def write(folder, text, name="EX900"):
    path = folder / f"{name}.sql"
    path.write_text(text.replace("EX900", name))
    return path


@pytest.fixture
def judged(case, folder):
    """Findings and issues of a case with one upload to foreign storage, under one more rule."""
    case.upload("theirs.blob.core.windows.net", 50_000, **STORAGE)
    case.flow("quiet.example.com", agent="10.0.0.6", agent_ip="10.0.0.6")
    run_script(case.connection, "views")

    def judge(select, head=HEAD, seconds=20.0):
        path = write(folder, head + select)
        result = evaluate(
            case.connection,
            settings=Settings(inputs=("c.pcap",), rule_seconds=seconds),
            inventory_infos=[],
            catalogue_version="test",
            tool_version="0",
            commands=Commands(recount, reprint, bpf, queries),
            rules=load([*rule_files(), path]),
        )
        return result.findings, result.issues

    return judge


def alone(judged, select, reason, head=HEAD, seconds=20.0):
    """The rule fails with a reason, and what the built-in rules found stands."""
    findings, issues = judged(select, head, seconds)
    assert [(f.rule, f.also, f.severity) for f in findings] == [("EX001", [], "medium")]
    (issue,) = issues
    assert (issue.code, issue.input, issue.incomplete) == ("custom-rule-failed", None, True)
    assert issue.where.split(":")[0].endswith("EX900.sql")
    assert reason in issue.detail, issue.detail
    assert issue.detail.startswith("rule EX900 made no finding: ")
    return issue


def test_files_flat_and_in_folders_but_no_hidden_ones(folder):
    (folder / "hygiene").mkdir()
    (folder / ".git").mkdir()
    wanted = [write(folder, HEAD), write(folder / "hygiene", HEAD, "HY900")]
    write(folder, HEAD, ".EX901")
    write(folder / ".git", HEAD, "EX902")
    assert custom_files(folder) == wanted


def test_folders_that_hold_no_rule_or_what_is_none(folder, monkeypatch):
    with pytest.raises(UsageError, match="holds no rule"):
        custom_files(folder)
    os.mkfifo(folder / "EX900.sql")
    with pytest.raises(UsageError, match=r"EX900\.sql:1: the rule is no file"):
        custom_files(folder)
    (folder / "EX900.sql").unlink()
    write(folder, HEAD)
    monkeypatch.setattr(custom, "MAX_FILE_BYTES", 10)
    with pytest.raises(UsageError, match=r"EX900\.sql:1: the rule has more than 10 bytes"):
        custom_files(folder)
    monkeypatch.setattr(custom, "MAX_RULES", 0)
    with pytest.raises(UsageError, match="holds 1 rules"):
        custom_files(folder)


def test_their_order_is_behind_ours_within_the_stream(folder):
    write(folder, HEAD + SELECT)
    write(folder, HEAD.replace("exfiltration", "readiness") + SELECT, "RD900")
    names = [rule.id for rule in stated(folder, Thresholds())]
    ours = [rule.id for rule in load()]
    assert [name for name in names if name in ours] == ours
    # Behind the last of ours in its stream, in front of the first of the next.
    assert names.index("EX900") == names.index("RD001") - 1
    assert names.index("RD900") == max(names.index(f"RD00{n}") for n in (1, 2, 3, 4)) + 1
    assert [rule.id for rule in load(custom_files(folder)) if rule.built_in] == []


@pytest.mark.parametrize("stream", ["exfiltration", "readiness", "hygiene"])
def test_an_id_of_ours_is_theirs_no_more(folder, stream):
    path = write(folder, HEAD.replace("exfiltration", stream) + SELECT, "RD001")
    with pytest.raises(UsageError, match="id is already that of") as caught:
        stated(folder, Thresholds())
    assert str(caught.value).startswith(f"{path}:1: ")
    assert str(RULES_DIR / "readiness" / "RD001.sql") in str(caught.value)


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        (HEAD.replace('"low"', '"bad"') + SELECT, 5, "severity must be one of"),
        (HEAD.replace("{a}", "{a:>999999999}") + SELECT, 7, "a field with a format"),
        (HEAD.replace("{a}", "{a!r}") + SELECT, 7, "a field with a format"),
        (HEAD, 9, "exactly one SELECT"),
        (HEAD + SELECT + "; DROP TABLE flows", 9, "exactly one SELECT"),
        (HEAD + "COPY flows TO '/tmp/x.csv'", 9, "exactly one SELECT"),
        (HEAD + "ATTACH '/tmp/x.duckdb'", 9, "exactly one SELECT"),
        (HEAD + "PRAGMA version", 9, "exactly one SELECT"),
        (HEAD + "INSTALL httpfs", 9, "exactly one SELECT"),
        (HEAD + "LOAD httpfs", 9, "exactly one SELECT"),
        (HEAD + "SET threads = 8", 9, "exactly one SELECT"),
        (HEAD + SELECT.replace("GROUP BY", "GROUP AT"), 11, "syntax error"),
        (HEAD + SELECT.replace("evidence_flows", "nowhere"), 10, "nowhere does not exist"),
        (HEAD + SELECT.replace("evidence_flows", "read_csv('/etc/passwd')"), 10, "disabled"),
        (HEAD + SELECT.replace("evidence_flows", "read_text('/etc/passwd')"), 10, "disabled"),
        (HEAD + SELECT.replace("evidence_flows", "glob('/*')"), 10, "disabled"),
        (HEAD + SELECT.replace("{'a': 1}", "{'a': getenv('HOME')}"), 9, "getenv"),
        (HEAD + SELECT.replace("endpoint,", "endpoint AS name,", 1), 9, "columns must be"),
        (HEAD + SELECT.replace(" AS facts", " AS facts, 1 AS facts"), 9, "columns must be"),
        (HEAD + SELECT.replace("::VARCHAR[]", "::INTEGER[]"), 9, "modifiers must be VARCHAR"),
        (HEAD + SELECT.replace("{'a': 1}", "{'a': 1, 'b c': 1}"), 9, "a fact's name must be"),
        (HEAD + SELECT.replace("'a'", "'b'"), 7, "explanation names a"),
    ],
)  # fmt: skip
def test_what_is_broken_names_file_and_line(folder, text, line, message):
    path = write(folder, text)
    with pytest.raises(UsageError, match=message) as caught:
        stated(folder, Thresholds())
    assert str(caught.value).startswith(f"{path}:{line}: ")
    assert "\n" not in str(caught.value)


def test_a_rule_may_read_all_that_is_documented(folder, judged):
    names = [table.name for table in (*TABLES, *DERIVED)]
    names += ["uploads", "logins", "contacts", "handshakes", "evidence_flows", "thresholds"]
    counts = " + ".join(f"(SELECT count(*) FROM {name})" for name in names)
    select = SELECT.replace("{'a': 1}", f"{{'a': {counts}}}")
    assert "EX900" in [
        r.id for r in (write(folder, HEAD + select), stated(folder, Thresholds()))[1]
    ]
    findings, issues = judged(select)
    assert issues == []
    assert findings[0].facts["a"] >= 6


def test_matches_are_findings_like_any_other(judged):
    head = HEAD.replace('"low"', '"info"').replace("exfiltration", "hygiene")
    head += '-- [modifiers.odd]\n-- effect = "at-least"\n-- severity = "high"\n-- reason = "odd"\n'
    select = (
        "SELECT agent, endpoint, list(flow_id ORDER BY flow_id) AS flow_ids, ['odd'] AS modifiers,"
        "{'a': [DATE '2026-01-01'], 'n': NULL, 'big': 170141183460469231731687303715884105727,"
        " 'in': {'b': [1.5::DECIMAL(3, 1), 'nan'::DOUBLE]}, '_why': 'x'} AS facts "
        "FROM attributed WHERE agent = '10.0.0.6' GROUP BY agent, endpoint"
    )
    findings, issues = judged(select, head)
    assert issues == []
    assert [f.rule for f in findings] == ["EX001", "EX900"]
    found = findings[1]
    assert (found.stream, found.severity, found.endpoint) == (
        "hygiene",
        "high",
        "quiet.example.com",
    )
    assert found.explanation.startswith("10.0.0.6 to quiet.example.com: 2026-01-01")
    assert found.facts == {
        "a": ["2026-01-01"], "n": None, "big": 2**127 - 1, "in": {"b": [1.5, "nan"]},
    }  # fmt: skip
    assert [e.flow_id for e in found.evidence] == [2]


def test_it_joins_the_finding_of_a_rule_of_ours_and_never_leads_it(judged):
    findings, issues = judged(SELECT)
    assert issues == []
    assert [(f.rule, f.also, f.severity) for f in findings] == [("EX001", ["EX900"], "medium")]


FEW = COLUMNS.replace("list(flow_id ORDER BY flow_id)", "[min(flow_id)]")
"""A list of all flows would need memory before it needed time."""
ENDLESS = {
    "recursion": "WITH RECURSIVE r AS (SELECT 1 AS a UNION ALL SELECT a + 1 FROM r) "
    f"SELECT agent, endpoint, {FEW} FROM evidence_flows, r GROUP BY ALL",
    "range": f"SELECT agent, endpoint, {FEW} FROM evidence_flows, range(1000000000000) "
    "GROUP BY ALL",
    "cross joins": "SELECT agent, endpoint, [sum(flow_id)::BIGINT] AS flow_ids, "
    "[]::VARCHAR[] AS modifiers, {'a': 1} AS facts FROM evidence_flows, range(1000000), "
    "range(1000000), range(1000000) GROUP BY ALL",
}


@pytest.mark.parametrize("name", ENDLESS)
def test_what_never_ends_is_stopped_and_costs_nothing_else(judged, name):
    head = HEAD.replace(": {a}", "")
    issue = alone(judged, ENDLESS[name], "it took longer than 0.5 s and was stopped", head, 0.5)
    assert issue.where.endswith("EX900.sql")


@pytest.mark.parametrize(
    "facts",
    [
        "{'a': (SELECT list(range) FROM range(1000000000))}",
        "{'a': (SELECT count(DISTINCT x::VARCHAR) FROM range(1000000000) t(x))}",
    ],
)
def test_what_needs_too_much_memory_is_stopped(judged, facts):
    select = SELECT.replace("{'a': 1}", facts).replace("GROUP BY agent, endpoint", "GROUP BY ALL")
    findings, issues = judged(select, seconds=120)
    assert [f.rule for f in findings] == ["EX001"]
    assert "memory" in issues[0].detail or "limit of 3,072 MiB" in issues[0].detail


def row(agent="'10.0.0.5'", endpoint="NULL", flows="[1]", modifiers="[]", facts="{'a': 1}"):
    return (
        f"SELECT {agent}::VARCHAR AS agent, {endpoint}::VARCHAR AS endpoint, "
        f"{flows}::BIGINT[] AS flow_ids, {modifiers}::VARCHAR[] AS modifiers, {facts} AS facts"
    )


def test_a_row_by_hand_is_one(judged):
    findings, issues = judged(row())
    assert issues == []
    assert sorted(f.rule for f in findings) == ["EX001", "EX900"]


@pytest.mark.parametrize(
    ("select", "reason"),
    [
        (row(agent="NULL"), "row 1 of its answer: agent is no text"),
        (row(agent="''"), "agent is no text"),
        (row(agent="'10.9.9.9'"), "flow 1 is one of agent 10.0.0.5, not of 10.9.9.9"),
        (row(endpoint="''"), "endpoint is neither a name nor NULL"),
        (row(endpoint="'made.up'"), "endpoint made.up is no name in this case"),
        (row(flows="NULL"), "flow_ids is no list of flows"),
        (row(flows="[]"), "flow_ids is no list of flows"),
        (row(flows="[1, NULL]"), "flow_ids holds what is no flow id"),
        (row(flows="[-1]"), "DNS message 0 is not in this case"),
        (row(flows="[-9223372036854775807]"), "is not in this case"),
        (row(flows="[1, 1]"), "flow_ids must be in ascending order"),
        (row(flows="[2, 1]"), "flow_ids must be in ascending order"),
        (row(flows="[1, 4711]"), "flow 4711 is not in this case"),
        (row(flows="[9223372036854775807]"), "flow 9223372036854775807 is not in this case"),
        (row(flows="[1, 2]"), "flow 2 is one of agent 10.0.0.6, not of 10.0.0.5"),
        (row(modifiers="NULL"), "modifiers is no list of names"),
        (row(modifiers="[NULL]"), "modifiers is no list of names"),
        (row(modifiers="['odd']"), "the head has no modifier odd"),
        (row(modifiers="['denied', 'denied']"), "a modifier is named twice"),
        (row(facts="NULL::STRUCT(a INTEGER)"), "facts is no struct"),
        (row(facts="{'a': repeat('x', 20000)}"), "facts has more than 16,384 bytes"),
        (row() + " UNION ALL " + row(flows="[4711]"), "row 2 of its answer: flow 4711"),
        (row() + " FROM range(10001)", "it returned more than 10,000 rows"),
        (row(facts="{'a': 'x'::INTEGER}"), "Could not convert string 'x' to INT32"),
        (row(facts="{'a': error(chr(27) || '[31mred')}"), r"\x1b[31mred"),
    ],
)
def test_nonsense_is_said_and_costs_nothing_else(judged, select, reason):
    assert "\x1b" not in alone(judged, select, reason).detail


DNS_SELECT = """
SELECT '10.0.0.5' AS agent, qname AS endpoint, [-1 - dns_id] AS flow_ids,
    []::VARCHAR[] AS modifiers, {'a': 1} AS facts
FROM dns
"""


def test_dns_messages_are_evidence(case, judged):
    case.look_up("t1.odd.example.org", packet=77)
    case.address("10.0.0.5", "private")
    findings, issues = judged(DNS_SELECT)
    assert issues == []
    (found,) = [f for f in findings if f.rule == "EX900"]
    assert found.endpoint == "t1.odd.example.org"
    assert [(e.kind, e.first_packet, e.orig_payload_bytes) for e in found.evidence] == [
        ("dns", 77, None)
    ]


def test_a_dns_message_of_another_agent_is_refused(case, judged):
    case.look_up("t1.odd.example.org", client_ip="10.0.0.77")
    reason = "DNS message 0 is one of agent 10.0.0.77, not of 10.0.0.5"
    alone(judged, DNS_SELECT, reason)


def test_the_answer_is_bounded_in_bytes(judged, monkeypatch):
    monkeypatch.setattr(custom, "MAX_BYTES", 1000)
    alone(judged, row(facts="{'a': repeat('x', 2000)}"), "too many bytes to be taken")


def test_a_deep_answer_is_no_accident(judged):
    deep = "1"
    for _ in range(60):
        deep = f"[{deep}]"
    _, issues = judged(row(facts=f"{{'a': {deep}}}"))
    assert issues == []


def test_texts_keep_what_is_in_them(judged):
    facts = "{'a': chr(0) || chr(27) || '{agent} é ' || chr(128512) || '\"\\'}"
    findings, issues = judged(row(facts=facts))
    assert issues == []
    (found,) = [f for f in findings if f.rule == "EX900"]
    assert found.facts == {"a": '\0\x1b{agent} é 😀"\\'}


def test_a_copy_that_cannot_be_made_fails_their_rules_alone(judged, monkeypatch):
    def full(*_args, **_kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(custom, "TemporaryDirectory", full)
    alone(judged, SELECT, "the copy of the case could not be made")


def test_the_copy_is_gone_after_an_interruption(judged, monkeypatch):
    seen = []

    def interrupted(path: Path, _sql: str, _limits: Limits):
        seen.append(path)
        assert path.is_file()
        assert path.parent.stat().st_mode & 0o077 == 0
        raise KeyboardInterrupt

    monkeypatch.setattr(custom, "select", interrupted)
    with pytest.raises(KeyboardInterrupt):
        judged(SELECT)
    assert not seen[0].parent.exists()


def test_the_example_in_the_documentation_is_a_rule(folder):
    page = (RULES_DIR.parents[1] / "docs" / "rules.md").read_text()
    example = page.partition("```sql\n")[2].partition("```")[0]
    write(folder, example, "HY900")
    assert "HY900" in [rule.id for rule in stated(folder, Thresholds())]


def test_without_a_rule_of_theirs_nothing_is_copied(case, monkeypatch):
    monkeypatch.setattr(custom, "_copied", None)
    assert engine.load is load
    assert case.findings() == []
