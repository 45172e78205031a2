"""Why a name is classified as it is: the entry, the owner label, near misses and imitation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from analyzer.endpoints.match import UNKNOWN, Catalogue, Match
from analyzer.names import address_of, host_of, is_hostname

if TYPE_CHECKING:
    from analyzer.endpoints.entries import Entry
    from analyzer.endpoints.inventory import Inventory
    from analyzer.endpoints.patterns import Pattern

MAX_NEAR = 6
"""Near misses that are listed: more would hide the answer."""

_REGIONS = {"azurecr.cn": "regions-china", "azurecr.us": "regions-usgov"}


@dataclass(frozen=True, slots=True)
class NearMiss:
    """An entry that did not decide, and why not."""

    entry_id: str
    pattern: str
    reason: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """What is known about one name.

    Attributes:
        text: As given.
        name: Normalised name, None when the text holds no valid one.
        address: Canonical address, None when the text is no IP literal.
        match: What the catalogue says.
        near: Entries that came near, best first.
        imitates: What the name imitates, None for nothing or without an inventory.
        ownership: Whose it is, None without an inventory.
        reason: Sentence for the ownership, None without an inventory.
        notes: Oddities worth a line: unknown region, private link alias, underscore.
    """

    text: str
    name: str | None
    address: str | None
    match: Match
    near: tuple[NearMiss, ...]
    imitates: str | None
    ownership: str | None
    reason: str | None
    notes: tuple[str, ...]


def explain(text: str, catalogue: Catalogue, inventory: Inventory | None = None) -> Explanation:
    """Explains a host name, address, ``host:port`` or URL; any text gives an answer."""
    host = host_of(text)
    address = address_of(host) if host is not None else None
    name = None if address is not None else host
    match = UNKNOWN
    if address is not None:
        match = catalogue.match_address(address) or UNKNOWN
    elif name is not None:
        match = catalogue.match(name)
    ownership, reason, imitated = None, None, None
    if inventory is not None:
        ownership, reason = inventory.ownership(match, host or text)
        if name is not None and ownership not in ("ours", "approved", "platform"):
            imitated = inventory.lookalikes.imitated_by(name)
    return Explanation(
        text=text,
        name=name,
        address=address,
        match=match,
        near=tuple(_near(name, match, catalogue)) if name is not None else (),
        imitates=imitated,
        ownership=ownership,
        reason=reason,
        notes=tuple(_notes(name, address, match, catalogue)),
    )


def _near(name: str, match: Match, catalogue: Catalogue) -> list[NearMiss]:
    best: dict[str, tuple[bool, int, NearMiss]] = {}
    for entry, pattern in catalogue.candidates(name):
        if match.entry is not None and entry.id == match.entry.id:
            continue
        fits = pattern.accepts(name)
        if entry.id in best and (best[entry.id][0] or not fits):
            continue
        reason = _outranked(entry, pattern, match) if fits else pattern.refusal(name)
        best[entry.id] = (fits, entry.rank, NearMiss(entry.id, pattern.text, reason))
    # The general forms (lowest rank) say most about a name that fits none.
    ordered = sorted(best.values(), key=lambda found: (not found[0], found[1]))
    return [miss for _, _, miss in ordered[:MAX_NEAR]]


def _outranked(entry: Entry, pattern: Pattern, match: Match) -> str:
    winner = match.entry
    if winner is None:  # an alias or a switched-off entry cannot be a candidate
        return "fits"
    if any(p.literal == pattern.literal and p.head for p in winner.patterns):
        why = "precedes it by rank" if winner.rank > entry.rank else "stands before it"
    else:
        why = "fits more of the name literally"
    return f"fits too, but {winner.id} {why}"


def _notes(name: str | None, address: str | None, match: Match, catalogue: Catalogue) -> list[str]:
    notes = []
    if name is None and address is None:
        notes.append("not a valid host name or address; it matches nothing")
    if name is not None and not is_hostname(name):
        notes.append("an underscore is legal in DNS only, not in SNI, Host or certificates")
    if name is not None and ".privatelink." in f".{name}":
        notes.append("a private link alias is a CNAME target; no certificate holds it")
    if name is not None and "xn--" in name:
        notes.append("an internationalised name; no registry or storage endpoint has one")
    if match.region is not None and match.service == "acr":
        notes += _region_notes(match.region, match.suffix, catalogue)
    return notes


def _region_notes(region: str, suffix: str, catalogue: Catalogue) -> list[str]:
    sets = catalogue.vocabulary.sets
    expected = _REGIONS.get(suffix, "regions-public")
    if region in sets.get(expected, ()):
        return []
    for other in ("regions-public", *_REGIONS.values()):
        if region in sets.get(other, ()):
            return [f"region {region} belongs to another cloud than {suffix}"]
    return [f"region {region} is unknown here (new regions appear several times a year)"]
