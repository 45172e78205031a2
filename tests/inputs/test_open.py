from __future__ import annotations

import errno
import gzip
import hashlib
import os
import struct
import subprocess
import sys
import zlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.inputs.gunzip import Gunzip
from analyzer.inputs.open import Stream, open_stream
from analyzer.inputs.spec import probe_file, probe_stdin

if TYPE_CHECKING:
    from pathlib import Path

HEADER = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)


def payload(size: int) -> bytes:
    """Compressible, but not trivially, and the same in every run."""
    blocks = [
        hashlib.sha256(bytes([i % 251, i // 251])).digest() * 3 for i in range(size // 96 + 1)
    ]
    return HEADER + b"".join(blocks)[:size]


def read_all(stream: Stream, room: int = 1 << 16) -> bytes:
    out = bytearray()
    view = memoryview(bytearray(room))
    while count := stream.readinto(view):
        out += view[:count]
    return bytes(out)


def stream_of(tmp_path: Path, stored: bytes) -> Stream:
    path = tmp_path / "input"
    path.write_bytes(stored)
    return open_stream(probe_file(str(path)))


def test_plain_file_is_read_whole_and_hashed(tmp_path: Path) -> None:
    data = payload(300_000)
    with stream_of(tmp_path, data) as stream:
        assert stream.total_bytes == len(data)
        assert stream.sha256 is None
        assert read_all(stream) == data
        assert stream.sha256 == hashlib.sha256(data).hexdigest()
        assert stream.stored_bytes == len(data)
        assert stream.problem is None


def test_hash_is_unknown_until_the_end_and_drain_completes_it(tmp_path: Path) -> None:
    data = payload(300_000)
    with stream_of(tmp_path, data) as stream:
        stream.readinto(memoryview(bytearray(1000)))
        assert stream.sha256 is None
        stream.drain()
        assert stream.sha256 == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("room", [1, 777, 1 << 20])
def test_gzip_members_and_padding_are_one_stream(tmp_path: Path, room: int) -> None:
    data = payload(5_000)
    stored = gzip.compress(data[:2000]) + bytes(700) + gzip.compress(b"") + bytes(3)
    stored += gzip.compress(data[2000:]) + bytes(512)
    with stream_of(tmp_path, stored) as stream:
        assert read_all(stream, room) == data
        assert stream.problem is None
        assert stream.sha256 == hashlib.sha256(stored).hexdigest()
        assert stream.stored_bytes == len(stored)


def test_gzip_cut_anywhere_delivers_what_precedes_the_cut(tmp_path: Path) -> None:
    data = payload(20_000)
    stored = gzip.compress(data)
    lengths = []
    for keep in range(200, len(stored) - 1, 97):
        with stream_of(tmp_path, stored[:keep]) as stream:
            out = read_all(stream)
            assert data.startswith(out)
            assert stream.problem is not None
            assert stream.problem.code == "gzip-truncated"
            assert stream.problem.incomplete
            assert str(keep) in stream.problem.where
        lengths.append(len(out))
    assert lengths == sorted(lengths)
    assert lengths[-1] > 0.9 * len(data)


def test_gzip_with_a_wrong_checksum_loses_no_byte(tmp_path: Path) -> None:
    data = payload(20_000)
    stored = bytearray(gzip.compress(data))
    stored[-8] ^= 1
    with stream_of(tmp_path, bytes(stored)) as stream:
        assert read_all(stream) == data
        assert stream.problem is not None
        assert stream.problem.code == "gzip-damaged"
        assert f"the {len(data)} decompressed bytes" in stream.problem.detail
        place = int(stream.problem.where.removeprefix("offset "))
        assert len(stored) - 8 <= place < len(stored) - 4  # inside the checksum
        stream.drain()
        assert stream.sha256 == hashlib.sha256(stored).hexdigest()


def test_gzip_damaged_inside_delivers_everything_before_the_damage() -> None:
    # A stored (uncompressed) second block with a broken length: all of the first must come out.
    data = payload(30_000)
    whole = gzip.compress(data, 6)
    broken = whole[:-8] + b"\xff" * 8
    for cut in (len(whole) // 3, len(whole) // 2):
        stored = whole[:cut] + b"\xff\xff\xff\xff" * 16
        for room in (64, 1 << 20):
            pieces = iter([stored, b""])
            gunzip = Gunzip(lambda pieces=pieces: next(pieces))
            out = bytearray()
            view = memoryview(bytearray(room))
            while count := gunzip.readinto(view):
                out += view[:count]
            assert gunzip.problem is not None
            # Bytes decoded from the noise may follow; the true ones must be there.
            reference = gzip_prefix(whole[:cut])
            assert out[: len(reference)] == reference
    assert gzip_prefix(broken) == data


def gzip_prefix(stored: bytes) -> bytes:
    inflate = zlib.decompressobj(wbits=31)
    out = bytearray()
    for byte in stored:
        try:
            out += inflate.decompress(bytes([byte]))
        except zlib.error:
            break
    return bytes(out)


def test_gzip_trailing_garbage_is_reported(tmp_path: Path) -> None:
    data = payload(5_000)
    stored = gzip.compress(data)
    with stream_of(tmp_path, stored + b"not gzip at all") as stream:
        assert read_all(stream) == data
        assert stream.problem is not None
        assert stream.problem.code == "gzip-trailing-data"
        assert stream.problem.where == f"offset {len(stored)}"


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2000), st.integers(0, 255), st.integers(1, 5000))
def test_gzip_noise_never_raises_and_ends(at: int, value: int, room: int) -> None:
    stored = bytearray(gzip.compress(payload(3_000)))
    stored[at % len(stored)] = value
    pieces = iter([bytes(stored[:100]), bytes(stored[100:]), b""])
    gunzip = Gunzip(lambda: next(pieces, b""))
    view = memoryview(bytearray(room))
    total = 0
    while count := gunzip.readinto(view):
        total += count
    assert total <= 1 << 22
    assert gunzip.readinto(view) == 0


def test_gzip_bomb_is_streamed(tmp_path: Path) -> None:
    stored = gzip.compress(HEADER + bytes(64_000_000))
    with stream_of(tmp_path, stored) as stream:
        view = memoryview(bytearray(100_000))
        assert 0 < stream.readinto(view) <= 100_000
        assert stream.stored_bytes <= 1 << 18


def test_standard_input_is_read_through_the_same_path() -> None:
    data = payload(2_500_000)
    for stored in (data, gzip.compress(data, 1)):
        script = (
            "import hashlib, sys\n"
            "from analyzer.inputs.open import open_stream\n"
            "from analyzer.inputs.spec import probe_stdin\n"
            "stream = open_stream(probe_stdin())\n"
            "out = hashlib.sha256()\n"
            "view = memoryview(bytearray(100_000))\n"
            "while count := stream.readinto(view): out.update(view[:count])\n"
            "stream.drain()\n"
            "print(out.hexdigest(), stream.sha256, stream.stored_bytes, stream.problem)\n"
        )
        run = subprocess.run([sys.executable, "-c", script], input=stored, capture_output=True)
        inside, outside = hashlib.sha256(data), hashlib.sha256(stored)
        expected = f"{inside.hexdigest()} {outside.hexdigest()} {len(stored)} None\n"
        assert run.stdout.decode() == expected, run.stderr.decode()


def test_standard_input_that_is_no_capture() -> None:
    read, write = os.pipe()
    os.write(write, b"hello\n")
    os.close(write)
    spec = probe_stdin(read)
    os.close(read)
    assert spec.format is None
    assert spec.problem is not None
    assert "plain text" in spec.problem.detail


def test_file_that_disappears_between_discovery_and_open(tmp_path: Path) -> None:
    path = tmp_path / "gone.pcap"
    path.write_bytes(payload(100))
    spec = probe_file(str(path))
    path.unlink()
    with open_stream(spec) as stream:
        assert read_all(stream) == b""
        assert stream.problem is not None
        assert stream.problem.code == "missing"
        assert "when the run began" in stream.problem.detail
        assert stream.sha256 is None


def test_read_error_names_the_offset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with stream_of(tmp_path, payload(5_000)) as stream:
        view = memoryview(bytearray(1000))
        assert stream.readinto(view) == 1000

        def fail(*_: object) -> int:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

        monkeypatch.setattr(os, "readv", fail)
        assert stream.readinto(view) == 0
        assert stream.problem is not None
        assert (stream.problem.code, stream.problem.where) == ("read-error", "offset 1000")
        assert stream.readinto(view) == 0


def test_problem_of_the_spec_is_the_problem_of_the_stream(tmp_path: Path) -> None:
    with stream_of(tmp_path, b"") as stream:
        assert read_all(stream) == b""
        assert stream.problem is not None
        assert stream.problem.code == "empty-file"
