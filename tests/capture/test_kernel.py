"""Short signatures, and kernels that are loaded from a complete cache only when called."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from analyzer.capture import cache
from analyzer.capture.kernel import Loaded, expand
from analyzer.issues import AcrtraceError

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]


def test_short_signatures_expand() -> None:
    assert expand("void(I1, I2, B1, i)") == "void(int64[::1], int64[:,::1], uint8[::1], int64)"


PIECES = """
import numpy as np
from analyzer.capture import cache
from analyzer.capture.kernel import kernel

@kernel("i(I1, i)")
def at(x, i):
    return x[i]

@kernel("i(I1, i)", inline=True)
def twice(x, i):
    return 2 * at(x, i)

@kernel("i(I1, i)")
def either(x, i):
    return at(x, i) if i in (0, 1) else twice(x, i - 2)

@kernel("i(I1, i)", entry=True)
def caller(x, i):
    return twice(x, i) + either(x, i)

@kernel("i(I1, i)", entry=True)
def outer(x, i):
    return caller(x, i) + at(x, 0)

x = np.array([5, 7])
print(cache.is_cold(), type(at).__name__, caller(x, 1), outer(x, 1), at(x, 1))
try:
    caller(x, 2)
except IndexError as error:
    print(error)
try:
    outer(x, 9)
except IndexError as error:
    print(error)
cache.seal()
"""


def run_pieces(folder: Path, *, without: str = "0") -> list[str]:
    """What a process prints that declares, compiles and calls a few kernels."""
    file = folder / "pieces_of_a_kernel.py"  # Numba's cache wants a file
    file.write_text(PIECES)
    done = subprocess.run(
        [sys.executable, file],
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "ACRTRACE_CACHE_DIR": str(folder / "cache"),
            "NUMBA_DISABLE_JIT": without,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_pieces_become_part_of_the_entries_that_are_compiled_once(tmp_path: Path) -> None:
    out_of_bounds = ["index is out of bounds"] * 2
    assert run_pieces(tmp_path) == ["True Piece 21 26 7", *out_of_bounds]
    kept = sorted(path.name.split("-")[0] for path in (tmp_path / "cache").rglob("*.nbc"))
    assert kept == ["pieces_of_a_kernel.caller", "pieces_of_a_kernel.outer"]
    assert run_pieces(tmp_path) == ["False function 21 26 7", *out_of_bounds]


def test_pieces_and_entries_give_the_same_as_python(tmp_path: Path) -> None:
    line = run_pieces(tmp_path, without="1")[0]
    assert line.split()[1:] == ["function", "21", "26", "7"]


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


def kernel_options(function: ast.stmt) -> set[str | None] | None:
    """Names of the options of a kernel's decorator; None for any other statement."""
    for mark in getattr(function, "decorator_list", []):
        if isinstance(mark, ast.Call) and getattr(mark.func, "id", "") == "kernel":
            return {option.arg for option in mark.keywords}
    return None


def called(code: ast.AST, file: Path, tree: ast.Module) -> Iterator[tuple[str, str]]:
    """(module, name) of every function of the package that this code calls by an imported name."""
    imported = {
        alias.asname or alias.name: (node.module.replace(".", "/"), alias.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    }
    here = file.relative_to(ROOT).with_suffix("").as_posix()
    for node in ast.walk(code):
        if not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Name):
            yield imported.get(node.func.id, (here, node.func.id))
        elif isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name):
            module, name = imported.get(node.func.value.id, ("", ""))
            yield f"{module}/{name}", node.func.attr


def test_what_python_calls_is_an_entry() -> None:
    """A piece that Python calls would give the same results, a hundred times slower."""
    files = sorted((ROOT / "analyzer").rglob("*.py"))
    trees = {file: ast.parse(file.read_text()) for file in files}
    entries, pieces, calls = set(), set(), set()
    for file, tree in trees.items():
        for statement in tree.body:
            options = kernel_options(statement)
            if options is None:
                calls.update(called(statement, file, tree))
                continue
            module = file.relative_to(ROOT).with_suffix("").as_posix()
            kind = entries if "entry" in options else pieces
            kind.add((module, getattr(statement, "name", "")))
    assert len(entries) > 5
    assert entries <= calls
    assert calls & pieces == {("analyzer/capture/ja4", "is_grease")}  # one number, seldom
