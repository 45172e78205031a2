"""Names seen on the wire, each kept once: bytes in, a small integer out.

Names are lower-cased (ASCII only) and unprintable bytes are written \\DDD (RFC 1035 section 5.1),
so what leaves here is printable ASCII. The store is bounded; a name beyond the bound gets id -1
and the engine counts it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analyzer.capture.bytes import u8
from analyzer.capture.flows import mix
from analyzer.capture.kernel import kernel

if TYPE_CHECKING:
    from analyzer.capture.types import Bytes, Ints

MAX_NAMES = 1 << 20
MAX_NAME = 1100  # 255 bytes, each at most \DDD, and room


@kernel("i(B1, i, i)")
def escape(out: Bytes, at: int, byte: int) -> int:
    """Writes one byte of a name at ``at``; the position behind it."""
    if byte >= 65 and byte <= 90:
        byte += 32
    if byte > 32 and byte < 127 and byte != 92:
        out[at] = byte
        return at + 1
    out[at] = 92
    out[at + 1] = 48 + byte // 100
    out[at + 2] = 48 + (byte // 10) % 10
    out[at + 3] = 48 + byte % 10
    return at + 4


@kernel("i(B1, i, I1, B1, I1, I1)", entry=True)
def intern(text: Bytes, n: int, state: Ints, store: Bytes, ends: Ints, table: Ints) -> int:
    """Id of ``text[:n]``.

    Args:
        state: [names, bytes used, names dropped, seed].
        store: Bytes of all names one after the other.
        ends: Where each name ends in ``store``.
        table: Open-addressing index, id + 1, a power of two in size.
    """
    h = state[3]
    for k in range(n):
        h = mix(h, u8(text, k)) if k & 7 == 7 or k == n - 1 else (h << 8) ^ u8(text, k)
    mask = table.shape[0] - 1
    at = h & mask
    for _ in range(mask + 1):
        entry = table[at]
        if entry == 0:
            break
        start = ends[entry - 2] if entry >= 2 else 0
        if ends[entry - 1] - start == n:
            same = True
            for k in range(n):
                if store[start + k] != text[k]:
                    same = False
                    break
            if same:
                return entry - 1
        at = (at + 1) & mask
    count = state[0]
    if 2 * (count + 1) > table.shape[0] or state[1] + n > store.shape[0] or count >= ends.shape[0]:
        state[2] += 1
        return -1
    for k in range(n):
        store[state[1] + k] = text[k]
    state[1] += n
    ends[count] = state[1]
    state[0] += 1
    table[at] = count + 1
    return count


class Names:
    """The store as Python sees it: growing arrays, and the texts for a table."""

    def __init__(self, seed: int) -> None:
        """Starts empty with room for 4096 names."""
        self.state = np.array([0, 0, 0, seed], dtype=np.int64)
        self.store = np.zeros(1 << 17, dtype=np.uint8)
        self.ends = np.zeros(1 << 12, dtype=np.int64)
        self.table = np.zeros(1 << 13, dtype=np.int64)
        self._texts: list[str] = []

    def room_for(self, names: int, length: int) -> None:
        """Makes room for that many more names of that many bytes in all, up to the bound."""
        want = min(int(self.state[0]) + names, MAX_NAMES)
        while want > self.ends.shape[0]:
            self.ends = np.concatenate([self.ends, np.zeros_like(self.ends)])
        while int(self.state[1]) + length > self.store.shape[0] and self.store.shape[0] < 1 << 28:
            self.store = np.concatenate([self.store, np.zeros_like(self.store)])
        if 2 * want > self.table.shape[0]:
            size = self.table.shape[0]
            while size < 2 * want:
                size *= 2
            texts = self.texts()
            self.table = np.zeros(size, dtype=np.int64)
            self.state[:2] = 0
            for text in texts:  # every name again, in the order of its id
                raw = np.frombuffer(bytearray(text, "ascii"), dtype=np.uint8)
                intern(raw, raw.size, self.state, self.store, self.ends, self.table)

    def texts(self) -> list[str]:
        """Every name so far, by id."""
        known = len(self._texts)
        start = int(self.ends[known - 1]) if known else 0
        for end in self.ends[known : int(self.state[0])].tolist():
            self._texts.append(self.store[start:end].tobytes().decode("ascii"))
            start = end
        return self._texts
