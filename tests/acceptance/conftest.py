"""Parametrisation by the captures that are there, and the totals at the end of a run."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from craft.unprivileged import Unprivileged

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
MISSING = "missing"
"""Stands for a folder that is not there; the folder's fixture then skips or fails the test."""


def _folder(variable: str, default: str) -> Path:
    return Path(os.environ.get(variable) or ROOT / default)


def _scenario_ids() -> list[str]:
    path = _folder("ACRTRACE_LAB", "../shared/lab") / "ground_truth.json"
    if not path.exists():
        return [MISSING]
    return [scenario["id"] for scenario in json.loads(path.read_bytes())["scenarios"]]


def _corpus_names() -> list[str]:
    path = _folder("ACRTRACE_CORPUS", "../shared/corpus") / "open" / "oracle.json"
    return sorted(json.loads(path.read_bytes())) if path.exists() else [MISSING]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "scenario_id" in metafunc.fixturenames:
        metafunc.parametrize("scenario_id", _scenario_ids())
    if "corpus_name" in metafunc.fixturenames:
        metafunc.parametrize("corpus_name", _corpus_names())


@pytest.fixture(scope="session")
def ground_truth(lab_dir: Path) -> dict[str, Any]:
    """The laboratory's ground truth, scenarios by id."""
    truth: dict[str, Any] = json.loads((lab_dir / "ground_truth.json").read_bytes())
    truth["scenarios"] = {scenario["id"]: scenario for scenario in truth["scenarios"]}
    return truth


@pytest.fixture(scope="session")
def oracle(corpus_dir: Path) -> dict[str, Any]:
    """What tshark sees in each capture of the corpus."""
    loaded: dict[str, Any] = json.loads((corpus_dir / "open" / "oracle.json").read_bytes())
    return loaded


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Sums the figures that tests recorded with record_property("total NAME", number)."""
    totals: dict[str, int] = {}
    for reports in terminalreporter.stats.values():
        for report in reports:
            for name, value in _recorded(report):
                totals[name] = totals.get(name, 0) + value
    if totals:
        terminalreporter.section("compared with the oracle")
        for name in sorted(totals):
            terminalreporter.write_line(f"{name}: {totals[name]}")


def _recorded(report: Any) -> Iterator[tuple[str, int]]:
    if getattr(report, "when", "") == "call":
        for name, value in report.user_properties:
            if name.startswith("total "):
                yield name.removeprefix("total "), value


@pytest.fixture
def unprivileged() -> Iterator[Unprivileged]:
    """A user without rights, or a skip where no other user can reach this interpreter."""
    folder = Path(tempfile.mkdtemp(prefix="acrtrace-nobody-"))
    user = Unprivileged.prepare(folder)
    try:
        done = user.python("-c", "import analyzer, click, duckdb, numba")
        if done.returncode:
            pytest.skip(f"another user cannot run this interpreter: {done.stderr[-200:]!r}")
        yield user
    finally:
        user.release()
        shutil.rmtree(folder)
