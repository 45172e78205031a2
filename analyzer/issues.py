"""Problems as data: what an input could not show, counted by kind instead of raised.

A bad packet becomes an issue and the next packet is read; a bad file becomes an issue and the next
file is read. Only a mistake of the caller (flags, configuration) is an exception.
"""

from __future__ import annotations

from dataclasses import dataclass


class AcrtraceError(Exception):
    """A failure that ends the run with one clear line; never a traceback for the user."""

    exit_code = 70


class UsageError(AcrtraceError):
    """A flag, configuration, inventory or catalogue file is wrong."""

    exit_code = 2


class InputError(AcrtraceError):
    """An input cannot be read at all; the run goes on with the next one, if any, and exits 3."""

    exit_code = 3


@dataclass(frozen=True, slots=True)
class Issue:
    """One kind of problem in one input.

    Attributes:
        code: Stable kebab-case kind, for example ``cut-record`` or ``ip-fragment``.
        input_id: Row of the ``inputs`` table, or None when it concerns the whole run.
        where: First place seen, in the reader's terms: ``offset 1234`` or ``packet 17``.
        detail: What was expected, what was found, and what was lost.
        count: How many times it happened.
        incomplete: True when data is missing from the analysis because of it (exit code 3).
    """

    code: str
    input_id: int | None
    where: str
    detail: str
    count: int = 1
    incomplete: bool = False
