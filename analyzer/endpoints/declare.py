"""What the user declares about names: ``--own``, ``--approve`` and their like, parsed and kept.

NAME is a host name, an IP address, ``acr:LABEL`` or ``storage:LABEL``, each label optionally with
``@SUFFIX`` for another cloud (``acr:contoso@azurecr.cn``). A bare word means ``acr:`` alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from analyzer.issues import UsageError
from analyzer.names import address_of, normalise, printable

if TYPE_CHECKING:
    from analyzer.endpoints.match import Catalogue, Match

Key = tuple[str, str, str]
"""Service, cloud suffix, owner label: the scope in which a label means one owner."""

LABELLED = {"acr": "azurecr.io", "storage": "core.windows.net"}
"""Services that NAME can give a label of, and the suffix of the public cloud."""

_LABEL = {
    "acr": re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"),
    "storage": re.compile(r"[a-z0-9]{3,24}"),
}
_FORMS = (
    "expected a host name, an address, acr:LABEL, storage:LABEL (LABEL@SUFFIX for another cloud) "
    "or a bare registry name"
)


@dataclass(slots=True)
class Declarations:
    """Names declared with one meaning, each with where it was said."""

    hosts: dict[str, str] = field(default_factory=dict)
    labels: dict[Key, str] = field(default_factory=dict)

    def add_host(self, host: str, origin: str) -> str:
        """Adds an exact host name or address; returns it for the record."""
        self.hosts.setdefault(host, origin)
        return host

    def add_label(self, key: Key, origin: str) -> str:
        """Adds an owner label; returns ``service:label``, with its suffix outside public Azure."""
        self.labels.setdefault(key, origin)
        return label_text(key)

    def origin(self, match: Match, host: str | None) -> str | None:
        """Where this name or its owner was declared, None when it was not."""
        if host is not None and host in self.hosts:
            return self.hosts[host]
        if match.service is None or match.owner is None:
            return None
        return self.labels.get((match.service, match.suffix, match.owner))


def label_text(key: Key) -> str:
    """A key as the user writes it: ``acr:contoso``, ``acr:contoso@azurecr.cn``."""
    service, suffix, label = key
    return f"{service}:{label}" + ("" if LABELLED.get(service) == suffix else f"@{suffix}")


def declare(
    text: str, into: Declarations, catalogue: Catalogue, origin: str, said_by: str = ""
) -> str:
    """Parses one NAME and adds it; returns the entry as it was understood.

    A host name of a registry's login server or of a storage account declares its label: the owner
    is the same for every name that carries it under the same cloud suffix.

    Raises:
        UsageError: The text has none of the forms above, or names an unknown cloud suffix.
    """
    said_by = said_by or origin
    host, service, label = read_name(text, said_by)
    if host is None:
        key = _key(service, label, catalogue, f"{said_by} {printable(text)!r}")
        return into.add_label(key, origin)
    owner = None if address_of(host) is not None else label_of(catalogue.match(host))
    return into.add_host(host, origin) if owner is None else into.add_label(owner, origin)


def read_name(text: str, said_by: str) -> tuple[str | None, str, str]:
    """Parses one NAME as far as that needs no catalogue.

    Returns:
        A host name or address and two empty texts, or None with a service and its label (which may
        have ``@`` and a suffix that is not checked here).

    Raises:
        UsageError: The text has none of the forms above.
    """
    where = f"{said_by} {printable(text)!r}".lstrip()
    service, colon, rest = text.strip().partition(":")
    if colon and service.lower() in LABELLED:
        return None, service.lower(), _label(service.lower(), rest, where)
    address = address_of(text)
    if address is not None:
        return address, "", ""
    host = normalise(text)
    if "*" in text or ("." in text.partition("@")[0] and host is None):
        raise UsageError(f"{where}: not a host name (no wildcard, port or path); {_FORMS}")
    if "." in text.partition("@")[0]:
        return host, "", ""
    if colon:
        raise UsageError(f"{where}: {_FORMS}")
    return None, "acr", _label("acr", text, where)


def label_of(match: Match) -> Key | None:
    """The key that a registry or storage name stands for, None for any other name."""
    if match.service not in LABELLED or match.owner is None:
        return None
    return match.service, match.suffix, match.owner


def _label(service: str, text: str, where: str) -> str:
    plain = text.strip().lower()
    label = plain.partition("@")[0]
    if not _LABEL[service].fullmatch(label):
        raise UsageError(f"{where}: {printable(label)!r} is no name of that service; {_FORMS}")
    return plain


def _key(service: str, text: str, catalogue: Catalogue, where: str) -> Key:
    label, at, suffix = text.partition("@")
    known = catalogue.vocabulary.sets.get(service, ())
    suffix = suffix.removesuffix(".") if at else LABELLED[service]
    if suffix not in known:
        raise UsageError(
            f"{where}: unknown cloud suffix {printable(suffix)!r}, known are {', '.join(known)}; "
            f"further ones are declared as {service}_suffixes in acrtrace.toml"
        )
    return service, suffix, label
