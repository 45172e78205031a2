from __future__ import annotations

import bz2
import lzma
import struct
import zlib
from typing import TYPE_CHECKING

import lz4.frame
import pytest
from backports import zstd
from hypothesis import given
from hypothesis import strategies as st

from analyzer.inputs.sniff import Format, archive_of, gunzip_head, recognise, sniff
from craft import archives

if TYPE_CHECKING:
    from collections.abc import Callable


def packed(data: bytes) -> bytes:
    """gzip without the time that gzip.compress puts in: test ids are made of these bytes."""
    deflate = zlib.compressobj(wbits=31)
    return deflate.compress(data) + deflate.flush()


PCAP_LE = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
SKIPPABLE = struct.pack("<II", 0x184D2A53, 5) + b"hello"
PCAP_BE = struct.pack(">IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
PCAP_NS_LE = struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 65535, 1)
PCAP_NS_BE = struct.pack(">IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 65535, 1)
NG_LE = struct.pack("<IIIHHqI", 0x0A0D0D0A, 28, 0x1A2B3C4D, 1, 0, -1, 28)
NG_BE = struct.pack(">IIIHHqI", 0x0A0D0D0A, 28, 0x1A2B3C4D, 1, 0, -1, 28)


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (PCAP_LE, Format("pcap", None, False, False)),
        (PCAP_BE, Format("pcap", None, True, False)),
        (PCAP_NS_LE, Format("pcap", None, False, True)),
        (PCAP_NS_BE, Format("pcap", None, True, True)),
        (NG_LE, Format("pcapng", None, False, False)),
        (NG_BE, Format("pcapng", None, True, False)),
        (packed(PCAP_NS_BE), Format("pcap", "gzip", True, True)),
        (packed(NG_LE), Format("pcapng", "gzip", False, False)),
        (PCAP_LE[:4], Format("pcap", None, False, False)),
        (bytes.fromhex("34cdb2a1") + PCAP_LE[4:], Format("pcap-modified", None, False, False)),
        (bytes.fromhex("a1b2cd34") + PCAP_BE[4:], Format("pcap-modified", None, True, False)),
        (zstd.compress(PCAP_LE), Format("pcap", "zstd", False, False)),
        (SKIPPABLE + zstd.compress(PCAP_LE), Format("pcap", "zstd", False, False)),
        (lzma.compress(NG_BE), Format("pcapng", "xz", True, False)),
        (bz2.compress(PCAP_NS_LE), Format("pcap", "bzip2", False, True)),
        (lz4.frame.compress(NG_LE), Format("pcapng", "lz4", False, False)),
    ],
)
def test_formats_are_told_by_content(head: bytes, expected: Format) -> None:
    assert sniff(head) == expected


def test_format_text_names_container_and_compression() -> None:
    assert str(sniff(PCAP_LE)) == "pcap"
    assert str(sniff(packed(NG_BE))) == "pcapng+gzip"


@pytest.mark.parametrize("pack", [bytes, packed, zstd.compress, lzma.compress, bz2.compress])
def test_archives_are_told_by_content(pack: Callable[[bytes], bytes]) -> None:
    compression = {packed: "gzip", zstd.compress: "zstd", lzma.compress: "xz"}.get(pack)
    compression = "bzip2" if pack is bz2.compress else compression
    for data, container in (
        (archives.tar([("a", PCAP_LE)]), "tar"),
        (archives.entry(b"v7", PCAP_LE, b"\0", magic=False), "tar"),
        (archives.zipped([("a", PCAP_LE)]), "zip"),
        (archives.zipped([]), "zip"),
    ):
        assert sniff(pack(data)) is None
        assert archive_of(pack(data)) == Format(container, compression, False, False)
    assert archive_of(pack(PCAP_LE)) is None
    assert archive_of(pack(b"a" * 600)) is None
    assert archive_of(pack(bytes(600))) is None


@pytest.mark.parametrize(
    ("head", "kind", "holds_traffic"),
    [
        (b"", "an empty file", True),
        (b"\xa1\xb2", "2 bytes, too few for any capture header", False),
        (b"snoop\0\0\0\0\0\0\2", "a snoop capture", True),
        (bytes.fromhex("28b52ffd00"), "zstd data that cannot be decompressed", True),
        (b"\xfd7zXZ\0\0", "xz data that cannot be decompressed", True),
        (b"BZh91AY", "bzip2 data that cannot be decompressed", True),
        (b"\x0a\x0d\x0d\x0a\x1c\0\0\0", "a pcapng section header without", True),
        (b'{"time": 1}', "JSON text", False),
        (b"\xef\xbb\xbf  [1, 2]", "JSON text", False),
        (b"<html>", "HTML or XML text", False),
        ("Größe: 12 KB\n".encode(), "plain text", False),
        (b"\x7fELF\2\1\1", "an ELF program", False),
        (b"\x80\x81\x82\x83\x84", "unknown data", True),
        (packed(b"hello, this is text"), "gzip that holds plain text", False),
        (packed(packed(PCAP_LE)), "gzip inside gzip", True),
        (zstd.compress(packed(PCAP_LE)), "gzip inside zstd", True),
        (lzma.compress(b"text, only text"), "xz that holds plain text", False),
        (b"\x1f\x8b\x08\x00garbage-garbage", "gzip data that cannot be decompressed", True),
    ],
)
def test_strangers_are_named(head: bytes, kind: str, holds_traffic: bool) -> None:
    assert sniff(head) is None
    found = recognise(head)
    assert found.kind.startswith(kind)
    assert found.holds_traffic is holds_traffic


def test_erf_is_recognised_by_two_plausible_records() -> None:
    record = struct.pack("<II", 0, 1_600_000_000) + struct.pack(">BBHHH", 2, 4, 64, 0, 46)
    head = (record + bytes(48)) * 2
    assert recognise(head).kind == "an ERF capture"
    assert recognise(head[:60]).kind != "an ERF capture"


def test_text_is_never_taken_for_erf() -> None:
    line = b'{"a": 1, "b": "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}\n'
    for shift in range(16):
        assert recognise(b" " * shift + line * 2000).kind == "JSON text"


def test_text_cut_inside_a_character_is_still_text() -> None:
    sample = ("x" * 4094 + "é" + "é" * 10).encode()
    assert recognise(sample[:4095]).kind == "plain text"
    assert recognise(sample).kind == "plain text"


def test_gzip_bomb_is_read_only_to_the_limit() -> None:
    bomb = packed(bytes(50_000_000))
    assert len(gunzip_head(bomb, 1000)) == 1000


@given(st.binary(max_size=400))
def test_any_head_gets_an_answer(head: bytes) -> None:
    assert sniff(head) is not None or recognise(head).kind


@given(st.binary(max_size=100), st.integers(0, 60))
def test_damaged_gzip_heads_get_an_answer(noise: bytes, keep: int) -> None:
    head = packed(PCAP_LE + bytes(200))[:keep] + noise
    assert sniff(head) is not None or recognise(head).kind


@pytest.mark.parametrize("first", [b"", b"\xd4\xc3"])
def test_a_gzip_whose_first_member_is_short(first: bytes) -> None:
    """Rotating loggers leave empty members; RFC 1952 section 2.2 allows any number."""
    data = packed(first) + packed(PCAP_LE[len(first) :])
    found = sniff(data)
    assert found is not None
    assert str(found) == "pcap+gzip"
