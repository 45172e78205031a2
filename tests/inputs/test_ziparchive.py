"""Zip archives that lie: one member's lie costs that member, and a command prints what was read."""

from __future__ import annotations

import shutil
import struct
import subprocess
import zlib
from typing import TYPE_CHECKING

import pytest

from analyzer.inputs.discover import discover
from analyzer.inputs.open import open_stream
from craft import archives, pcap, scenes

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from analyzer.inputs.spec import Spec
    from analyzer.issues import Issue

COUNT = 4
CAPTURES = [
    pcap.write_pcap(scenes.resolve(scenes.agent(0), "a.example", f"192.0.2.{n}", (n + 1) * 10**18))
    for n in range(COUNT)
]
HUGE = 100_000
Pieces = tuple[list[bytes], list[bytes]]


def pieces(method: int, flags: int = 0) -> Pieces:
    """Local headers with their data, and entries."""
    data, entries, at = [], [], 0
    for n, content in enumerate(CAPTURES):
        packed = archives.deflate(content) if method else content
        name, size, crc = b"m%d" % n, len(content), zlib.crc32(content)
        data.append(archives.local(name, packed, size, crc, flags, method))
        entries.append(archives.listed(name, len(packed), size, crc, at, flags, method))
        at += len(data[-1])
    return data, entries


def put(data: bytes, at: int, *values: int, form: str = "<I") -> bytes:
    """The bytes with a field replaced."""
    field = struct.pack(form, *values)
    return data[:at] + field + data[at + len(field) :]


def joined(found: Pieces) -> bytes:
    data, entries = found
    return b"".join(data) + archives.ending(entries, sum(map(len, data)))


def look(tmp_path: Path, data: bytes) -> tuple[dict[str, Spec], list[Issue]]:
    path = tmp_path / "box"
    path.write_bytes(data)
    specs, issues = discover([str(path)])
    return {s.path.split("!/")[1]: s for s in specs if s.archive is not None}, issues


def read(spec: Spec) -> tuple[bytes, str | None]:
    """Content, and the command that prints it."""
    view, out = memoryview(bytearray(1 << 16)), b""
    with open_stream(spec) as stream:
        while count := stream.readinto(view):
            out += view[:count]
        return out, stream.extract


def content(spec: Spec) -> bytes:
    return read(spec)[0]


def lost(specs: dict[str, Spec]) -> set[int]:
    """Members of which not all came out."""
    return {
        n
        for n, whole in enumerate(CAPTURES)
        if f"m{n}" not in specs or content(specs[f"m{n}"]) != whole
    }


def prints_what_was_read(specs: dict[str, Spec]) -> None:
    if shutil.which("unzip") is None:
        return
    for spec in specs.values():
        out, command = read(spec)
        if command is not None:
            done = subprocess.run(["sh", "-c", command], capture_output=True, check=False)
            assert done.stdout == out, spec.path


@pytest.mark.parametrize("liar", range(COUNT))
@pytest.mark.parametrize("size", [0, 50, HUGE, 2**32 - 2])
@pytest.mark.parametrize(("method", "flags"), [(0, 0), (8, 0), (8, 8)])
def test_a_lying_size_in_the_directory_costs_that_member(
    tmp_path: Path, method: int, flags: int, size: int, liar: int
) -> None:
    data, entries = pieces(method, flags)
    entries[liar] = put(entries[liar], 20, size)
    specs, _ = look(tmp_path, joined((data, entries)))
    assert lost(specs) <= {liar}
    prints_what_was_read(specs)


@pytest.mark.parametrize("liar", range(COUNT))
@pytest.mark.parametrize("method", [0, 8])
def test_a_size_that_lies_twice_costs_that_member(tmp_path: Path, method: int, liar: int) -> None:
    data, entries = pieces(method)
    entries[liar], data[liar] = put(entries[liar], 20, HUGE), put(data[liar], 18, HUGE)
    specs, issues = look(tmp_path, joined((data, entries)))
    assert lost(specs) == ({liar} if method == 0 else set())  # deflate knows where it ends
    assert issues == []
    prints_what_was_read(specs)


