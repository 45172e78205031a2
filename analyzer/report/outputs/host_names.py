"""What other formats' host name fields may hold: anything can stand in an SNI or a log."""

from __future__ import annotations

import re

_NAME = re.compile(
    r"(?=.{1,253}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])",
    re.ASCII | re.IGNORECASE,
)


def is_host_name(text: str | None) -> bool:
    """True for a name of several labels as they stand in DNS (underscores are used there)."""
    return text is not None and _NAME.fullmatch(text) is not None
