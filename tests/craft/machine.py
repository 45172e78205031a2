"""Any kernel as machine code of its own.

In the product a kernel that Python does not call is part of those that call it, and runs as Python
when a test calls it.
"""

from __future__ import annotations

from functools import cache
from types import FunctionType
from typing import TYPE_CHECKING, Any

from numba import njit

from analyzer.capture.kernel import OPTIONS

if TYPE_CHECKING:
    from collections.abc import Callable


@cache
def machine_code(kernel: Callable[..., Any]) -> Callable[..., Any]:
    """The kernel with everything below it, compiled with the product's options."""
    function: Any = getattr(kernel, "py_func", kernel)
    names = dict(function.__globals__)
    for name in function.__code__.co_names:
        below = names.get(name)
        if isinstance(below, FunctionType) or hasattr(below, "py_func"):
            names[name] = machine_code(below)
    compiled: Callable[..., Any] = njit(**OPTIONS)(
        FunctionType(function.__code__, names, function.__name__)
    )
    return compiled
