"""Archives: every capture inside is an input, whatever its maker wrote around it."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import lzma
import os
import struct
import subprocess
import sys
import zipfile
import zlib
from typing import TYPE_CHECKING

import lz4.frame
import pytest
from backports import zstd
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.inputs import archive
from analyzer.inputs.discover import discover
from analyzer.inputs.open import open_stream
from analyzer.inputs.spec import probe_file
from analyzer.inputs.store import Spill
from craft import archives, pcap, run, scenes

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from analyzer.inputs.spec import Spec
    from analyzer.issues import Issue

PLAIN = pcap.write_pcap(scenes.resolve(scenes.agent(0), "a.example", "192.0.2.7", 10**18))
LATER = pcap.write_pcap(scenes.resolve(scenes.agent(0), "b.example", "192.0.2.8", 2 * 10**18))
PACK: dict[str, Callable[[bytes], bytes]] = {
    "plain": bytes,
    "gzip": gzip.compress,
    "zstd": zstd.compress,
    "xz": lzma.compress,
    "bzip2": bz2.compress,
    "lz4": lz4.frame.compress,
}
MEMBERS = [
    ("z/late.txt", LATER),
    ("dir/a.pcap", PLAIN),
    ("notes", b"hello"),
    ("dir/packed", gzip.compress(PLAIN)),
]


def found(tmp_path: Path, data: bytes) -> tuple[list[Spec], list[Issue]]:
    path = tmp_path / "box"
    path.write_bytes(data)
    return discover([str(path)])


def content(spec: Spec) -> bytes:
    with open_stream(spec) as stream:
        view, out = memoryview(bytearray(1 << 16)), b""
        while count := stream.readinto(view):
            out += view[:count]
        assert stream.total_bytes is None or stream.stored_bytes <= stream.total_bytes
    return out


def inside(specs: list[Spec]) -> list[str]:
    return [spec.path.split("!/", 1)[1] for spec in specs]


def codes(issues: list[Issue]) -> dict[str, tuple[int, bool]]:
    return {issue.code: (issue.count, issue.incomplete) for issue in issues}


@pytest.mark.parametrize("form", [0, 1, 2])
@pytest.mark.parametrize("name", PACK)
def test_a_tar_is_read_member_by_member(tmp_path: Path, name: str, form: int) -> None:
    specs, issues = found(tmp_path, PACK[name](archives.tar(MEMBERS, form)))
    assert inside(specs) == ["dir/a.pcap", "dir/packed", "z/late.txt"]
    assert [content(spec) for spec in specs] == [PLAIN, PLAIN, LATER]
    assert [str(spec.format) for spec in specs] == ["pcap", "pcap+gzip", "pcap"]
    assert specs[0].first_ns == 10**18
    assert [(i.code, i.count, i.incomplete) for i in issues] == [("not-a-capture", 1, False)]
    assert issues[0].where == f"{tmp_path}/box!/notes"


@pytest.mark.parametrize(
    "method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2], ids=str
)
def test_a_zip_is_read_member_by_member(tmp_path: Path, method: int) -> None:
    comment = b"PK\5\6" + bytes(30)  # a false end record
    specs, issues = found(tmp_path, archives.zipped(MEMBERS, method, comment))
    assert inside(specs) == ["dir/a.pcap", "dir/packed", "z/late.txt"]
    assert [content(spec) for spec in specs] == [PLAIN, PLAIN, LATER]
    assert codes(issues) == {"not-a-capture": (1, False)}


@pytest.mark.parametrize(("method", "pack"), [(93, zstd.compress), (95, lzma.compress)])
def test_newer_methods_of_zip(tmp_path: Path, method: int, pack: Callable[[bytes], bytes]) -> None:
    packed, crc = pack(PLAIN), zlib.crc32(PLAIN)
    data = archives.local(b"a", packed, len(PLAIN), crc, method=method)
    entry = archives.listed(b"a", len(packed), len(PLAIN), crc, 0, method=method)
    specs, issues = found(tmp_path, data + archives.ending([entry], len(data)))
    assert [content(spec) for spec in specs] == [PLAIN]
    assert issues == []


def test_a_zip64_behind_a_program(tmp_path: Path) -> None:
    """Offsets count from where the archive itself began; sizes stand in the extra field."""
    path = tmp_path / "big.zip"
    with zipfile.ZipFile(path, "w") as box, box.open("a", "w", force_zip64=True) as member:
        member.write(PLAIN)
    specs, issues = found(tmp_path, b"PK\3\4" + bytes(60) + path.read_bytes())
    assert [content(spec) for spec in specs] == [PLAIN]
    assert issues == []


def test_the_stream_hash_and_progress_are_those_of_the_member(tmp_path: Path) -> None:
    specs, _ = found(tmp_path, archives.zipped([("a", PLAIN * 1)]))
    with open_stream(specs[0]) as stream:
        view = memoryview(bytearray(1 << 20))
        while stream.readinto(view):
            pass
        assert stream.sha256 == hashlib.sha256(PLAIN).hexdigest()
        assert stream.stored_bytes == specs[0].size == len(archives.deflate(PLAIN))


@pytest.mark.parametrize("name", ["plain", "zstd"])
def test_archives_in_an_archive_one_level(tmp_path: Path, name: str) -> None:
    deep = archives.tar([("deep", archives.zipped([("x", PLAIN)])), ("b", LATER)])
    outer = archives.tar(
        [("in.tar", PACK[name](deep)), ("in.zip", archives.zipped([("c", PLAIN)]))]
    )
    specs, issues = found(tmp_path, PACK[name](outer))
    assert inside(specs) == ["in.zip!/c", "in.tar!/b"]
    assert [content(spec) for spec in specs] == [PLAIN, LATER]
    assert [spec.extract for spec in specs] == [None, None]
    assert codes(issues) == {"archive-nesting": (1, True)}
    box = archives.zipped(
        [("t", PACK[name](archives.tar(MEMBERS))), ("z", archives.zipped(MEMBERS))]
    )
    specs, _ = found(tmp_path, box)
    assert len(specs) == 6
    assert {content(spec) for spec in specs} == {PLAIN, LATER}


def test_standard_input_may_be_an_archive() -> None:
    for data in (archives.tar(MEMBERS), zstd.compress(archives.tar(MEMBERS))):
        with run.standard_input(data):
            specs, _ = discover(["-"])
        assert [spec.path for spec in specs] == ["-!/dir/a.pcap", "-!/dir/packed", "-!/z/late.txt"]
        assert [content(spec) for spec in specs] == [PLAIN, PLAIN, LATER]
        assert [spec.extract for spec in specs] == [None] * 3
    with run.standard_input(archives.zipped(MEMBERS)):
        specs, _ = discover(["-"])
    assert [content(spec) for spec in specs] == [PLAIN, PLAIN, LATER]


def test_names_decide_nothing_and_come_out_on_one_line(tmp_path: Path) -> None:
    before = set(tmp_path.parent.iterdir())
    names = [
        b"../../escape",
        b"/abs",
        b"\x1b[2Jred\n",
        b"\xff\xfe",
        "x‮gnp".encode(),
        b"dup",
        b"dup",
        b"-rf",
        b"*",
    ]
    data = b"".join(archives.entry(name, PLAIN) for name in names) + archives.END
    specs, issues = found(tmp_path, data)
    assert sorted(inside(specs)) == sorted(
        [
            "../../escape",
            "/abs",
            "\\x1b[2Jred\\n",
            "\\xff\\xfe",
            "x\\u202egnp",
            "dup",
            "dup#2",
            "-rf",
            "*",
        ]
    )
    assert [spec.extract for spec in specs] == [None] * len(names)
    assert issues == []
    assert set(tmp_path.parent.iterdir()) == before
    assert [path.name for path in tmp_path.iterdir()] == ["box"]


def test_pax_names_with_zero_bytes_and_huge_headers(tmp_path: Path) -> None:
    def pax(*records: bytes) -> bytes:
        return archives.entry(b"pax", b"".join(records), b"x")

    data = (
        pax(b"17 path=odd\0name\n")
        + archives.entry(b"a", PLAIN)
        + pax(b"999999 path=x\n")
        + archives.entry(b"b", PLAIN)
        + archives.entry(b"long", b"n" * 2_000_000, b"L")
        + archives.entry(b"c", PLAIN)
        + archives.entry(b"long", b"n" * 3000 + b"\0", b"L")
        + archives.entry(b"d", PLAIN)
        + archives.END
    )
    specs, issues = found(tmp_path, data)
    assert sorted(inside(specs)) == ["b", "c", "n" * 1024 + "...", "odd\\x00name"]
    assert issues == []


def test_links_devices_and_sparse_files_are_counted(tmp_path: Path) -> None:
    pax = archives.entry(b"p", b"22 GNU.sparse.major=1\n", b"x")
    data = b"".join(
        [
            archives.header(b"link", 0, b"2"),
            archives.header(b"hard", 700, b"1"),  # a size without data
            archives.header(b"null", 0, b"3"),
            archives.header(b"fifo", 0, b"6"),
            archives.header(b"dir/", 0, b"5"),
            archives.entry(b"old-sparse", b"x" * 600, b"S"),
            pax + archives.entry(b"new-sparse", b"1\n0\n" + bytes(508)),
            archives.entry(b"odd", b"?" * 5, b"Q"),
            archives.entry(b"v7", PLAIN, b"\0", magic=False),
            archives.END,
        ]
    )
    specs, issues = found(tmp_path, data)
    assert inside(specs) == ["v7"]
    kinds = {(i.detail.split(" in ")[0], i.count, i.incomplete) for i in issues}
    assert kinds == {
        ("found a link", 2, False),
        ("found a device", 1, False),
        ("found a named pipe", 1, False),
        ("found a sparse file", 2, True),
        ("found a member of an unknown type", 1, True),
    }


def test_gnu_tar_and_infozip_write_what_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "src"
    folder.mkdir()
    (folder / "a b.pcap").write_bytes(PLAIN)
    (folder / ("l" * 150)).write_bytes(LATER)
    with (folder / "hole").open("wb") as file:
        file.seek(1 << 20)
        file.write(PLAIN)
    for command in (["tar", "-cSf", "../gnu.tar", "."], ["zip", "-qr", "../info.zip", "."]):
        subprocess.run(command, cwd=folder, check=True)
        path = tmp_path / command[2].removeprefix("../")
        specs, issues = discover([str(path)])
        assert sorted(content(spec) for spec in specs) == sorted([PLAIN, LATER])
        assert {i.code for i in issues} <= {"archive-member", "not-a-capture"}


@pytest.mark.parametrize("name", ["plain", "gzip", "zstd", "xz"])
def test_the_commands_print_the_capture(tmp_path: Path, name: str) -> None:
    for data in (PACK[name](archives.tar(MEMBERS)), archives.zipped(MEMBERS)):
        folder = tmp_path / "it's; $(touch pwned)"
        folder.mkdir(exist_ok=True)
        path = folder / "bundle"
        path.write_bytes(data)
        specs, _ = discover([str(path)])
        assert len(specs) == 3
        for spec in specs:
            assert spec.extract is not None
            done = subprocess.run(
                ["sh", "-c", spec.extract], capture_output=True, cwd=tmp_path, check=True
            )
            assert done.stdout == content(spec)
    assert not (tmp_path / "pwned").exists()


def test_a_name_that_tar_would_take_for_several_members_has_no_command(tmp_path: Path) -> None:
    members = [("a", PLAIN), ("a/b", PLAIN), ("c", PLAIN), ("c", b"text"), ("d", PLAIN)]
    specs, _ = found(tmp_path, archives.tar(members))
    told = {spec.path.split("!/")[1]: spec.extract is not None for spec in specs}
    assert told == {"a": False, "a/b": True, "c": False, "d": True}


# -- damage ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["plain", "gzip", "zstd", "lz4"])
def test_a_cut_tar_gives_what_precedes_the_cut(tmp_path: Path, name: str) -> None:
    noise = hashlib.shake_256(b"n").digest(200_000)
    whole = PACK[name](archives.tar([("a", PLAIN), ("noise", noise), ("b", LATER)]))
    specs, issues = found(tmp_path, whole[: len(whole) * 2 // 3])
    if name in ("plain", "gzip"):  # the others come out block by block
        assert inside(specs) == ["a"]
    cut = [issue for issue in issues if issue.code.endswith("-truncated")]
    assert len(cut) == 1
    assert cut[0].incomplete
    assert f"offset {len(whole) * 2 // 3}" in cut[0].detail


def test_a_member_that_is_cut_is_read_up_to_the_cut(tmp_path: Path) -> None:
    whole = archives.tar([("a", PLAIN)])
    specs, issues = found(tmp_path, whole[: 512 + len(PLAIN) - 5])
    assert [content(spec) for spec in specs] == [PLAIN[:-5]]
    assert codes(issues) == {"tar-truncated": (1, True)}


def test_a_wrong_tar_header_ends_it(tmp_path: Path) -> None:
    first = archives.entry(b"a", PLAIN)
    broken = bytearray(archives.entry(b"b", PLAIN))
    broken[3] ^= 1
    specs, issues = found(tmp_path, first + bytes(broken) + archives.END)
    assert inside(specs) == ["a"]
    assert codes(issues) == {"tar-damaged": (1, True)}
    assert f"offset {len(first)}:" in issues[0].detail
    specs, issues = found(tmp_path, first + archives.END + b"junk".ljust(512, b"!"))
    assert codes(issues) == {"tar-trailing-data": (1, True)}
    again = first + archives.END + archives.entry(b"b", LATER) + archives.END
    assert inside(found(tmp_path, again)[0]) == ["a", "b"]


def test_a_negative_size_is_refused(tmp_path: Path) -> None:
    head = bytearray(archives.header(b"a", 8**11 + 5))
    head[124:136] = b"\xff" * 12
    head[148:156] = b" " * 8
    head[148:156] = b"%06o\0 " % sum(head)
    specs, issues = found(tmp_path, archives.entry(b"x", PLAIN) + bytes(head) + archives.END)
    assert inside(specs) == ["x"]
    assert codes(issues) == {"tar-damaged": (1, True)}


def test_a_zip_without_its_directory_is_read_from_the_front(tmp_path: Path) -> None:
    crc = zlib.crc32(PLAIN)
    packed = archives.deflate(PLAIN)
    streamed = archives.local(b"s", packed, len(PLAIN), crc, flags=8)
    known = archives.local(b"k", packed, len(PLAIN), crc)
    specs, issues = found(tmp_path, streamed + known + known[:-9])
    assert inside(specs) == ["k", "k#2", "s"]
    assert sorted(len(content(s)) for s in specs)[1:] == [len(PLAIN)] * 2
    assert codes(issues) == {"zip-truncated": (1, True)}
    with open_stream(next(s for s in specs if s.path.endswith("#2"))) as stream:
        view = memoryview(bytearray(1 << 20))
        while stream.readinto(view):
            pass
        assert stream.problem is not None
        assert stream.problem.code == "deflate-truncated"
        assert stream.sha256 is None


def test_encrypted_members_and_unknown_methods_are_told(tmp_path: Path) -> None:
    pieces = [(b"e", 1, 8), (b"aes", 1, 99), (b"lzma", 0, 14), (b"odd", 0, 77), (b"ok", 0, 8)]
    packed, crc, data, entries = archives.deflate(PLAIN), zlib.crc32(PLAIN), b"", []
    for name, flags, method in pieces:
        entries.append(
            archives.listed(name, len(packed), len(PLAIN), crc, len(data), flags, method)
        )
        data += archives.local(name, packed, len(PLAIN), crc, flags, method)
    specs, issues = found(tmp_path, data + archives.ending(entries, len(data)))
    assert inside(specs) == ["ok"]
    told = sorted((i.code, i.count, i.incomplete) for i in issues)
    assert told == [("encrypted-member", 2, True), ("zip-method", 1, True), ("zip-method", 1, True)]


@pytest.mark.parametrize(
    ("size", "crc", "code"), [(0, 0, "zip-size"), (5, 0, "zip-size"), (-1, 7, "zip-checksum")]
)
def test_a_zip_that_lies_is_read_and_told(tmp_path: Path, size: int, crc: int, code: str) -> None:
    size = len(PLAIN) if size < 0 else size
    packed = archives.deflate(PLAIN)
    data = archives.local(b"a", packed, size, crc)
    entry = archives.listed(b"a", len(packed), size, crc, 0)
    ((spec,), _) = found(tmp_path, data + archives.ending([entry], len(data)))
    with open_stream(spec) as stream:
        view, out = memoryview(bytearray(1 << 16)), b""
        while count := stream.readinto(view):
            out += view[:count]
        assert out == PLAIN
        assert stream.problem is not None
        assert stream.problem.code == code
        assert stream.problem.incomplete


def test_overlapping_members_are_read_once(tmp_path: Path) -> None:
    packed, crc = archives.deflate(PLAIN), zlib.crc32(PLAIN)
    data = archives.local(b"a", packed, len(PLAIN), crc)
    entries = [archives.listed(b"%d" % n, len(packed), len(PLAIN), crc, 0) for n in range(1000)]
    specs, issues = found(tmp_path, data + archives.ending(entries, len(data)))
    assert inside(specs) == ["0"]
    assert codes(issues) == {"zip-overlap": (999, True)}


def test_a_directory_that_points_nowhere(tmp_path: Path) -> None:
    data = archives.local(b"a", b"", 0, 0)
    entries = [archives.listed(b"x", 5, 5, 0, at) for at in (7, 1 << 31)]
    specs, issues = found(tmp_path, data + archives.ending(entries, len(data)))
    assert specs[0].problem is not None
    assert specs[0].problem.code == "no-captures"
    assert codes(issues) == {"zip-damaged": (2, True)}


def test_an_archive_without_captures_is_an_input_when_named(tmp_path: Path) -> None:
    box = tmp_path / "report.docx"
    box.write_bytes(archives.zipped([("word/document.xml", b"<x/>")]))
    ((spec,), issues) = discover([str(box)])
    assert spec.problem is not None
    assert spec.problem.code == "no-captures"
    (tmp_path / "x.pcap").write_bytes(PLAIN)
    specs, issues = discover([str(tmp_path)])
    assert [spec.path for spec in specs] == [f"{tmp_path}/x.pcap"]
    assert not any(issue.incomplete for issue in issues)


# -- bounds ---------------------------------------------------------------------------------------


def test_the_spill_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "Spill", lambda: Spill(limit=len(PLAIN) + 10))
    specs, issues = found(tmp_path, gzip.compress(archives.tar([("a", PLAIN), ("b", LATER)])))
    assert inside(specs) == ["a"]
    assert codes(issues) == {"archive-spill": (1, True)}
    assert issues[0].where.endswith("!/b")


def test_captures_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_CAPTURES", 3)
    members = [(f"{n}", PLAIN) for n in range(9)]
    specs, issues = found(tmp_path, archives.tar(members))
    assert len(specs) == 3
    assert codes(issues) == {"archive-captures": (6, True)}


PEAK = """
import resource, sys
from analyzer.inputs.discover import discover
from analyzer.inputs.open import open_stream
specs, issues = discover(sys.argv[1:])
view, total = memoryview(bytearray(1 << 20)), 0
for spec in specs:
    with open_stream(spec) as stream:
        while count := stream.readinto(view):
            total += count
