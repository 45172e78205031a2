"""Five captures cut at every byte: no crash, no hang, and what precedes the cut is reported.

What should be left of a prefix is computed here with other means: struct, zlib, zstd, and what the
test knows of the tar that it made.
"""

from __future__ import annotations

import faulthandler
import gzip
import re
import struct
import zlib
from typing import TYPE_CHECKING

import pytest
from backports import zstd

from analyzer.inputs.discover import discover
from craft import archives, https, pcap, pcapng, scenes, tls
from craft.tcp import EPOCH_NS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from analyzer.capture.engine import Engine
    from analyzer.capture.report import InputReport
    from analyzer.issues import Issue
    from craft.packet import Packet

HANG_SECONDS = 600
"""Not a time limit: it turns a hang into a failure."""

Count = tuple[int, int | None]
"""Complete records of a prefix, and where the first incomplete one begins (None: there is none)."""


def packets() -> list[Packet]:
    """A look-up, a TLS session: about 3 KB."""
    client = scenes.agent(0)
    found = scenes.resolve(client, scenes.FOREIGN_STORE, scenes.STORE_ADDRESS, EPOCH_NS)
    ends = ((client, 41000), (scenes.STORE_ADDRESS, 443))
    session = https.connect(*ends, None, hello=tls.Hello(scenes.FOREIGN_STORE), flight=300)
    session.exchange(60, 40, 50).close()
    found += session.conversation.packets()
    return found


def pcap_records(data: bytes) -> Count:
    """Of a little-endian pcap."""
    at, count = 24, 0
    while at + 16 <= len(data):
        after = at + 16 + struct.unpack_from("<I", data, at + 8)[0]
        if after > len(data):
            break
        at, count = after, count + 1
    return count, at if 24 <= at < len(data) else None


def pcapng_records(data: bytes) -> Count:
    """Of a little-endian pcapng: enhanced packet blocks."""
    at = count = 0
    while at + 12 <= len(data):
        kind, length = struct.unpack_from("<II", data, at)
        if at + length > len(data):
            break
        at, count = at + length, count + (kind == 6)
    return count, at if at < len(data) else None


def gunzipped(data: bytes) -> bytes:
    return zlib.decompressobj(wbits=31).decompress(data)


def unzstd(data: bytes) -> bytes:
    """Frames one after the other, the last perhaps in part."""
    out = b""
    while data:
        frame = zstd.ZstdDecompressor()
        out += frame.decompress(data)
        data = frame.unused_data or b""
    return out


def plain_pcap() -> bytes:
    return pcap.write_pcap(packets())


def plain_pcapng() -> bytes:
    return pcapng.write_pcapng(packets())


def zstd_frames() -> bytes:
    """Many small frames, so that the cut falls between, into, and on the edge of blocks."""
    plain = plain_pcapng()
    return b"".join(zstd.compress(plain[at : at + 400]) for at in range(0, len(plain), 400))


CASES: dict[str, tuple[Callable[[], bytes], Callable[[bytes], Count], bool]] = {
    "pcap": (plain_pcap, pcap_records, False),
    "pcapng": (plain_pcapng, pcapng_records, False),
    "pcap+gzip": (
        lambda: gzip.compress(plain_pcap(), mtime=0),
        lambda data: pcap_records(gunzipped(data)),
        True,
    ),
    "pcapng+zstd": (zstd_frames, lambda data: pcapng_records(unzstd(data)), True),
}


@pytest.fixture(autouse=True)
def _no_hang() -> Iterator[None]:
    faulthandler.dump_traceback_later(HANG_SECONDS, exit=True)
    yield
    faulthandler.cancel_dump_traceback_later()


@pytest.fixture(scope="module")
def engine() -> Engine:
    """One for all prefixes: it ends every conversation at the end of a run."""
    from analyzer.capture.engine import Engine

    return Engine(lambda _table, _columns: None, max_flows=64, slots=8, window=1 << 16, seed=1)


