"""Hello and DNS readers on hostile bytes; what they read is held against the native engine
elsewhere (test_agreement.py, acceptance/test_engines.py)."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from analyzer.capture.plain import dns, heads
from analyzer.capture.plain.hello import client_hello
from analyzer.capture.plain.records import Records, State
from craft import dns as made

ANSWER = made.message(
    7,
    "www.example.test",
    made.A,
    [
        made.Record("www.example.test", made.CNAME, "edge.example.test", 60),
        made.Record("edge.example.test", made.A, "192.0.2.7", 30),
    ],
    response=True,
)


def test_a_chain_binds_the_name_that_was_asked() -> None:
    message = dns.read_message(ANSWER, cut=False)
    (binding,) = message.bindings
    assert binding == dns.Binding("www.example.test", "192.0.2.7", 30, "edge.example.test")
    assert not message.malformed


def test_a_compression_loop_is_malformed() -> None:
    looped = bytes.fromhex("0001 8180 0001 0000 0000 0000 c00c 0001 0001".replace(" ", ""))
    assert dns.read_message(looped, cut=False).malformed


@given(at=st.integers(0, len(ANSWER)), piece=st.binary(max_size=40), drop=st.integers(0, 20))
def test_a_spliced_answer_is_read_or_marked(at: int, piece: bytes, drop: int) -> None:
    data = ANSWER[:at] + piece + ANSWER[at + drop :]
    message = dns.read_message(data.ljust(12, b"\0"), cut=False)
    assert len(message.answers) <= dns.MAX_ANSWERS
    assert all(name.isascii() and name.isprintable() for name in (a.owner for a in message.answers))


@given(st.binary(max_size=300))
def test_any_bytes_are_a_hello_or_cut(data: bytes) -> None:
    size = len(data).to_bytes(2, "big")
    hello = client_hello(b"\x16\x03\x01" + size + data, cut=False)
    assert hello.sni is None or hello.sni.isprintable()


@given(st.lists(st.binary(max_size=80), max_size=12))
def test_records_never_lose_count(pieces: list[bytes]) -> None:
    sizes: list[int] = []
    records = Records(lambda size, tail: sizes.append(size), lambda size: None, lambda: None)
    records.state = State.ON
    for piece in pieces:
        records.follow(piece, 0)
    assert all(0 <= size <= 18432 for size in sizes)
    # A whole head that is none stays until the place among records is found again.
    assert len(records.head) < 5 + (records.state is State.LOST)


@given(st.binary(max_size=64))
def test_kinds_are_stable_as_bytes_arrive(data: bytes) -> None:
    """What begins as neither never becomes one, and what is one stays it."""
    kinds = [heads.kind_of(data[:k]) for k in range(len(data) + 1)]
    for earlier, later in zip(kinds, kinds[1:], strict=False):
        assert earlier is later or earlier is heads.Kind.UNKNOWN
