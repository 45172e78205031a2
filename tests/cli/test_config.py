"""`acrtrace config`, and where a setting may stand."""

from __future__ import annotations

import json
import tomllib
from dataclasses import asdict

import pytest

from analyzer.cli.main import run
from analyzer.config import COUNTED_BY, Thresholds
from craft.run import ROOT

INVENTORY = ROOT / "captures" / "endpoints.json"


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def shown(capsys):
    def show(*arguments):
        assert run(["config", "show", "--format", "json", *arguments]) == 0, capsys.readouterr()
        rows = json.loads(capsys.readouterr().out)
        return [(row["key"], row["value"], row["origin"]) for row in rows]

    return show


def of(rows, key):
    return [(value, origin) for name, value, origin in rows if name == key]


def test_every_setting_has_a_default_or_nothing(shown):
    rows = shown()
    assert {origin.partition(" (")[0] for _, _, origin in rows} == {"default"}
    assert of(rows, "logs.timezone") == [("UTC", "default")]
    assert of(rows, "own") == [(None, "default")]
    for name, value in asdict(Thresholds()).items():
        assert of(rows, f"thresholds.{name}")[0][0] == value
    assert of(rows, "thresholds.drip_bytes") == [(512, "default (cannot be changed)")]


def test_a_flag_goes_before_the_environment_before_the_file(shown, elsewhere, monkeypatch):
    (elsewhere / "acrtrace.toml").write_text(
        "[logs]\nyear = 2024\n[thresholds]\ntunnel_turns = 40\ntunnel_seconds = 50\n"
        "[output]\nfail_on = ['high']\n"
    )
    assert of(shown(), "logs.year") == [(2024, "acrtrace.toml:2")]
    assert of(shown(), "output.fail_on") == [(["high"], "acrtrace.toml:7")]
    assert of(shown(), "thresholds.tunnel_turns") == [(40, "acrtrace.toml:4")]
    monkeypatch.setenv("ACRTRACE_LOG_YEAR", "2025")
    monkeypatch.setenv("ACRTRACE_THRESHOLD", "tunnel_turns=41")
    monkeypatch.setenv("ACRTRACE_FAIL_ON", "low incomplete")
    rows = shown()
    assert of(rows, "logs.year") == [(2025, "environment ACRTRACE_LOG_YEAR")]
    assert of(rows, "thresholds.tunnel_turns") == [(41, "environment ACRTRACE_THRESHOLD")]
    assert of(rows, "thresholds.tunnel_seconds") == [(50, "acrtrace.toml:5")]
    assert of(rows, "output.fail_on") == [(["low", "incomplete"], "environment ACRTRACE_FAIL_ON")]
    rows = shown("--log-year", "2026", "--threshold", "tunnel_turns=42")
    assert of(rows, "logs.year") == [(2026, "flag")]
    assert of(rows, "thresholds.tunnel_turns") == [(42, "flag")]


def test_declarations_of_all_places_add_up(shown, elsewhere, monkeypatch):
    (elsewhere / "acrtrace.toml").write_text(
        'own = ["third"]\n[agents]\nc = "10.3.0.0/24"\n[rules.HY005]\noff = true\n'
    )
    monkeypatch.setenv("ACRTRACE_OWN", "second")
    monkeypatch.setenv("ACRTRACE_AGENT", "b=10.2.0.0/24")
    monkeypatch.setenv("ACRTRACE_RULE_OFF", "HY004")
    rows = shown("--own", "first", "--agent", "a=10.1.0.0/24,fd00::/64")
    assert of(rows, "own") == [
        ("first", "flag"),
        ("second", "environment ACRTRACE_OWN"),
        ("third", "acrtrace.toml:1"),
    ]
    assert of(rows, "agents") == [
        ("a=10.1.0.0/24", "flag"),
        ("a=fd00::/64", "flag"),
        ("b=10.2.0.0/24", "environment ACRTRACE_AGENT"),
        ("c=10.3.0.0/24", "acrtrace.toml:3"),
    ]
    assert of(rows, "rules.off") == [
        ("HY004", "environment ACRTRACE_RULE_OFF"),
        ("HY005", "acrtrace.toml:4"),
    ]


def test_every_approval_is_listed_with_its_own_line(shown, elsewhere):
    (elsewhere / "acrtrace.toml").write_text(
        '[[approve]]\nname = "a.example"\n\n[[approve]]\nname = "b.example"\nowner = "us"\n'
    )
    assert of(shown("--approve", "c.example"), "approve") == [
        ("c.example", "flag"),
        ("a.example", "acrtrace.toml:1"),
        ("b.example (owner us)", "acrtrace.toml:4"),
    ]


