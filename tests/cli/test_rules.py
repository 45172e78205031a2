"""``acrtrace rules`` and ``acrtrace rule ID``."""

from __future__ import annotations

import subprocess
import sys

import pytest
from click.testing import CliRunner

from analyzer.cli.rules import rule, rules
from analyzer.issues import UsageError


def test_the_list_is_in_the_stated_order():
    answer = CliRunner().invoke(rules)
    assert answer.exit_code == 0
    lines = answer.output.splitlines()
    assert [line.split()[0] for line in lines] == [
        "EX004", "EX007", "EX003", "EX005", "EX002", "EX001", "EX006", "EX010", "EX015",
        "EX013", "EX014", "EX008", "EX009", "EX011", "EX012",
        "RD001", "RD002", "RD004", "RD003",
        "HY001", "HY002", "HY003", "HY004", "HY006", "HY007", "HY005",
    ]  # fmt: skip
    assert "low to critical" in lines[0]
    assert "Foreign storage was read" in lines[-1]


@pytest.mark.parametrize("name", ["EX001", "ex001"])
def test_one_rule_is_explained(name):
    answer = CliRunner().invoke(rule, [name])
    assert answer.exit_code == 0
    for wanted in (
        "EX001: Upload to storage, or another service named after its owner, that is not ours",
        "high: upload_bytes of 65,536 or more (high_upload_bytes)",
        "critical: upload_bytes of 104,857,600 or more",
        "platform-claimed (cap low)",
        "--own <own arg>",
        "FROM evidence_flows",
    ):
        assert wanted in answer.output


def test_limits_are_those_that_count_here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    plain = CliRunner().invoke(rule, ["EX001"]).output
    assert "Limits set here" not in plain
    (tmp_path / "acrtrace.toml").write_text(
        "[thresholds]\nhigh_upload_bytes = 131072\ntunnel_turns = 99\nmedium_upload_bytes = 4096\n"
    )
    monkeypatch.setenv("ACRTRACE_THRESHOLD", "medium_drip_sum_bytes=70000")
    answer = CliRunner().invoke(rule, ["EX001", "--threshold", "critical_write_bytes=2000000"])
    assert answer.exit_code == 0, answer.output
    assert "high: upload_bytes of 131,072 or more (high_upload_bytes)" in answer.output
    _, _, end = answer.output.partition("Limits set here\n")
    assert end.partition("\n\n")[0].splitlines() == [
        "  - critical_write_bytes is 2,000,000: flag (default 1,048,576)",
        "  - high_upload_bytes is 131,072: acrtrace.toml:2 (default 65,536)",
        "  - medium_drip_sum_bytes is 70,000: environment ACRTRACE_THRESHOLD (default 65,536)",
    ]
    (tmp_path / "other.toml").write_text("[thresholds]\nhigh_upload_bytes = 200000\n")
    other = CliRunner().invoke(rule, ["EX001", "--config", "other.toml"]).output
    assert "high_upload_bytes is 200,000: other.toml:2" in other
    marked = CliRunner().invoke(rule, ["EX001", "--markdown"]).output
    assert "65,536 or more" in marked


def test_the_pages_are_what_is_committed(repo_root, tmp_path):
    answer = CliRunner().invoke(rules, ["--markdown", str(tmp_path / "rules")])
    assert answer.exit_code == 0, answer.output
    kept = repo_root / "docs" / "rules"
    assert {p.name: p.read_text() for p in (tmp_path / "rules").iterdir()} == {
        p.name: p.read_text() for p in kept.iterdir()
    }, "acrtrace rules --markdown docs/rules renews them"
    one = CliRunner().invoke(rule, ["--markdown", "ex001"])
    assert one.output == (kept / "EX001.md").read_text()


OWN_RULE = """\
-- id = "HY900"
-- title = "Code hosts in use"
-- stream = "hygiene"
-- order = 1
-- severity = "info"
-- attack = []
-- explanation = "{agent} used {target}."
-- clears = ["Ask the team."]
SELECT agent, endpoint, list(flow_id ORDER BY flow_id) AS flow_ids,
    []::VARCHAR[] AS modifiers, {'flows': count(*)} AS facts
FROM attributed WHERE role = 'code-host' GROUP BY agent, endpoint
"""


def test_rules_of_ones_own_stand_behind_the_built_in_ones_of_their_stream(tmp_path):
    path = tmp_path / "HY900.sql"
    path.write_text(OWN_RULE)
    answer = CliRunner().invoke(rules, ["--rules", str(tmp_path)])
    assert answer.exit_code == 0, answer.output
    *built_in, own = answer.output.splitlines()
    assert built_in == CliRunner().invoke(rules).output.splitlines()
    assert own.split(maxsplit=3) == ["HY900", "hygiene", "info", f"Code hosts in use ({path})"]


def test_a_rule_of_ones_own_is_explained(tmp_path):
    (tmp_path / "HY900.sql").write_text(OWN_RULE)
    answer = CliRunner().invoke(rule, ["HY900", "--rules", str(tmp_path)])
    assert answer.exit_code == 0, answer.output
    assert "<agent> used <target>." in answer.output
    assert "FROM attributed WHERE role = 'code-host'" in answer.output
    assert isinstance(CliRunner().invoke(rule, ["HY900"]).exception, UsageError)


def test_a_broken_rule_is_refused_with_file_and_line(tmp_path):
    (tmp_path / "HY900.sql").write_text(OWN_RULE.replace("flow_id)", "no_such_column)", 1))
    answer = CliRunner().invoke(rules, ["--rules", str(tmp_path)])
    assert isinstance(answer.exception, UsageError)
    assert "HY900.sql:" in str(answer.exception)
    assert answer.output == ""


def test_an_unknown_rule_names_the_known_ones():
    answer = CliRunner().invoke(rule, ["EX999"])
    assert isinstance(answer.exception, UsageError)
    assert "no rule EX999; the rules are EX001, EX002" in str(answer.exception)


def test_neither_numpy_nor_duckdb_is_imported():
    code = (
        "import sys; from analyzer.cli.rules import rules; rules.main([], standalone_mode=False);"
        "sys.exit(bool({'numpy', 'duckdb', 'numba'} & set(sys.modules)))"
    )
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode
        == 0
    )
