"""Compiles every kernel ahead: ``python -m analyzer.capture.warm``."""

from __future__ import annotations

import importlib
import time

from analyzer.capture import cache

MODULES = ("walk", "settle", "tls", "tls_server", "dns")


def warm() -> float:
    """Imports every kernel module, which compiles what is not cached; seconds it took."""
    start = time.perf_counter()
    for name in MODULES:
        importlib.import_module(f"analyzer.capture.{name}")
    cache.seal()
    return time.perf_counter() - start


if __name__ == "__main__":
    print(f"kernels ready in {warm():.1f} s")
