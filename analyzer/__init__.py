"""acrtrace: finds data exfiltration around container registries in captures and logs.

``from analyzer import analyze`` is the Python interface (`analyzer.frames`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from analyzer.frames import Result, analyze

__version__ = "0.1.0"
__all__ = ["Result", "__version__", "analyze"]


def __getattr__(name: str) -> object:
    """Imports the interface when it is asked for: the command line does without it."""
    if name not in ("Result", "analyze"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module("analyzer.frames"), name)
