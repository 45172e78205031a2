from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st

from analyzer.inputs.first_time import first_time
from analyzer.inputs.sniff import sniff


def pcap(order: str, magic: int, seconds: int, fraction: int) -> bytes:
    head = struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 65535, 1)
    return head + struct.pack(order + "IIII", seconds, fraction, 2, 2) + b"xy"


def block(order: str, kind: int, body: bytes) -> bytes:
    body += bytes(-len(body) % 4)
    length = struct.pack(order + "I", 12 + len(body))
    return struct.pack(order + "I", kind) + length + body + length


def section(order: str) -> bytes:
    return block(order, 0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1))


def interface(order: str, options: bytes = b"") -> bytes:
    return block(order, 1, struct.pack(order + "HHI", 1, 0, 0) + options)


def enhanced(order: str, number: int, ticks: int) -> bytes:
    times = struct.pack(order + "II", ticks >> 32, ticks & 0xFFFFFFFF)
    return block(order, 6, struct.pack(order + "I", number) + times + bytes(8))


def when(head: bytes) -> int | None:
    found = sniff(head)
    assert found is not None
    return first_time(head, found)


def test_pcap_in_both_orders_and_units() -> None:
    for order in "<>":
        assert when(pcap(order, 0xA1B2C3D4, 1_600_000_000, 7)) == 1_600_000_000_000_007_000
        assert when(pcap(order, 0xA1B23C4D, 1_600_000_000, 7)) == 1_600_000_000_000_000_007


def test_header_only_has_no_time() -> None:
    assert when(pcap("<", 0xA1B2C3D4, 1, 1)[:24]) is None
    assert when(section("<") + interface("<")) is None


def test_pcapng_default_resolution_is_microseconds() -> None:
    for order in "<>":
        head = section(order) + interface(order) + enhanced(order, 0, 1_600_000_000_000_007)
        assert when(head) == 1_600_000_000_000_007_000


def test_pcapng_resolution_and_offset_of_the_packets_own_interface() -> None:
    resolution = struct.pack("<HHB3x", 9, 1, 9)
    binary = struct.pack("<HHB3x", 9, 1, 0x80 | 10) + struct.pack("<HHq", 14, 8, -5)
    head = section("<") + interface("<", resolution) + interface("<", binary)
    assert when(head + enhanced("<", 0, 1234)) == 1234
    assert when(head + enhanced("<", 1, 10 * 1024 + 512)) == 5_500_000_000


def test_pcapng_skips_blocks_without_time_and_starts_again_at_a_section() -> None:
    simple = block("<", 3, struct.pack("<I", 4) + b"abcd")
    head = section("<") + interface("<") + simple + block("<", 5, bytes(12))
    head += section(">") + interface(">") + enhanced(">", 0, 3)
    assert when(head) == 3000


def test_pcapng_old_packet_block() -> None:
    body = struct.pack("<HHIIII", 0, 0, 0, 42, 0, 0)
    assert when(section("<") + interface("<") + block("<", 2, body)) == 42_000


def test_impossible_blocks_end_the_search() -> None:
    assert when(section("<") + enhanced("<", 0, 1)) is None
    assert when(section("<") + struct.pack("<III", 1, 0, 0)) is None
    assert when(section("<") + struct.pack("<III", 1, 0xFFFFFFFC, 0)) is None


@given(st.binary(max_size=300))
def test_no_tail_makes_it_raise(tail: bytes) -> None:
    for head in (section("<") + interface("<") + tail, pcap(">", 0xA1B2C3D4, 1, 1)[:24] + tail):
        found = sniff(head)
        assert found is not None
        result = first_time(head, found)
        assert result is None or isinstance(result, int)
