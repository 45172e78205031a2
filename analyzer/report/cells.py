"""Cells of CSV files made inert for spreadsheets, which take text for formulas and run them.

Quotes of CSV are no protection, the program removes them first (OWASP, "CSV Injection"). What looks
like a formula gets an apostrophe, at the start of a cell and after a semicolon in it: where a
comma is the decimal sign, programs split lines at semicolons, whatever the quotes say.
"""

from __future__ import annotations

import re

from analyzer.report.visible import visible

_SIGNS = "=+@\\-\uff1d\uff0b\uff20\uff0d"
"""What formulas begin with, and the full-width forms that some programs take for it."""

_FORMULA = re.compile(rf"(^|;)(?='*\s*[{_SIGNS}])")
_MADE_INERT = re.compile(rf"(^|;)'(?='*\s*[{_SIGNS}])")

_WHOLE = 1 << 26
"""Characters of a cell: all of them, tables are for programs."""


def inert(text: str) -> str:
    """The text on one line, unprintable characters as ``<U+202E>``, and no formula."""
    return _FORMULA.sub(r"\1'", visible(text, _WHOLE))


def as_was(cell: str) -> str:
    """The text before `inert` put apostrophes in; what it made visible stays visible."""
    return _MADE_INERT.sub(r"\1", cell)
