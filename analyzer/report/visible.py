"""Text from the wire made safe to look at, for HTML and terminals alike.

Escaping markup is the template engine's work; this module makes the characters visible that change
how *other* characters are shown: control and escape codes, bidirectional overrides, zero-width
characters, unusual spaces, lone surrogates.
"""

from __future__ import annotations

MAX_CHARACTERS = 4000
"""Longer values are cut; no host name (253), URL in use or sentence of ours is near it."""


def visible(text: str, limit: int = MAX_CHARACTERS) -> str:
    """Returns the text with every unprintable character as ``<U+202E>``, cut at a limit.

    `str.isprintable` is the dividing line: it refuses Unicode's "other" and "separator" categories
    except the plain space, so no list of dangerous characters has to be kept up to date.
    """
    cut = len(text) - limit
    if cut > 0:
        text = text[:limit]
    if not text.isprintable():
        text = "".join(ch if ch.isprintable() else f"<U+{ord(ch):04X}>" for ch in text)
    return f"{text} ... ({cut:,} more characters)" if cut > 0 else text
