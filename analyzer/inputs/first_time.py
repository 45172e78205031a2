"""Time of the first packet, read from the head of a capture; it orders the inputs.

Sources: pcap-savefile(5); draft-ietf-opsawg-pcapng sections 4.1 (SHB), 4.2 (IDB, if_tsresol and
if_tsoffset), 4.3 (EPB), appendix A (PB). Simple Packet Blocks carry no time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from analyzer.inputs.sniff import Format

_SECTION, _INTERFACE, _PACKET_V1, _ENHANCED = 0x0A0D0D0A, 1, 2, 6
_IF_TSRESOL, _IF_TSOFFSET = 9, 14
_NS = 1_000_000_000


def first_time(head: bytes, found: Format) -> int | None:
    """Nanoseconds since 1970 of the first packet in ``head`` (decompressed), or None."""
    return _pcapng(head) if found.container == "pcapng" else _pcap(head, found)


def _pcap(head: bytes, found: Format) -> int | None:
    if len(head) < 40:
        return None
    seconds = _uint(head, 24, 4, found.big_endian)
    fraction = _uint(head, 28, 4, found.big_endian)
    return seconds * _NS + fraction * (1 if found.nanosecond else 1000)


def _pcapng(head: bytes) -> int | None:
    """Walks blocks until one carries a time; ends at the first that is cut or impossible."""
    at, big = 0, False
    clocks: list[tuple[int, int, int]] = []
    while len(head) >= at + 12:
        if head[at : at + 4] == b"\x0a\x0d\x0d\x0a":
            if head[at + 8 : at + 12] not in (b"\x1a\x2b\x3c\x4d", b"\x4d\x3c\x2b\x1a"):
                return None
            big, clocks = head[at + 8] == 0x1A, []
        kind, length = _uint(head, at, 4, big), _uint(head, at + 4, 4, big)
        if length < 12 or length % 4:
            return None
        body = head[at + 8 : at + length - 4]
        if kind == _INTERFACE:
            clocks.append(_clock(body, big))
        elif kind in (_ENHANCED, _PACKET_V1) and len(body) >= 20:
            interface = _uint(body, 0, 4 if kind == _ENHANCED else 2, big)
            if interface >= len(clocks):
                return None
            ticks = _uint(body, 4, 4, big) << 32 | _uint(body, 8, 4, big)
            return _nanoseconds(ticks, clocks[interface])
        at += length
    return None


def _uint(data: bytes, at: int, size: int, big: bool) -> int:
    return int.from_bytes(data[at : at + size], "big" if big else "little")


def _clock(body: bytes, big: bool) -> tuple[int, int, int]:
    """(base, exponent, offset in seconds) of an interface; microseconds when it says nothing."""
    base, exponent, offset = 10, 6, 0
    at = 8
    while len(body) >= at + 4:
        code, length = _uint(body, at, 2, big), _uint(body, at + 2, 2, big)
        value = body[at + 4 : at + 4 + length]
        if code == _IF_TSRESOL and len(value) == 1:
            base, exponent = (2 if value[0] & 0x80 else 10), value[0] & 0x7F
        elif code == _IF_TSOFFSET and len(value) == 8:
            offset = int.from_bytes(value, "big" if big else "little", signed=True)
        elif code == 0:
            break
        at += 4 + (length + 3) // 4 * 4
    return base, exponent, offset


def _nanoseconds(ticks: int, clock: tuple[int, int, int]) -> int:
    base, exponent, offset = clock
    return int(ticks * _NS // base**exponent) + offset * _NS
