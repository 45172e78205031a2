"""Counts in a sentence, so that one is never "1 flows"."""

from __future__ import annotations


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """``1 flow``, ``2,000 flows``; ``plural`` where it is not the noun with an s."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def verb(number: int, one: str, many: str) -> str:
    """The form of a verb that agrees with a count."""
    return one if number == 1 else many
