from __future__ import annotations

import gzip
import os
import struct
from pathlib import Path

import pytest

from analyzer.inputs.discover import discover


def pcap(seconds: int) -> bytes:
    head = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
    return head + struct.pack("<IIII", seconds, 0, 2, 2) + b"xy"


def names(specs: list) -> list[str]:
    return [Path(s.path).name for s in specs]


def test_order_is_first_packet_time_then_path(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "z.log").write_bytes(pcap(10))
    (tmp_path / "a").write_bytes(pcap(30))
    (tmp_path / "sub" / "m.gz").write_bytes(gzip.compress(pcap(20)))
    (tmp_path / "b").write_bytes(pcap(30)[:24])
    (tmp_path / "c").write_bytes(pcap(10))
    specs, issues = discover([str(tmp_path)])
    assert names(specs) == ["c", "z.log", "m.gz", "a", "b"]
    assert [s.first_ns for s in specs][2] == 20_000_000_000
    assert str(specs[2].format) == "pcap+gzip"
    assert specs[4].first_ns is None
    assert issues == []


def test_argument_order_does_not_matter(tmp_path: Path) -> None:
    for name, seconds in (("one", 3), ("two", 2), ("three", 1)):
        (tmp_path / name).write_bytes(pcap(seconds))
    paths = [str(tmp_path / n) for n in ("one", "two", "three")]
    assert discover(paths) == discover(paths[::-1])


def test_strangers_in_a_directory_are_counted_by_kind(tmp_path: Path) -> None:
    (tmp_path / "x.pcap").write_bytes(pcap(1))
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / "more.pcap").write_text("hello again")
    (tmp_path / "old.zst").write_bytes(bytes.fromhex("28b52ffd") + bytes(20))
    for number in range(5):
        (tmp_path / f"junk{number}").write_bytes(bytes([128 + number]) * 9)
    specs, issues = discover([str(tmp_path)])
    assert names(specs) == ["x.pcap"]
    found = {(i.code, i.count, i.incomplete) for i in issues}
    assert found == {
        ("not-a-capture", 2, False),
        ("not-a-capture", 1, True),
    }
    assert all(i.input_id is None for i in issues)


def test_each_damaged_file_of_a_directory_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"broken{number}" for number in range(5)]
    for name in names:
        (tmp_path / name).write_bytes(b"\xd4\xc3\xb2\0" + bytes(40))
    found = [i for i in discover([str(tmp_path)])[1] if i.code == "not-a-capture"]
    assert [(Path(i.where).name, i.count) for i in found] == [(name, 1) for name in names]
    monkeypatch.setattr("analyzer.inputs.discover.MAX_NAMED", 2)
    found = [i for i in discover([str(tmp_path)])[1] if i.code == "not-a-capture"]
    assert [i.count for i in found] == [1, 1, 3]


def test_directory_of_junk_is_incomplete(tmp_path: Path) -> None:
    (tmp_path / "readme").write_text("no captures here")
    specs, issues = discover([str(tmp_path)])
    assert specs == []
    assert [(i.code, i.incomplete) for i in issues] == [
        ("not-a-capture", False),
        ("no-captures", True),
    ]
    assert issues[1].where == str(tmp_path)


@pytest.mark.parametrize(
    ("content", "code", "text"),
    [
        (b"", "empty-file", "found an empty file"),
        (b'{"a": 1}', "not-a-capture", "found JSON text"),
        (b"\x28\xb5\x2f\xfd" + bytes(9), "not-a-capture", "found zstd data"),
        (b"\x99\x98\x97\x96\x95", "not-a-capture", "starts with 99 98 97 96"),
    ],
)
def test_named_file_that_is_no_capture_stays_an_input(
    tmp_path: Path, content: bytes, code: str, text: str
) -> None:
    path = tmp_path / "file.pcap"
    path.write_bytes(content)
    specs, issues = discover([str(path)])
    assert issues == []
    (spec,) = specs
    assert spec.format is None
    assert spec.problem is not None
    assert (spec.problem.code, spec.problem.where) == (code, "offset 0")
    assert "expected pcap or pcapng" in spec.problem.detail
    assert text in spec.problem.detail
    assert spec.problem.incomplete


