"""Streaming zstd, xz, bzip2 and lz4: whole, in members, cut, damaged, and as bombs."""

from __future__ import annotations

import bz2
import hashlib
import lzma
import struct
from typing import TYPE_CHECKING

import lz4.frame
import pytest
from backports import zstd
from hypothesis import given
from hypothesis import strategies as st

from analyzer.inputs.discover import discover
from analyzer.inputs.open import open_stream
from analyzer.inputs.unpack import MAGIC, STEP, Unpack, compression_of, unpack_head
from craft import pcap, run, scenes

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PACK: dict[str, Callable[[bytes], bytes]] = {
    "zstd": zstd.compress,
    "xz": lzma.compress,
    "bzip2": bz2.compress,
    "lz4": lz4.frame.compress,
}
SKIPPABLE = struct.pack("<II", 0x184D2A53, 5) + b"hello"
PADDING = {"zstd": SKIPPABLE, "xz": bytes(8), "bzip2": b"", "lz4": SKIPPABLE}
NOISE = hashlib.shake_256(b"unpack").digest(300_000)

CHECKED: dict[str, Callable[[bytes], bytes]] = {
    **PACK,  # zstd and lz4 carry a checksum only when asked to
    "zstd": lambda data: zstd.compress(data, options={zstd.CompressionParameter.checksum_flag: 1}),
    "lz4": lambda data: lz4.frame.compress(data, content_checksum=True, block_checksum=True),
}
codecs = pytest.mark.parametrize("name", PACK)


def unpack(name: str, data: bytes, room: int = 1 << 16, chunk: int = 1000) -> tuple[bytes, Unpack]:
    pieces = iter([data[at : at + chunk] for at in range(0, len(data), chunk)])
    reader = Unpack(name, lambda: next(pieces, b""))
    view, out = memoryview(bytearray(room)), b""
    while count := reader.readinto(view):
        out += view[:count]
    assert reader.readinto(view) == 0
    return out, reader


def test_every_codec_has_its_magic() -> None:
    assert set(PACK) == set(MAGIC)
    assert {compression_of(pack(b"x")) for pack in PACK.values()} == set(PACK)
    assert compression_of(SKIPPABLE) is None
    assert compression_of(SKIPPABLE + bz2.compress(b"x")) is None


@codecs
@pytest.mark.parametrize("room", [1, 997, 1 << 20])
def test_members_and_padding_are_one_stream(name: str, room: int) -> None:
    size = 3000 if room == 1 else len(NOISE)
    members = [NOISE[:size], b"", b"a" * size]
    stored = PADDING[name].join(PACK[name](member) for member in members) + PADDING[name]
    out, reader = unpack(name, stored, room)
    assert out == b"".join(members)
    assert reader.problem is None


@codecs
def test_a_cut_delivers_what_precedes_it(name: str) -> None:
    whole = b"".join(b"%07d " % k for k in range(4000))
    stored = PACK[name](whole)
    lengths = []
    for cut in range(1, len(stored), 97):
        out, reader = unpack(name, stored[:cut])
        assert whole.startswith(out)
        assert reader.problem is not None
        assert reader.problem.code == f"{name}-truncated"
        assert reader.problem.incomplete
        assert reader.problem.where == f"offset {cut}"
        lengths.append(len(out))
    assert lengths == sorted(lengths)
    # a block comes out when it is in as a whole; bzip2 and zstd make one block of all this
    assert lengths[-1] > 0 or name in ("bzip2", "zstd", "lz4")


