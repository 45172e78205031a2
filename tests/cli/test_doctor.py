from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from analyzer.cli import checks
from analyzer.cli.main import run
from analyzer.endpoints.match import Catalogue


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ACRTRACE_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path


def states(found):
    return {check.name: check.state for check in found}


def test_a_sound_machine_is_ready(capsys):
    assert run(["doctor"]) == 0
    out = capsys.readouterr().out
    for name in ("python", "libraries", "kernels", "catalogue", "memory", "disk", "tshark"):
        assert f" {name} " in out
    assert not any(line.startswith("failure") for line in out.splitlines())


def test_the_same_for_programs(capsys):
    assert run(["doctor", "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {tuple(check) for check in found} == {("name", "state", "found")}
    assert {check["state"] for check in found} <= {"ok", "note", "warning", "failure"}


def test_a_library_that_is_absent_is_a_failure(monkeypatch, capsys):
    monkeypatch.setattr(checks.metadata, "requires", lambda _: ["click>=8", "no-such-thing>=1"])
    assert run(["doctor"]) == 1
    assert "not installed: no-such-thing" in capsys.readouterr().out


def test_a_configuration_that_cannot_be_used_is_a_failure(elsewhere, capsys):
    (elsewhere / "acrtrace.toml").write_text('\nonw = ["x"]\n')
    assert run(["doctor"]) == 1
    assert "acrtrace.toml:2: unknown key 'onw' (did you mean 'own'?)" in capsys.readouterr().out
    (elsewhere / "acrtrace.toml").write_text('own = ["a b"]\n')
    assert run(["doctor"]) == 1
    (elsewhere / "acrtrace.toml").write_text('own = ["contoso"]\n')
    assert run(["doctor"]) == 0


@pytest.mark.parametrize(
    ("variable", "value", "reason"),
    [
        ("ACRTRACE_THREADS", "abc", "environment ACRTRACE_THREADS: 'abc' is not a valid"),
        ("ACRTRACE_OWN", "name!", "environment ACRTRACE_OWN: 'name!': 'name!' is no name"),
        ("ACRTRACE_RULE_OFF", "HY999", "rule 'HY999' cannot be switched off"),
        ("ACRTRACE_LOG_FORMAT", "zeeek", "zeeek"),
        ("ACRTRACE_CONFIG", "absent.toml", "absent.toml"),
    ],
)
def test_a_variable_that_cannot_be_used_is_a_failure(monkeypatch, capsys, variable, value, reason):
    monkeypatch.setenv(variable, value)
    assert run(["doctor"]) == 1
    (line,) = [x for x in capsys.readouterr().out.splitlines() if x.startswith("failure")]
    assert reason in line


def test_a_rule_that_does_not_exist_is_a_failure(elsewhere, capsys):
    (elsewhere / "acrtrace.toml").write_text('\n[rules]\noff = ["HY999"]\n')
    assert run(["doctor"]) == 1
    assert "acrtrace.toml:3: [rules]: rule 'HY999' cannot be" in capsys.readouterr().out


def test_another_configuration_can_be_checked(elsewhere, capsys):
    (elsewhere / "acrtrace.toml").write_text("][")
    (elsewhere / "other.toml").write_text('own = ["contoso"]\n')
    assert run(["doctor", "--config", "other.toml"]) == 0
    assert "other.toml: read" in capsys.readouterr().out
    (elsewhere / "other.toml").write_text('own = ["*"]\n')
    assert run(["doctor", "--config", "other.toml"]) == 1
    assert "other.toml:1: own '*': not a host name" in capsys.readouterr().out


def test_kernels_are_compiled_or_can_be_or_cannot(elsewhere, monkeypatch):
    assert states(checks._kernels()) == {"kernels": "note"}
    blocked = elsewhere / "file"
    blocked.touch()
    monkeypatch.setenv("ACRTRACE_CACHE_DIR", str(blocked))
    assert states(checks._kernels()) == {"kernels": "warning"}


def test_an_old_catalogue_is_a_warning(monkeypatch):
    old = SimpleNamespace(version="2020-01-31+abcdef01")
    monkeypatch.setattr(Catalogue, "load", lambda: old)
    (check,) = checks._catalogue()
    assert check.state == "warning"
    assert "2020-01-31" in check.found


def test_a_mistyped_variable_is_noticed(monkeypatch):
    monkeypatch.setenv("ACRTRACE_OWNS", "contoso")
    monkeypatch.setenv("ACRTRACE_LOG_YEAR", "2026")
    mistyped, read = checks._variables()
    assert mistyped.state == "warning"
    assert "did you mean 'ACRTRACE_OWN'?" in mistyped.found
    assert "ACRTRACE_LOG_YEAR" in read.found


def test_little_memory_and_disk_are_warnings(monkeypatch):
    monkeypatch.setattr(checks, "_available_memory", lambda: 1 << 20)
    usage = SimpleNamespace(free=1 << 20)
    monkeypatch.setattr(checks.shutil, "disk_usage", lambda _: usage)
    found = states([*checks._memory(), *checks._disk()])
    assert found == {"memory": "warning", "disk": "warning", "temporary files": "warning"}


def test_tshark_is_absent_broken_or_there(elsewhere, monkeypatch):
    monkeypatch.setenv("PATH", str(elsewhere))
    assert states(checks._tshark()) == {"tshark": "note"}
    program = elsewhere / "tshark"
    program.write_text(f"#!{sys.executable}\nraise SystemExit(1)\n")
    program.chmod(0o755)
    assert states(checks._tshark()) == {"tshark": "warning"}
    program.write_text(f"#!{sys.executable}\nprint('TShark 9')\n")
    (check,) = checks._tshark()
    assert (check.state, check.found) == ("ok", f"TShark 9 ({Path(program)})")
