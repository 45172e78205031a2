"""TLS record accounting: handshake end, what is payload, holes, and where the place is lost."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.capture import layout as at
from analyzer.capture import records
from craft import tls
from craft.direct import read
from craft.filler import noise
from craft.flowrow import FlowRow
from craft.machine import machine_code
from craft.tcp import Conversation, Host, drop


class Side:
    """The originator's tracker, fed as the TCP kernel feeds it."""

    def __init__(self, flags: int = at.FL_TLS, *, on: bool = True) -> None:
        self.row = FlowRow()
        self.row[at.F_FLAGS] = flags
        self.row[at.T_LAST] = 0
        if on:
            self.row.set_side(at.D_REC, 0)

    def feed(self, data: bytes, *, uncaptured: int = 0) -> Side:
        b = np.frombuffer(bytearray(data), dtype=np.uint8)
        self.row[at.T_UP] += len(data) + uncaptured
        records.track(b, self.row.f, 0, 0, 0, 0, len(data), uncaptured)
        return self

    def hole(self, size: int) -> Side:
        self.row[at.T_UP] += size
        records.skip(self.row.f, 0, 0, 0, size)
        return self

    @property
    def app(self) -> int:
        return self.row[at.T_APP]

    @property
    def left(self) -> int:
        return self.row.side(at.D_REC)

    @property
    def lost(self) -> bool:
        return self.left == at.REC_LOST


ESTABLISHED = at.FL_TLS | at.FL_APPDATA


def body(size: int) -> bytes:
    """An application-data record whose body is ``size`` bytes and holds no header by accident."""
    return tls.record(tls.APPLICATION, b"\xaa" * size)


# -- the end of the handshake ---------------------------------------------------------------------


def test_handshake_and_ccs_records_are_no_payload() -> None:
    side = Side().feed(tls.handshake_records(b"\x10" + bytes(300)))
    side.feed(tls.record(tls.CHANGE_CIPHER_SPEC, b"\x01")).feed(tls.record(tls.ALERT, bytes(2)))
    assert side.app == 0
    assert not side.row[at.F_FLAGS] & at.FL_APPDATA
    assert side.row[at.N_TURNS] == 0


def test_the_finished_of_tls13_ends_the_handshake_and_is_no_payload() -> None:
    side = Side().feed(tls.handshake_records(b"\x01" + bytes(300)))
    side.feed(tls.client_finished())
    assert side.row[at.F_FLAGS] & at.FL_APPDATA
    assert side.app == 0
    assert side.row[at.N_TURNS] == 1
    assert side.row[at.T_UP] == 53 + 5
    side.feed(body(1017))
    assert (side.app, side.row[at.T_REC1]) == (1000, 1000)


@pytest.mark.parametrize(("size", "payload"), [(96, 0), (97, 80)])
def test_how_long_a_finished_may_be(size: int, payload: int) -> None:
    assert Side().feed(body(size)).app == payload


def test_the_first_data_of_tls12_is_payload() -> None:
    side = Side().feed(tls.client_finished(tls13=False))
    assert not side.row[at.F_FLAGS] & at.FL_APPDATA
    side.feed(tls.application(5000, tls13=False))
    assert side.app == 5000 + 24 - records.OVERHEAD
    assert side.row[at.T_UP] == 5000 + 24 + 5


def test_joined_in_the_middle_a_short_record_is_payload() -> None:
    side = Side(at.FL_TLS | at.FL_MIDTLS)
    assert side.feed(body(60)).app == 43


def test_the_responder_never_ends_the_handshake() -> None:
    row = FlowRow()
    row[at.F_FLAGS] = at.FL_TLS
    row.set_side(at.D_REC, 0, side=1)
    data = np.frombuffer(bytearray(tls.server_flight(3000)), dtype=np.uint8)
    records.track(data, row.f, 0, 1, 1, 0, len(data), 0)
    assert not row[at.F_FLAGS] & at.FL_APPDATA
    assert row[at.T_APP] == 0
    assert row.side(at.D_RECS, 1) == 1


# -- any segmentation -----------------------------------------------------------------------------


