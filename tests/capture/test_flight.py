"""The server's side of the handshake: what it chose, its certificate, alerts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.capture.flight import overhead
from craft import http, tls
from craft.certificates import issue
from craft.direct import Tables, read
from craft.filler import noise
from craft.tcp import Conversation, Host

if TYPE_CHECKING:
    from craft.tcp import Segment

NAME = "store.blob.example"
HELLO = tls.handshake_records(tls.client_hello(tls.Hello(NAME)))
LEAF = issue(NAME, [NAME, "*.blob.example"], issuer="Example CA")
CHAIN = tls.certificate_message(LEAF, issue("Example CA", []))
TWELVE = tls.Choice(tls.TLS12, 0xC02F, alpn="h2", session_id=noise(32, "id"))
MESSAGES = tls.server_hello(TWELVE) + CHAIN + tls.HELLO_DONE


def opened(port: int = 443) -> Conversation:
    return Conversation(
        Host("10.0.0.5", 40000, 4_294_967_000), Host("20.60.1.4", port, 4_294_966_000)
    ).open()


def shown(tables: Tables) -> dict[str, Any]:
    (row,) = tables["tls_server"]
    return row


def reorder(segments: list[Segment], chosen: list[int], order: tuple[int, ...]) -> list[Segment]:
    times = [segments[k].ts_ns for k in chosen]
    out = list(segments)
    for place, source in enumerate(order):
        out[chosen[source]] = replace(segments[chosen[source]], ts_ns=times[place])
    return out


# -- ServerHello ----------------------------------------------------------------------------------


def test_what_tls13_shows() -> None:
    row = shown(read(opened().client(HELLO).server(tls.server_flight(3000)).packets()))
    assert (row["version"], row["cipher"], row["truncated"]) == (772, 0x1301, False)
    assert (row["alpn"], row["cert_subject"], row["cert_sha256"]) == (None, None, None)
    assert row["session_id"] == noise(32, "session").hex()
    assert (row["hello_retry"], row["psk"], row["ticket"]) == (False, False, False)


def test_what_tls12_shows() -> None:
    flight = tls.handshake_records(MESSAGES)
    row = shown(read(opened().client(HELLO).server(flight).packets()))
    assert (row["version"], row["cipher"], row["alpn"]) == (771, 0xC02F, "h2")
    assert row["cert_subject"] == NAME
    assert row["cert_names"] == f"{NAME},*.blob.example"
    assert row["cert_issuer"] == "CN=Example CA"
    assert row["truncated"] is False


@pytest.mark.parametrize("version", [0x0300, 0x0301, 0x0302, tls.TLS12, tls.TLS13])
def test_every_version(version: int) -> None:
    choice = tls.Choice(version, psk=version == tls.TLS13, ticket=True)
    flight = tls.handshake_records(tls.server_hello(choice)) + tls.record(20, b"\1")
    row = shown(read(opened().client(HELLO).server(flight).packets()))
    assert (row["version"], row["ticket"], row["truncated"]) == (version, True, False)
    assert row["psk"] is (version == tls.TLS13)


def test_a_retry_and_the_hello_behind_it() -> None:
    """Both hellos and both answers are rows; the first hello is no request that was answered."""
    first = tls.Choice(retry=True)
    talk = opened().client(tls.handshake_records(tls.client_hello(tls.Hello(NAME, padding=700))))
    talk.server(tls.handshake_records(tls.server_hello(first)) + tls.record(20, b"\1"))
    talk.client(tls.record(20, b"\1") + HELLO).server(tls.server_flight(3000))
    talk.client(tls.client_finished()).client(tls.application(300)).server(tls.application(5000))
    tables = read(talk.close().packets())
    assert [r["hello_retry"] for r in tables["tls_server"]] == [True, False]
    assert tables.flow["drip_turns"] == 0
    assert tables.flow["small_app_bytes"] == 0


def test_a_resumed_session_has_no_certificate() -> None:
    hello = tls.server_hello(replace(TWELVE, ticket=True))
    flight = tls.handshake_records(hello + b"\x04\0\0\x06" + bytes(6)) + tls.record(20, b"\1")
    row = shown(read(opened().client(HELLO).server(flight).packets()))
    assert (row["cert_sha256"], row["truncated"], row["ticket"]) == (None, False, True)


def test_only_the_servers_side_is_captured() -> None:
    talk = opened().client(HELLO).server(tls.handshake_records(MESSAGES)).close()
    mine = [s for s in talk.segments if not s.from_client and not s.flags & 2]
    tables = read(talk.packets(mine))
    assert shown(tables)["cert_subject"] == NAME
    flow = tables.flow
    assert (flow["app"], flow["resp_port"], flow["orientation"]) in {
        ("tls", 443, "port"), ("tls", 443, "hello"),
    }  # fmt: skip


def test_a_server_hello_tells_who_the_originator_is() -> None:
    talk = Conversation(Host("10.0.0.5", 40000, 1), Host("10.0.0.9", 39000, 9)).open()
    talk.client(HELLO).server(tls.server_flight(900))
    mine = [s for s in talk.segments if not s.from_client and not s.flags & 2]
    flow = read(talk.packets(mine)).flow
    assert (flow["orig_ip"], flow["orientation"]) == ("10.0.0.5", "hello")


# -- any way to cut it ----------------------------------------------------------------------------

WHOLE = shown(read(opened().client(HELLO).server(tls.handshake_records(MESSAGES)).packets()))
FIELDS = [k for k in WHOLE if k not in ("ts_ns", "packet")]


@settings(max_examples=80, deadline=None)
@given(
    records=st.lists(st.integers(1, 700), max_size=8),
    segments=st.lists(st.integers(1, 900), max_size=9),
    data=st.data(),
)
def test_any_records_and_segments_in_any_order(
    records: list[int], segments: list[int], data: st.DataObject
) -> None:
    talk = opened().client(HELLO)
    before = len(talk.segments)
    talk.server(tls.handshake_records(MESSAGES, records), sizes=segments)
    chosen = [k for k, s in enumerate(talk.segments) if s.payload and k >= before]
    order = tuple(data.draw(st.permutations(range(len(chosen)))))
    if len(chosen) > 8:
        order = tuple(range(len(chosen)))  # more holes than are kept are another test's subject
    tables = read(talk.packets(reorder(talk.segments, chosen, order)))
    row = shown(tables)
    assert {k: row[k] for k in FIELDS} == {k: WHOLE[k] for k in FIELDS}


@settings(max_examples=60, deadline=None)
@given(records=st.lists(st.integers(1, 60), max_size=12), cut=st.integers(1, 110))
def test_a_torn_hello_of_tls13(records: list[int], cut: int) -> None:
    hello = tls.handshake_records(tls.server_hello(tls.Choice(session_id=bytes(32))), records)
    flight = hello + tls.record(20, b"\1") + tls.application(900)
    row = shown(read(opened().client(HELLO).server(flight, sizes=[cut]).packets()))
    assert (row["version"], row["cipher"], row["truncated"]) == (772, 0x1301, False)


def test_the_server_in_segments_of_one_byte() -> None:
    flight = tls.handshake_records(MESSAGES, [1, 1, 2, 3])
    tables = read(opened().client(HELLO).server(flight, sizes=[1] * len(flight)).packets())
    assert shown(tables)["cert_subject"] == NAME
    assert tables.flow["resp_bytes"] == len(flight)


def test_a_certificate_longer_than_a_slot() -> None:
    huge = tls.server_hello(TWELVE) + tls.certificate_message(b"\x30\x82" + bytes(20_000))
    tables = read(
        opened().client(HELLO).server(tls.handshake_records(huge, [16000])).close().packets()
    )
    row = shown(tables)
    assert (row["version"], row["truncated"], row["cert_sha256"]) == (771, True, None)
    assert tables.codes == {"head-cap": 1}


def test_a_long_chain_fits_because_only_the_leaf_is_kept() -> None:
    chain = tls.certificate_message(LEAF, *[b"\x30" + bytes(16_000)] * 4)
    data = tls.handshake_records(tls.server_hello(TWELVE) + chain, [16000] * 4)
    tables = read(opened().client(HELLO).server(data).packets())
    assert shown(tables)["cert_subject"] == NAME
    assert tables.codes == {}


def test_a_flight_cut_by_the_snaplen() -> None:
    talk = opened().client(HELLO).server(tls.handshake_records(MESSAGES))
    row = shown(read([p.snapped(54 + 60) for p in talk.packets()]))
    assert (row["version"], row["truncated"], row["cert_sha256"]) == (None, True, None)
    row = shown(read([p.snapped(400) for p in talk.packets()]))
    assert (row["version"], row["truncated"], row["cert_sha256"]) == (771, True, None)


# -- alerts ---------------------------------------------------------------------------------------


def alerts(tables: Tables) -> list[tuple[Any, ...]]:
    return [(r["sender"], r["level"], r["name"]) for r in tables["tls_alerts"]]


def test_a_refusal_by_the_server() -> None:
    tables = read(opened().client(HELLO).server(tls.alert(2, 40)).close().packets())
    assert alerts(tables) == [("server", "fatal", "handshake_failure")]
    assert tables["tls_alerts"][0]["packet"] == 6
    assert tables["tls_server"] == []


def test_a_client_that_does_not_trust_the_certificate() -> None:
    talk = opened().client(HELLO).server(tls.handshake_records(MESSAGES)).client(tls.alert(2, 48))
    assert alerts(read(talk.close().packets())) == [("client", "fatal", "unknown_ca")]


def test_a_warning_in_front_of_the_hello() -> None:
    data = tls.alert(1, 112) + tls.handshake_records(MESSAGES)
    tables = read(opened().client(HELLO).server(data).packets())
    assert alerts(tables) == [("server", "warning", "unrecognized_name")]
    assert shown(tables)["cert_subject"] == NAME


@pytest.mark.parametrize("cut", range(1, 7))
def test_an_alert_torn_over_segments(cut: int) -> None:
    talk = opened().client(HELLO).server(tls.alert(2, 70), sizes=[cut]).close()
    assert alerts(read(talk.packets())) == [("server", "fatal", "protocol_version")]


def test_an_encrypted_alert_is_none() -> None:
    talk = opened().client(HELLO).server(tls.server_flight(900, tls13=False))
    talk.client(tls.client_finished(tls13=False)).server(tls.server_finished_tls12())
    talk.client(tls.application(900, tls13=False)).client(tls.close_notify(tls13=False))
    assert alerts(read(talk.close().packets())) == []


def test_bytes_like_an_alert_inside_plain_http_are_none() -> None:
    talk = opened(80).client(http.request("GET", "/", "h.example"))
    talk.server(http.response(200)).server(tls.alert(2, 40) * 3)
    tables = read(talk.server(tls.handshake_records(MESSAGES)).close().packets())
    assert (alerts(tables), tables["tls_server"], tables.flow["app"]) == ([], [], "http")


# -- what protection adds -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("version", "cipher", "added"),
    [
        (0x0304, 0x1301, 17),
        (0x0303, 0xC02F, 24),
        (0x0303, 0x009D, 24),
        (0x0303, 0xCCA8, 16),
        (0x0303, 0xC0AE, 16),
        (0x0303, 0xC0AC, 24),
        (0x0303, 0x002F, 16 + 20 + 8),
        (0x0303, 0xC027, 16 + 32 + 8),
        (0x0303, 0xC028, 16 + 48 + 8),
        (0x0303, 0x000A, 8 + 20 + 4),
        (0x0301, 0x002F, 20 + 8),
        (0x0301, 0x0005, 20),
    ],
)
def test_overhead_by_cipher(version: int, cipher: int, added: int) -> None:
    assert overhead(version, cipher) == added


# -- hostile bytes --------------------------------------------------------------------------------


@settings(max_examples=200, deadline=None)
@given(
    flips=st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=6),
    sizes=st.lists(st.integers(1, 700), max_size=6),
    records=st.lists(st.integers(1, 300), max_size=5),
)
def test_wrong_bytes_never_raise(
    flips: list[tuple[int, int]], sizes: list[int], records: list[int]
) -> None:
    data = bytearray(tls.handshake_records(MESSAGES, records))
    for place, value in flips:
        data[place] = value
    tables = read(opened().client(HELLO).server(bytes(data), sizes=sizes).close().packets())
    assert "kernel-fault" not in tables.codes
    assert tables.flow["resp_bytes"] == len(data)
    for row in tables["tls_server"]:
        for key in ("cert_subject", "cert_names", "cert_issuer", "alpn"):
            assert row[key] is None or row[key].isascii()