def analyse(engine: Engine, path: Path) -> tuple[list[InputReport], list[Issue]]:
    from analyzer.capture.merge import Merge

    specs, found = discover([str(path)])
    reports, issues = Merge([engine]).run(specs)
    return reports, [*found, *issues]


@pytest.mark.parametrize("name", CASES)
def test_every_prefix_of_a_capture(engine: Engine, tmp_path: Path, name: str) -> None:
    make, count, compressed = CASES[name]
    whole = make()
    assert 1200 < len(whole) < 4000
    path = tmp_path / "cut"
    path.write_bytes(whole)
    (report,), issues = analyse(engine, path)
    assert report.records == count(whole)[0] > 10
    assert report.complete
    assert issues == []
    counts = set()
    for cut in range(len(whole)):
        path.write_bytes(whole[:cut])
        (report,), issues = analyse(engine, path)
        records, broken = count(whole[:cut])
        counts.add(records)
        assert report.records == records, cut
        lost = [issue for issue in issues if issue.incomplete]
        assert report.complete == (not lost), cut
        places = {issue.where for issue in lost}
        if report.format is None:  # too short to be told
            assert places == {"offset 0"}, cut
        elif compressed and lost and lost[0].code not in ("not-a-capture", "no-packets"):
            # Between two members nothing is wrong with the compression, only with the record.
            assert places & {f"offset {cut}", f"offset {broken}"}, (cut, lost)
        elif broken is not None and report.records:
            assert f"offset {broken}" in places, (cut, lost)
            assert not report.complete
        elif not report.records:
            assert lost, cut  # nothing to analyse is never complete
    assert len(counts) > 6  # compressed blocks hold several records each
    assert compressed or counts == set(range(max(counts) + 1))


def test_every_prefix_of_an_archive(engine: Engine, tmp_path: Path) -> None:
    one = pcap.write_pcap(packets()[:6])
    two = pcapng.write_pcapng(packets()[:5])
    whole = archives.tar([("one", one), ("two", two)])[: 512 * 4 + 512 * 3 + 1536]
    starts = {"one": 512}
    starts["two"] = 512 + -(-len(one) // 512) * 512 + 512
    end = starts["two"] + -(-len(two) // 512) * 512
    whole = archives.tar([("one", one), ("two", two)])[: end + 1024]
    path = tmp_path / "cut"
    for cut in range(len(whole)):
        path.write_bytes(whole[:cut])
        reports, issues = analyse(engine, path)
        got = {r.path.rpartition("!/")[2]: r.records for r in reports if r.archive}
        inside = {name: whole[:cut][start:] for name, start in starts.items()}
        wanted = {
            "one": pcap_records(inside["one"][: len(one)])[0],
            "two": pcapng_records(inside["two"][: len(two)])[0],
        }
        assert {name: got.get(name, 0) for name in wanted} == wanted, cut
        if cut >= end + 512:
            assert all(report.complete for report in reports)
            continue
        lost = [issue for issue in issues if issue.incomplete]
        assert lost, cut
        if cut >= 512:
            told = [i for i in lost if i.code == "tar-truncated"]
            assert len(told) == 1, (cut, lost)
            assert re.match(rf"offset {cut}: ", told[0].detail), (cut, told)


@pytest.mark.parametrize(
    "name",
    [
        "arkime__tls13.pcap",
        "zeek__websocket_oversized-close-frame.pcapng",
    ],
)
def test_every_prefix_of_a_real_capture(
    engine: Engine, corpus_dir: Path, tmp_path: Path, name: str
) -> None:
    whole = (corpus_dir / "open" / name).read_bytes()
    count = pcapng_records if name.endswith("ng") else pcap_records
    path = tmp_path / "cut"
    for cut in range(len(whole) + 1):
        path.write_bytes(whole[:cut])
        (report,), _ = analyse(engine, path)
        assert report.records == count(whole[:cut])[0], cut
