"""Short signatures, and kernels that are loaded from a complete cache only when called."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from analyzer.capture import cache
from analyzer.capture.kernel import Loaded, expand
from analyzer.issues import AcrtraceError


def test_short_signatures_expand() -> None:
    assert expand("void(I1, I2, B1, i)") == "void(int64[::1], int64[:,::1], uint8[::1], int64)"


def test_a_part_is_merged_into_its_caller_and_not_compiled(tmp_path: Path) -> None:
    code = (
        "import numpy as np; from analyzer.capture.kernel import kernel\n"
        "@kernel('i(I1, i)', part=True)\n"
        "def clip(x, a):\n"
        "    if a > x[0]: return x[0]\n"
        "    return a\n"
        "@kernel('i(I1, i)')\n"
        "def caller(x, a): return clip(x, a) + clip(x, 2 * a)\n"
        "print(caller(np.array([5]), 3), len(clip.signatures))"
    )
    file = tmp_path / "merging.py"  # Numba's cache wants a file
    file.write_text(code)
    done = subprocess.run(
        [sys.executable, file],
        env={
            **os.environ,
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "ACRTRACE_CACHE_DIR": str(tmp_path),
            "NUMBA_DISABLE_JIT": "0",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == ["8", "0"], done.stderr


def test_a_kernel_is_loaded_once_and_when_called() -> None:
    loads = []

    def load(function: object) -> object:
        loads.append(function)
        return lambda a, b: a + b

    kernel = Loaded(lambda a, b: a + b, load)
    assert loads == []
    assert [kernel(1, 2), kernel(3, 4)] == [3, 7]
    assert len(loads) == 1


def test_a_damaged_cache_is_removed_with_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    damaged = tmp_path / "kernels"
    damaged.mkdir()
    monkeypatch.setattr(cache, "_prepared", [damaged])

    def load(_function: object) -> object:
        raise EOFError("Ran out of input")

    with pytest.raises(AcrtraceError, match="was damaged and is removed: run again"):
        Loaded(lambda: None, load)()
    assert not damaged.exists()


def test_without_jit_kernels_are_plain_python() -> None:
    code = (
        "import numpy as np; from analyzer.capture.bytes import u16; "
        "print(u16(np.array([1, 2], dtype=np.uint8), 0), type(u16).__name__)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["258", "function"]
