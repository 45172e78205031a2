"""The one way to declare a compiled function of the packet path.

Kernels have explicit signatures (so nothing compiles by surprise), release the GIL, are cached, and
keep Numba's bounds check as a tripwire. They never raise on purpose and never allocate: a check
stands before every read, and results are codes. With NUMBA_DISABLE_JIT=1 they are plain Python, and
tests require equal results of both.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeVar

from analyzer.capture import cache

cache.prepare()

from numba import njit  # noqa: E402  (the cache directory must be set first)

if TYPE_CHECKING:
    from collections.abc import Callable

F = TypeVar("F", bound="Callable[..., object]")


SHORT = {"I1": "int64[::1]", "I2": "int64[:,::1]", "B1": "uint8[::1]", "i": "int64"}


def expand(signature: str) -> str:
    """The Numba signature behind a short one."""
    return re.sub(r"\b(I1|I2|B1|i)\b", lambda m: SHORT[m.group(0)], signature)


def kernel(signature: str, *, inline: bool = False) -> Callable[[F], F]:
    """Decorator: compiles with the product's fixed options for this Numba signature.

    Args:
        signature: Numba signature with ``i`` for int64, ``I1`` and ``I2`` for C-contiguous int64
            arrays of one and two dimensions, ``B1`` for one of bytes.
        inline: Put the code into its callers: for accessors, and for what every packet passes once.
            A call that hands on a dozen arrays costs more than the work behind it.
    """

    def wrap(function: F) -> F:
        compiled: F = njit(  # type: ignore[call-overload]  # _nrt is not in Numba's stubs
            expand(signature),
            nogil=True,
            cache=True,
            boundscheck=True,
            error_model="numpy",
            forceinline=inline,
            _nrt=False,  # no allocation, so no reference counts: they were two thirds of the time
        )(function)
        return compiled

    return wrap