print(len(specs), total, sum(i.count for i in issues))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def peak(stdin: Callable[[], object] | None, *paths: Path | str) -> tuple[list[int], int]:
    """What the script prints, and its peak memory in MiB; `stdin` yields pieces to pipe in."""
    child = subprocess.Popen(
        [sys.executable, "-c", PEAK, *map(str, paths)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(run.ROOT)},
    )
    assert child.stdin is not None
    assert child.stdout is not None
    with child.stdin as pipe:
        for piece in stdin() if stdin else ():
            pipe.write(piece)
    figures, memory = child.stdout.read().decode().split("\n")[:2]
    assert child.wait() == 0
    return [int(n) for n in figures.split()], int(memory) >> 10


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> int:
    path = tmp_path_factory.mktemp("usual") / "a.zip"
    path.write_bytes(archives.zipped([("a", PLAIN)]))
    return peak(None, path)[1]


def packed_zeros(size: int) -> tuple[bytes, int]:
    """A capture's header and then zeros, deflated; made without ever holding the content."""
    packer, crc = zlib.compressobj(9, wbits=-15), zlib.crc32(PLAIN)
    out, zeros = [packer.compress(PLAIN)], bytes(1 << 20)
    for _ in range(size >> 20):
        out.append(packer.compress(zeros))
        crc = zlib.crc32(zeros, crc)
    return b"".join([*out, packer.flush()]), crc