@settings(max_examples=150, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 3000), min_size=1, max_size=8),
    cuts=st.lists(st.integers(0, 1_000_000), max_size=30),
)
def test_segmentation_does_not_matter(sizes: list[int], cuts: list[int]) -> None:
    data = b"".join(body(n) for n in sizes)
    places = sorted({0, len(data), *(c % len(data) for c in cuts)})
    side = Side(ESTABLISHED)
    for low, high in zip(places, places[1:], strict=False):
        side.feed(data[low:high])
    assert side.app == sum(max(n - records.OVERHEAD, 0) for n in sizes if n != records.ALERT_SIZE)
    assert side.left == 0
    assert side.row.side(at.D_RECS) == len(sizes)


def test_one_byte_segments() -> None:
    side = Side(ESTABLISHED)
    for byte in body(40) + body(41):
        side.feed(bytes([byte]))
    assert side.app == 23 + 24


# -- holes ----------------------------------------------------------------------------------------


def test_a_hole_inside_a_record_costs_nothing() -> None:
    side = Side(ESTABLISHED).feed(body(1000)[:105]).hole(800).feed(b"\xaa" * 100).feed(body(500))
    assert side.app == 983 + 483
    assert side.left == 0


def test_a_hole_that_ends_with_the_record_costs_nothing() -> None:
    side = Side(ESTABLISHED).feed(body(1000)[:505]).hole(500)
    assert side.left == 0
    assert side.feed(body(117)).app == 983 + 100


def test_a_hole_over_a_header_loses_the_place_until_the_next_one() -> None:
    side = Side(ESTABLISHED).feed(body(1000)[:505]).hole(700)
    assert side.lost
    assert side.app == 983 + 200
    side.feed(b"\xaa" * 300 + body(117))
    assert side.left == 0
    assert side.app == 983 + 200 + 300 + 100


def test_a_hole_in_a_header_loses_the_place() -> None:
    side = Side(ESTABLISHED).feed(body(1000)[:3]).hole(2)
    assert side.lost
    assert side.feed(b"\xaa" * 1000 + body(117)).app == 2 + 1000 + 100


def test_what_was_not_captured_is_stepped_over() -> None:
    side = Side(ESTABLISHED).feed(body(1000)[:60], uncaptured=945).feed(body(117))
    assert side.app == 983 + 100
    assert side.left == 0


def test_snaplen_over_a_header_loses_the_place() -> None:
    side = Side(ESTABLISHED).feed(body(100)[:60], uncaptured=400)
    assert side.lost
    assert side.app == 83 + (400 - 45)


@pytest.mark.parametrize(
    "header",
    [b"\x19\x03\x03\x00\x10", b"\x17\x02\x03\x00\x10", b"\x17\x03\x03\x48\x01", b"GET /"],
    ids=["type", "version", "length", "text"],
)
def test_bytes_that_are_no_record_count_in_full(header: bytes) -> None:
    side = Side(ESTABLISHED).feed(header + b"\xaa" * 500)
    assert side.lost
    assert 495 <= side.app <= 505


def test_rubbish_instead_of_a_handshake_is_judged() -> None:
    side = Side().feed(b"\xaa" * 5000)
    assert side.row[at.F_FLAGS] & at.FL_APPDATA


def test_an_untracked_side_stays_untouched() -> None:
    side = Side(0, on=False).feed(body(100)).hole(10)
    assert (side.app, side.left) == (0, at.REC_OFF)


# -- where tracking begins ------------------------------------------------------------------------


def begin(data: bytes, flags: int, first: int) -> FlowRow:
    row = FlowRow()
    row[at.F_FLAGS] = flags
    b = np.frombuffer(bytearray(data), dtype=np.uint8)
    records.begin(b, row.f, 0, 0, 0, len(data), first)
    return row


