"""What counts as sent in QUIC, where nothing but sizes can be seen."""

from __future__ import annotations

import pickle
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from craft import quic, tls
from craft.direct import Row, read

HELLO = tls.client_hello(tls.Hello(sni="store.example", alpn=("h3",)))
CID = b"serverid"
UP, DOWN = 0, 1
CHUNK = 1252
PER_PACKET = 1 + len(CID) + 2 + 16 + 4  # what the estimate takes off each packet

Said = list[tuple[int, bytes]]


def flow_of(said: Said, **options: Any) -> Row:
    """The conversation, its packets behind the handshake cut to 100 bytes to keep files small."""
    packets = quic.datagrams(said, **options)
    ahead = len(quic.established(HELLO))
    return read([*packets[:ahead], *(p.snapped(100) for p in packets[ahead:])]).flow


def data(side: int, total: int, *, acks: int = 2, ack_bytes: int = 35) -> Said:
    """``total`` bytes in full packets; the other side acknowledges every ``acks``th."""
    mine, other = (CID, quic.SCID) if side == UP else (quic.SCID, CID)
    full, little = quic.short(CHUNK, mine), quic.short(ack_bytes, other)
    out: Said = []
    room = CHUNK - PER_PACKET
    for number in range(-(-total // room)):
        last = min(total - number * room, room)
        out.append((side, full if last == room else quic.short(last + PER_PACKET, mine)))
        if acks and number % acks == acks - 1:
            out.append((1 - side, little))
    return out


def request(size: int = 180) -> Said:
    return [(UP, quic.short(size, CID))]


def answer(size: int = 110) -> Said:
    return [(DOWN, quic.short(size, quic.SCID))]


def silent(flow: Row) -> bool:
    return flow["upload_turns"] == flow["drip_turns"] == flow["wide_requests"] == 0


@pytest.mark.parametrize(
    ("total", "acks", "size"),
    [(100, 2, 35), (10, 1, 45), (10, 2, 120), (10, 10, 60)],
    ids=["usual", "each", "lossy", "few"],
)
def test_a_large_download_is_no_upload(total: int, acks: int, size: int) -> None:
    """100 MB is acknowledged some 40,000 times."""
    download = data(DOWN, total * 1_000_000, acks=acks, ack_bytes=size)
    flow = flow_of([*quic.established(HELLO), *request(), *download], step_ns=1000)
    assert flow["resp_bytes"] > total * 1_000_000
    assert silent(flow)
    assert flow["turns"] <= 2


@pytest.mark.parametrize("acks", [0, 1, 2, 10])
@pytest.mark.parametrize("body", [20_000, 2_000_000])
def test_an_upload_is_one_turn_of_its_size(acks: int, body: int) -> None:
    said = [*quic.established(HELLO), *request(450), *data(UP, body, acks=acks), *answer()]
    flow = flow_of(said)
    assert flow["upload_turns"] == 1
    assert body <= flow["upload_bytes"] <= body * 1.03 + 600
    assert abs(flow["upload_app_bytes"] - body) < 500


def test_an_upload_behind_a_bigger_download() -> None:
    said = [*quic.established(HELLO), *request(), *data(DOWN, 3_000_000), *data(UP, 20_000)]
    flow = flow_of([*said, *answer(), *request(), *data(DOWN, 500_000)])
    assert (flow["upload_turns"], flow["upload_bytes"] // 1000) == (1, 20)


def test_browsing_is_silent() -> None:
    said = quic.established(HELLO)
    for size in (900, 30_000, 4_000, 250_000, 2_500):
        said += [*request(280), *data(DOWN, size)]
    assert silent(flow_of(said))


def test_small_posts_are_drips() -> None:
    said = quic.established(HELLO)
    for _ in range(5):
        said += [*request(1100), *answer(300)]
    flow = flow_of(said)
    # the first two small answers may be session tickets, so they end no turn
    assert (flow["drip_turns"], flow["upload_turns"]) == (4, 0)
    assert flow["drip_bytes"] == 60 + 5 * 1100


@pytest.mark.parametrize("size", [40, 128])
def test_small_packets_that_nothing_pays_for_are_payload(size: int) -> None:
    """An upload in datagrams as small as acknowledgements."""
    little = (UP, quic.short(size, CID))
    flow = flow_of([*quic.established(HELLO), *request(), *[little] * 2000, *answer()])
    assert flow["upload_turns"] == 1
    assert flow["upload_bytes"] >= 2000 * size - 4096


def test_what_hides_in_acknowledgements_is_bounded_by_the_download() -> None:
    """One server packet pays for 64 bytes; what is sent beyond that is payload."""
    one = [(DOWN, quic.short(CHUNK, quic.SCID)), *[(UP, quic.short(128, CID))] * 40]
    flow = flow_of([*quic.established(HELLO), *request(), *one * 100])
    assert flow["upload_turns"] >= 95
    assert flow["upload_bytes"] >= 95 * 40 * 128 - 4096 - 100 * 64


@pytest.mark.parametrize("kind", [quic.handshake, quic.opening], ids=["handshake", "initial"])
def test_data_dressed_as_handshake_is_found(kind: Any) -> None:
    """No handshake sends more than 16 KiB (an upload could claim to be one)."""
    raw = quic.handshake(1200, CID, quic.SCID) if kind is quic.handshake else kind(HELLO)[0]
    flow = flow_of([*quic.established(HELLO), *[(UP, raw)] * 40, *answer(800)])
    assert flow["upload_turns"] == 1
    assert flow["upload_bytes"] > 40 * 1200 - 16384


def test_packets_that_the_host_put_together_count_as_several() -> None:
    """Receive offload shows one datagram of many packets."""
    big = (UP, quic.short(20 * 1252, CID))
    flow = flow_of([*quic.established(HELLO), *request(), big, *answer()])
    assert flow["upload_turns"] == 1
    assert flow["upload_app_bytes"] < flow["upload_bytes"] - 17 * PER_PACKET


def test_a_capture_that_begins_inside_a_connection_is_judged_as_datagrams() -> None:
    packets = quic.datagrams([*request(), *data(UP, 40_000), *answer()])
    flow = read(packets).flow
    assert flow["app"] is None
    assert flow["upload_turns"] >= 1


def test_a_moved_connection_is_another_flow() -> None:
    """The client's port changes (a NAT forgot it): the new flow has no handshake, and no name."""
    said = [*quic.established(HELLO), *request()]
    moved = quic.datagrams(data(UP, 20_000), client=("10.1.0.7", 50999))
    later = [replace(p, ts_ns=p.ts_ns + 10**9) for p in moved]
    tables = read([*quic.datagrams(said), *later])
    assert [flow["app"] for flow in tables["flows"]] == ["quic", None]


@pytest.mark.parametrize("after", range(9))
def test_handed_over_anywhere(after: int) -> None:
    """State of hellos and of turns goes to the next engine."""
    from analyzer.capture.engine import Engine
    from analyzer.capture.handover import resume, suspend
    from craft.direct import Tables

    hello = tls.client_hello(tls.Hello(sni="store.example", padding=900))
    first = quic.opening(hello, pieces=2)
    said = [(UP, first[0]), (UP, first[1]), *quic.established(hello)[1:], *data(UP, 20_000)]
    packets = quic.datagrams(said)
    whole, parts = read(packets), Tables()
    engine = Engine(parts.add, seed=1)
    read_part(engine, packets[:after], parts)
    engine = resume(pickle.loads(pickle.dumps(suspend(engine))), parts.add)
    read_part(engine, packets[after:], parts)
    engine.finish_all()
    ours, theirs = parts.flow, whole.flow
    same = set(ours) - {"input_id", "first_packet", "last_packet"}
    assert {k: ours[k] for k in same} == {k: theirs[k] for k in same}
    assert [row["sni"] for row in parts["tls"]] == ["store.example"]
    assert [row["truncated"] for row in parts["tls"]] == [False]


def read_part(engine: Any, packets: Any, tables: Any) -> None:
    from analyzer.capture.merge import Merge
    from analyzer.inputs.discover import discover
    from craft.pcap import write_pcap

    if not packets:
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "part.pcap"
        path.write_bytes(write_pcap(packets))
        Merge([engine]).run(discover([str(path)])[0], finish=False)
