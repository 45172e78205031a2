"""Compiles every kernel ahead: ``python -m analyzer.capture.warm``."""

from __future__ import annotations

import gc
import importlib
import time

from analyzer.capture import cache

MODULES = ("walk", "settle", "tls", "tls_server", "dns", "pick")


def warm() -> float:
    """Imports every kernel module, which compiles what is not cached; seconds it took."""
    start = time.perf_counter()
    collecting = gc.isenabled()
    gc.disable()  # looking for garbage among what the compiler keeps took a tenth of the time
    try:
        for name in MODULES:
            importlib.import_module(f"analyzer.capture.{name}")
    finally:
        if collecting:
            gc.enable()
    cache.seal()
    return time.perf_counter() - start


if __name__ == "__main__":
    print(f"kernels ready in {warm():.1f} s")
