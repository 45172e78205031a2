from __future__ import annotations

import json
import os
import subprocess
import sys

import click
import pytest

from analyzer import __version__
from analyzer.cli import main as entry
from analyzer.issues import InputError, UsageError
from craft.run import ROOT

HELP_CPU_SECONDS = 0.2


def failing(error: BaseException) -> click.Command:
    def body() -> None:
        raise error

    return click.Command("fail", callback=body)


@pytest.fixture
def fails(monkeypatch: pytest.MonkeyPatch):
    def run(error: BaseException) -> int:
        monkeypatch.setattr(entry.LazyGroup, "get_command", lambda *_: failing(error))
        return entry.run(["fail"])

    return run


def test_help_lists_the_commands_without_importing_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert entry.run(["--help"]) == 0
    out = capsys.readouterr().out
    for name, (_, line) in entry.COMMANDS.items():
        assert name in out
        assert line in out


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert entry.run(["--version"]) == 0
    assert capsys.readouterr().out == f"acrtrace {__version__}\n"


def test_every_command_answers_help(capsys: pytest.CaptureFixture[str]) -> None:
    for name in entry.COMMANDS:
        assert entry.run([name, "--help"]) == 0, name
        assert "Usage: acrtrace" in capsys.readouterr().out


def test_help_costs_little_and_imports_little() -> None:
    script = (
        "import json, resource, sys\n"
        "from analyzer.cli.main import run\n"
        "code = run(['--help'])\n"
        "used = resource.getrusage(resource.RUSAGE_SELF)\n"
        "heavy = [m for m in ('numpy', 'numba', 'duckdb', 'jinja2', 'tqdm', 'idna')"
        " if m in sys.modules]\n"
        "print(json.dumps([code, used.ru_utime + used.ru_stime, heavy]))\n"
    )
    best = 10.0
    for _ in range(3):
        run = subprocess.run(
            [sys.executable, "-c", script], cwd=ROOT, capture_output=True, check=True
        )
        code, seconds, heavy = json.loads(run.stdout.splitlines()[-1])
        assert (code, heavy) == (0, [])
        best = min(best, seconds)
    assert best < HELP_CPU_SECONDS


def test_usage_errors_are_2(capsys: pytest.CaptureFixture[str], fails) -> None:
    assert entry.run(["no-such-command"]) == 2
    assert "No such command" in capsys.readouterr().err
    assert fails(UsageError("bad flag")) == 2
    assert capsys.readouterr().err == "acrtrace: bad flag\n"


def test_input_errors_are_3(capsys: pytest.CaptureFixture[str], fails) -> None:
    assert fails(InputError("x.pcap: offset 3: cut")) == 3
    assert capsys.readouterr().err == "acrtrace: x.pcap: offset 3: cut\n"


def test_interruption_is_130(capsys: pytest.CaptureFixture[str], fails) -> None:
    assert fails(KeyboardInterrupt()) == 130
    assert capsys.readouterr().err.startswith("acrtrace: interrupted")


@pytest.mark.parametrize("error", [ValueError("a\nb\x1b[31m"), MemoryError(), RecursionError()])
def test_bugs_are_70_in_one_harmless_line(
    capsys: pytest.CaptureFixture[str], fails, error: Exception
) -> None:
    assert fails(error) == 70
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "\x1b" not in err
    assert "this is a bug" in err
    assert "ACRTRACE_DEBUG=1" in err


def test_debug_shows_the_traceback(
    capsys: pytest.CaptureFixture[str], fails, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACRTRACE_DEBUG", "1")
    assert fails(ValueError("deep")) == 70
    assert "Traceback" in capsys.readouterr().err


def test_a_reader_that_goes_away_is_no_error() -> None:
    read, write = os.pipe()
    os.close(read)
    run = subprocess.run(
        [sys.executable, "-m", "analyzer.cli.main", "--help"],
        cwd=ROOT,
        stdout=write,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(write)
    assert run.returncode == 141
    assert run.stderr == b""


def test_hostile_arguments_do_not_reach_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert entry.run(["analyze", "--bad\x1b[2J", "x"]) == 2
    err = capsys.readouterr().err
    assert "\x1b" not in err
    assert r"\x1b[2J" in err
