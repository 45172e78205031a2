"""MITRE ATT&CK techniques of a finding: only what has the form of an id is given a link."""

from __future__ import annotations

import re
from dataclasses import dataclass

from analyzer.attack import TECHNIQUES

_ID = re.compile(r"(T\d{4})(?:\.(\d{3}))?", re.ASCII)

FRAMEWORK = "MITRE ATT&CK"
SITE = "https://attack.mitre.org/"


@dataclass(frozen=True, slots=True)
class Technique:
    """One technique.

    Attributes:
        id: As in ``T1567.002``.
        name: Its name, the id where that is not known here.
        parent: ``T1567``; None where it is no sub-technique.
        url: Its page.
    """

    id: str
    name: str
    parent: str | None
    url: str


def techniques(ids: list[str]) -> list[Technique]:
    """Those ids that are such, each once, in their order."""
    return [found for text in dict.fromkeys(ids) if (found := technique(text)) is not None]


def technique(text: str) -> Technique | None:
    """The technique of that id, None for a text that is no id."""
    match = _ID.fullmatch(text)
    if match is None:
        return None
    main, sub = match.groups()
    url = f"{SITE}techniques/{main}/{sub}/" if sub else f"{SITE}techniques/{main}/"
    return Technique(text, name_of(text), main if sub else None, url)


def name_of(identifier: str) -> str:
    """Name of a technique, the id where it is not known."""
    return TECHNIQUES.get(identifier, identifier)
