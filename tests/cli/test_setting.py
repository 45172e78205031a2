"""--help in groups, suggestions, and what -q, -v and the view options do."""

from __future__ import annotations

import json
import re

import pytest

from analyzer.cli.main import run
from craft.run import ROOT, command_line

UPLOAD = ROOT / "captures" / "made-pull-and-upload.pcap"
INVENTORY = ("--inventory", ROOT / "captures" / "endpoints.json")


def test_help_is_in_groups_and_has_examples(capsys):
    assert run(["analyze", "--help"]) == 0
    out = capsys.readouterr().out
    heads = re.findall(r"^(\S.*):$", out, re.MULTILINE)
    assert heads == [
        "What is ours",
        "Logs",
        "Time",
        "Rules and limits",
        "Reading",
        "Report",
        "Configuration",
        "Terminal",
        "Other options",
        "Examples",
    ]
    section = out.partition("\nTime:\n")[2].partition("\n\n")[0]
    assert re.findall(r"^  (--\S+)", section, re.MULTILINE) == ["--from", "--to", "--timezone"]


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (["analize", "x"], "No such command 'analize' (did you mean 'analyze'?)"),
        (["analyze", "--inventery", "x"], "'--inventory'"),
        (["config", "shwo"], "'show'"),
        (["analyze", "x", "--min-severity", "hi"], "'critical', 'high', 'medium'"),
    ],
)
def test_what_was_meant_is_suggested(arguments, meant, capsys):
    assert run(arguments) == 2
    assert meant in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--from", "yesterday"), "expected a time such as"),
        (("--from", "2026-11-25", "--to", "2026-11-24"), "--from is later than --to"),
        (("--timezone", "../../etc/passwd"), "is no time zone"),
        (("--rule-off", "everything"), "expected the id of a rule"),
        (("--threshold", "tunnel_turns"), "expected NAME=NUMBER"),
        (("--threshold", "tunnel_turn=5"), "did you mean 'tunnel_turns'?"),
        (("-q", "-v"), "contradict each other"),
    ],
)
def test_usage_errors(tmp_path, monkeypatch, capsys, arguments, reason):
    monkeypatch.chdir(tmp_path)
    assert run(["analyze", str(UPLOAD), *arguments]) == 2
    assert reason in capsys.readouterr().err


def test_a_view_changes_what_is_shown_and_never_the_document(tmp_path):
    options = ("--timezone", "Asia/Kathmandu", "--min-severity", "critical")
    page = command_line("analyze", UPLOAD, *INVENTORY, *options, "-o", "a.html", cwd=tmp_path)
    assert b"1 finding below critical is hidden (--min-severity)" in page.stdout
    text = (tmp_path / "a.html").read_text()
    assert "1 less severe finding is left out of this page (<code>--min-severity</code>)" in text
    assert " +05:45" in text
    assert re.search(r"\d\d:\d\d:\d\d\.\d+ UTC", text) is None
    command_line("analyze", UPLOAD, *INVENTORY, *options, "-o", "b.json", cwd=tmp_path)
    command_line("analyze", UPLOAD, *INVENTORY, "-o", "c.json", cwd=tmp_path)
    b, c = (json.loads((tmp_path / name).read_text()) for name in ("b.json", "c.json"))
    assert {**b, "command_line": []} == {**c, "command_line": []}
    failing = command_line(
        *("analyze", UPLOAD, *INVENTORY, *options, "--fail-on", "medium", "-o", "d.html"),
        cwd=tmp_path,
    )
    assert failing.returncode == 1


def test_quiet_says_nothing_and_verbose_says_what_was_read(tmp_path):
    quiet = command_line("analyze", UPLOAD, "-q", "-o", "a.html", cwd=tmp_path)
    assert (quiet.stdout, quiet.stderr, quiet.returncode) == (b"", b"", 0)
    verbose = command_line("analyze", UPLOAD, "-v", "-o", "b.html", cwd=tmp_path)
    assert re.search(
        rb"made-pull-and-upload.pcap: pcap, \d+ records, [\d,]+ bytes\n", verbose.stderr
    )


def test_a_variable_that_nothing_reads_is_said(tmp_path):
    done = command_line(
        *("analyze", UPLOAD, "-q", "-o", "a.html"), cwd=tmp_path, ACRTRACE_OWNN="contoso",
        ACRTRACE_CORPUS="x",
    )  # fmt: skip
    expected = "acrtrace: ACRTRACE_OWNN is nothing we read (did you mean 'ACRTRACE_OWN'?)\n"
    assert done.stderr.decode() == expected
    assert done.returncode == 0


def test_settings_of_the_file_count_in_an_analysis(tmp_path):
    (tmp_path / "acrtrace.toml").write_text(
        'registries = ["contoso"]\n[output]\nformat = "json"\ndirectory = "weekly"\n'
        'fail_on = ["medium"]\n[rules.EX004]\noff = true\nreason = "tried out"\n'
        "[thresholds]\ntunnel_turns = 30\n"
    )
    done = command_line("analyze", UPLOAD, cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    document = json.loads((tmp_path / "weekly" / "made-pull-and-upload.json").read_text())
    assert document["thresholds"]["tunnel_turns"] == 30
    assert b"acrtrace: run: Rule EX004 is switched off (tried out)" in done.stderr
    assert [i["code"] for i in document["issues"]] == ["limits-changed", "rule-off"]
    named = command_line("analyze", UPLOAD, "-o", "x.html", "--fail-on", "critical", cwd=tmp_path)
    assert named.returncode == 0
    assert (tmp_path / "x.html").read_text().startswith("<!DOCTYPE html>")
    unknown = command_line("analyze", UPLOAD, "--rule-off", "EX099", "--force", cwd=tmp_path)
    assert unknown.returncode == 2
    assert b"'EX099' cannot be switched off" in unknown.stderr
