"""pcapng blocks that speak about the capture, read when the walk meets one.

draft-ietf-opsawg-pcapng sections 4.5 (name resolution), 4.6 (interface statistics) and 4.7
(decryption secrets). Names are annotations of whoever wrote the file, weaker than any answer seen
on the wire. Counts of lost packets say what the capture cannot show.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from analyzer.capture.addresses import address_text
from analyzer.capture.layout import BLOCK_DSB, BLOCK_ISB, BLOCK_NRB
from analyzer.issues import Issue

if TYPE_CHECKING:
    from collections.abc import Iterator

Order = Literal["little", "big"]
NRB_END, NRB_IPV4, NRB_IPV6 = 0, 1, 2
ISB_IFDROP, ISB_OSDROP, ISB_END = 5, 7, 0
MAX_NAMES = 1 << 16


@dataclass(slots=True)
class About:
    """What the blocks of one input said.

    Attributes:
        names: (address, host name) pairs that no earlier block has given.
        dropped: Packets lost, by (section, interface): statistics are totals, the last one counts.
        secrets: How many decryption secrets blocks there are.
        refused: Names beyond the bound.
    """

    names: list[tuple[str, str]] = field(default_factory=list)
    dropped: dict[tuple[int, int], int] = field(default_factory=dict)
    secrets: int = 0
    refused: int = 0
    known: set[tuple[str, str]] = field(default_factory=set)

    def take(self, kind: int, body: bytes, big: bool, section: int) -> None:
        """Reads one block.

        Args:
            kind: Block type.
            body: Between its two length fields.
            big: Byte order of its section.
            section: Number of its section.
        """
        if kind == BLOCK_NRB:
            self._names(body, big)
        elif kind == BLOCK_ISB:
            self._statistics(body, big, section)
        elif kind == BLOCK_DSB:
            self.secrets += 1

    def hand_out(self) -> list[tuple[str, str]]:
        """The names that were not handed out yet."""
        names, self.names = self.names, []
        return names

    def _names(self, body: bytes, big: bool) -> None:
        for code, value in options(body, big):
            size = {NRB_IPV4: 4, NRB_IPV6: 16}.get(code)
            if size is None or len(value) <= size:
                continue
            low = int.from_bytes(value[max(size - 8, 0) : size], "big")
            high = int.from_bytes(value[: max(size - 8, 0)], "big")
            address = address_text(4 if size == 4 else 6, high, low)
            for raw in value[size:].split(b"\0"):
                pair = (address, _host_name(raw))
                if not pair[1] or pair in self.known:
                    continue
                if len(self.known) >= MAX_NAMES:
                    self.refused += 1
                    continue
                self.known.add(pair)
                self.names.append(pair)

    def _statistics(self, body: bytes, big: bool, section: int) -> None:
        order: Order = "big" if big else "little"
        if len(body) < 12:
            return
        lost = 0
        for code, value in options(body[12:], big):
            if code in (ISB_IFDROP, ISB_OSDROP) and len(value) == 8:
                count = int.from_bytes(value, order)
                lost += count if count < 1 << 62 else 0  # all ones: the counter is not known
        self.dropped[section, int.from_bytes(body[:4], order)] = lost

    def issues(self, input_id: int) -> list[Issue]:
        """What the user has to know of it."""
        found = []
        lost = sum(self.dropped.values())
        if lost:
            detail = "the capturing machine dropped packets before they were written; they are lost"
            found.append(Issue("capture-drops", input_id, "statistics block", detail, lost, False))
        if self.secrets:
            detail = "the file holds decryption secrets; traffic was not decrypted with them"
            where = "secrets block"
            found.append(Issue("decryption-secrets", input_id, where, detail, self.secrets, False))
        if self.refused:
            detail = f"more than {MAX_NAMES} names in name resolution blocks: others were dropped"
            found.append(Issue("nrb-cap", input_id, "name block", detail, self.refused, False))
        return found


def options(body: bytes, big: bool) -> Iterator[tuple[int, bytes]]:
    """Code and value of each option or record, up to the end mark or what does not fit."""
    order: Order = "big" if big else "little"
    at = 0
    while at + 4 <= len(body):
        code = int.from_bytes(body[at : at + 2], order)
        size = int.from_bytes(body[at + 2 : at + 4], order)
        if code == 0 or at + 4 + size > len(body):
            return
        yield code, body[at + 4 : at + 4 + size]
        at += 4 + (size + 3) // 4 * 4


def _host_name(raw: bytes) -> str:
    """Lower-cased ASCII; other bytes as \\DDD, as in every other name (RFC 1035 section 5.1)."""
    out = []
    for byte in raw[:255].rstrip(b".").lower():
        plain = 32 < byte < 127 and byte != 92
        out.append(chr(byte) if plain else f"\\{byte:03d}")
    return "".join(out)