def test_every_text_of_a_list_is_listed_with_its_own_line(shown, elsewhere):
    (elsewhere / "acrtrace.toml").write_text(
        'own = [\n  "first", # "not this"\n\n  "second",\n]\nresolvers = ["10.0.0.1", "10.0.0.2"]\n'
        'approve = [\n"a.example",\n"b.example"]\n'
        '[agents]\nb = ["10.1.0.0/24",\n"10.2.0.0/24"]\n'
        '[rules]\noff = ["HY005",\n"HY004"]\n[output]\nfail_on = [\n"low",\n"incomplete"\n]\n'
    )
    rows = shown()
    assert of(rows, "own") == [("first", "acrtrace.toml:2"), ("second", "acrtrace.toml:4")]
    assert {where for _, where in of(rows, "resolvers")} == {"acrtrace.toml:6"}
    assert [where for _, where in of(rows, "approve")] == ["acrtrace.toml:8", "acrtrace.toml:9"]
    assert [where for _, where in of(rows, "agents")] == ["acrtrace.toml:11", "acrtrace.toml:12"]
    assert of(rows, "rules.off") == [("HY005", "acrtrace.toml:14"), ("HY004", "acrtrace.toml:15")]
    assert of(rows, "output.fail_on") == [(["low", "incomplete"], "acrtrace.toml:17-19")]


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("RULE_OFF", "HY999", "environment ACRTRACE_RULE_OFF: rule 'HY999' cannot be switched"),
        ("OWN", "acr:x@foo", "environment ACRTRACE_OWN 'acr:x@foo': unknown cloud suffix"),
        ("APPROVE", "acr:x@foo", "environment ACRTRACE_APPROVE 'acr:x@foo': unknown cloud"),
    ],
)
def test_a_wrong_name_is_told_with_its_variable_or_flag(
    elsewhere, monkeypatch, capsys, variable, value, said
):
    flag = "--" + variable.lower().replace("_", "-")
    assert run(["config", "show", flag, value]) == 2
    assert f"acrtrace: {flag}" in capsys.readouterr().err
    monkeypatch.setenv(f"ACRTRACE_{variable}", value)
    assert run(["config", "show"]) == 2
    assert f"acrtrace: {said}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('\nown = ["a",\n"*"]', "acrtrace: acrtrace.toml:3: own '*': not a host name (no wildcard"),
        ('\nown = ["*"]', "acrtrace: acrtrace.toml:2: own '*': not a host name (no wildcard"),
        ('\n[rules]\noff = ["HY999"]', "acrtrace.toml:3: [rules]: rule 'HY999' cannot be"),
        ("[rules.HY999]\noff = true", "acrtrace.toml:1: [rules]: rule 'HY999' cannot be"),
        ('\ninventory = ["no.json"]', "acrtrace.toml:2: inventory: no.json: cannot read inventory"),
        (
            "[agents]\na = '10.0.0.1'\nb = '10.0.0.1'",
            "acrtrace: acrtrace.toml:3: agents 'a'",
        ),
        ('[logs]\nformat = "zeeek"', "zeeek"),
    ],
)
def test_what_analyze_would_refuse_is_no_setting(elsewhere, capsys, text, reason):
    (elsewhere / "acrtrace.toml").write_text(text)
    assert run(["config", "show"]) == 2
    assert reason in capsys.readouterr().err


def test_agents_of_two_places_cannot_share_a_network(elsewhere, capsys):
    (elsewhere / "acrtrace.toml").write_text("[agents]\na = '10.1.0.0/24, 10.2.0.0/24'\n")
    assert run(["config", "show", "--agent", "a=10.1.0.0/24", "--agent", "b=10.2.0.0/16"]) == 0
    capsys.readouterr()
    assert run(["config", "show", "--agent", "b=10.2.0.7/24"]) == 2
    assert "agents 'b' and 'a' both have the network 10.2.0.0/24" in capsys.readouterr().err


