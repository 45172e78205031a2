"""Names that products ask of DNS by the hundred: what EX008 does not take for a tunnel.

A catalogue file states them as ``[[quiet]]`` tables beside its entries. They say nothing of
ownership, and clear nothing but the look-ups themselves. See docs/endpoints.md.
"""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from analyzer.endpoints.catalogue_file import check_values
from analyzer.issues import UsageError
from analyzer.names import MAX_NAME, normalise

if TYPE_CHECKING:
    from collections.abc import Mapping

    from analyzer.endpoints.catalogue_file import CatalogueFile

_KEYS: dict[str, type | tuple[type, ...]] = {
    "id": str,
    "title": str,
    "zones": list,
    "forms": list,
    "source": str,
    "checked": (datetime.date, bool),
    "examples": list,
}
_REQUIRED = ("id", "title", "source", "checked", "examples")
# What Python and DuckDB's RE2 read alike: no escapes, no look-around, bounded counts.
_FORM = re.compile(r"(?:[a-z0-9_.^$|()\[\]*+-]|\?(?!\?)|\{[0-9]{1,2}(?:,[0-9]{1,2})?\})+")


@dataclass(frozen=True, slots=True)
class Quiet:
    """Names of one product or protocol.

    Attributes:
        id: Stable id, which `disable` of ``acrtrace.toml`` may name.
        title: Whose they are and what they are for.
        zones: Domains below which every name is meant.
        forms: Regular expressions of whole names.
        source: Where that was read.
        checked: ISO date on which it was, None for general knowledge.
        examples: Names that this entry covers.
        file: Catalogue file it stands in.
    """

    id: str
    title: str
    zones: tuple[str, ...]
    forms: tuple[str, ...]
    source: str
    checked: str | None
    examples: tuple[str, ...]
    file: str

    def covers(self, name: str) -> bool:
        """True for a normalised name that this entry keeps quiet."""
        return any(name == zone or name.endswith("." + zone) for zone in self.zones) or any(
            re.fullmatch(form, name) for form in self.forms
        )


def quiets_of(file: CatalogueFile) -> list[Quiet]:
    """The ``[[quiet]]`` tables of one file.

    Raises:
        UsageError: One is wrong; names file, entry and reason.
    """
    rows = file.tables.get("quiet", [])
    if not isinstance(rows, list):
        raise UsageError(f"{file.path}: quiet names are written [[quiet]]")
    return [_quiet(file, row, number) for number, row in enumerate(rows, 1)]


def _quiet(file: CatalogueFile, row: Any, number: int) -> Quiet:
    name = row.get("id", f"number {number}") if isinstance(row, dict) else f"number {number}"
    where = f"{file.path}: quiet {name}"
    if not isinstance(row, dict):
        raise UsageError(f"{where}: expected a table")
    _check(row, where)
    checked = row["checked"]
    quiet = Quiet(
        id=row["id"],
        title=row["title"],
        zones=tuple(row.get("zones", ())),
        forms=tuple(row.get("forms", ())),
        source=row["source"],
        checked=None if checked is False else str(checked),
        examples=tuple(row["examples"]),
        file=file.path.name,
    )
    for example in quiet.examples:
        if len(example) > MAX_NAME or not quiet.covers(example):
            raise UsageError(f"{where}: its example {example!r} does not fit")
    return quiet


def _check(row: Mapping[str, Any], where: str) -> None:
    check_values(row, _KEYS, _REQUIRED, where)
    if not (row.get("zones") or row.get("forms")) or not row["examples"]:
        raise UsageError(f"{where}: expected zones or forms, and at least one example")
    for zone in row.get("zones", ()):
        if normalise(zone) != zone or "." not in zone:
            raise UsageError(f"{where}: {zone!r} is no lower-case domain of two labels or more")
    for form in row.get("forms", ()):
        _check_form(form, where)


def _check_form(form: str, where: str) -> None:
    try:
        plain = _FORM.fullmatch(form) is not None and "(?" not in form
        re.compile(form)
    except re.error:
        plain = False
    if not plain:
        raise UsageError(
            f"{where}: {form!r} is no regular expression of lower-case names; it may use "
            "[...], (...), |, ., *, +, ? and {m,n} up to 99, and no escapes: a dot is [.]"
        )
