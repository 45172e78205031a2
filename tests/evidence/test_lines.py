"""The command behind a log's line prints that line and nothing else."""

from __future__ import annotations

import bz2
import gzip
import lzma
import shlex
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.api import analyze
from analyzer.config import Settings
from analyzer.evidence.lines import reprint
from analyzer.inputs.commands import as_utf8

if TYPE_CHECKING:
    from pathlib import Path

LINES = [b'{"n": 1}', b"caf\xe9 \xff\x00 raw", b"$(touch owned) `id`", b"", b"last, no line end"]
TEXT = b"\r\n".join(LINES)


def printed(shell: str, folder: Path) -> bytes:
    done = subprocess.run(shell, shell=True, capture_output=True, check=True, cwd=folder)
    return done.stdout


@pytest.mark.parametrize(
    "name", ["fw.json", "-n", "a b;touch owned.json", "it's $HOME.log", "ü.log"]
)
@pytest.mark.parametrize("number", range(1, len(LINES) + 1))
def test_it_prints_exactly_the_line(tmp_path, name, number):
    (tmp_path / name).write_bytes(TEXT)
    command = reprint(path=name, lines=[number], form="azure-firewall")
    # A last line without an end gets one from some versions of sed.
    assert printed(command, tmp_path).rstrip(b"\n") == TEXT.split(b"\n")[number - 1]
    assert [each.name for each in tmp_path.iterdir()] == [name]


def test_it_prints_several_lines_in_their_order(tmp_path):
    (tmp_path / "fw.log").write_bytes(TEXT)
    command = reprint(path="fw.log", lines=[4, 2, 2, 1], form="squid")
    assert command == "LC_ALL=C sed -n '1p;2p;4{p;q;}' < fw.log"
    parts = [TEXT.split(b"\n")[number] for number in (0, 1, 3)]
    assert printed(command, tmp_path) == b"".join(part + b"\n" for part in parts)


@pytest.mark.parametrize(
    ("compression", "pack"),
    [("gzip", gzip.compress), ("bzip2", bz2.compress), ("xz", lzma.compress)],
)
def test_compressed_logs_are_decompressed_first(tmp_path, compression, pack):
    if shutil.which(compression) is None:
        pytest.skip(f"{compression} is not installed")
    (tmp_path / "fw.json.packed").write_bytes(pack(TEXT))
    command = reprint(path="fw.json.packed", lines=[2], form=f"azure-firewall+{compression}")
    assert printed(command, tmp_path) == LINES[1] + b"\r\n"


def test_an_extract_command_comes_first(tmp_path):
    (tmp_path / "x").write_bytes(TEXT)
    command = reprint(path="a.tar!/x", lines=[1], form="zeek", extract="cat x", member=True)
    assert printed(command, tmp_path) == LINES[0] + b"\r\n"


@pytest.mark.parametrize(
    "changes",
    [
        {"path": "-"},
        {"path": "s3://bucket/fw.json"},
        {"path": "a.tar!/fw.json", "member": True},
        {"path": "two\nlines.json"},
        {"path": "\udcff.json"},
        {"form": "azure-firewall+rar"},
    ],
)
def test_there_is_none_where_nothing_can_be_read_again(changes):
    assert reprint(**{"path": "fw.json", "lines": [3], "form": "azure-firewall", **changes}) is None


@settings(max_examples=40, deadline=None)
@given(st.text(min_size=1, max_size=30), st.integers(1, 1 << 60))
def test_any_name_is_one_word_of_the_command(name, line):
    command = reprint(path=name, lines=[line], form=None)
    if command is not None:
        words = shlex.split(command)
        assert words == ["LC_ALL=C", "sed", "-n", f"{line}{{p;q;}}", "<", name]


LINE = (
    "1793692805.250 50 10.0.0.{} TCP_MISS/201 400 PUT https://{}/c/{} - HIER_DIRECT/20.60.0.1 -\n"
)


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_line_of_utf_16_is_printed_as_utf_8(tmp_path, codec, pack):
    """Characters whose second byte is 10 end no line."""
    lines = [LINE.format(n, "evil.blob.core.windows.net", f"\u0a0a{n}") for n in (1, 2, 3)]
    (tmp_path / "access.log").write_bytes(pack("".join(lines).encode(codec)))
    result = analyze(Settings(inputs=(str(tmp_path / "access.log"),)))
    commands = {f.agent: f.evidence[0].log_command for f in result.findings}
    assert sorted(commands) == ["10.0.0.1", "10.0.0.2", "10.0.0.3"]
    assert printed(commands["10.0.0.2"], tmp_path).decode() == lines[1]


def test_standard_input_in_utf_16_is_not_read_again():
    assert as_utf8("-", None, None, "utf-16", member=False) is None
    assert as_utf8("a.zip!/x", None, None, "utf-16", member=True) is None
    assert as_utf8("x", "rar", None, "utf-16", member=False) is None