def test_a_value_of_the_environment_names_its_variable_and_no_flag(monkeypatch, capsys):
    monkeypatch.setenv("ACRTRACE_OWN", "name!")
    assert run(["config", "show"]) == 2
    assert "acrtrace: environment ACRTRACE_OWN: 'name!': " in capsys.readouterr().err
    monkeypatch.setenv("ACRTRACE_OWN", "name")
    monkeypatch.setenv("ACRTRACE_RESOLVER", "nope")
    assert run(["config", "show"]) == 2
    assert "acrtrace: environment ACRTRACE_RESOLVER: 'nope': " in capsys.readouterr().err
    assert run(["config", "show", "--own", "x y"]) == 2
    assert "acrtrace: --own 'x y': " in capsys.readouterr().err


def test_what_is_wrong_is_said_with_its_place(elsewhere, monkeypatch, capsys):
    config = elsewhere / "acrtrace.toml"
    config.write_text("\n[logs]\nyear = 1066\n")
    assert run(["config", "show"]) == 2
    assert "acrtrace: acrtrace.toml:3: 1066 is not in the range" in capsys.readouterr().err
    config.write_text('[output]\ntimezone = "Mars/Olympus"\n')
    assert run(["config", "show"]) == 2
    assert "acrtrace.toml:2: 'Mars/Olympus' is no time zone" in capsys.readouterr().err
    config.unlink()
    monkeypatch.setenv("ACRTRACE_AGENT", "nobody")
    assert run(["config", "show", "--agent", "a=10.0.0.1"]) == 2
    assert "environment ACRTRACE_AGENT: 'nobody': expected NAME=CIDR" in capsys.readouterr().err
    monkeypatch.delenv("ACRTRACE_AGENT")
    assert run(["config", "show", "--threshold", "drip_bytes=1"]) == 2
    assert "drip_bytes cannot be changed" in capsys.readouterr().err


def test_the_environment_names_the_file(shown, elsewhere, monkeypatch):
    (elsewhere / "team.toml").write_text('tenant = "72f988bf-86f1-41af-91ab-2d7cd011db47"\n')
    monkeypatch.setenv("ACRTRACE_CONFIG", str(elsewhere / "team.toml"))
    ((value, origin),) = of(shown(), "tenant")
    assert value == "72f988bf-86f1-41af-91ab-2d7cd011db47"
    assert origin.endswith("team.toml:1")
    assert of(shown(), "--config")[0][1] == "environment ACRTRACE_CONFIG"


def test_a_new_file_sets_nothing_and_explains_everything(shown, elsewhere, capsys):
    before = shown()
    assert run(["config", "init"]) == 0
    capsys.readouterr()
    text = (elsewhere / "acrtrace.toml").read_text()
    assert tomllib.loads(text) == {}
    same = [row for row in shown() if row[0] != "--config"]
    assert same == [row for row in before if row[0] != "--config"]
    for name in asdict(Thresholds()):
        assert (f"# {name} = " in text) is (name not in COUNTED_BY)
    assert run(["config", "init"]) == 2
    assert "--force" in capsys.readouterr().err
    assert run(["config", "init", "--force"]) == 0


def test_all_that_a_new_file_explains_is_valid(shown, elsewhere, capsys):
    """Every example in it, uncommented, is read without complaint."""
    from analyzer.endpoints.project_file import read_project_file

    assert run(["config", "init", "-o", "-"]) == 0
    lines = capsys.readouterr().out.splitlines()
    told = [line[2:] for line in lines if line.startswith(("# [", "# ")) and _is_toml(line[2:])]
    path = elsewhere / "whole.toml"
    path.write_text("\n".join(told))
    project = read_project_file(path)
    assert project.approve[0].owner == "build team"
    assert dict(project.rules_off) == {
        "HY005": "",
        "HY004": "our brand monitoring covers look-alikes",
    }
    assert set(project.thresholds) == set(asdict(Thresholds())) - set(COUNTED_BY)
    assert len(project.singles) == 16


def _is_toml(line):
    try:
        tomllib.loads(line)
    except tomllib.TOMLDecodeError:
        return False
    return True


def test_a_new_file_names_the_inventory_from_its_own_folder(elsewhere, capsys):
    (elsewhere / "team").mkdir()
    (elsewhere / "endpoints.json").write_bytes(INVENTORY.read_bytes())
    run(["config", "init", "--inventory", "endpoints.json", "-o", "team/acrtrace.toml"])
    text = (elsewhere / "team" / "acrtrace.toml").read_text()
    assert tomllib.loads(text) == {"inventory": ["../endpoints.json"]}
    assert "# ../endpoints.json declares acr:contoso" in text
    capsys.readouterr()
    assert run(["config", "show", "--config", "team/acrtrace.toml"]) == 0
    assert "team/../endpoints.json" in capsys.readouterr().out
