"""`acrtrace warm`: says whether it compiled, and where the kernels are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.capture import cache
from craft.run import command_line

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_a_second_time_nothing_is_compiled(tmp_path: Path) -> None:
    first = command_line("warm", cwd=tmp_path)
    second = command_line("warm", cwd=tmp_path)
    assert first.returncode == second.returncode == 0
    assert second.stderr == b""
    assert second.stdout.startswith(b"kernels were compiled before: ")
    assert cache.source_hash().encode() in second.stdout


def test_nowhere_to_keep_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the compiler the command is the same, and quick."""
    blocked = tmp_path / "file"
    blocked.touch()
    monkeypatch.setenv("ACRTRACE_CACHE_DIR", str(blocked))
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")
    run = command_line("warm", cwd=tmp_path)
    assert run.returncode == 0
    assert b"cannot be written" in run.stderr
    assert run.stdout.endswith(b"for this run only\n")


def test_kernels_that_were_not_compiled_are_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACRTRACE_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")
    run = command_line("warm", cwd=tmp_path)
    assert run.returncode == 0
    assert b"compiling" in run.stderr
    assert list((tmp_path / "cache" / "acrtrace").iterdir()) == []
