"""QUIC handshakes: what is read out of Initials, in whatever pieces and order they come."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.capture.quic import MAX_FAILURES, Hellos
from craft import quic, scenes, tls
from craft.direct import Tables, read
from craft.quic import Initial

NAME = "store.blob.core.windows.net"
HELLO = tls.client_hello(tls.Hello(sni=NAME, alpn=("h3",)))
BIG = tls.client_hello(tls.Hello(sni=NAME, alpn=("h3",), key_share_bytes=1216, padding=900))


def seen(*said: tuple[int, bytes], **options: Any) -> Tables:
    return read(quic.datagrams(said), **options)


def names(tables: Tables) -> list[str]:
    return [row["name"] for row in tables["names"]]


@pytest.mark.parametrize("version", [quic.V1, quic.V2, quic.DRAFT_29, 0xFF000017, 0x1A2A3A4A])
def test_one_initial_gives_the_name(version: int) -> None:
    tables = seen(*((0, d) for d in quic.opening(HELLO, version=version)))
    (row,) = tables["tls"]
    assert (row["sni"], row["alpn"], row["version"], row["ech"]) == (NAME, "h3", 772, False)
    assert (row["quic_version"], row["truncated"], row["packet"]) == (version, False, 1)
    (name,) = tables["names"]
    assert (name["name"], name["kind"], name["addr"], name["port"], name["client_ip"]) == (
        NAME, "quic_sni", "203.0.113.9", 443, "10.1.0.7",
    )  # fmt: skip
    assert (tables.flow["app"], tables.flow["orientation"]) == ("quic", "hello")


def test_a_whole_handshake_is_no_upload() -> None:
    tables = seen(*quic.established(HELLO))
    assert names(tables) == [NAME]
    assert tables.codes == {}
    assert (tables.flow["upload_turns"], tables.flow["drip_turns"]) == (0, 0)
    assert tables.flow["orig_bytes"] == 1200 + 1200 + 140


def test_offered_ech_marks_the_flow() -> None:
    hello = tls.client_hello(tls.Hello(sni="public.example", ech="real"))
    tables = seen(*((0, d) for d in quic.opening(hello)))
    assert (tables["tls"][0]["ech"], tables.flow["ech"]) == (True, "offered")


@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_a_hello_cut_anywhere_in_any_order(data: st.DataObject) -> None:
    """Pieces of any size, some twice, over any number of Initials, PING and PADDING between."""
    hello = data.draw(st.sampled_from([HELLO, BIG]))
    cuts = data.draw(st.lists(st.integers(1, len(hello) - 1), max_size=12, unique=True))
    bounds = [0, *sorted(cuts), len(hello)]
    pieces = [quic.crypto(a, hello[a:b]) for a, b in zip(bounds, bounds[1:], strict=False)]
    pieces += data.draw(st.lists(st.sampled_from(pieces), max_size=3))
    pieces = data.draw(st.permutations(pieces))
    packets: list[bytes] = [b""]
    for piece in pieces:
        if len(packets[-1]) + len(piece) > 1100 or data.draw(st.booleans()):
            packets.append(b"")
        packets[-1] += data.draw(st.sampled_from([b"", b"\x01", bytes(9), quic.ack()])) + piece
    version = data.draw(st.sampled_from([quic.V1, quic.V2, quic.DRAFT_29]))
    size = data.draw(st.integers(1, 4))
    raw = [
        quic.initial(Initial(frames, version=version, number=k, number_size=size))
        for k, frames in enumerate(packets)
    ]
    grouped = [b""]
    for packet in raw:  # coalesced by chance
        if len(grouped[-1]) + len(packet) > 2000 or data.draw(st.booleans()):
            grouped.append(b"")
        grouped[-1] += packet
    found = opened(grouped)
    assert found == [hello]


def opened(datagrams: list[bytes], hellos: Hellos | None = None, flow: int = 1) -> list[bytes]:
    """Hellos in client datagrams, through the decoder alone."""
    import numpy as np

    from analyzer.capture.layout import C_FLOW, C_LEN, C_OFF, C_SIZE

    rows = np.zeros((len(datagrams), C_SIZE), dtype=np.int64)
    at = 0
    for row, datagram in zip(rows, datagrams, strict=True):
        row[C_FLOW], row[C_OFF], row[C_LEN] = flow, at, len(datagram)
        at += len(datagram)
    arena = np.frombuffer(b"".join(datagrams), dtype=np.uint8)
    return [one.hello for one in (hellos or Hellos()).read(rows, arena)]


@pytest.mark.parametrize("pieces", [2, 3, 7])
@pytest.mark.parametrize("shuffle", [False, True])
def test_several_initials_through_the_engine(pieces: int, shuffle: bool) -> None:
    datagrams = quic.opening(BIG, pieces=pieces)
    if shuffle:
        random.Random(pieces).shuffle(datagrams)
    tables = seen(*((0, d) for d in datagrams))
    assert names(tables) == [NAME]
    assert tables["tls"][0]["packet"] == pieces


def test_after_a_retry_the_keys_follow_from_the_new_id() -> None:
    """RFC 9000 section 17.2.5.2: the second Initial goes to the id that the Retry chose."""
    again = quic.opening(BIG, pieces=2, dcid=b"newserverid", token=b"t" * 40)
    lost = quic.opening(BIG, pieces=2)[0]
    tables = seen((0, lost), (1, quic.retry(b"newserverid")), *((0, d) for d in again))
    assert names(tables) == [NAME]
    assert [row["truncated"] for row in tables["tls"]] == [False]


def test_version_negotiation_and_a_second_attempt() -> None:
    first = quic.opening(HELLO, version=0x1A2A3A4A)[0]
    other = quic.opening(HELLO, dcid=b"otherdcid")[0]
    tables = seen((0, first), (1, quic.negotiation([quic.V1, quic.V2])), (0, other))
    assert [row["quic_version"] for row in tables["tls"]] == [0x1A2A3A4A, quic.V1]
    assert set(names(tables)) == {NAME}


def test_the_rest_of_a_hello_may_go_to_the_servers_id() -> None:
    """Keys stay when the server has answered with an id of its own (RFC 9001 section 5.2)."""
    first = quic.initial(Initial(quic.crypto(0, BIG[:1000]), size=1200))
    rest = Initial(
        quic.crypto(1000, BIG[1000:2000]), dcid=b"serverid", key_dcid=quic.DCID, number=1, size=1200
    )
    last = Initial(quic.crypto(2000, BIG[2000:]), dcid=b"serverid", key_dcid=quic.DCID, number=2)
    answer = Initial(quic.ack(), dcid=quic.SCID, scid=b"serverid", key_dcid=quic.DCID, server=True)
    tables = seen(
        (0, first), (1, quic.initial(answer)), (0, quic.initial(rest)), (0, quic.initial(last))
    )
    assert names(tables) == [NAME]


def test_the_server_seen_first() -> None:
    said = quic.established(HELLO)
    tables = seen(said[1], said[0], *said[2:])
    assert names(tables) == [NAME]
    assert (tables.flow["orig_ip"], tables.flow["upload_turns"]) == ("10.1.0.7", 0)


@pytest.mark.parametrize(
    ("client", "server"),
    [
        (("10.1.0.7", 443), ("203.0.113.9", 50000)),
        (("10.1.0.7", 8443), ("10.1.0.8", 50000)),
        (("203.0.113.9", 50000), ("10.1.0.7", 50001)),
    ],
    ids=["from the server's port", "to a high port", "into the private network"],
)
@pytest.mark.parametrize("window", [1 << 16, 1 << 20])
def test_the_hello_says_who_the_client_is(client: Any, server: Any, window: int) -> None:
    """Turns that were told by the ports before are told again, whatever the window size."""
    said = [*quic.established(HELLO), *[(0, quic.short(1200)) for _ in range(40)]]
    tables = read(quic.datagrams(said, client=client, server=server), window=window)
    flow = tables.flow
    assert (flow["orig_ip"], flow["orig_port"], flow["orientation"]) == (*client, "hello")
    assert (flow["upload_turns"], flow["upload_bytes"] // 1000) == (1, 48)


def test_zero_rtt_beside_the_initial_is_payload() -> None:
    first = quic.initial(Initial(quic.crypto(0, HELLO)))
    early = [(0, quic.zero_rtt(1200)) for _ in range(20)]
    tables = seen((0, first + quic.zero_rtt(700)), *early, (1, quic.short(100, quic.SCID)))
    assert names(tables) == [NAME]
    assert (tables.flow["upload_turns"], tables.flow["upload_bytes"]) == (1, 700 + 20 * 1200)


def test_an_unfinished_hello_is_read_as_far_as_it_goes() -> None:
    tables = seen((0, quic.opening(BIG, pieces=2)[0]))
    (row,) = tables["tls"]
    assert (row["sni"], row["truncated"]) == (NAME, True)
    assert tables.codes == {}


def test_what_cannot_be_opened_is_still_quic() -> None:
    raw = bytearray(quic.opening(HELLO)[0])
    raw[-1] ^= 1
    tables = seen((0, bytes(raw)), (1, quic.handshake(900)))
    assert (tables["tls"], tables.flow["app"]) == ([], "quic")


@pytest.mark.parametrize(
    "raw",
    [b"\x0d" + bytes(8) + b"Q043" + bytes(1000), b"\xc3Q050\x50" + bytes(1200)],
    ids=["public header", "long header"],
)
def test_googles_own_versions_are_named_as_such(raw: bytes) -> None:
    assert seen((0, raw)).flow["app"] == "gquic"


def test_other_protocols_are_not_quic() -> None:
    look_up = scenes.resolve(scenes.agent(0), NAME, "192.0.2.7", 10**18)[0].data[42:]
    for raw in (look_up, bytes(40), b"\xc0" * 60, b"\xff\0\0\0\1\xff" + bytes(60)):
        assert seen((0, raw)).flow["app"] is None


# -- bounds ----------------------------------------------------------------------------------------


def broken(seed: int) -> bytes:
    raw = bytearray(quic.opening(HELLO, dcid=seed.to_bytes(8, "big"))[0])
    raw[-1] ^= 1
    return bytes(raw)


def test_a_conversation_of_junk_is_given_up_and_counted() -> None:
    hellos = Hellos()
    assert opened([broken(k) for k in range(20)], hellos) == []
    assert hellos.failures_left == Hellos().failures_left - MAX_FAILURES
    assert hellos.skipped == 20 - MAX_FAILURES
    tables = seen(*((0, broken(k)) for k in range(30)))
    assert tables.codes == {"quic-initial-cap": 24 - MAX_FAILURES + 1}
    assert [issue.incomplete for issue in tables.issues] == [True]


def test_junk_before_the_hello_does_not_hide_it() -> None:
    datagrams = [*(broken(k) for k in range(MAX_FAILURES - 1)), quic.opening(HELLO)[0]]
    assert opened(datagrams) == [HELLO]


def test_the_total_of_failures_is_bounded() -> None:
    hellos = Hellos(failures=5)
    for flow in range(8):
        opened([broken(flow)], hellos, flow=flow)
    assert (hellos.failures_left, hellos.skipped) == (0, 3)


def test_unfinished_hellos_are_bounded() -> None:
    hellos = Hellos(unfinished=3)
    for flow in range(5):
        found = opened([quic.opening(BIG, pieces=2)[0]], hellos, flow=flow)
        assert len(found) == (flow >= 3)  # the longest idle is handed on, cut
    assert (len(hellos.waiting), hellos.evicted) == (3, 2)
    assert [one.cut for one in hellos.end(range(5))] == [True] * 3
    assert (hellos.talks, hellos.waiting) == ({}, {})


def test_a_frame_far_out_takes_no_memory() -> None:
    frames = quic.crypto((1 << 62) - 1, b"x") + quic.crypto(1 << 40, b"y" * 100)
    hellos = Hellos()
    assert opened([quic.initial(Initial(frames, size=1200))], hellos) == []
    (talk,) = hellos.talks.values()
    assert all(len(one.pieces.data) == 0 for one in talk.attempts if one.pieces)


def test_another_message_than_a_hello_ends_the_attempt() -> None:
    hellos = Hellos()
    frames = quic.crypto(0, b"\x02\0\0\x90" + bytes(90))
    assert opened([quic.initial(Initial(frames, size=1200))], hellos) == []
    assert hellos.waiting == {}


@given(st.binary(max_size=1500))
@settings(max_examples=200, deadline=None)
def test_any_frames_are_survived(frames: bytes) -> None:
    """Frames under a valid tag, which anybody can make."""
    hellos = Hellos()
    opened([quic.initial(Initial(frames))], hellos)
    hellos.end([1])


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_survived(data: st.DataObject) -> None:
    raw = bytearray(
        data.draw(st.sampled_from([*quic.opening(HELLO), *quic.opening(BIG, pieces=2)]))
    )
    for _ in range(data.draw(st.integers(0, 6))):
        raw[data.draw(st.integers(0, 40))] = data.draw(st.integers(0, 255))
    cut = bytes(raw[: data.draw(st.integers(0, len(raw)))])
    opened([cut, data.draw(st.binary(max_size=60))])
    tables = seen((0, cut), (1, cut))
    assert "kernel-fault" not in tables.codes
