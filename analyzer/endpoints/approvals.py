"""Approvals with an owner, a reason and an end: ``[[approve]]`` of ``acrtrace.toml``.

An approval that has ended clears nothing from 00:00 UTC of its day on. What counts is the time of
the traffic, never today's: a capture of last year is judged as it was judged then.
"""

from __future__ import annotations

import datetime
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from analyzer.names import printable

if TYPE_CHECKING:
    from analyzer.endpoints.project_keys import Place

_KEYS = ("name", "owner", "reason", "expires")
_EPOCH = datetime.date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Approval:
    """One name that is approved.

    Attributes:
        name: NAME as for ``--approve``.
        owner: Who answers for it, None when not said.
        reason: Why, None when not said.
        expires: First day on which it clears nothing any more, None for no end.
        line: Where it stands in its file, None for a flag or when that is not known.
    """

    name: str
    owner: str | None = None
    reason: str | None = None
    expires: datetime.date | None = None
    line: int | None = field(default=None, compare=False)

    @property
    def expires_ns(self) -> int | None:
        """00:00 UTC of that day, nanoseconds since 1970."""
        if self.expires is None:
            return None
        return (self.expires - _EPOCH).days * 86_400 * 1_000_000_000

    def says(self) -> str:
        """``owner build team, reason base images, expires 2027-01-01``; empty for a bare name."""
        parts = (("owner", self.owner), ("reason", self.reason), ("expires", self.expires))
        return ", ".join(f"{title} {value}" for title, value in parts if value is not None)


class Ended(NamedTuple):
    """An approval that had ended when the last traffic was seen.

    Attributes:
        approval: The approval.
        origin: Where it stands.
        other: Where another approval of the same name stands that goes on, None without one.
    """

    approval: Approval
    origin: str
    other: str | None = None


def read_approvals(place: Place, value: Any) -> tuple[Approval, ...]:
    """The names of ``approve``: a list of texts, tables, or both.

    Raises:
        UsageError: Something is no such list, or a table has a key or value that is none.
    """
    if not isinstance(value, list):
        raise place.error("approve must be a list of texts, or tables: [[approve]]", "approve")
    lines = place.lines("approve") or [line for line, _ in place.items("approve")]
    own = len(lines) == len(value)
    return tuple(
        _approval(place, each, lines[number] if own else place.line("approve"))
        for number, each in enumerate(value)
    )


def _approval(place: Place, value: Any, line: int | None) -> Approval:
    if isinstance(value, str):
        value = {"name": value}
    if not isinstance(value, dict):
        raise place.error("approve must be a list of texts, or tables: [[approve]]", "approve")
    for key in value:
        if key not in _KEYS:
            raise place.unknown(key, _KEYS, "approve")
    texts = {key: value.get(key) for key in ("name", "owner", "reason")}
    for key, text in texts.items():
        if (text is not None or key == "name") and not _is_text(text):
            raise place.error(f"approve: {key} must be a text that is not empty", key, "approve")
    return Approval(
        name=str(texts["name"]),
        owner=texts["owner"],
        reason=texts["reason"],
        expires=_day(place, value.get("expires")),
        line=line,
    )


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip()) and "\0" not in value


def _day(place: Place, value: Any) -> datetime.date | None:
    if isinstance(value, str):
        with suppress(ValueError):
            value = datetime.date.fromisoformat(value)
    # A datetime is a date, too, but would say an hour that nobody looks at.
    if value is None or type(value) is datetime.date:
        return value
    raise place.error(
        f"approve: expires must be a day such as 2027-01-01, found {printable(str(value))[:40]!r}",
        "expires",
        "approve",
    )