@pytest.mark.parametrize(
    ("data", "flags", "first", "record", "after"),
    [
        (body(50), 0, 1, 0, ESTABLISHED | at.FL_MIDTLS),
        (body(50), 0, 0, 0, ESTABLISHED | at.FL_MIDTLS),
        (tls.handshake_records(bytes(50)), 0, 1, 0, at.FL_TLS),
        (tls.handshake_records(bytes(50)), 0, 0, at.REC_OFF, 0),
        (tls.handshake_records(bytes(50)), at.FL_TLS, 0, 0, at.FL_TLS),
        (b"plain text", 0, 1, at.REC_OFF, 0),
        (b"plain text", at.FL_TLS, 1, at.REC_LOST, at.FL_TLS),
        (body(50)[:4], 0, 1, at.REC_OFF, 0),
        (body(50), at.FL_HTTP, 0, at.REC_OFF, at.FL_HTTP),
    ],
)
def test_tracking_begins(data: bytes, flags: int, first: int, record: int, after: int) -> None:
    row = begin(data, flags, first)
    assert row.side(at.D_REC) == record
    assert row[at.F_FLAGS] == after


@settings(max_examples=100, deadline=None)
@given(st.lists(st.one_of(st.binary(max_size=40), st.integers(1, 60)), max_size=12))
def test_machine_code_gives_the_same_row(pieces: list[bytes | int]) -> None:
    left, right = Side(ESTABLISHED), Side(ESTABLISHED)
    compiled = machine_code(records.track)
    for piece in pieces:
        if isinstance(piece, int):
            left.hole(piece)
            right.hole(piece)
            continue
        left.feed(piece)
        right.row[at.T_UP] += len(piece)
        b = np.frombuffer(bytearray(piece), dtype=np.uint8)
        compiled(b, right.row.f, 0, 0, 0, 0, len(piece), 0)
    assert (left.row.f == right.row.f).all()


# -- through the engine ---------------------------------------------------------------------------


def upload(size: int, *, tls13: bool = True) -> Conversation:
    talk = Conversation(Host("10.0.0.5", 40000, 100), Host("20.60.1.4", 443, 900)).open()
    talk.client(tls.handshake_records(tls.client_hello(tls.Hello("x.example"))))
    talk.server(tls.server_flight(3500, tls13=tls13)).client(tls.client_finished(tls13=tls13))
    if not tls13:
        talk.server(tls.server_finished_tls12())
    talk.client(tls.application(size, tls13=tls13)).server(tls.application(200, tls13=tls13))
    return talk.close()


@pytest.mark.parametrize("tls13", [True, False])
def test_the_estimate_is_the_plaintext_less_a_head(tls13: bool) -> None:
    flow = read(upload(50_000, tls13=tls13).packets()).flow
    assert flow["upload_turns"] == 1
    records_sent = -(-50_000 // 16384)
    slack = 60 + records_sent * 8
    assert abs(flow["upload_app_bytes"] - (50_000 - 400)) <= slack


@pytest.mark.parametrize("index", range(3, 35, 4))
def test_a_lost_segment_changes_the_estimate_by_no_more_than_its_overhead(index: int) -> None:
    talk = upload(50_000)
    data = [k for k, s in enumerate(talk.segments) if s.payload and s.from_client]
    whole = read(talk.packets()).flow
    holed = read(talk.packets(drop(talk.segments, data[index]))).flow
    assert holed["upload_turns"] == 1
    assert holed["upload_bytes"] == whole["upload_bytes"]
    assert holed["orig_missed_bytes"] == len(talk.segments[data[index]].payload)
    assert abs(holed["upload_app_bytes"] - whole["upload_app_bytes"]) <= 60


def test_a_snaplen_keeps_the_figures() -> None:
    talk = upload(50_000)
    whole = read(talk.packets()).flow
    cut = read([p.snapped(96) for p in talk.packets()]).flow
    for name in ("orig_bytes", "resp_bytes", "upload_turns", "missed_bytes"):
        assert cut[name] == whole[name]
    assert abs(cut["upload_app_bytes"] - 50_000) <= 1000 + 0.02 * 50_000


def test_noise_in_place_of_headers_never_raises() -> None:
    side = Side(ESTABLISHED)
    for k in range(200):
        side.feed(noise(k + 1, str(k)), uncaptured=k % 7).hole(k % 11)
    assert side.app >= 0