def test_missing_pipe_and_device(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    specs, _ = discover([str(tmp_path / "none"), str(tmp_path / "fifo"), "/dev/zero", "a\0b"])
    problems = {Path(s.path).name: s.problem for s in specs}
    assert problems["none"].code == "missing"
    assert problems["fifo"].code == "not-a-file"
    assert "named pipe" in problems["fifo"].detail
    assert "device" in problems["zero"].detail
    assert problems["a\0b"].code == "unreadable"


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_unreadable_file_and_directory(tmp_path: Path) -> None:
    (tmp_path / "ok").write_bytes(pcap(1))
    (tmp_path / "closed").write_bytes(pcap(1))
    (tmp_path / "closed").chmod(0)
    (tmp_path / "shut").mkdir(mode=0)
    specs, issues = discover([str(tmp_path)])
    assert names(specs) == ["ok"]
    assert {i.code for i in issues} == {"unreadable"}
    assert all("ermission denied" in i.detail and i.incomplete for i in issues)


def test_permission_errors_are_told_whoever_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "closed"
    path.write_bytes(pcap(1))

    def refuse(*_: object, **__: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    (spec,), _ = discover([str(path)])
    assert spec.problem.code == "unreadable"
    assert "Permission denied" in spec.problem.detail


def test_links_that_loop_are_entered_once(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x").write_bytes(pcap(1))
    (tmp_path / "a" / "loop").symlink_to(tmp_path)
    (tmp_path / "self").symlink_to("self")
    specs, issues = discover([str(tmp_path)])
    assert names(specs) == ["x"]
    assert {i.code for i in issues} == {"directory-loop", "unreadable"}


def test_the_same_file_twice_is_analysed_once(tmp_path: Path) -> None:
    path = tmp_path / "x.pcap"
    path.write_bytes(pcap(1))
    os.link(path, tmp_path / "y.pcap")
    (tmp_path / "z.pcap").symlink_to(path)
    specs, issues = discover([str(path), str(tmp_path)])
    assert names(specs) == ["x.pcap"]
    assert [(i.code, i.count, i.incomplete) for i in issues] == [("duplicate-input", 3, False)]


def test_standard_input_is_taken_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "x.pcap"
    path.write_bytes(pcap(1))
    saved = os.dup(0)
    fd = os.open(path, os.O_RDONLY)
    os.dup2(fd, 0)
    try:
        specs, issues = discover(["-", "-"])
    finally:
        os.dup2(saved, 0)
        os.close(saved)
        os.close(fd)
    assert [s.path for s in specs] == ["-"]
    assert specs[0].head == pcap(1)
    assert [i.code for i in issues] == ["duplicate-input"]


def test_names_that_are_not_utf8_stay_printable(tmp_path: Path) -> None:
    raw = os.fsencode(tmp_path) + b"/caf\xe9.pcap"
    Path(os.fsdecode(raw)).write_bytes(pcap(1))
    (spec,), _ = discover([str(tmp_path)])
    assert spec.path.endswith("caf\\xe9.pcap")
    spec.path.encode("utf-8")
    assert spec.format is not None


def test_a_long_capture_without_times_is_not_read_whole(tmp_path: Path) -> None:
    section = struct.pack("<IIIHHqI", 0x0A0D0D0A, 28, 0x1A2B3C4D, 1, 0, -1, 28)
    simple = struct.pack("<IIIII", 3, 20, 4, 0, 20)
    (tmp_path / "spb").write_bytes(section + simple * 200_000)
    (spec,), _ = discover([str(tmp_path / "spb")])
    assert spec.format is not None
    assert spec.first_ns is None


def test_lines_that_stand_for_several_files_say_how_many(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / name).write_text("hello", encoding="utf-8")
    _, issues = discover([str(tmp_path)])
    told = {issue.code: (issue.where, issue.count) for issue in issues}
    assert told["not-a-capture"] == (f"{tmp_path}/a and 2 more", 3)


def test_an_empty_file_in_a_directory_is_said_and_nothing_is_missing(tmp_path: Path) -> None:
    (tmp_path / "ok").write_bytes(pcap(1))
    (tmp_path / "access.log.1").write_bytes(b"")
    specs, issues = discover([str(tmp_path)])
    assert names(specs) == ["ok"]
    assert [(i.code, i.incomplete) for i in issues] == [("empty-file", False)]
