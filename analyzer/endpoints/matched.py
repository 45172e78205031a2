"""The answer of the catalogue about one name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from analyzer.endpoints.entries import Entry


@dataclass(frozen=True, slots=True)
class Form:
    """An entry as one of its patterns found it: the part of a match that many names share.

    Attributes:
        entry: The catalogue entry, None for an unknown name.
        suffix: Cloud suffix that scopes the owner (``azurecr.io``), "" for an unknown name.
    """

    entry: Entry | None
    suffix: str


@dataclass(frozen=True, slots=True, init=False)
class Match:
    """What the catalogue says about a name; `UNKNOWN` when it says nothing.

    Attributes:
        form: Entry and cloud suffix.
        owner: Label of whom it belongs to (registry, account, bucket), None when undecidable.
        region: Region label in the name, None without one.
    """

    form: Form
    owner: str | None
    region: str | None

    def __init__(self, form: Form, owner: str | None, region: str | None) -> None:
        # The setters of the slots: the __init__ that dataclasses make for a frozen class takes
        # twice as long, and a million matches a second are wanted.
        _set_form(self, form)
        _set_owner(self, owner)
        _set_region(self, region)

    @property
    def entry(self) -> Entry | None:
        """The catalogue entry, None for an unknown name."""
        return self.form.entry

    @property
    def suffix(self) -> str:
        """Cloud suffix that scopes the owner, "" for an unknown name."""
        return self.form.suffix

    @property
    def entry_id(self) -> str | None:
        """Id of the entry."""
        return self.form.entry.id if self.form.entry else None

    @property
    def service(self) -> str | None:
        """Service that scopes the owner."""
        return self.form.entry.service if self.form.entry else None

    @property
    def role(self) -> str:
        """Role; ``unknown`` without an entry."""
        return self.form.entry.role if self.form.entry else "unknown"

    @property
    def owner_decidable(self) -> bool:
        """True when the name tells whose data goes there."""
        return self.form.entry is not None and self.form.entry.owner != "undecidable"

    @property
    def direction(self) -> str | None:
        """Expected direction: ``download-only``, ``upload`` or ``both``."""
        return self.form.entry.direction if self.form.entry else None

    @property
    def technique(self) -> str | None:
        """MITRE ATT&CK technique of an upload there."""
        return self.form.entry.technique if self.form.entry else None

    @property
    def source(self) -> str | None:
        """Where the grammar comes from."""
        return self.form.entry.source if self.form.entry else None


_set_form: Callable[[Match, Form], None] = Match.__dict__["form"].__set__
_set_owner: Callable[[Match, str | None], None] = Match.__dict__["owner"].__set__
_set_region: Callable[[Match, str | None], None] = Match.__dict__["region"].__set__

UNKNOWN = Match(Form(None, ""), None, None)