@codecs
def test_an_earlier_member_survives_damage_in_a_later_one(name: str) -> None:
    first, second = PACK[name](NOISE), bytearray(CHECKED[name](NOISE[::-1]))
    second[len(second) // 2] ^= 0x40
    second[len(second) // 2 + 9] ^= 0x11
    out, reader = unpack(name, first + bytes(second))
    assert out[: len(NOISE)] == NOISE
    assert reader.problem is not None
    assert reader.problem.code in (f"{name}-damaged", f"{name}-truncated")
    assert str(STEP) in reader.problem.detail or "truncated" in reader.problem.code
    assert f"{len(out)} decompressed bytes" in reader.problem.detail


@codecs
def test_junk_behind_the_last_member_is_told(name: str) -> None:
    out, reader = unpack(name, PACK[name](b"data") + b"and then this")
    assert out == b"data"
    assert reader.problem is not None
    assert reader.problem.code == f"{name}-trailing-data"
    assert reader.problem.where == f"offset {len(PACK[name](b'data'))}"


@codecs
def test_a_bomb_is_handed_out_in_bounded_pieces(name: str) -> None:
    bomb = PACK[name](bytes(64 << 20))
    assert len(unpack_head(bomb, name, 1000)) == 1000
    reader = Unpack(name, iter([bomb]).__next__)
    view = memoryview(bytearray(1 << 16))
    assert all(0 < reader.readinto(view) <= 1 << 16 for _ in range(100))


def test_memory_claims_above_the_limit_are_refused() -> None:
    window_of_a_gibibyte = MAGIC["zstd"] + b"\0\xa0" + b"\x21\0\0data"
    huge = lzma.compress(NOISE, filters=[{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 30}])
    for name, data in (("zstd", window_of_a_gibibyte), ("xz", huge)):
        out, reader = unpack(name, data)
        assert out == b""
        assert reader.problem is not None
        assert reader.problem.code == f"{name}-damaged"
    allowed = MAGIC["zstd"] + b"\0\x80" + b"\x21\0\0data"
    assert unpack("zstd", allowed)[0] == b"data"


@given(st.sampled_from(sorted(PACK)), st.integers(0, 200), st.integers(0, 255), st.integers(1, 99))
def test_noise_never_raises_and_ends(name: str, at: int, value: int, room: int) -> None:
    stored = bytearray(PACK[name](NOISE[:100]) + PACK[name](b"b" * 50))
    stored[at % len(stored)] = value
    unpack(name, bytes(stored), room)


@codecs
def test_a_compressed_capture_is_read_like_the_plain_one(name: str, tmp_path: Path) -> None:
    plain = tmp_path / "plain.pcap"
    plain.write_bytes(pcap.write_pcap(scenes.everything()))
    stored = PACK[name](plain.read_bytes())
    packed = tmp_path / "packed"
    packed.write_bytes(stored)
    (spec,), issues = discover([str(packed)])
    assert issues == []
    assert str(spec.format) == f"pcap+{name}"
    assert spec.first_ns == discover([str(plain)])[0][0].first_ns
    with open_stream(spec) as stream:
        view = memoryview(bytearray(1 << 20))
        while stream.readinto(view):
            assert stream.stored_bytes <= len(stored)
        assert stream.stored_bytes == len(stored)
        assert stream.sha256 == hashlib.sha256(stored).hexdigest()
    usual, same = (run.analyze(tmp_path, path).result for path in (plain, packed))
    assert run.comparable(same.findings) == run.comparable(usual.findings)
    with run.standard_input(stored):
        piped = run.analyze(tmp_path, "-").result
    assert run.comparable(piped.findings) == run.comparable(usual.findings)


@codecs
def test_a_large_first_block_is_still_recognised(name: str, tmp_path: Path) -> None:
    """Blocks of lz4 hold up to 4 MiB, of bzip2 900 kB: nothing comes out of the first 64 KiB."""
    data = pcap.write_pcap([]) + hashlib.shake_256(b"x").digest(5 << 20)
    packed = tmp_path / "packed"
    stored = (
        lz4.frame.compress(data, block_size=lz4.frame.BLOCKSIZE_MAX4MB)
        if name == "lz4"
        else PACK[name](data)
    )
    packed.write_bytes(stored)
    assert str(discover([str(packed)])[0][0].format) == f"pcap+{name}"
