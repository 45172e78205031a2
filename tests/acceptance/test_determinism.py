"""Same bytes in, same bytes out: every format, whatever the locale, zone, hash seed and threads."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from craft.run import ROOT

if TYPE_CHECKING:
    from pathlib import Path

CAPTURES = ROOT / "captures"

SCRIPT = """
import contextlib, json, locale, sys
from pathlib import Path
from analyzer.cli.main import run
from analyzer.report.formats import FORMATS

with contextlib.suppress(locale.Error):  # as a notebook or a desktop program has done before us
    print(locale.setlocale(locale.LC_ALL, ""))
threads, *inputs = sys.argv[1:]
analyze = ["analyze", *inputs, "--own", "acr:contoso", "--log-year", "2026", "--threads", threads]
assert run([*analyze, "--format", "json", "-o", "result.json"]) in (0, 3)
assert run([*analyze, "-o", "direct.html"]) in (0, 3)
path = Path("result.json")
document = json.loads(path.read_bytes())
document["command_line"] = ["acrtrace", "analyze", "captures"]  # which says how many threads
path.write_text(json.dumps(document))
for name, form in FORMATS.items():
    end = "" if form.folder else form.suffix
    assert run(["convert", "result.json", "--to", name, "-o", f"out-{name}{end}"]) == 0
"""

VARIATIONS = {
    "again": {"TZ": "UTC", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "1"},
    "C locale, two threads": {"TZ": "Asia/Kathmandu", "LC_ALL": "C", "PYTHONHASHSEED": "77"},
    "Turkish": {"TZ": "America/St_Johns", "LC_ALL": "tr_TR.UTF-8", "PYTHONHASHSEED": "4294967295"},
    "no locale at all": {"TZ": "Pacific/Apia", "LC_ALL": "", "LANG": "", "PYTHONUTF8": "0"},
}
"""The first is the measure of the others."""


@pytest.fixture(scope="module")
def inputs() -> list[str]:
    """The committed captures, and logs with times of several spellings."""
    logs = ROOT / "tests" / "logs" / "formats"
    chosen = [logs / "azure-firewall" / "made.ndjson", logs / "squid" / "access.log"]
    return [str(path) for path in (CAPTURES, *chosen)]


@pytest.fixture(scope="module")
def locales(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A folder with the Turkish locale, whose I and i are of no other language's pairs."""
    if shutil.which("localedef") is None:
        pytest.skip("no localedef here, which makes the locale")
    folder = tmp_path_factory.mktemp("locales")
    command = ["localedef", "-i", "tr_TR", "-f", "UTF-8", str(folder / "tr_TR.UTF-8")]
    made = subprocess.run(command, capture_output=True, check=False)
    if not (folder / "tr_TR.UTF-8").exists():
        pytest.skip(f"localedef knows no tr_TR: {made.stderr.decode(errors='replace'):.100}")
    return str(folder)


def written(folder: Path, inputs: list[str], threads: str, changes: dict[str, str]) -> Path:
    folder.mkdir()
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **changes}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, threads, *inputs],
        cwd=folder,
        env=environment,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    if changes["LC_ALL"].startswith("tr"):
        assert b"tr_TR.UTF-8" in done.stdout.splitlines()[0]
    return folder


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory, inputs: list[str]) -> Path:
    folder = tmp_path_factory.mktemp("first") / "run"
    return written(folder, inputs, "1", next(iter(VARIATIONS.values())))


def content(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_there_is_something_to_compare(first: Path) -> None:
    made = content(first)
    document = json.loads(made["result.json"])
    assert len(document["inputs"]) > 50
    assert {finding["stream"] for finding in document["findings"]} == {
        "exfiltration",
        "readiness",
        "hygiene",
    }
    assert all(made.values())
    assert len(made) > 25


@pytest.mark.parametrize("name", VARIATIONS)
def test_every_output_is_the_same_to_the_byte(
    name: str, first: Path, inputs: list[str], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    threads = "1" if name == "again" else "2"
    changes = VARIATIONS[name]
    if name == "Turkish":
        changes = {**changes, "LOCPATH": request.getfixturevalue("locales")}
    again = content(written(tmp_path / "run", inputs, threads, changes))
    expected = content(first)
    assert sorted(again) == sorted(expected)
    if threads == "2":  # the page that analyze wrote itself names the command line
        for made in (again, expected):
            made["direct.html"] = made["direct.html"].replace(b"--threads 2", b"--threads 1")
    differing = [path for path in expected if again[path] != expected[path]]
    assert differing == []