def test_a_deflate_bomb_takes_no_memory(tmp_path: Path, usual: int) -> None:
    size = 1 << 30
    packed, crc = packed_zeros(size)
    data = archives.local(b"a", packed, size + len(PLAIN), crc)
    entry = archives.listed(b"a", len(packed), size + len(PLAIN), crc, 0)
    path = tmp_path / "bomb.zip"
    path.write_bytes(data + archives.ending([entry], len(data)))
    assert path.stat().st_size < 2 << 20
    figures, memory = peak(None, path)
    assert figures == [1, size + len(PLAIN), 0]
    assert memory < usual + 24


def test_a_million_empty_members_take_no_memory(usual: int) -> None:
    million = 1_000_000

    def pieces():
        for first in range(0, million, 10_000):
            yield b"".join(archives.header(b"%d" % n) for n in range(first, first + 10_000))
        yield archives.END

    figures, memory = peak(pieces, "-")
    # the one input is the archive itself, in which there was nothing
    assert figures == [1, 0, million]
    assert memory < usual + 48


def test_a_directory_of_many_entries_takes_no_memory(tmp_path: Path, usual: int) -> None:
    count = 300_000
    packed, crc = archives.deflate(PLAIN), zlib.crc32(PLAIN)
    data = archives.local(b"a", packed, len(PLAIN), crc)
    entry = archives.listed(b"e", 0, 0, 0, 0)
    end = struct.pack("<4sQHHIIQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, count, count, count * 47, 36)
    path = tmp_path / "many.zip"
    with path.open("wb") as file:
        file.write(data)
        file.write(archives.listed(b"a", len(packed), len(PLAIN), crc, 0))
        file.write(entry * (count - 1))
        end = struct.pack(
            "<4sQHHIIQQQQ",
            *(b"PK\6\6", 44, 45, 45, 0, 0, count, count, count * 47, len(data)),
        )
        file.write(end)
        file.write(struct.pack("<4sIQI", b"PK\6\7", 0, len(data) + count * 47, 1))
        file.write(
            struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 65535, 65535, 2**32 - 1, 2**32 - 1, 0)
        )
    figures, memory = peak(None, path)
    assert figures == [1, len(PLAIN), count - 1]
    assert memory < usual + 48


