"""The severity of a finding as a sum that a reader can follow: base, modifiers, total."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from analyzer.result import SEVERITIES

if TYPE_CHECKING:
    from collections.abc import Sequence

_FORM = re.compile(
    rf"(base|at least|at most|one step lower,)? ?({'|'.join(SEVERITIES)}): (.+)", re.DOTALL
)
_SIGNS = {None: "+", "base": "", "at least": "+", "at most": "−", "one step lower,": "−"}
_WORDS = {
    None: "raised to",
    "base": "base",
    "at least": "at least",
    "at most": "at most",
    "one step lower,": "lowered to",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the sum.

    Attributes:
        sign: ``+`` or ``−``; empty for the base and for what changes nothing.
        word: What the line does, in words.
        severity: Severity after it, None where it only notes something.
        reason: Why.
    """

    sign: str
    word: str
    severity: str | None
    reason: str


def steps(reasons: Sequence[str]) -> list[Step]:
    """The lines of ``Finding.severity_reasons``, taken apart; others stand as notes."""
    found = []
    for reason in reasons:
        form = _FORM.fullmatch(reason)
        if form is None:
            found.append(Step("", "noted", None, reason))
        else:
            found.append(Step(_SIGNS[form[1]], _WORDS[form[1]], form[2], form[3]))
    return found
