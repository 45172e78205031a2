from __future__ import annotations

import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

from analyzer.installing import installing

if TYPE_CHECKING:
    import pytest


def test_it_names_the_python_that_runs_this(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shlex.split(installing("pyshark"))[0] == sys.executable
    monkeypatch.setattr(sys, "executable", "/a b/python")
    assert installing("acrtrace[s3]") == "'/a b/python' -m pip install 'acrtrace[s3]'"


def test_that_python_has_such_a_command() -> None:
    words = [*shlex.split(installing("pyshark"))[:-1], "--help"]
    done = subprocess.run(words, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
