"""The one way to declare a compiled function of the packet path.

Kernels have explicit signatures (so nothing compiles by surprise), release the GIL, are cached, and
keep Numba's bounds check as a tripwire. They never raise on purpose and never allocate: a check
stands before every read, and results are codes. With NUMBA_DISABLE_JIT=1 they are plain Python, and
tests require equal results of both.
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

from analyzer.issues import AcrtraceError  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable

F = TypeVar("F", bound="Callable[..., object]")


SHORT = {"I1": "int64[::1]", "I2": "int64[:,::1]", "B1": "uint8[::1]", "i": "int64"}


def expand(signature: str) -> str:
    """The Numba signature behind a short one."""
    return re.sub(r"\b(I1|I2|B1|i)\b", lambda m: SHORT[m.group(0)], signature)


def kernel(signature: str, *, inline: bool = False, part: bool = False) -> Callable[[F], F]:
    """Decorator: compiles with the product's fixed options for this Numba signature.

    Args:
        signature: Numba signature with ``i`` for int64, ``I1`` and ``I2`` for C-contiguous int64
            arrays of one and two dimensions, ``B1`` for one of bytes.
        inline: Put the code into its callers: for accessors, and for what every packet passes once.
            A call that hands on a dozen arrays costs more than the work behind it.
        part: A piece of the one kernel that calls it, merged before types are inferred and never
            compiled alone: that would compile everything below it once more. Python runs it as
            Python.
    """
    if part:
        return cast("Callable[[F], F]", merged)

    compiler = njit(  # type: ignore[call-overload]  # _nrt is not in Numba's stubs
        expand(signature),
        nogil=True,
        cache=True,
        boundscheck=True,
        error_model="numpy",
        forceinline=inline,
        no_cfunc_wrapper=True,  # nothing calls a kernel from C
        _nrt=False,  # no allocation, so no reference counts: they were two thirds of the time
    )

    def wrap(function: F) -> F:
        kept: Any = function
        if cache.is_cold() or config.DISABLE_JIT:  # type: ignore[attr-defined]
            kept = compiler(function)
        else:
            kept = Loaded(function, compiler)
        return cast("F", kept)

    return wrap


def merged(function: F) -> F:
    """The part as its caller needs it: only a run that compiles has a caller to merge it into."""
    if not cache.is_cold():
        return function
    options = {"nogil": True, "boundscheck": True, "error_model": "numpy", "_nrt": False}
    return cast("F", njit(inline="always", **options)(function))  # type: ignore[call-overload]


class Loaded:
    """A kernel of a complete cache, loaded when it is first called.

    Most kernels live on inside their callers only; loading each of them would take 80 MB and a
    quarter of a second at every start.
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
