from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from analyzer.issues import UsageError
from analyzer.report import write
from analyzer.report.write import default_path, write_report


def names(folder: Path) -> list[str]:
    return [entry.name for entry in folder.iterdir()]


@pytest.mark.parametrize(
    ("inputs", "fmt", "path"),
    [
        (["captures/day.pcap"], "html", "reports/day.html"),
        (["captures/day.pcapng.gz"], "html", "reports/day.html"),
        (["day.2026.pcap"], "json", "reports/day.2026.json"),
        (["capture"], "html", "reports/capture.html"),
        ([".pcap"], "html", "reports/.pcap.html"),
        (["b.pcap", "a.pcap"], "html", "reports/b.html"),
        (["some/folder/"], "html", "reports/folder.html"),
        (["-"], "html", "reports/stdin.html"),
        ([], "json", "reports/stdin.json"),
        (["/"], "html", "reports/report.html"),
    ],
)
def test_default_path(inputs: list[str], fmt: str, path: str) -> None:
    assert default_path(inputs, fmt) == Path(path)


def test_default_path_of_the_current_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "evidence" / "inner").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "evidence" / "inner")
    assert default_path(["."], "html") == Path("reports/inner.html")
    assert default_path([".."], "html") == Path("reports/evidence.html")


def test_a_name_too_long_for_a_file_system_is_cut(tmp_path: Path) -> None:
    path = tmp_path / default_path(["é" * 200 + ".pcap"], "html")
    write_report("x", path)
    assert path.read_text() == "x"


def test_unknown_format() -> None:
    with pytest.raises(UsageError, match="'pdf' is not one of html, json"):
        default_path(["a"], "pdf")


def test_writes_the_text_and_leaves_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "r.html"
    write_report("größe \udcff\n", path)
    assert path.read_bytes() == "größe \\udcff\n".encode()
    assert names(path.parent) == ["r.html"]


def test_mode_follows_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_report("x", tmp_path / "r")
    finally:
        os.umask(before)
    assert (tmp_path / "r").stat().st_mode & 0o777 == 0o640


def test_an_existing_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "r.html"
    path.write_text("old")
    with pytest.raises(UsageError, match=r"r\.html: exists already; --force"):
        write_report("new", path)
    assert path.read_text() == "old"
    assert names(tmp_path) == ["r.html"]


def test_force_replaces(tmp_path: Path) -> None:
    path = tmp_path / "r.html"
    path.write_text("old")
    write_report("new", path, force=True)
    assert path.read_text() == "new"
    assert names(tmp_path) == ["r.html"]


def test_a_file_made_meanwhile_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "r.html"
    monkeypatch.setattr(write, "refuse_existing", lambda *_, **__: path.write_text("theirs"))
    with pytest.raises(UsageError, match="exists already"):
        write_report("ours", path)
    assert path.read_text() == "theirs"
    assert names(tmp_path) == ["r.html"]


def test_a_file_system_without_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_links(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    write_report("x", tmp_path / "r")
    assert (tmp_path / "r").read_text() == "x"
    with pytest.raises(UsageError, match="exists already"):
        write_report("y", tmp_path / "r")


def test_a_failing_write_leaves_the_old_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "r.html"
    path.write_text("old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UsageError, match=r"r\.html: cannot be written: No space left"):
        write_report("new", path, force=True)
    assert path.read_text() == "old"
    assert names(tmp_path) == ["r.html"]


def test_places_that_cannot_take_a_report(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(UsageError, match="is a directory"):
        write_report("x", tmp_path, force=True)
    with pytest.raises(UsageError, match="cannot be written"):
        write_report("x", tmp_path / "file" / "r.html")
    with pytest.raises(UsageError, match="cannot be written"):
        write_report("x", tmp_path / ("n" * 300))


def test_a_planted_link_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / "r.html").symlink_to(victim)
    with pytest.raises(UsageError, match="exists already"):
        write_report("x", tmp_path / "r.html")
    write_report("x", tmp_path / "r.html", force=True)
    assert victim.read_text() == "precious"
    assert not (tmp_path / "r.html").is_symlink()


def test_a_pipe_is_written_to(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()))
    reader.start()
    write_report("through", pipe)
    reader.join(timeout=10)
    assert got == [b"through"]
