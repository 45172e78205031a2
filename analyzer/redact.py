"""Secrets in URLs and request targets.

The value of ``sig`` and of other credentials in the query leaves the room that reads it only as
REDACTED (learn.microsoft.com/rest/api/storageservices/create-service-sas), plain or
percent-encoded, and so do user names and passwords in front of a host. A fragment is for the
client alone (RFC 3986 section 3.5) and may be a key or a token: it goes whole. What proves a write
(``comp``, ``sp``, ``sr``, ``sktid``) is kept.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

NAMES = (
    "sig|signature|x-amz-signature|x-amz-security-token|x-amz-credential|x-goog-signature"
    "|access_token|id_token|refresh_token|token|code|password|passwd|secret|client_secret"
    "|api[-_]?key|key|authorization|assertion|client_assertion"
)
SECRET = re.compile(rf"(?i)\b({NAMES})=[^&#\s]*")
SECRET_NAME = re.compile(rf"(?i)(?:{NAMES})")
# A name as it may stand in another parameter's value: ?, &, ; and = percent-encoded up to thrice.
_SIGN = "%(?:25){0,3}"
PAIR = re.compile(
    rf"(?i)(?:^|[?&;#/]|{_SIGN}(?:3f|26|3b|23))"
    rf"((?:[\w.-]|%(?!(?:25)*(?:3f|26|3b|23|3d))){{1,64}})(?:=|{_SIGN}3d)"
)
VALUE = re.compile(rf"(?i)(?:(?!{_SIGN}(?:26|3b|23))[^&#\s])*")
USER = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*://|)[^/?#@]*@")
MAX_TARGET = 2048


def redact(target: str) -> str:
    """Replaces the values of credentials in a request target."""
    target, mark, fragment = target.partition("#")
    target = SECRET.sub(lambda m: f"{m.group(1)}=REDACTED", target)
    if "%" in target:
        kept = []
        at = 0
        while (pair := PAIR.search(target, at)) is not None:
            kept.append(target[at : pair.end()])
            at = pair.end()
            if SECRET_NAME.fullmatch(unquote(unquote(pair.group(1)))) is not None:
                value = VALUE.match(target, at)
                at = value.end() if value is not None else at
                kept.append("REDACTED")
        target = "".join([*kept, target[at:]])
    end = "#REDACTED" if fragment else mark
    return USER.sub(r"\1REDACTED@", target)[: MAX_TARGET - len(end)] + end


SECRET_HEADER = re.compile(
    r"(?i)auth|cookie|token|secret|passw|credential|signature|api-?key|encryption-key|subscription-key"
)
"""Names of header fields whose value is a secret, or may be."""
SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,20}(?= )")


def redact_header(name: str, value: str) -> str:
    """A header field's value without credentials; an authorization keeps its scheme."""
    if SECRET_HEADER.search(name) is None:
        return redact(value)
    scheme = SCHEME.match(value)
    return "REDACTED" if scheme is None or "auth" not in name.lower() else f"{scheme[0]} REDACTED"
