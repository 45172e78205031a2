from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from functools import partial
from typing import TYPE_CHECKING

import click
import pytest

from analyzer import __version__
from analyzer.cli import main as entry
from analyzer.issues import InputError, UsageError
from craft.run import ROOT

if TYPE_CHECKING:
    from pathlib import Path

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
        "heavy = [m for m in ('numpy', 'numba', 'duckdb', 'jinja2', 'rich', 'idna')"
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


def test_a_signal_counts_whatever_exception_it_became(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """DuckDB makes a RuntimeError of the KeyboardInterrupt that meets it inside a query."""

    def body(number: int, error: Exception) -> None:
        try:
            signal.raise_signal(number)
        except KeyboardInterrupt:
            raise error from None

    for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
        for error in (RuntimeError("Query interrupted"), OSError(4, "Interrupted system call")):
            command = click.Command("fail", callback=partial(body, number, error))
            monkeypatch.setattr(entry.LazyGroup, "get_command", lambda *_, c=command: c)
            before = signal.getsignal(number)
            assert entry.run(["fail"]) == code
            assert signal.getsignal(number) is before
            assert "bug" not in capsys.readouterr().err


def test_what_the_system_refuses_is_no_bug(capsys: pytest.CaptureFixture[str], fails) -> None:
    assert fails(OSError(28, "No space left on device", "/x\x1b")) == 2
    assert capsys.readouterr().err == "acrtrace: /x<U+001B>: No space left on device\n"


def shell(line: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """A line of shell with the command as ``$A``."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    env["A"] = f"{sys.executable} -m analyzer.cli.main"
    return subprocess.run(["sh", "-c", line], cwd=cwd, env=env, capture_output=True, check=False)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("$A rules >&-", 0),
        ("$A rules 2>&-", 0),
        ("$A no-such-command 2>&-", 2),
        ("$A rules >/dev/full", 2),
    ],
)
def test_closed_and_full_streams(tmp_path: Path, line: str, code: int) -> None:
    done = shell(line, tmp_path)
    assert done.returncode == code
    assert b"bug" not in done.stderr + done.stdout


def test_a_locale_without_our_letters(tmp_path: Path) -> None:
    done = shell("$A no-such-command-é…", tmp_path, PYTHONIOENCODING="ascii")
    assert done.returncode == 2
    assert b"Traceback" not in done.stderr


def test_without_a_command_comes_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert entry.run([]) == 2
    err = capsys.readouterr().err
    assert err.startswith("Usage: acrtrace")
    assert "\n  analyze " in err


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


def test_a_file_that_looks_like_an_option(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert entry.run(["analyze", "-dash.pcap"]) == 2
    assert "is a file" not in capsys.readouterr().err
    (tmp_path / "-dash.pcap").touch()
    assert entry.run(["analyze", "-dash.pcap"]) == 2
    said = "acrtrace: -dash.pcap is a file here: ./-dash.pcap is no option\n"
    assert capsys.readouterr().err.endswith(said)
