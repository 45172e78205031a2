"""UDP: lengths that lie, copies from another capture point, direction."""

from __future__ import annotations

import pytest

from craft import pcapng
from craft.direct import Tables, read
from craft.frames import ethernet, ip, udp
from craft.packet import Packet
from craft.tcp import EPOCH_NS

FACES = (pcapng.Interface(), pcapng.Interface())


def packet(
    payload: bytes,
    *,
    at: int = 0,
    face: int = 0,
    back: bool = False,
    ident: int = 7,
    length: int | None = None,
) -> Packet:
    ends = [("10.0.0.5", 5000), ("20.1.1.1", 4433)]
    (src, sport), (dst, dport) = ends[::-1] if back else ends
    raw = udp(src, dst, (sport, dport), payload, length=length)
    return Packet(EPOCH_NS + at, ethernet(ip(src, dst, 17, raw, ident=ident)), interface=face)


def seen(*packets: Packet) -> Tables:
    return read(pcapng.write_pcapng(packets, FACES))


@pytest.mark.parametrize(
    ("stated", "counted", "issue"),
    [(None, 100, 0), (0, 100, 0), (50, 42, 0), (7, None, 1), (200, 100, 1)],
)
def test_stated_lengths(stated: int | None, counted: int | None, issue: int) -> None:
    tables = seen(packet(bytes(100), length=stated))
    assert tables.codes.get("bad-udp-length", 0) == issue
    assert [f["orig_bytes"] for f in tables["flows"]] == ([] if counted is None else [counted])


def test_the_copy_of_another_interface_is_counted_apart() -> None:
    flow = seen(packet(b"one"), packet(b"one", at=9_000_000, face=1)).flow
    assert (flow["orig_pkts"], flow["orig_bytes"], flow["duplicate_pkts"]) == (1, 3, 1)


@pytest.mark.parametrize(
    "other",
    [
        packet(b"one", at=10_001_000, face=1),
        packet(b"one", at=1000, face=0),
        packet(b"two", at=1000, face=1),
        packet(b"one", at=1000, face=1, ident=8),
    ],
    ids=["late", "same interface", "other payload", "other id"],
)
def test_what_is_no_copy(other: Packet) -> None:
    flow = seen(packet(b"one"), other).flow
    assert (flow["orig_pkts"], flow["duplicate_pkts"]) == (2, 0)


def test_copies_may_lag_by_some_packets() -> None:
    first = [packet(bytes([k]), at=k * 1000, ident=k) for k in range(4)]
    copies = [packet(bytes([k]), at=5000 + k * 1000, ident=k, face=1) for k in range(4)]
    flow = seen(*first, *copies).flow
    assert (flow["orig_pkts"], flow["duplicate_pkts"]) == (4, 4)


def test_a_datagram_upload_is_a_turn() -> None:
    packets = [packet(bytes(1200), at=k * 1000, ident=k) for k in range(40)]
    flow = seen(*packets, packet(bytes(50), at=10**9, back=True)).flow
    assert (flow["upload_turns"], flow["upload_bytes"]) == (1, 48_000)


def test_one_sided_datagrams_have_no_turns() -> None:
    flow = seen(packet(bytes(9000))).flow
    assert flow["one_sided"] == "orig"
    assert flow["turns"] is None
    assert flow["upload_turns"] is None


@pytest.mark.parametrize("size", range(8))
def test_a_cut_header_is_counted(size: int) -> None:
    whole = packet(b"")
    tables = read([whole.snapped(14 + 20 + size)])
    assert tables.codes == {"cut-transport-header": 1, "nothing-analysed": 1}
