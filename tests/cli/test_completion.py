from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from analyzer.cli.completion import SHELLS
from analyzer.cli.main import COMMANDS, run
from craft.run import command_line

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("shell", SHELLS)
def test_a_script_that_the_shell_can_read(shell, capsys):
    assert run(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert f"_ACRTRACE_COMPLETE={shell}_complete" in script
    if shutil.which(shell):
        subprocess.run([shell, "-n"], input=script.encode(), check=True)


def test_another_shell_is_a_usage_error(capsys):
    assert run(["completion", "tcsh"]) == 2
    assert "'bash', 'zsh', 'fish'" in capsys.readouterr().err


def complete(folder: Path, words: str) -> list[str]:
    done = command_line(
        cwd=folder,
        _ACRTRACE_COMPLETE="bash_complete",
        COMP_WORDS=words,
        COMP_CWORD=str(len(words.split(" ")) - 1),
    )
    assert done.stderr == b""
    return [line.partition(",")[2] for line in done.stdout.decode().splitlines()]


def test_commands_options_and_choices_are_completed(tmp_path):
    assert set(complete(tmp_path, "acrtrace ")) == set(COMMANDS)
    assert complete(tmp_path, "acrtrace analyze --fr") == ["--from"]
    assert complete(tmp_path, "acrtrace analyze --engine t") == ["tshark"]
    assert complete(tmp_path, "acrtrace config in") == ["init"]


def test_values_that_no_list_of_choices_holds_are_completed(tmp_path):
    rules = complete(tmp_path, "acrtrace rule ex00")
    assert rules[:2] == ["EX001", "EX002"]
    assert all(each.startswith("EX00") for each in rules)
    assert complete(tmp_path, "acrtrace analyze --rule-off HY001") == ["HY001"]
    assert complete(tmp_path, "acrtrace analyze --threshold tunnel_tu") == ["tunnel_turns=20"]
    assert complete(tmp_path, "acrtrace analyze --threshold drip_b") == [""]
    assert complete(tmp_path, "acrtrace analyze --log-format ze") == ["zeek"]
    assert complete(tmp_path, "acrtrace analyze --log-format nothing") == [""]


def test_a_broken_configuration_does_not_disturb(tmp_path):
    (tmp_path / "acrtrace.toml").write_text("][")
    assert complete(tmp_path, "acrtrace analyze --fr") == ["--from"]
