"""A capture in pieces inside an archive is the same capture: rows, findings, recounts, progress."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from backports import zstd

from craft import archives, pcap, run, scenes
from craft.tables import comparable_tables, differences

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

INCOMPLETE = 3


def pieces() -> list[tuple[str, bytes]]:
    """The scene in seven files, cut inside of conversations, in no order."""
    packets = scenes.everything()
    step = len(packets) // 7 + 1
    parts = [
        (f"part {at}.pcap", pcap.write_pcap(packets[at : at + step], nano=True))
        for at in range(0, len(packets), step)
    ]
    random.Random(3).shuffle(parts)
    return parts


BOXES: dict[str, Callable[[], bytes]] = {
    "parts.tar": lambda: archives.tar(pieces()),
    "parts.tar.zst": lambda: zstd.compress(archives.tar(pieces())),
    "parts.zip": lambda: archives.zipped(pieces()),
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> run.Analysis:
    folder = tmp_path_factory.mktemp("whole")
    path = folder / "x.pcap"
    path.write_bytes(pcap.write_pcap(scenes.everything(), nano=True))
    return run.analyze(folder, path, own=[scenes.OWN])


@pytest.mark.parametrize("name", BOXES)
def test_members_are_merged_by_time(tmp_path: Path, whole: run.Analysis, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(BOXES[name]())
    boxed = run.analyze(tmp_path, path, own=[scenes.OWN])
    assert len(boxed.result.inputs) == len(pieces())
    assert all(i.archive == str(path) and i.sha256 for i in boxed.result.inputs)
    starts = [i.first_ns for i in boxed.result.inputs]
    assert starts == sorted(starts, key=lambda ns: ns or 0)
    assert differences(comparable_tables(whole), comparable_tables(boxed)) == []
    assert run.comparable(boxed.result.findings) == run.comparable(whole.result.findings)
    assert not any(issue.incomplete for issue in boxed.result.issues)


@pytest.mark.tool
@pytest.mark.skipif(
    not all(map(shutil.which, ("tshark", "mergecap", "unzip", "zstd", "bash"))),
    reason="a tool is not installed",
)
@pytest.mark.parametrize("name", BOXES)
def test_recounts_reach_into_archives(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "it's $(here)"
    folder.mkdir()
    path = folder / name
    path.write_bytes(BOXES[name]())
    result = run.analyze(tmp_path, path, own=[scenes.OWN]).result
    rows = [e for f in result.findings for e in f.evidence if e.kind != "dns"]
    commands = {e.tshark: e.orig_payload_bytes for e in rows}
    assert None not in commands
    assert any("mergecap -w - <(" in (command or "") for command in commands)
    for command, size in list(commands.items())[:6]:
        done = subprocess.run(
            ["bash", "-c", str(command)], capture_output=True, text=True, check=True, cwd=tmp_path
        )
        assert int(done.stdout) == size, command


@pytest.mark.parametrize("name", BOXES)
def test_progress_is_by_stored_bytes_and_reaches_the_total(tmp_path: Path, name: str) -> None:
    from analyzer import api
    from analyzer.config import Settings

    path = tmp_path / name
    path.write_bytes(BOXES[name]())
    told: list[tuple[int, int | None]] = []
    api.analyze(Settings(inputs=(str(path),)), lambda done, total: told.append((done, total)))
    amounts = [done for done, _ in told]
    assert amounts == sorted(amounts)
    assert told[-1][0] == told[-1][1]
    if name.endswith("zip"):
        assert told[-1][0] < path.stat().st_size  # compressed bytes, without the directory
    if name.endswith("zst"):
        assert (path.stat().st_size, None) in told  # first the archive, then what it holds


def test_damage_is_one_clear_line_and_exit_three(tmp_path: Path) -> None:
    cut, secret = tmp_path / "\x1b[31mcut.tar", tmp_path / "secret.zip"
    whole = archives.tar([("\x1b]0;owned\x07/a.pcap", pieces()[0][1]), ("b", pieces()[1][1])])
    cut.write_bytes(whole[: len(whole) * 2 // 3])
    data = archives.local(b"x.pcap", b"?" * 99, 500, 1, flags=1)
    entry = archives.listed(b"x.pcap", 99, 500, 1, 0, flags=1)
    secret.write_bytes(data + archives.ending([entry], len(data)))
    out = tmp_path / "o.json"
    done = run.command_line(
        "analyze", cut, secret, "-o", out, "--format", "json", cwd=tmp_path, stdin=b""
    )
    assert done.returncode == INCOMPLETE
    for shown in (done.stdout, done.stderr, out.read_bytes()):
        assert b"\x1b" not in shown
        assert b"\x07" not in shown
        assert b"Traceback" not in shown
    lines = done.stderr.decode().splitlines()
    assert sum("what precedes it was read, what follows is lost" in line for line in lines) == 1
    assert sum("found an encrypted member" in line for line in lines) == 1
    document = json.loads(out.read_text("utf-8"))
    assert document["inputs"][0]["records"] > 0
