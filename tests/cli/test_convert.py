"""``acrtrace convert``: any format out of a result alone, whole or not at all."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from analyzer.cli.main import run
from analyzer.report.document import render_json
from analyzer.report.formats import FORMATS, SINGLE_FILES, render
from craft import results
from craft.run import command_line

FOLDERS = sorted(set(FORMATS) - set(SINGLE_FILES))


@pytest.fixture
def result_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "day.json"
    path.write_text(render_json(results.realistic()))
    return path


def convert(*words: object) -> int:
    return run(["convert", *map(str, words)])


@pytest.mark.parametrize("name", sorted(SINGLE_FILES))
def test_a_file_is_what_analyze_would_have_written(name: str, result_file: Path) -> None:
    target = result_file.with_name("out" + FORMATS[name].suffix)
    assert convert(result_file, "--to", name, "-o", target) == 0
    expected = render(results.realistic(), name).encode("utf-8", "backslashreplace")
    assert target.read_bytes() == expected


@pytest.mark.parametrize("name", FOLDERS)
def test_a_folder_stands_beside_the_result(name: str, result_file: Path) -> None:
    assert convert(result_file, "--to", name) == 0
    folder = result_file.with_name(f"day-{name}")
    assert (folder / f"findings{FORMATS[name].suffix}").stat().st_size > 0
    assert convert(result_file, "--to", name) == 2
    assert convert(result_file, "--to", name, "--force") == 0


def test_a_file_stands_beside_the_result(
    result_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert convert("day.json", "--to", "html") == 0
    assert capsys.readouterr().out == "day.html: one self-contained page, 5 findings\n"
    assert result_file.with_name("day.html").exists()


def test_the_result_itself_is_never_replaced(
    result_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = result_file.read_bytes()
    assert convert(result_file, "--to", "json") == 2
    assert convert(result_file, "--to", "json", "--force") == 2
    assert "is an input of this run" in capsys.readouterr().err
    assert result_file.read_bytes() == before


def test_inputs_of_the_run_are_never_replaced(
    result_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    result_file.with_name("late.pcap").write_text("not a capture any more")
    assert convert(result_file, "--to", "jsonl", "-o", "late.pcap", "--force") == 2
    assert "is an input of this run" in capsys.readouterr().err
    logs = result_file.with_name("logs")
    logs.mkdir()
    (logs / "findings.csv").write_text("a,b\n")
    inputs = [results.make_input(path="logs/findings.csv")]
    result_file.write_text(render_json(results.make_result(inputs=inputs)))
    assert convert(result_file, "--to", "csv", "-o", "logs", "--force") == 2
    assert "holds findings.csv, an input of this run" in capsys.readouterr().err
    assert (logs / "findings.csv").read_text() == "a,b\n"


def test_a_pipe_in_and_a_pipe_out(result_file: Path, tmp_path: Path) -> None:
    data = result_file.read_bytes()
    done = command_line("convert", "-", "--to", "jsonl", cwd=tmp_path, stdin=data)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode() == render(results.realistic(), "jsonl")
    done = command_line("convert", "-", "--to", "csv", cwd=tmp_path, stdin=data)
    assert done.returncode == 2
    assert b"-o DIR says where" in done.stderr


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "found no JSON"),
        (b"<!doctype html><html>", "found an HTML report"),
        (b'{"schema": "acrtrace-result/9"}', "schema acrtrace-result/2, found 'acrtrace-result/9'"),
        (b'{"schema": "acrtrace-result/2"}', "is missing: the result is of another version"),
        (b"[" * 200_000, "found no JSON"),
        (b"\xff\xfe{}", "found no JSON"),
    ],
)
def test_what_is_no_result_is_one_clear_line(
    content: bytes, said: str, result_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    result_file.write_bytes(content)
    assert convert(result_file, "--to", "csv") == 2
    error = capsys.readouterr().err
    assert f"{result_file}: " in error
    assert said in error
    assert error.count("\n") == 1
    assert sorted(path.name for path in result_file.parent.iterdir()) == ["day.json"]


def test_a_result_cut_short(result_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result_file.write_bytes(result_file.read_bytes()[:-100])
    assert convert(result_file, "--to", "html") == 2
    size = result_file.stat().st_size
    assert f"ends inside the document at byte {size:,}" in capsys.readouterr().err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_target_is_named(result_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert convert(result_file, "--to", "html", "-o", "/dev/full") == 2
    assert "/dev/full: cannot be written: No space left" in capsys.readouterr().err
    line = f"'{sys.executable}' -m analyzer.cli.main convert day.json --to html -o - >/dev/full"
    done = subprocess.run(
        ["sh", "-c", line],
        cwd=result_file.parent,
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (
        2,
        b"acrtrace: standard output: cannot be written: No space left on device\n",
    )


def test_tables_of_others_are_never_replaced(
    result_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert convert(result_file, "--to", "csv", "-o", "tables") == 0
    precious = result_file.with_name("tables") / "payroll.csv"
    precious.write_text("a,b\n")
    assert convert(result_file, "--to", "csv", "-o", "tables", "--force") == 2
    assert "tables: holds payroll.csv, which is none of the tables" in capsys.readouterr().err
    assert precious.read_text() == "a,b\n"


def test_nothing_is_read_before_the_place_is_known_to_be_good(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    taken = tmp_path / "out.html"
    taken.write_text("old")
    assert convert(tmp_path / "gone.json", "--to", "html", "-o", taken) == 2
    assert "exists already" in capsys.readouterr().err
    assert convert(tmp_path / "gone.json", "--to", "html") == 2
    assert "gone.json: cannot be read: No such file" in capsys.readouterr().err
    assert convert(tmp_path / "gone.json", "--to", "html", "-o", "") == 2
    for folder in ("/", ".", str(tmp_path)):
        assert convert(folder, "--to", "html") == 2
        assert "irectory" in capsys.readouterr().err


def test_help_names_every_format(capsys: pytest.CaptureFixture[str]) -> None:
    assert convert("--help") == 0
    shown = capsys.readouterr().out
    for name, form in FORMATS.items():
        assert f"  {name:10} {form.meaning}" in shown


def test_fields_that_nobody_knows_are_left_out(result_file: Path) -> None:
    document = json.loads(result_file.read_text())
    document["comment"] = "from another program"
    result_file.write_text(json.dumps(document))
    assert convert(result_file, "--to", "json", "-o", "again.json") == 0
    assert result_file.with_name("again.json").read_text() == render_json(results.realistic())
