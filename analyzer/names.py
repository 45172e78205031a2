"""Host names as evidence: one spelling for what SNI, DNS, Host headers, logs and URLs announce.

Every text that reaches this module is hostile. Nothing here raises on any `str`, work is bounded by
the 253 octets a name may have (RFC 1035 section 2.3.4), and what is no valid name gives None, so
that the caller keeps the raw text for the report instead of matching a guess.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_NAME = 253
"""Octets of a name without its trailing dot (RFC 1035 section 2.3.4)."""

_WHITESPACE = " \t\r\n\f\v"
_LABEL = "[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,31}://")
_PORT = re.compile(":[0-9]{0,5}")
_UPPER_TO_LOWER = {c: c + 32 for c in range(ord("A"), ord("Z") + 1)}
_NUMBER = re.compile(r"0[xX][0-9a-fA-F]{0,16}|[0-9]{1,20}")


def normalise(text: str) -> str | None:
    """The comparable form of a host name, or None when the text is no valid name.

    Trims ASCII white space, drops one trailing dot (the absolute form of DNS), lower-cases A-Z,
    turns U-labels into A-labels (UTS-46, non-transitional) and checks lengths and letters: labels
    of 1-63 octets from ``a-z 0-9 - _`` that neither begin nor end with a hyphen. An underscore is
    legal in a DNS query name; `is_hostname` tells whether a name may stand in an SNI or Host.
    IP literals, also in the shorthand forms that ``inet_aton`` reads, are no names: see
    `address_of`.
    """
    if len(text) <= MAX_NAME and _NAME.fullmatch(text):
        return None if _ends_in_number(text) else text
    text = text.strip(_WHITESPACE)
    if text.endswith("."):
        text = text[:-1]
    if len(text) > MAX_NAME:
        return None
    # str.lower() would also fold the Kelvin sign and other non-ASCII letters onto a-z.
    text = text.translate(_UPPER_TO_LOWER)
    if not text.isascii():
        converted = _to_ascii(text)
        if converted is None or len(converted) > MAX_NAME:
            return None
        text = converted
    if not _NAME.fullmatch(text) or _ends_in_number(text):
        return None
    return text


def is_hostname(name: str) -> bool:
    """True when a normalised name may stand in SNI, Host or a certificate: no underscore."""
    return "_" not in name


def host_of(text: str) -> str | None:
    """The host of a URL, authority, ``host:port`` or image reference, normalised.

    Drops scheme, user info, port, path, query and fragment (RFC 3986 section 3.2). An IP literal
    comes back in its canonical text form. None when no valid host is left.
    """
    text = text.strip(_WHITESPACE)
    scheme = _SCHEME.match(text)
    if scheme:
        text = text[scheme.end() :]
    elif text.startswith("//"):
        text = text[2:]
    # A backslash ends the authority for browsers and curl alike (WHATWG URL, special schemes).
    authority = re.split(r"[/?#\\]", text, maxsplit=1)[0].rpartition("@")[2]
    host = _without_port(authority)
    if host is None:
        return None
    return address_of(host) or normalise(host)


def address_of(text: str) -> str | None:
    """Canonical text of an IP literal, or None when the text is no IP address.

    Accepts brackets, a zone (dropped), IPv4-mapped IPv6 (as IPv4) and the numeric shorthand that
    ``inet_aton`` and every HTTP client built on it read (``127.1``, ``0x7f000001``).
    """
    import ipaddress

    text = text.strip(_WHITESPACE)
    if len(text) > 64:
        return None
    if text.startswith("[") and text.endswith("]"):
        text = text[1:-1]
    if ":" in text:
        try:
            six = ipaddress.IPv6Address(text.partition("%")[0])
        except ValueError:
            return None
        mapped = six.ipv4_mapped
        return str(six if mapped is None else mapped)
    number = _inet_aton(text[:-1] if text.endswith(".") else text)
    return None if number is None else str(ipaddress.IPv4Address(number))


def printable(text: str) -> str:
    r"""The text with everything that could steer a terminal written as ``\xNN`` or ``\uNNNN``.

    Escapes control characters, the backslash itself, bidirectional overrides and whatever else
    Unicode calls unprintable, so hostile names cannot move the cursor or hide their letters.
    """
    if text.isascii() and text.isprintable() and "\\" not in text:
        return text
    return "".join(c if c.isprintable() and c != "\\" else _escape(c) for c in text)


def suggestion(text: str, known: Iterable[str]) -> str:
    """`` (did you mean 'own'?)`` where a known word is near, else nothing."""
    from difflib import get_close_matches

    near = get_close_matches(text[:MAX_NAME], list(known), n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""


def _escape(char: str) -> str:
    code = ord(char)
    if char == "\\":
        return "\\\\"
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def _without_port(authority: str) -> str | None:
    if authority.startswith("["):
        host, bracket, port = authority.partition("]")
        if not bracket or (port and not _is_port(port)):
            return None
        return host[1:]
    if authority.count(":") == 1:
        host, _, port = authority.partition(":")
        return host if _is_port(":" + port) else None
    return authority


def _is_port(text: str) -> bool:
    return _PORT.fullmatch(text) is not None


def _ends_in_number(name: str) -> bool:
    """True when the last label is a number: such a host is an IPv4 address or invalid.

    WHATWG URL, "ends in a number checker"; no top-level domain is numeric (RFC 3696 section 2).
    """
    last = name[-1]
    if last not in "0123456789abcdefx":
        return False
    label = name.rpartition(".")[2]
    return label.isdigit() or (label[:2] == "0x" and _NUMBER.fullmatch(label) is not None)


def _inet_aton(text: str) -> int | None:
    parts = text.split(".", 4)
    if len(parts) > 4:
        return None
    values = []
    for part in parts:
        if not _NUMBER.fullmatch(part):
            return None
        try:
            values.append(int(part[2:] or "0", 16) if part[:2] in ("0x", "0X") else _decimal(part))
        except ValueError:
            return None
    *heads, last = values
    if any(v > 255 for v in heads) or last >= 256 ** (5 - len(values)):
        return None
    return last + sum(v << (8 * (3 - i)) for i, v in enumerate(heads))


def _decimal(part: str) -> int:
    return int(part, 8) if len(part) > 1 and part[0] == "0" else int(part)


def _to_ascii(text: str) -> str | None:
    # Imported here: its tables cost 10 ms that an all-ASCII run never needs to pay.
    import idna

    try:
        return idna.encode(text, uts46=True, transitional=False).decode("ascii")
    except UnicodeError:  # idna.IDNAError is one
        return None
