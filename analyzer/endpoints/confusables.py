"""The ASCII letters that a host name's internationalised labels are drawn to look like.

A table of the letters that browsers' spoof checks agree on (Unicode TS 39, confusables), cut down
to those that resemble a-z, 0-9 or a hyphen and are valid in IDNA. Accents come off by
decomposition. What resembles nothing stays, so an honest U-label never turns into ASCII.
"""

from __future__ import annotations

import unicodedata

_LOOKS = {
    "a": "аɑαᴀ",
    "b": "ЬƅЬь",
    "c": "сϲᴄⅽ",
    "d": "ԁɗđ",
    "e": "еҽєēë℮",
    "f": "ƒſ",
    "g": "ɡցǥ",
    "h": "һհħ",
    "i": "іıɩιӏɪí",
    "j": "јʝϳ",
    "k": "κкƙᴋĸ",
    "l": "ӏłɭ",
    "m": "мᴍɱ",
    "n": "ոռηпᴎɴ",
    "o": "оοօσᴏø0",
    "p": "рρƿ",
    "q": "ԛզ",
    "r": "гᴦɾʀɼꭇ",
    "s": "ѕꜱʂ",
    "t": "тτᴛŧ",
    "u": "υսʋцᴜ",
    "v": "νѵᴠ",
    "w": "ԝաωᴡɯ",
    "x": "хχ×",
    "y": "уүγʏყ",
    "z": "ᴢʐƶżź",
    "-": "‐‑‒–—−ー",
}
_TABLE = {
    ord(drawn): letter
    for letter, shapes in _LOOKS.items()
    for drawn in shapes
    if not drawn.isascii()
}


def skeleton(name: str) -> str | None:
    """The name as it reads, all in ASCII; None when it has no A-label or does not read as ASCII.

    >>> skeleton("xn--zurecr-2nf.io")
    'azurecr.io'
    """
    if "xn--" not in name:
        return None
    labels = []
    for label in name.split("."):
        drawn = _decode(label) if label.startswith("xn--") else label
        if drawn is None:
            return None
        plain = drawn.translate(_TABLE)
        plain = "".join(
            c for c in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(c)
        )
        labels.append(plain.translate(_TABLE).lower())
    read = ".".join(labels)
    return read if read.isascii() else None


def _decode(label: str) -> str | None:
    try:
        return label[4:].encode("ascii").decode("punycode")
    except (UnicodeError, OverflowError, ValueError):
        return None
