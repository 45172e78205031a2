"""Addresses as text, each converted once."""

from __future__ import annotations

from ipaddress import IPv6Address
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from analyzer.capture.types import Ints

KEEP = 1 << 18


class AddressBook:
    """Turns (version, high, low) rows into text; remembers a bounded number of them."""

    def __init__(self) -> None:
        """Starts empty."""
        self._known: dict[tuple[int, int, int], str] = {}

    def text(self, version: int, high: int, low: int) -> str:
        """One address in its canonical form (RFC 5952)."""
        key = (version, high, low)
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= KEEP:
                self._known.clear()
            a = low & 0xFFFFFFFF
            dotted = f"{a >> 24}.{(a >> 16) & 255}.{(a >> 8) & 255}.{a & 255}"
            if version == 4:
                found = dotted
            elif high == 0 and low >> 32 == 0xFFFF:  # an IPv6 packet between mapped addresses
                found = f"::ffff:{dotted}"
            else:
                value = ((high & 0xFFFFFFFFFFFFFFFF) << 64) | (low & 0xFFFFFFFFFFFFFFFF)
                found = IPv6Address(value).compressed
            self._known[key] = found
        return found

    def column(self, version: Ints, high: Ints, low: Ints) -> NDArray[np.object_]:
        """A column of addresses."""
        out = np.empty(len(version), dtype=object)
        text = self.text
        rows = zip(version.tolist(), high.tolist(), low.tolist(), strict=True)
        out[:] = [text(*row) for row in rows]
        return out