def swallow(found: Pieces) -> Pieces:
    """The second entry's comment holds the third entry."""
    data, entries = found
    entries[1] = put(entries[1], 32, len(entries[2]), form="<H")
    return data, entries


def overwrite(found: Pieces) -> Pieces:
    data, entries = found
    entries[1] = b"XX" + entries[1][2:]
    return data, entries


def leave_out(found: Pieces) -> Pieces:
    data, entries = found
    return data, entries[:2]


DAMAGE: dict[str, tuple[Callable[[bytes], bytes], Callable[[Pieces], Pieces], str]] = {
    "no directory": (lambda z: z[: z.index(b"PK\1\2")], lambda p: p, "zip-truncated"),
    "half a directory": (lambda z: z[:-60], lambda p: p, "zip-truncated"),
    "fewer counted": (lambda z: put(z, len(z) - 14, 2, 2, form="<HH"), lambda p: p, "zip-damaged"),
    "more counted": (lambda z: put(z, len(z) - 14, 9, 9, form="<HH"), lambda p: p, "zip-damaged"),
    "fewer listed": (
        lambda z: put(z, len(z) - 14, 4, 4, form="<HH"),
        leave_out,
        "zip-damaged",
    ),
    "an entry swallowed": (bytes, swallow, "zip-damaged"),
    "an entry overwritten": (bytes, overwrite, "zip-damaged"),
}


@pytest.mark.parametrize("method", [0, 8])
@pytest.mark.parametrize("name", DAMAGE)
def test_a_damaged_directory_hides_nothing_and_gives_no_command(
    tmp_path: Path, name: str, method: int
) -> None:
    late, early, code = DAMAGE[name]
    specs, issues = look(tmp_path, late(joined(early(pieces(method)))))
    assert lost(specs) == set()
    assert [(i.code, i.count, i.incomplete) for i in issues] == [(code, 1, True)]
    assert issues[0].detail.count("offset") == issues[0].detail.count("expected") == 1
    assert {spec.extract for spec in specs.values()} == {None}


def test_unzip_goes_by_another_name_or_another_end(tmp_path: Path) -> None:
    data, entries = pieces(8)
    field = struct.pack("<HHBI", 0x7075, 8, 1, zlib.crc32(b"m1")) + b"new"
    entries[1] = put(entries[1], 30, len(field), form="<H") + field
    specs, issues = look(tmp_path, joined((data, entries)))
    assert (lost(specs), issues) == (set(), [])
    assert {name for name, spec in specs.items() if spec.extract is None} == {"m1"}
    prints_what_was_read(specs)
    comment = b"PK\5\6" + bytes(30)
    ending = joined(pieces(8))[:-2] + struct.pack("<H", len(comment)) + comment
    specs, issues = look(tmp_path, ending)
    assert (lost(specs), issues) == (set(), [])
    assert {spec.extract for spec in specs.values()} == {None}


def test_members_inside_of_others_are_bounded(tmp_path: Path) -> None:
    """Every one of 2,000 members reaches to the archive's end: the shape of a bomb."""
    many, data, entries = 2000, b"", []
    for n in range(many):
        entries.append(archives.listed(b"%d" % n, HUGE, 9, 0, len(data), method=0))
        data += archives.local(b"%d" % n, b"", 9, 0, method=0)[:18] + struct.pack(
            "<IIHH", HUGE, 9, len(b"%d" % n), 0
        )
        data += b"%d" % n
    _, issues = look(tmp_path, data + archives.ending(entries, len(data)))
    told = {issue.code: issue for issue in issues}
    assert told["zip-overlap"].incomplete
    assert many - 40 < told["zip-overlap"].count < many
