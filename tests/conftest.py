"""Fixtures that every test may use: the folders of real captures, and shared test code on the path.

Shared test code is the package ``craft`` in this folder (`import craft`). External data is found
through environment variables; with CI=true a missing folder is a failure, otherwise a skip.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent
ROOT = TESTS.parent

if str(TESTS) not in sys.path:
    sys.path.insert(0, str(TESTS))


def external_folder(variable: str, default: str, landmark: str) -> Path:
    """The folder named by an environment variable, or its default beside the repository."""
    folder = Path(os.environ.get(variable) or ROOT / default).resolve()
    if not (folder / landmark).exists():
        message = f"{variable}: no {landmark} in {folder}"
        if os.environ.get("CI") == "true":
            pytest.fail(message, pytrace=False)
        pytest.skip(message)
    return folder


@pytest.fixture(scope="session")
def corpus_dir() -> Path:
    """Third-party captures with an independent oracle."""
    return external_folder("ACRTRACE_CORPUS", "../shared/corpus", "open/oracle.json")


@pytest.fixture(scope="session")
def lab_dir() -> Path:
    """Laboratory captures with exact ground truth."""
    return external_folder("ACRTRACE_LAB", "../shared/lab", "ground_truth.json")


@pytest.fixture(scope="session")
def reference_dir() -> Path:
    """Domain reference with the endpoint vectors."""
    return external_folder("ACRTRACE_REFERENCE", "../shared/reference", "endpoint-vectors.json")


@pytest.fixture(scope="session")
def repo_root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def logs_dir() -> Path:
    """Third-party log samples, with expected outputs where they exist."""
    return external_folder("ACRTRACE_LOGS", "../shared/logs", "zeek_tsv/SOURCES.md")