# -- any bytes ------------------------------------------------------------------------------------

SEEDS = [
    archives.tar(MEMBERS, 0),
    archives.tar(MEMBERS, 2),
    gzip.compress(archives.tar(MEMBERS), mtime=0),
    archives.zipped(MEMBERS),
    archives.tar([("t", archives.zipped(MEMBERS))]),
]


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_damage_never_raises(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    one, two = data.draw(st.sampled_from(SEEDS)), data.draw(st.sampled_from(SEEDS))
    mixed = bytearray(
        one[: data.draw(st.integers(0, len(one)))] + two[data.draw(st.integers(0, len(two))) :]
    )
    for _ in range(data.draw(st.integers(0, 6))):
        if mixed:
            at = data.draw(st.integers(0, len(mixed) - 1))
            mixed[at] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / "mixed"
    path.write_bytes(bytes(mixed))
    specs, _ = discover([str(path)])
    for spec in specs:
        content(spec)
    probe_file(str(path))


def test_the_same_bytes_listed_often_are_decompressed_once(tmp_path: Path, usual: int) -> None:
    """Text, not a capture: what is left out must not cost time either."""
    text = b"hello" * 20_000
    packed, crc, count = archives.deflate(text), zlib.crc32(text), 60_000
    data = archives.local(b"a", packed, len(text), crc)
    entries = archives.listed(b"a", len(packed), len(text), crc, 0) * count
    path = tmp_path / "often.zip"
    end = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, count, count, len(entries), len(data), 0)
    path.write_bytes(data + entries + end)
    ((spec,), issues) = discover([str(path)])
    assert spec.problem is not None
    assert codes(issues) == {"not-a-capture": (1, False), "zip-overlap": (count - 1, True)}


