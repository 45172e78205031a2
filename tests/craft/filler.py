"""Deterministic bytes that look like ciphertext."""

from __future__ import annotations

import hashlib


def noise(size: int, seed: str = "") -> bytes:
    """The first `size` bytes of SHAKE-128 over the seed."""
    return hashlib.shake_128(seed.encode()).digest(size)
