"""Addresses as text, each converted once."""

from __future__ import annotations

from ipaddress import IPv6Address
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from analyzer.capture.types import Ints

KEEP = 1 << 18
WORD = 0xFFFFFFFFFFFFFFFF


def address_text(version: int, high: int, low: int) -> str:
    """One address in its canonical form (RFC 5952), the same under every version of Python.

    Args:
        version: 4 or 6.
        high: The upper 64 bits of an IPv6 address.
        low: The lower 64 bits, or the IPv4 address.
    """
    a = low & 0xFFFFFFFF
    dotted = f"{a >> 24}.{(a >> 16) & 255}.{(a >> 8) & 255}.{a & 255}"
    if version == 4:
        return dotted
    if high == 0 and low >> 32 == 0xFFFF:  # mapped: section 5 asks for the mixed notation
        return f"::ffff:{dotted}"
    return IPv6Address((high & WORD) << 64 | low & WORD).compressed


class AddressBook:
    """Turns (version, high, low) rows into text; remembers a bounded number of them."""

    def __init__(self) -> None:
        """Starts empty."""
        self._known: dict[tuple[int, int, int], str] = {}

    def text(self, version: int, high: int, low: int) -> str:
        """One address (:func:`address_text`)."""
        key = (version, high, low)
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= KEEP:
                self._known.clear()
            found = self._known[key] = address_text(version, high, low)
        return found

    def column(self, version: Ints, high: Ints, low: Ints) -> NDArray[np.object_]:
        """A column of addresses."""
        out = np.empty(len(version), dtype=object)
        text = self.text
        rows = zip(version.tolist(), high.tolist(), low.tolist(), strict=True)
        out[:] = [text(*row) for row in rows]
        return out
