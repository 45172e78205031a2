"""What is a URL, and what of it may be shown: text work without any network."""

from __future__ import annotations

import re

SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*(?:::[A-Za-z][A-Za-z0-9+.-]*)*)://")
_SECRETS = re.compile(
    r"(?i)\b((?:sig|signature|token|key|secret|password|sas|x-amz-[a-z-]+|account_?key)[\"']?\s*"
    r"(?:=|%3d|:)\s*[\"']?)[^&\s\"',;)]+"
)
_QUERY = re.compile(r"(://[^\s?#'\"]*)[?#][^\s'\")]*")
_USER = re.compile(r"(://)([^/\s?#]+)@")
_MAX_REASON = 300
_CONTAINERS = ("abfs", "abfss", "az", "adl", "wasb", "wasbs")


def is_url(text: str) -> bool:
    """It starts with a scheme, as no path that people use does."""
    return SCHEME.match(text) is not None


def redacted(text: str) -> str:
    """A URL, or a text with URLs in it, without what may be secret: queries and passwords.

    ``abfs://CONTAINER@ACCOUNT/...`` names a container before the ``@``, which stays.
    """
    if "://" not in text:
        return text
    if is_url(text):  # whatever its query holds, the first ? begins it
        text, *query = re.split(r"[?#]", text, maxsplit=1)
        text += "?***" if query else ""
    return _USER.sub(_user, _QUERY.sub(r"\1?***", text))


def cleaned(message: str, url: str) -> str:
    """What a library said about a URL, on one line and without its secrets."""
    query = re.split(r"[?#]", url, maxsplit=1)
    text = message.replace(url, redacted(url))
    if len(query) == 2:
        for value in (query[1], *re.findall(r"=([^&]{4,})", query[1])):
            text = text.replace(value, "***")
    text = " ".join(_SECRETS.sub(r"\1***", redacted(text)).split())
    return text[:_MAX_REASON] or "no reason given"


def _user(found: re.Match[str]) -> str:
    before = found.string[: found.start()].rpartition("::")[2]
    scheme = re.split(r"[^A-Za-z0-9+.-]", before)[-1].lower()
    keep = scheme in _CONTAINERS and ":" not in found[2]
    return found[0] if keep else f"{found[1]}***@"
