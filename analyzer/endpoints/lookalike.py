"""Names that imitate a registry, Azure Storage or one of our own hosts without being it.

A genuine name ends in the suffix it shows. An imitation shows the suffix elsewhere, without its
dots, with a letter changed, under another top-level domain or in letters that only look alike.
Every test is about what a hurried reader of a firewall log would take the name for, and each has a
guard for the honest names that come near: content networks and resolvers that put whole names in
front of their own (set ``embedding`` of the catalogue), and brands such as azure.io, azurefd.net.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from analyzer.endpoints.confusables import skeleton
from analyzer.names import normalise

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


_SECOND_LEVEL = frozenset({"co", "com", "org", "net", "ac", "gov", "edu", "or", "ne"})
_MIN_JOINED = 14
"""Letters of a suffix without dots that no honest label ends in by chance."""
_MIN_EDITED = 6
"""Letters of a word below which one edit makes another everyday word."""


@dataclass(frozen=True, slots=True)
class _Target:
    """A suffix or host that is worth imitating, with its forms without dots."""

    name: str
    hyphenated: str
    joined: str


class Lookalikes:
    """The imitation tests for one catalogue and inventory.

    Args:
        registries: Cloud suffixes of the registry service.
        clouds: Cloud suffixes of the storage service.
        services: First labels of the storage service (``blob``, ``file``).
        embedding: Zones whose names embed other people's whole names.
        ours: Our host names.
        labels: Our owner labels by the suffix they belong to.
    """

    def __init__(
        self,
        *,
        registries: Iterable[str],
        clouds: Iterable[str],
        services: Iterable[str],
        embedding: Iterable[str],
        ours: Iterable[str],
        labels: Mapping[str, frozenset[str]],
    ) -> None:
        self._registries = tuple(registries)
        self._clouds = tuple(clouds)
        self._services = frozenset(services)
        self._embedding = tuple("." + zone for zone in embedding)
        self._labels = labels
        hosts = sorted(set(ours))
        self._ours = frozenset(hosts)
        self._roots = (*self._registries, *self._clouds)
        self._genuine = tuple("." + root for root in self._roots)
        self._custom = [h for h in hosts if h.count(".") >= 2 and not self._is_genuine(h)]
        storage = [f"{s}.{c}" for c in self._clouds for s in sorted(self._services)]
        self._suffixes = [_target(s) for s in (*self._registries, *storage)]
        self._hosts = [_target(h) for h in self._custom]
        self._tlds = {s.rpartition(".")[2] for s in self._registries}

    def imitated_by(self, name: str) -> str | None:
        """What the name imitates, None for honest, genuine and invalid names."""
        plain = normalise(name)
        if plain is None or self._is_genuine(plain):
            return None
        found = self._imitated(plain)
        read = skeleton(plain) if found is None else None
        if read is None:
            return found
        if read in self._ours:
            return read
        if self._is_genuine(read):
            shown = (*(t.name for t in self._suffixes), *self._roots)
            return self._named(read, next(s for s in shown if _ends_in(read, s)))
        return self._imitated(read)

    def _imitated(self, name: str) -> str | None:
        if name in self._ours or self._is_genuine(name):
            return None
        if name.endswith(self._embedding):
            return None
        labels = name.split(".")
        return (
            self._shown_inside(name)
            or self._joined(name, labels)
            or self._brand(name, labels)
            or self._storage(labels)
            or self._edited(labels)
        )

    def _is_genuine(self, name: str) -> bool:
        return name.endswith(self._genuine) or name in self._roots

    def _shown_inside(self, name: str) -> str | None:
        """``myregistry.azurecr.io.x.net``: a whole suffix or host, but not at the end."""
        dotted = "." + name
        for target in self._hosts:
            at = dotted.find(f".{target.name}.")
            # registry.contoso.com.au is a country's branch rather than a trap.
            if at >= 0 and (rest := dotted[at + len(target.name) + 2 :]) and len(rest) > 2:
                return target.name
        for target in self._suffixes:
            at = dotted.find(f".{target.name}.")
            if at >= 0:
                return self._named(dotted[1 : at + 1 + len(target.name)], target.name)
        return None

    def _joined(self, name: str, labels: list[str]) -> str | None:
        """``contoso-azurecr-io.x.net`` and ``contosoazurecrio.x.net``: the dots are gone."""
        for target in (*self._hosts, *self._suffixes):
            if target.hyphenated in name and any(
                f"-{target.hyphenated}-" in f"-{label}-" for label in labels
            ):
                return self._labelled(name, target)
            if target.joined in name and any(self._ends_joined(label, target) for label in labels):
                return self._labelled(name, target)
        return None

    def _ends_joined(self, label: str, target: _Target) -> bool:
        left = label.removesuffix(target.joined)
        if left == label:
            return False
        ours = self._labels.get(self._scope(target.name), frozenset())
        return not left or left in ours or len(target.joined) >= _MIN_JOINED

    def _brand(self, name: str, labels: list[str]) -> str | None:
        """``contosoazurecr.io``, ``contoso.azurecr.com``, ``azurecr-login.net``."""
        if len(labels) < 2:
            return None
        domain = labels[_registrable(labels)]
        for suffix in self._registries:
            brand = suffix.split(".")[0]
            if len(brand) < _MIN_EDITED:
                continue  # a private cloud's suffix may begin with an everyday word
            if brand in domain:
                return self._labelled(name, _target(suffix))
            for left, right in pairwise(labels):
                if right.startswith(brand) and left in self._labels.get(suffix, ()):
                    return f"{left}.{suffix}"
        return None

    def _storage(self, labels: list[str]) -> str | None:
        """``x.blob.core.windws.net``, ``x.blob.core.windows.com``, ``x.blob.corewindows.net``."""
        for at, service in enumerate(labels[:-1]):
            if service not in self._services:
                continue
            rest = labels[at + 1 :]
            for cloud in self._clouds:
                parts = cloud.split(".")
                same_shape = len(rest) == len(parts) and rest[0] == parts[0]
                if (same_shape and distance(rest[1:-1], parts[1:-1]) <= 2) or (
                    len(parts) > 2 and rest[0].replace("-", "") == parts[0] + parts[1]
                ):
                    genuine = f"{service}.{cloud}"
                    return self._named(".".join([*labels[:at], genuine]), genuine)
        return None

    def _edited(self, labels: list[str]) -> str | None:
        """``contoso.azurcer.io``, ``contoso.4zurecr.io``: one or two letters are wrong."""
        at = _registrable(labels)
        domain = labels[at].replace("-", "")
        tld = labels[-1]
        for suffix in self._registries:
            brand = suffix.split(".")[0]
            if len(brand) < _MIN_EDITED or not _is_near(domain, brand):
                continue
            ours = not self._labels.get(suffix, frozenset()).isdisjoint(labels[:at])
            if suffix.endswith("." + tld) or (ours and tld not in self._tlds):
                return self._named(".".join([*labels[:at], suffix]), suffix)
        return next((h for h in self._custom if _is_slip(labels, h.split("."))), None)

    def _named(self, genuine: str, suffix: str) -> str:
        """Our own host when a label before the suffix is ours, else the suffix."""
        ours = self._labels.get(self._scope(suffix), frozenset())
        for label in genuine[: -len(suffix)].split("."):
            if label in ours:
                return f"{label}.{suffix}"
        return suffix

    def _labelled(self, name: str, target: _Target) -> str:
        """Our host when the name also shows one of our labels, else the target."""
        for label in sorted(self._labels.get(self._scope(target.name), ()), key=_longest_first):
            if label in name:
                return f"{label}.{target.name}"
        return target.name

    def _scope(self, suffix: str) -> str:
        """Cloud suffix that scopes owners: ``core.windows.net`` for ``blob.core.windows.net``."""
        return next((c for c in self._clouds if _ends_in(suffix, c)), suffix)


def distance(left: list[str], right: list[str]) -> int:
    """Edits that turn one list of labels into the other; 3 stands for three or more.

    Insertions, deletions, substitutions and swaps of neighbours count one each (optimal string
    alignment).
    """
    a, b = ".".join(left), ".".join(right)
    if abs(len(a) - len(b)) > 2:
        return 3
    before, row = [0] * (len(b) + 1), list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        older, before, row = before, row, [i]
        for j, y in enumerate(b, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and y == a[i - 2]:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
        if min(row) > 2:
            return 3
    return min(row[-1], 3)


def _is_near(domain: str, brand: str) -> bool:
    """One or two wrong letters, unless the word is another product of the same house.

    ``azurefd``, ``azureml`` and ``azure`` are two edits from ``azurecr``: where the house's name is
    intact, what follows it must be within one edit of the brand's ending.
    """
    house, ending = brand[:-2], brand[-2:]
    if domain.startswith(house):
        return domain != house and distance([domain[len(house) :]], [ending]) <= 1
    return distance([domain], [brand]) <= 2


def _is_slip(labels: list[str], host: list[str]) -> bool:
    """One wrong letter in the registered label of a host of ours, all other labels the same."""
    at = _registrable(host)
    return (
        len(labels) == len(host)
        and len(host[at]) >= _MIN_EDITED
        and labels[:at] == host[:at]
        and labels[at + 1 :] == host[at + 1 :]
        and distance([labels[at]], [host[at]]) == 1
    )


def _longest_first(text: str) -> tuple[int, str]:
    return -len(text), text


def _registrable(labels: list[str]) -> int:
    """Index of the label that its owner registered, as far as the form of the name tells."""
    if len(labels) >= 3 and len(labels[-1]) == 2 and labels[-2] in _SECOND_LEVEL:
        return len(labels) - 3
    return max(len(labels) - 2, 0)


def _ends_in(name: str, suffix: str) -> bool:
    return name == suffix or name.endswith("." + suffix)


def _target(name: str) -> _Target:
    return _Target(name, name.replace(".", "-"), name.replace(".", ""))
