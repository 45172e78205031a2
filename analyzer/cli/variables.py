"""The variables of the environment that we read, and those that only look as if we did."""

from __future__ import annotations

import os

from analyzer.names import suggestion

PREFIX = "ACRTRACE_"

_NO_OPTIONS = ("ACRTRACE_CACHE_DIR", "ACRTRACE_DEBUG")

# Where our own tests find their data and how long they look: set by who develops acrtrace.
_OF_TESTS = (
    "ACRTRACE_CORPUS",
    "ACRTRACE_EXAMPLES",
    "ACRTRACE_LAB",
    "ACRTRACE_LOGS",
    "ACRTRACE_OWN_LAB",
    "ACRTRACE_REFERENCE",
)


def known_variables() -> list[str]:
    """Names of the variables that are set and read, in order."""
    return [name for name in _given() if name in _read()]


def unknown_variables() -> list[str]:
    """For each variable with our prefix that nothing reads, a sentence that says so."""
    read = _read()
    return [
        f"{name} is nothing we read{suggestion(name, read)}"
        for name in _given()
        if name not in read and name not in _OF_TESTS
    ]


def _given() -> list[str]:
    return sorted(name for name in os.environ if name.startswith(PREFIX))


def _read() -> set[str]:
    from analyzer.cli.analyze import analyze

    options = {str(option.envvar) for option in analyze.params if option.envvar}
    return options | set(_NO_OPTIONS)