def test_members_in_any_order_of_the_directory(tmp_path: Path) -> None:
    packed, crc, data, entries = archives.deflate(PLAIN), zlib.crc32(PLAIN), b"", []
    for n in range(50):
        entries.append(archives.listed(b"%d" % n, len(packed), len(PLAIN), crc, len(data), 8))
        data += archives.local(b"%d" % n, packed, len(PLAIN), crc, flags=8)
        data += bytes(100 * (n % 3))  # gaps, small and large
    for order in (entries, entries[::-1], entries[1::2] + entries[::2]):
        specs, issues = found(tmp_path, data + archives.ending(order, len(data)))
        assert (len(specs), issues) == (50, [])


@pytest.mark.parametrize("name", PACK)
@pytest.mark.parametrize("kept", [1, 40, 600, 900, 1100, 2000, 2560])
def test_a_cut_tar_has_one_line_and_commands_that_print_what_was_read(
    tmp_path: Path, name: str, kept: int
) -> None:
    noise = hashlib.shake_256(b"n").digest(300)
    whole = archives.tar([("a", PLAIN), ("b", LATER), ("c", noise), ("d", PLAIN)])
    packed = PACK[name](whole[:kept] if name == "plain" else whole)
    cut = packed if name == "plain" else packed[: len(packed) * kept // 2600]
    specs, issues = found(tmp_path, cut)
    lines = [issue for issue in issues if issue.code != "not-a-capture"]
    assert len(lines) + sum(spec.problem is not None for spec in specs) == 1
    assert not any("an empty file" in issue.detail for issue in issues)
    for line in lines:
        assert "offset" in line.detail
        assert all(line.detail.count(word) == 1 for word in ("expected", "found", "lost"))
    for spec in specs:
        if spec.extract is not None:
            done = subprocess.run(["sh", "-c", spec.extract], capture_output=True, check=False)
            assert done.stdout == content(spec), spec.extract


@pytest.mark.parametrize(
    ("start", "kind"),
    [(b"Rar!\x1a\7\1\0", "a RAR archive"), (b"070701", "a cpio archive"), (b"LZIP\1", "lzip data")],
)
def test_archives_that_are_not_read_are_named(tmp_path: Path, start: bytes, kind: str) -> None:
    ((spec,), _) = found(tmp_path, start + bytes(99))
    assert spec.problem is not None
    assert f"found {kind}; nothing analysed; " in spec.problem.detail


def test_names_that_tar_takes_for_a_folder_have_no_command(tmp_path: Path) -> None:
    members = [archives.entry(name, PLAIN) for name in (b"a/", b"", b"ok")]
    specs, _ = found(tmp_path, b"".join(members) + archives.END)
    told = {spec.member: spec.extract is not None for spec in specs}
    assert told == {b"a/": False, b"": False, b"ok": True}
