"""What an interrupt says is what lies there, wherever in the last steps of a run it arrives."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from analyzer.cli import analyze, publication
from analyzer.cli import main as entry
from analyzer.cli.interruption import Interruption, held, interruption
from craft.run import ROOT

UPLOAD = ROOT / "captures" / "made-pull-and-upload.pcap"
BOTH = ["c.duckdb", "r.json"]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """A run with a signal right before or right after a step; what is left, and the exit code."""

    def analysed(module, name: str, number: int, *, after: bool, extra: tuple[str, ...] = ()):
        monkeypatch.chdir(tmp_path)
        step = getattr(module, name)

        def signalled(*arguments, **more):
            if not after:
                signal.raise_signal(number)
            returned = step(*arguments, **more)
            if after:
                signal.raise_signal(number)
            return returned

        monkeypatch.setattr(module, name, signalled)
        arguments = ["analyze", str(UPLOAD), "-o", "r.json", "--case", "c.duckdb", *extra]
        code = entry.run(arguments)
        monkeypatch.setattr(module, name, step)
        return sorted(p.name for p in tmp_path.iterdir()), code

    return analysed


SIGNALS = pytest.mark.parametrize(
    ("number", "code", "word"),
    [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")],
)


@SIGNALS
@pytest.mark.parametrize(("module", "name"), [(analyze, "_rendered"), (publication, "publish")])
def test_before_the_outputs_get_their_names(
    run, capsys, number: int, code: int, word: str, module, name: str
) -> None:
    assert run(module, name, number, after=False) == ([], code)
    assert capsys.readouterr().err.endswith(f"acrtrace: {word}; no report was written\n")


@SIGNALS
@pytest.mark.parametrize("after", [False, True])
def test_between_the_two_names_both_are_given(
    run, capsys, number: int, code: int, word: str, after: bool
) -> None:
    assert run(publication, "_publish_case", number, after=after) == (BOTH, code)
    said = f"acrtrace: {word}; written and complete: r.json, c.duckdb\n"
    assert capsys.readouterr().err.endswith(said)


def test_after_the_names_and_before_the_summary(run, capsys) -> None:
    assert run(analyze, "_sum_up", signal.SIGINT, after=False) == (BOTH, 130)
    said = capsys.readouterr()
    assert "acrtrace: interrupted; written and complete: r.json, c.duckdb\n" in said.err
    assert said.out == ""


def test_a_report_on_standard_output_leaves_a_case_that_is_named(run, capsys) -> None:
    outcome = run(publication, "print_report", signal.SIGINT, after=False, extra=("-o", "-"))
    assert outcome == (["c.duckdb"], 130)
    assert "interrupted; written and complete: c.duckdb\n" in capsys.readouterr().err


def test_a_report_that_cannot_get_its_name_says_that_the_case_has_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    step = publication._publish_case

    def disturbed(*arguments) -> None:
        step(*arguments)
        Path("r.json").write_text("another's")

    monkeypatch.setattr(publication, "_publish_case", disturbed)
    assert entry.run(["analyze", str(UPLOAD), "-o", "r.json", "--case", "c.duckdb"]) == 2
    assert Path("r.json").read_text() == "another's"
    said = "r.json: exists already; --force replaces it; the case was written: c.duckdb\n"
    assert said in capsys.readouterr().err


def test_a_signal_after_the_run_changes_nothing() -> None:
    found = Interruption()
    found.over = True
    found.take(signal.SIGINT, None)
    assert found.code is None


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_the_process_ends_leaves_its_exit_code(number: int) -> None:
    script = (
        "import atexit, signal, sys\n"
        "from analyzer.cli import main\n"
        f"atexit.register(signal.raise_signal, {int(number)})\n"
        "sys.argv = ['acrtrace', 'no-such-command']\n"
        "main.main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, check=False
    )
    assert done.returncode == 2, done.stderr


def test_what_is_held_is_told_afterwards() -> None:
    def hold() -> None:
        with held() as written:
            signal.raise_signal(signal.SIGINT)
            written.append("r.html")

    with interruption() as found:
        with pytest.raises(KeyboardInterrupt):
            hold()
        assert (found.code, found.written) == (130, ["r.html"])
