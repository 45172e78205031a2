from __future__ import annotations

import gzip
import os
import struct
from pathlib import Path

import duckdb
import pytest

from analyzer.issues import UsageError
from analyzer.report.preflight import check_case, check_report
from craft import archives

PCAP = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)


def refused(call: object, *arguments: object) -> str:
    with pytest.raises(UsageError) as caught:
        call(*arguments)  # type: ignore[operator]
    return str(caught.value)


def test_new_report_in_a_folder_that_can_be_made(tmp_path: Path) -> None:
    check_report(tmp_path / "new" / "deep" / "report.html", False, [])
    assert not (tmp_path / "new").exists()


def test_existing_report_needs_force(tmp_path: Path) -> None:
    path = tmp_path / "r.html"
    path.write_text("<html>")
    assert "--force" in refused(check_report, path, False, [])
    check_report(path, True, [])


def test_an_input_is_never_overwritten(tmp_path: Path) -> None:
    notes = tmp_path / "notes.json"
    notes.write_text("{}")
    link = tmp_path / "link"
    link.symlink_to(notes)
    assert "is an input" in refused(check_report, link, True, [str(notes)])
    assert "is an input" in refused(check_report, tmp_path / "gone", True, [tmp_path / "gone"])
    check_report(tmp_path / "-", True, ["-"])


@pytest.mark.parametrize(
    "content",
    [
        PCAP,
        gzip.compress(PCAP, mtime=0),
        b"\x28\xb5\x2f\xfd12345",
        archives.entry(b"a", PCAP),
        archives.local(b"a", PCAP, len(PCAP), 0, method=0),
    ],
)
def test_a_capture_is_never_overwritten(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other.html"
    path.write_bytes(content)
    assert "holds a capture" in refused(check_report, path, True, [])


def test_what_cannot_be_read_may_be_evidence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "secret.pcap"
    path.write_bytes(PCAP)

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    assert "may hold evidence" in refused(check_report, path, True, [])
    assert "may hold evidence" in refused(check_case, path, True, None, [])
    assert path.exists()


def test_a_case_replaces_nothing_but_files(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert "no regular file" in refused(check_case, pipe, True, None, [])
    assert "no regular file" in refused(check_case, Path("/dev/null"), True, None, [])


def test_standard_output_is_written_to_and_not_replaced() -> None:
    for name in ("/dev/stdout", "/dev/fd/1", "/dev/null"):
        check_report(Path(name), False, [])


def test_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    assert "no directory" in refused(check_report, tmp_path / "file" / "r.html", False, [])
    assert "is a directory" in refused(check_report, tmp_path, True, [])


def test_folder_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert "cannot be written" in refused(check_report, tmp_path / "r.html", False, [])


def test_devices_take_a_report() -> None:
    check_report(Path("/dev/null"), False, [])


def test_case_needs_an_existing_folder_and_its_own_name(tmp_path: Path) -> None:
    check_case(tmp_path / "case.duckdb", False, tmp_path / "r.html", [])
    assert "no directory" in refused(check_case, tmp_path / "no" / "c.duckdb", False, None, [])
    same = tmp_path / "x"
    assert "for the report and for the case" in refused(check_case, same, False, same, [])
    assert "is a directory" in refused(check_case, tmp_path, True, None, [])
    assert "is an input" in refused(check_case, same, False, None, [str(same)])


def test_case_replaces_only_a_case(tmp_path: Path) -> None:
    case, other = tmp_path / "case.duckdb", tmp_path / "other"
    duckdb.connect(str(case)).close()
    other.write_text("precious text")
    assert "--force" in refused(check_case, case, False, None, [])
    check_case(case, True, None, [])
    assert "no DuckDB file" in refused(check_case, other, True, None, [])


@pytest.mark.parametrize("url", ["https://h/x.html", "s3://bucket/x.json", "file:///tmp/x.html"])
def test_a_report_does_not_go_to_a_url(url: str) -> None:
    with pytest.raises(UsageError, match="is a URL"):
        check_report(Path(url), force=False, evidence=[])
