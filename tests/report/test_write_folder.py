from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from analyzer.issues import UsageError
from analyzer.report.write_folder import refuse_folder, whole_folder

if TYPE_CHECKING:
    from pathlib import Path

NAMES = frozenset({"a.csv", "b.csv"})


def write(path: Path, text: str = "x", force: bool = False) -> None:
    with whole_folder(path, NAMES, force) as folder:
        (folder / "a.csv").write_text(text)


def entries(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def test_a_folder_appears_whole(tmp_path: Path) -> None:
    path = tmp_path / "new" / "tables"
    with whole_folder(path, NAMES) as folder:
        (folder / "a.csv").write_text("x")
        assert not path.exists()
    assert entries(path) == ["a.csv"]
    assert entries(path.parent) == ["tables"]


def test_a_failure_leaves_nothing(tmp_path: Path) -> None:
    def interrupted() -> None:
        with whole_folder(tmp_path / "t", NAMES) as folder:
            (folder / "a.csv").write_text("x")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert entries(tmp_path) == []


def test_a_failure_leaves_the_old_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "t", "old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UsageError, match="t: cannot be written: No space left"):
        write(tmp_path / "t", "new", force=True)
    assert (tmp_path / "t" / "a.csv").read_text() == "old"
    assert entries(tmp_path) == ["t"]


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    (tmp_path / "t").mkdir()
    write(tmp_path / "t")
    assert entries(tmp_path / "t") == ["a.csv"]


def test_tables_are_replaced_only_with_force(tmp_path: Path) -> None:
    write(tmp_path / "t", "old")
    (tmp_path / "t" / "b.csv").write_text("old")
    with pytest.raises(UsageError, match="exists already; --force"):
        write(tmp_path / "t", "new")
    write(tmp_path / "t", "new", force=True)
    assert entries(tmp_path / "t") == ["a.csv"]
    assert (tmp_path / "t" / "a.csv").read_text() == "new"
    assert entries(tmp_path) == ["t"]


@pytest.mark.parametrize(
    "stranger", ["notes.txt", ".ssh/", "evidence.pcap", "proxy.csv", "b.csv@", "b.csv/"]
)
def test_a_folder_with_anything_else_is_never_replaced(stranger: str, tmp_path: Path) -> None:
    folder = tmp_path / "home"
    write(folder)
    if stranger.endswith("/"):
        (folder / stranger).mkdir()
    elif stranger.endswith("@"):
        (folder / stranger.rstrip("@")).symlink_to("/etc/passwd")
    else:
        (folder / stranger).write_text("precious")
    held = entries(folder)
    with pytest.raises(UsageError, match="not replaced even with --force"):
        write(folder, "new", force=True)
    assert entries(folder) == held
    assert (folder / "a.csv").read_text() == "x"


def test_places_that_cannot_take_a_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to("empty")
    for name in ("file", "link"):
        with pytest.raises(UsageError, match="is no folder"):
            refuse_folder(tmp_path / name, NAMES, force=True)
    with pytest.raises(UsageError, match="cannot be written"):
        write(tmp_path / "file" / "t")
    with pytest.raises(UsageError, match="cannot be written"):
        write(tmp_path / ("n" * 300))


def test_a_rename_that_fails_gives_the_old_folder_its_name_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "t", "old")
    rename = type(tmp_path).rename

    def refuse(self: Path, target: Path) -> Path:
        if self.suffix == ".tmp":
            raise PermissionError(1, "Operation not permitted")
        return rename(self, target)

    monkeypatch.setattr(type(tmp_path), "rename", refuse)
    with pytest.raises(UsageError, match="Operation not permitted"):
        write(tmp_path / "t", "new", force=True)
    assert (tmp_path / "t" / "a.csv").read_text() == "old"
    assert entries(tmp_path) == ["t"]
