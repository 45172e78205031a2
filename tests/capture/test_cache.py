"""Where kernels are kept: complete or not at all, ours alone, named by the source."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from analyzer.capture import cache


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The module as at its first import, with an empty cache folder."""
    for name in ("_notice", "_prepared", "_unsealed", "_compiling"):
        monkeypatch.setattr(cache, name, [])
    monkeypatch.setenv("ACRTRACE_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("NUMBA_CACHE_DIR", "")
    monkeypatch.setattr(cache.atexit, "register", lambda *_a, **_k: None)
    monkeypatch.delitem(cache.sys.modules, "numba", raising=False)
    return tmp_path / "acrtrace"


def test_compiling_fills_a_private_directory_that_is_named_when_complete(fresh: Path) -> None:
    path = cache.prepare()
    assert path.parent == fresh
    assert path.stat().st_mode & 0o777 == 0o700
    assert cache.is_cold()
    assert not (fresh / cache.source_hash()).exists()
    cache.seal()
    assert (fresh / cache.source_hash()).is_dir()
    assert len(cache.notices()) == 1
    assert cache.notices() == []


def test_a_complete_directory_is_used_as_it_is(fresh: Path) -> None:
    (fresh / cache.source_hash()).mkdir(parents=True, mode=0o700)
    assert cache.prepare() == fresh / cache.source_hash()
    assert not cache.is_cold()
    assert cache.notices() == []


def test_a_directory_that_others_can_write_to_is_not_trusted(fresh: Path) -> None:
    shared = fresh / cache.source_hash()
    shared.mkdir(parents=True)
    shared.chmod(0o777)
    assert cache.prepare() != shared


def test_the_second_of_two_first_runs_keeps_the_first_ones_result(fresh: Path) -> None:
    cache.prepare()
    winner = fresh / cache.source_hash()
    winner.mkdir()
    (winner / "kernel.nbi").touch()
    cache.seal()
    assert (winner / "kernel.nbi").exists()


def test_an_unusable_folder_costs_one_line(
    fresh: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    monkeypatch.setenv("ACRTRACE_CACHE_DIR", str(blocked))
    path = cache.prepare()
    assert path.stat().st_mode & 0o777 == 0o700
    assert not path.is_relative_to(blocked)
    (line,) = cache.notices()
    assert "cannot be written" in line
    assert "compiling for this run only" in line
    path.rmdir()


def test_the_name_follows_source_and_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Numba files machine code under the source's folder: another checkout finds none of it."""
    before = cache.source_hash()
    for source in Path(cache.__file__).parent.glob("*.py"):
        (tmp_path / source.name).write_bytes(source.read_bytes())
    monkeypatch.setattr(cache, "__file__", str(tmp_path / "cache.py"))
    moved = cache.source_hash()
    assert moved != before
    assert cache.source_hash() == moved
    with (tmp_path / "ip.py").open("a") as file:
        file.write("# edited\n")
    assert cache.source_hash() != moved


def test_what_no_run_needs_any_more_is_removed(fresh: Path) -> None:
    keep = ["notes", "1" * 20, "2" * 20 + ".part-x"]
    drop = ["3" * 20, "4" * 20 + ".part-x"]
    for name in keep + drop:
        (fresh / name).mkdir(parents=True)
    os.utime(fresh / keep[0], (0, 0))
    os.utime(fresh / keep[1], (time.time() - 20 * 86400,) * 2)
    os.utime(fresh / drop[0], (time.time() - 40 * 86400,) * 2)
    os.utime(fresh / drop[1], (time.time() - 2 * 86400,) * 2)
    path = cache.prepare()
    assert {left.name for left in fresh.iterdir()} == {*keep, path.name}


def test_using_a_directory_marks_it_as_used(fresh: Path) -> None:
    final = fresh / cache.source_hash()
    final.mkdir(parents=True, mode=0o700)
    os.utime(final, (0, 0))
    cache.prepare()
    assert time.time() - final.stat().st_mtime < 60
