"""The one way to declare a compiled function of the packet path.

Kernels have explicit signatures (so nothing compiles by surprise), release the GIL, and keep
Numba's bounds check as a tripwire. They never raise on purpose and never allocate: a check stands
before every read, and results are codes. What Python calls is an entry, and cached; the others are
part of the entries (see pieces.py). With NUMBA_DISABLE_JIT=1 all are plain Python, and tests
require equal results of both.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any, TypeVar, cast

from analyzer.capture import cache

cache.prepare()
# Bounds checks keep the kernels' loops from being vectorized; looking for a way only takes time.
os.environ.setdefault("NUMBA_LOOP_VECTORIZE", "0")

from numba import config, njit  # noqa: E402  (the settings must be made first)

from analyzer.capture.pieces import EntryCompiler, piece  # noqa: E402
from analyzer.issues import AcrtraceError  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable

F = TypeVar("F", bound="Callable[..., object]")


SHORT = {"I1": "int64[::1]", "I2": "int64[:,::1]", "B1": "uint8[::1]", "i": "int64"}
OPTIONS = {
    "nogil": True,
    "boundscheck": True,
    "error_model": "numpy",
    "no_cfunc_wrapper": True,  # nothing calls a kernel from C
    "_nrt": False,  # no allocation, so no reference counts: they were two thirds of the time
}


def expand(signature: str) -> str:
    """The Numba signature behind a short one."""
    return re.sub(r"\b(I1|I2|B1|i)\b", lambda m: SHORT[m.group(0)], signature)


def kernel(signature: str, *, entry: bool = False, inline: bool = False) -> Callable[[F], F]:
    """Decorator: compiles with the product's fixed options for this Numba signature.

    Args:
        signature: Numba signature with ``i`` for int64, ``I1`` and ``I2`` for C-contiguous int64
            arrays of one and two dimensions, ``B1`` for one of bytes.
        entry: Python calls it: it becomes machine code, together with all kernels below it. Any
            other kernel is a piece of such ones, and runs as Python when Python calls it.
        inline: Put the code into its callers: for accessors, and for what every packet passes once.
            A call that hands on a dozen arrays costs more than the work behind it.
    """

    def compiled(function: F) -> Callable[..., Any]:
        options = {"cache": True, "pipeline_class": EntryCompiler, "forceinline": inline}
        made: Any = njit(expand(signature), **options, **OPTIONS)(function)  # type: ignore[call-overload]
        return cast("Callable[..., Any]", made)

    def wrap(function: F) -> F:
        kept: Any = function
        if config.DISABLE_JIT:  # type: ignore[attr-defined]
            return function
        if not cache.is_cold():
            kept = Loaded(function, compiled) if entry else function
        elif entry:
            kept = compiled(function)
        else:
            kept = piece(function, expand(signature), {**OPTIONS, "forceinline": inline})
        return cast("F", kept)

    return wrap


class Loaded:
    """A kernel of a complete cache, loaded when it is first called.

    A run that has no TLS in it never loads what reads TLS.
    """

    def __init__(self, function: Callable[..., object], compiler: Callable[..., Any]) -> None:
        """Remembers how to get at the machine code."""
        self.py_func = function
        self._compiler = compiler
        self._ready: Callable[..., Any] | None = None

    def __call__(self, *arguments: object) -> object:
        """Runs the machine code."""
        if self._ready is None:
            try:
                self._ready = self._compiler(self.py_func)
            except Exception as error:
                # A truncated or missing file of the cache fails in many ways, and a missing one
                # cannot be compiled alone. Nothing of a damaged cache is kept.
                raise AcrtraceError(
                    f"the kernel cache {cache.discard()} was damaged and is removed: run again"
                ) from error
        return self._ready(*arguments)
