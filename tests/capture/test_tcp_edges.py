"""TCP at its edges: openings that are not three packets, resets, reuse, what one side alone shows.

Segments are written out one by one, because these are the ones that a script of a sound
conversation does not have. RFC 9293 sections 3.4 to 3.8, RFC 7413 (Fast Open).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from craft import tls
from craft.direct import Tables, read
from craft.frames import ACK, FIN, PSH, RST, SYN
from craft.tcp import EPOCH_NS, Conversation, Host, Segment

if TYPE_CHECKING:
    from craft.packet import Packet

URG = 32
CLIENT, SERVER = Host("10.0.0.5", 40000, 1000), Host("20.60.1.4", 443, 5000)
HELLO = tls.handshake_records(tls.client_hello(tls.Hello("a.example", key_share_bytes=1216)))
FLIGHT = tls.server_flight(3000, tls13=False)
C, S = True, False


def packets(*rows: tuple[bool, int, int, int, bytes], start: int = EPOCH_NS) -> list[Packet]:
    """Rows of (from the client, flags, seq, ack, payload), a millisecond apart."""
    talk = Conversation(CLIENT, SERVER)
    segments = [
        Segment(start + k * 1_000_000, sender, seq, ack, flags, data)
        for k, (sender, flags, seq, ack, data) in enumerate(rows)
    ]
    return talk.packets(segments)


def figures(tables: Tables) -> tuple[int, ...]:
    flow = tables.flow
    return flow["orig_bytes"], flow["resp_bytes"], flow["missed_bytes"]


def named(tables: Tables) -> list[str]:
    return [row["sni"] for row in tables["tls"]]


OPEN = ((C, SYN, 1000, 0, b""), (S, SYN | ACK, 5000, 1001, b""), (C, ACK, 1001, 5001, b""))
ASK = (C, ACK | PSH, 1001, 5001, HELLO)
N = len(HELLO)


# -- opening --------------------------------------------------------------------------------------


def test_fast_open() -> None:
    tables = read(packets(
        (C, SYN, 1000, 0, HELLO), (S, SYN | ACK, 5000, 1001 + N, b""),
        (S, ACK, 5001, 1001 + N, FLIGHT), (C, ACK, 1001 + N, 5001 + len(FLIGHT), b""),
    ))  # fmt: skip
    assert figures(tables) == (N, len(FLIGHT), 0)
    assert named(tables) == ["a.example"]
    assert len(tables["tls_server"]) == 1
    assert tables.flow["orientation"] == "syn"


def test_fast_open_sent_again_with_its_data() -> None:
    tables = read(packets(
        (C, SYN, 1000, 0, HELLO), (C, SYN, 1000, 0, HELLO), (S, SYN | ACK, 5000, 1001 + N, b""),
        (C, ACK, 1001 + N, 5001, b""), (S, ACK, 5001, 1001 + N, FLIGHT),
    ))  # fmt: skip
    assert (figures(tables), named(tables)) == ((N, len(FLIGHT), 0), ["a.example"])


def test_fast_open_that_the_server_declines() -> None:
    """Its data is acknowledged by nobody and sent again behind the handshake."""
    tables = read(packets(
        (C, SYN, 1000, 0, HELLO[:900]), (C, SYN, 1000, 0, b""), *OPEN[1:], ASK,
        (S, ACK, 5001, 1001 + N, FLIGHT),
    ))  # fmt: skip
    assert (figures(tables), named(tables)) == ((N, len(FLIGHT), 0), ["a.example"])


def test_data_on_the_syn_ack() -> None:
    tables = read(packets(
        (C, SYN, 1000, 0, HELLO), (S, SYN | ACK, 5000, 1001 + N, FLIGHT[:500]),
        (S, ACK, 5501, 1001 + N, FLIGHT[500:]),
    ))  # fmt: skip
    assert figures(tables) == (N, len(FLIGHT), 0)
    assert len(tables["tls_server"]) == 1


def test_simultaneous_open() -> None:
    """Both send a SYN: the first one seen says who the originator is."""
    tables = read(packets(
        (C, SYN, 1000, 0, b""), (S, SYN, 5000, 0, b""), (C, SYN | ACK, 1000, 5001, b""),
        (S, SYN | ACK, 5000, 1001, b""), ASK, (S, ACK, 5001, 1001 + N, FLIGHT),
    ))  # fmt: skip
    assert (figures(tables), named(tables)) == ((N, len(FLIGHT), 0), ["a.example"])
    assert tables.flow["orig_ip"] == CLIENT.ip


def test_the_answer_is_captured_before_the_syn() -> None:
    tables = read(packets(OPEN[1], OPEN[0], OPEN[2], ASK, (S, ACK, 5001, 1001 + N, FLIGHT)))
    assert (figures(tables), named(tables)) == ((N, len(FLIGHT), 0), ["a.example"])
    assert (tables.flow["orig_ip"], tables.flow["orientation"]) == (CLIENT.ip, "syn")


def test_repeated_openings() -> None:
    rows = (OPEN[0], OPEN[0], OPEN[1], OPEN[1], OPEN[2], OPEN[1], OPEN[2], ASK)
    tables = read(packets(*rows, (S, ACK, 5001, 1001 + N, FLIGHT)))
    assert figures(tables) == (N, len(FLIGHT), 0)
    assert tables.flow["orig_pkts"] == 5


@pytest.mark.parametrize("wrong", [4000, 5900, 900_000, 5000 + (1 << 30), 5000 - (1 << 30)])
@pytest.mark.parametrize("first", [True, False], ids=["wrong first", "wrong last"])
def test_a_wrong_syn_ack(wrong: int, first: bool) -> None:
    """A SYN/ACK nobody accepted (an old one, or a middlebox's) moves no sequence number."""
    stray = (S, SYN | ACK, wrong & 0xFFFFFFFF, 1001, b"")
    opening = (OPEN[0], stray, *OPEN[1:]) if first else (*OPEN[:2], stray, OPEN[2])
    tables = read(packets(*opening, ASK, (S, ACK, 5001, 1001 + N, FLIGHT), (
        C, ACK, 1001 + N, 5001 + len(FLIGHT), b"")))  # fmt: skip
    assert figures(tables) == (N, len(FLIGHT), 0)
    assert len(tables["tls_server"]) == 1


def test_a_wrong_syn_ack_that_the_client_resets() -> None:
    """A half-open server answers with an old number; RST, then the SYN again (RFC 9293 3.5.1)."""
    tables = read(packets(
        OPEN[0], (S, SYN | ACK, 777_000, 1001, b""), (C, RST, 777_001, 0, b""), *OPEN, ASK,
        (S, ACK, 5001, 1001 + N, FLIGHT),
    ))  # fmt: skip
    assert [f["resp_bytes"] for f in tables["flows"]] == [len(FLIGHT)]
    assert figures(tables) == (N, len(FLIGHT), 0)


# -- the end, and the same ports again ------------------------------------------------------------


def test_a_reset_and_what_comes_behind_it() -> None:
    end = 1001 + N
    rows = (*OPEN, ASK, (S, ACK, 5001, end, FLIGHT[:1000]), (C, RST, end, 0, b""))
    assert figures(read(packets(*rows))) == (N, 1000, 0)
    late = (S, ACK, 6001, end, FLIGHT[1000:])  # was under way already
    tables = read(packets(*rows, late))
    assert figures(tables) == (N, len(FLIGHT), 0)
    assert tables.flow["open_at_end"] is False


def test_a_reset_with_a_number_out_of_place_moves_nothing() -> None:
    rows = (*OPEN, (C, RST, 900_000, 0, b""), ASK, (S, ACK, 5001, 1001 + N, FLIGHT))
    assert figures(read(packets(*rows))) == (N, len(FLIGHT), 0)


def test_a_reset_that_carries_text() -> None:
    """Some stacks say why (RFC 9293 section 3.5.3 allows it); tools count it as payload."""
    rows = (*OPEN, ASK, (S, RST | ACK, 5001, 1001 + N, b"go away"))
    tables = read(packets(*rows))
    assert (figures(tables), named(tables)) == ((N, 7, 0), ["a.example"])


@pytest.mark.parametrize("end", ["fin", "rst", "none"])
@pytest.mark.parametrize("pause_s", [0, 30, 130])
def test_the_same_ports_again(end: str, pause_s: int) -> None:
    """A SYN with another number opens another conversation, in TIME_WAIT or without any end."""
    done = 1001 + N
    rows = [*OPEN, ASK, (S, ACK, 5001, done, FLIGHT)]
    if end == "fin":
        rows += [(C, FIN | ACK, done, 8001, b""), (S, FIN | ACK, 8001, done + 1, b"")]
    if end == "rst":
        rows += [(C, RST, done, 0, b"")]
    later = [
        (c, flags, seq + 70_000, ack + (90_000 if flags & ACK and c else 70_000 if ack else 0), d)
        if c else (c, flags, seq + 90_000, ack + 70_000, d)
        for c, flags, seq, ack, d in (*OPEN, ASK)
    ]  # fmt: skip
    both = packets(*rows) + packets(*later, start=EPOCH_NS + (pause_s + 1) * 10**9)
    tables = read(both)
    assert [f["orig_bytes"] for f in tables["flows"]] == [N, N]
    assert [f["orig_pkts"] for f in tables["flows"]][1] == 3
    assert named(tables) == ["a.example"] * 2
    assert [r["flow_id"] for r in tables["tls"]] == [f["flow_id"] for f in tables["flows"]]


def test_a_syn_with_the_same_number_is_a_retransmission() -> None:
    rows = (*OPEN, ASK, OPEN[0], (S, ACK, 5001, 1001 + N, FLIGHT))
    assert figures(read(packets(*rows))) == (N, len(FLIGHT), 0)


def test_the_same_ports_again_seen_from_the_server_alone() -> None:
    """Without the client's side only the SYN/ACK can tell; its data was answered, so it is new."""
    rows = [
        OPEN[1], (S, ACK, 5001, 1001 + N, FLIGHT), (S, FIN | ACK, 8001, 1001 + N, b""),
        (S, SYN | ACK, 777_000, 71_001, b""), (S, ACK, 777_001, 71_001 + N, FLIGHT),
    ]  # fmt: skip
    tables = read(packets(*rows))
    assert [f["resp_bytes"] for f in tables["flows"]] == [len(FLIGHT)] * 2


# -- a part of the conversation -------------------------------------------------------------------


def test_joined_in_mid_stream() -> None:
    rows = (ASK, (S, ACK, 5001, 1001 + N, FLIGHT), (C, ACK, 1001 + N, 8001, b"x" * 10))
    tables = read(packets(*rows))
    assert figures(tables) == (N + 10, len(FLIGHT), 0)
    assert tables.flow["open_at_start"] is True


@pytest.mark.parametrize("client", [True, False], ids=["client", "server"])
def test_one_side_alone(client: bool) -> None:
    end = 1001 + N
    rows = [
        *OPEN, ASK, (S, ACK, 5001, end, FLIGHT[:1500]), (C, ACK, end, 6501, b""),
        (S, ACK, 6501, end, FLIGHT[1500:]), (C, ACK, end, 8001, b""),
    ]  # fmt: skip
    flow = read(packets(*[row for row in rows if row[0] is client])).flow
    assert (flow["orig_ip"], flow["resp_port"]) == (CLIENT.ip, 443)
    assert flow["one_sided"] == ("orig" if client else "resp")
    assert (flow["orig_bytes"], flow["resp_bytes"]) == ((N, 0) if client else (0, len(FLIGHT)))
    assert flow["turns"] == (1 if client else None)


# -- segments that are no data --------------------------------------------------------------------


def test_urgent_data_is_data() -> None:
    rows = (*OPEN, (C, ACK | URG, 1001, 5001, b"x"), (C, ACK | PSH, 1002, 5001, b"y" * 9))
    assert figures(read(packets(*rows))) == (10, 0, 0)


@pytest.mark.parametrize("garbage", [b"", b"\0"])
def test_keep_alives(garbage: bytes) -> None:
    end = 1001 + N
    probes = [(C, ACK, end - 1, 5001, garbage), (S, ACK, 5001, end, b"")] * 4
    tables = read(packets(*OPEN, ASK, *probes, (S, ACK, 5001, end, FLIGHT)))
    assert (figures(tables), named(tables)) == ((N, len(FLIGHT), 0), ["a.example"])


def test_keep_alives_before_any_data() -> None:
    probes = [(C, ACK, 1000, 5001, b"\0"), (S, ACK, 5001, 1001, b"")] * 2
    tables = read(packets(*OPEN, *probes, ASK))
    assert (figures(tables), named(tables)) == ((N, 0, 0), ["a.example"])


def test_zero_window_probes() -> None:
    """One byte behind the window, again and again, and then the window's whole worth."""
    rows = [*OPEN, (C, ACK, 1001, 5001, HELLO[:600])]
    rows += [(C, ACK, 1601, 5001, HELLO[600:601]), (S, ACK, 5001, 1601, b"")] * 3
    rows += [(C, ACK, 1601, 5001, HELLO[600:]), (S, ACK, 5001, 1001 + N, FLIGHT)]
    tables = read(packets(*rows))
    assert (figures(tables), named(tables)) == ((N, len(FLIGHT), 0), ["a.example"])


@pytest.mark.parametrize("back", [1, 2, 500, 1400])
def test_sequence_numbers_that_wrap(back: int) -> None:
    """In the SYN, in the hello, in the server's flight."""
    shift = (1 << 32) - 1001 - back
    rows = [
        (c, flags, seq + shift, ack + shift if flags & ACK else 0, data)
        for c, flags, seq, ack, data in (
            *OPEN, (C, ACK, 1001, 5001, HELLO[:700]), (C, ACK, 1701, 5001, HELLO[700:]),
            (S, ACK, 5001, 1001 + N, FLIGHT),
        )
    ]  # fmt: skip
    tables = read(packets(*rows))
    assert (figures(tables), named(tables)) == ((N, len(FLIGHT), 0), ["a.example"])


def test_a_fin_that_overtakes_all_data() -> None:
    """What it left out comes behind it, and is looked at as if it had come in order."""
    end = 5001 + len(FLIGHT)
    rows = (*OPEN, ASK, (S, FIN | ACK, end, 1001 + N, b""), (S, ACK, 5001, 1001 + N, FLIGHT))
    tables = read(packets(*rows))
    assert (figures(tables), len(tables["tls_server"])) == ((N, len(FLIGHT), 0), 1)


def test_openings_and_ends_alone_evict_no_head() -> None:
    """A capture of SYN and FIN only: room kept for data that never comes is given up freely."""
    every = []
    for number in range(5):
        talk = Conversation(Host("10.0.0.5", 41000 + number, 1000), SERVER, step_ns=10_000_000)
        talk.open().client(HELLO).server(FLIGHT).close()
        every += talk.packets([s for s in talk.segments if not s.payload])
    tables = read(sorted(every, key=lambda p: p.ts_ns), slots=2)
    assert tables.codes == {}
    assert [f["missed_bytes"] for f in tables["flows"]] == [N + len(FLIGHT)] * 5
