"""Catalogue entries: what a TOML file of `catalogue/` may say, read and checked.

See docs/endpoints.md. Whatever is wrong is a `UsageError` that names file, entry and reason.
"""

from __future__ import annotations

import datetime
import ipaddress
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from analyzer.endpoints.catalogue_file import check_values, table_of
from analyzer.endpoints.patterns import Pattern, PatternError, expand
from analyzer.issues import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from analyzer.endpoints.catalogue_file import CatalogueFile
    from analyzer.endpoints.patterns import Vocabulary

ROLES = frozenset(
    {
        "registry-login",
        "registry-regional",
        "registry-data",
        "registry-infra",
        "managed-storage-candidate",
        "registry-task-staging",
        "storage-account",
        "storage-system",
        "storage-infra",
        "other-registry",
        "platform-registry",
        "object-store",
        "drop-service",
        "webhook",
        "tunnel",
        "code-host",
        "auth",
        "control-plane",
        "ci-platform",
        "telemetry",
        "doh",
        "azure-service",
        "ech-public",
    }
)
"""What a name can be; names without an entry have the role ``unknown``."""

OWNERS = frozenset({"label", "undecidable", "platform", "platform-claimed"})
DIRECTIONS = frozenset({"download-only", "upload", "both"})

_TECHNIQUE = re.compile(r"T[0-9]{4}(?:\.[0-9]{3})?")
_KEYS: dict[str, type | tuple[type, ...]] = {
    "id": str,
    "title": str,
    "service": str,
    "role": str,
    "owner": str,
    "direction": str,
    "technique": str,
    "cloud": str,
    "rank": int,
    "source": str,
    "checked": (datetime.date, bool),
    "patterns": list,
    "addresses": list,
    "examples": list,
}
_REQUIRED = ("id", "title", "service", "role", "owner", "direction", "source", "checked")


@dataclass(frozen=True, slots=True)
class Entry:
    """One catalogue entry.

    Attributes:
        id: Stable id, for example ``acr.data``.
        title: What it is, for the reader of a report.
        service: Scope of ownership, for example ``acr`` or ``storage``.
        role: One of `ROLES`.
        owner: ``label`` (a captured label names the owner), ``undecidable`` (the name does not tell
            whose data goes there), ``platform`` (the provider's own), ``platform-claimed`` (looks
            like the provider's own, but anybody could have taken the name).
        direction: Expected traffic: ``download-only``, ``upload`` or ``both``.
        technique: MITRE ATT&CK technique of an upload there, None when it is nobody's business.
        cloud: Cloud suffix that scopes the owner, None for the one in the pattern.
        rank: Order among entries with the same literal ending, highest first.
        source: Where the grammar was read.
        checked: ISO date on which it was, None for general knowledge.
        patterns: Compiled patterns.
        addresses: Addresses or networks, canonical text.
        examples: Names or addresses that this entry accepts.
        file: Catalogue file it stands in.
    """

    id: str
    title: str
    service: str
    role: str
    owner: str
    direction: str
    technique: str | None
    cloud: str | None
    rank: int
    source: str
    checked: str | None
    patterns: tuple[Pattern, ...]
    addresses: tuple[str, ...]
    examples: tuple[str, ...]
    file: str

    def accepts(self, text: str) -> bool:
        """True when a pattern or address of this entry fits, whatever else may fit better."""
        if any(p.accepts(text) for p in self.patterns):
            return True
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            return False
        return any(address in ipaddress.ip_network(a) for a in self.addresses)


def entries_of(
    file: CatalogueFile, vocabulary: Vocabulary, *, verify_examples: bool
) -> list[Entry]:
    """The entries of one file, compiled.

    Our own files' examples are verified by the tests: compiling every pattern alone would cost
    each run a tenth of a second. Files of a user are verified when they are read.
    """
    extra = set(file.tables) - {"defaults", "classes", "sets", "entry", "quiet"}
    if extra:
        raise UsageError(f"{file.path}: unknown table {sorted(extra)[0]!r}")
    defaults = table_of(file, "defaults")
    rows = file.tables.get("entry", [])
    if not isinstance(rows, list):
        raise UsageError(f"{file.path}: entries are written [[entry]]")
    entries = [_entry(file, defaults, row, i, vocabulary) for i, row in enumerate(rows, 1)]
    for entry in entries if verify_examples else ():
        check_examples(entry, f"{file.path}: entry {entry.id}")
    return entries


def check_examples(entry: Entry, where: str) -> None:
    """Refuses an entry that does not accept its own examples."""
    for example in entry.examples:
        if not entry.accepts(example):
            raise UsageError(f"{where}: its example {example!r} does not fit")


def _entry(
    file: CatalogueFile,
    defaults: Mapping[str, Any],
    row: Any,
    number: int,
    vocabulary: Vocabulary,
) -> Entry:
    name = row.get("id", f"number {number}") if isinstance(row, dict) else f"number {number}"
    where = f"{file.path}: entry {name}"
    if not isinstance(row, dict):
        raise UsageError(f"{where}: expected a table")
    values = {**defaults, **row}
    _check_values(values, where)
    patterns = _patterns(values, vocabulary, where)
    checked = values["checked"]
    entry = Entry(
        id=values["id"],
        title=values["title"],
        service=values["service"],
        role=values["role"],
        owner=values["owner"],
        direction=values["direction"],
        technique=values.get("technique"),
        cloud=values.get("cloud"),
        rank=values.get("rank", 0),
        source=values["source"],
        checked=None if checked is False else str(checked),
        patterns=patterns,
        addresses=_addresses(values, where),
        examples=tuple(values.get("examples", ())),
        file=file.path.name,
    )
    _check_entry(entry, where)
    return entry


def _check_values(values: Mapping[str, Any], where: str) -> None:
    check_values(values, _KEYS, _REQUIRED, where)
    for key, allowed in (("role", ROLES), ("owner", OWNERS), ("direction", DIRECTIONS)):
        if values[key] not in allowed:
            raise UsageError(
                f"{where}: {key} {values[key]!r} is none of {', '.join(sorted(allowed))}"
            )
    if not _TECHNIQUE.fullmatch(values.get("technique", "T0000")):
        raise UsageError(f"{where}: technique must look like T1567 or T1567.002")


def _check_entry(entry: Entry, where: str) -> None:
    if not entry.patterns and not entry.addresses:
        raise UsageError(f"{where}: expected patterns or addresses")
    owned = [any(p.capture == "owner" for q in x.head for p in q) for x in entry.patterns]
    if entry.owner == "label" and not (owned and all(owned)):
        raise UsageError(f"{where}: owner is 'label', so each pattern needs an <owner:...>")
    if entry.owner == "undecidable" and any(owned):
        raise UsageError(f"{where}: owner is 'undecidable', so no pattern may have an <owner:...>")
    if not entry.examples:
        raise UsageError(f"{where}: expected at least one example")


def _patterns(values: Mapping[str, Any], vocabulary: Vocabulary, where: str) -> tuple[Pattern, ...]:
    patterns = []
    for text in values.get("patterns", ()):
        try:
            patterns += expand(text, vocabulary)
        except PatternError as error:
            raise UsageError(f"{where}: {error}") from None
    return tuple(patterns)


def _addresses(values: Mapping[str, Any], where: str) -> tuple[str, ...]:
    canonical = []
    for text in values.get("addresses", ()):
        try:
            canonical.append(str(ipaddress.ip_network(text)))
        except ValueError as error:
            raise UsageError(f"{where}: {error}") from None
    return tuple(canonical)
