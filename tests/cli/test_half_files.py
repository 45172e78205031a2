"""Ctrl-C and a polite kill leave nothing that looks like a result."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from craft.run import ROOT, command_line

if TYPE_CHECKING:
    from pathlib import Path

UPLOAD = ROOT / "captures" / "made-pull-and-upload.pcap"
# Runs the command line, and stops for ever where a result is about to appear.
_STOP = """
import sys, time
from pathlib import Path
import {module} as place

def stop(*_arguments, **_more):
    Path("stopped").touch()
    time.sleep(600)

{target} = stop
from analyzer.cli.main import run
sys.exit(run(sys.argv[1:]))
"""


def interrupted(folder: Path, module: str, target: str, number: int, *arguments: str) -> int:
    child = subprocess.Popen(
        [sys.executable, "-c", _STOP.format(module=module, target=target), *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(folder / "tmp")},
        stderr=subprocess.PIPE,
    )
    while not (folder / "stopped").exists():
        assert child.poll() is None, child.communicate()
        time.sleep(0.05)
    child.send_signal(number)
    child.communicate()
    (folder / "stopped").unlink()
    return child.returncode


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "tmp").mkdir()
    return tmp_path


def left(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.name != "tmp")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize(
    ("module", "target"),
    [("analyzer.rules.assemble", "place.verdict"), ("analyzer.report.write", "place.os.fsync")],
)
def test_no_report_and_no_case(
    folder: Path, module: str, target: str, number: int, code: int
) -> None:
    arguments = ("analyze", str(UPLOAD), "-o", "r.json", "--case", "c.duckdb")
    assert interrupted(folder, module, target, number, *arguments) == code
    assert left(folder) == []


def test_no_half_folder(folder: Path) -> None:
    made = command_line("analyze", UPLOAD, "-o", "r.json", cwd=folder)
    assert made.returncode == 0, made.stderr
    arguments = ("convert", "r.json", "--to", "csv", "-o", "tables")
    for module, target in (
        ("analyzer.report.write", "place.os.fsync"),
        ("analyzer.report.formats", "place.fill"),
    ):
        assert interrupted(folder, module, target, signal.SIGINT, *arguments) == 130
        assert left(folder) == ["r.json"], (module, target)
