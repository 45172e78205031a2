"""Inputs that are logs: which they are, and what to call them in a sentence."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from analyzer.inputs.sniff import CAPTURES
from analyzer.logs.format import load_formats

if TYPE_CHECKING:
    from collections.abc import Iterable


def base(form: str | None) -> str | None:
    """The format without its compression."""
    return None if form is None else form.partition("+")[0]


def is_log(form: str | None) -> bool:
    """An input of this format has lines, not packets."""
    return form is not None and base(form) not in CAPTURES


def called(form: str) -> str:
    """What a reader calls a log: ``Azure Firewall`` for ``azure-firewall+gzip``; "log" follows."""
    name = form.partition("+")[0]
    entry = load_formats().get(name)
    if entry is None:
        return name
    return re.sub(r"(?i) logs?$", "", re.split(r"[,:]| \(", entry.title, maxsplit=1)[0])


def listed(forms: Iterable[str]) -> str:
    """Several logs in a sentence, each once: ``the Azure Firewall and Zeek logs``."""
    names = sorted({called(form) for form in forms})
    if not names:
        return "a log"
    text = ", ".join(names[:-1]) + " and " + names[-1] if len(names) > 1 else names[0]
    return f"the {text} log{'' if len(names) == 1 else 's'}"
