"""An upload over HTTP/3 is found like one over TLS, a download is not, and both are named."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from craft import pcap, quic, run, scenes, tls
from craft.tcp import EPOCH_NS

if TYPE_CHECKING:
    from pathlib import Path

    from craft.packet import Packet

CID = b"serverid"
ROOM = 1252 - 1 - len(CID) - 2 - 16 - 4
BODY, HEAD = 20_000, 280


def talk(number: int, said: list[tuple[int, bytes]], *, port: int = 443) -> list[Packet]:
    """A look-up of the store's name and a QUIC connection to it."""
    client = scenes.agent(number)
    start = EPOCH_NS + number * 1_000_000
    hello = tls.client_hello(tls.Hello(sni=scenes.FOREIGN_STORE, alpn=("h3",)))
    return [
        *scenes.resolve(client, scenes.FOREIGN_STORE, scenes.STORE_ADDRESS, start, 0x40 + number),
        *quic.datagrams(
            [*quic.established(hello), *said],
            client=(client, 50_000),
            server=(scenes.STORE_ADDRESS, port),
            start_ns=start + 50_000_000,
        ),
    ]


def put() -> list[tuple[int, bytes]]:
    """20 KB of body behind a request head, acknowledged by the server, answered by a 201."""
    out: list[tuple[int, bytes]] = []
    for number in range(-(-(BODY + HEAD) // ROOM)):
        out.append((0, quic.short(min(1252, BODY + HEAD - number * ROOM + 31), CID)))
        if number % 2:
            out.append((1, quic.short(35, quic.SCID)))
    return [*out, (1, quic.short(120, quic.SCID)), (0, quic.short(35, CID))]


def get() -> list[tuple[int, bytes]]:
    """3 MB down, an acknowledgement for every second packet."""
    pair = [(1, quic.short(1252, quic.SCID))] * 2
    return [(0, quic.short(200, CID)), *[*pair, (0, quic.short(40, CID))] * 1200]


def capture(folder: Path) -> Path:
    path = folder / "h3.pcap"
    packets = scenes.merge(talk(0, put()), talk(1, get()), talk(2, put(), port=50_001))
    path.write_bytes(pcap.write_pcap(packets))
    return path


@pytest.mark.parametrize("threads", [1, 2])
def test_an_upload_is_found_and_a_download_is_not(tmp_path: Path, threads: int) -> None:
    analysis = run.analyze(tmp_path, capture(tmp_path), own=[scenes.OWN], threads=threads)
    findings = {finding.agent: finding for finding in analysis.exfiltration()}
    assert set(findings) == {scenes.agent(0), scenes.agent(2)}
    for finding in findings.values():
        assert (finding.endpoint, finding.name_grade) == (scenes.FOREIGN_STORE, "A2")
        assert finding.uploaded_bytes is not None
        assert finding.size_error_bytes is not None
        assert abs(finding.uploaded_bytes - BODY) <= finding.size_error_bytes
        assert "1 flow used QUIC" in finding.explanation
    coverage = analysis.result.coverage
    assert (coverage.quic_flows, coverage.quic_unread_flows) == (3, 0)
    assert coverage.named_share == 1.0
    assert analysis.result.verdict == "suspected upload"


@pytest.mark.tool
@pytest.mark.skipif(shutil.which("tshark") is None, reason="needs tshark")
def test_the_figure_can_be_recounted(tmp_path: Path) -> None:
    analysis = run.analyze(tmp_path, capture(tmp_path), own=[scenes.OWN])
    finding = next(f for f in analysis.exfiltration() if f.agent == scenes.agent(0))
    (row,) = finding.evidence
    command = row.tshark
    assert command is not None
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True)
    assert int(done.stdout) == finding.orig_payload_bytes
