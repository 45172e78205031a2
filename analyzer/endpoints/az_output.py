"""Azure CLI output to declared names: ``az acr show-endpoints``, ``acr list|show``, ``storage``.

Objects may be flat (Azure CLI) or nest their fields under ``properties`` (ARM). What an entry says
beyond names, such as legacy storage mode, is kept as a note and never widens what is ours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from analyzer.endpoints.declare import Declarations, label_of
from analyzer.endpoints.json_text import EXPECTED, Document
from analyzer.names import host_of, normalise, printable
from analyzer.result import InventoryInfo

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analyzer.endpoints.match import Catalogue

_DATA_LISTS = (
    ("dataEndpoints", "registry-data"),
    ("dataEndpointHostNames", "registry-data"),
    ("regionalEndpoints", "registry-regional"),
    ("regionalEndpointHostNames", "registry-regional"),
)


def read_inventory(document: Document, into: Declarations, catalogue: Catalogue) -> InventoryInfo:
    """Adds what one file declares; returns the record of what was used.

    Raises:
        UsageError: An item is neither a registry nor a storage account, or a field that names it is
            malformed; the message has file, line and column.
    """
    reader = _Reader(document, into, catalogue)
    for item, offset in document.items:
        reader.read(item, offset)
    if not document.items:
        reader.note("the list is empty: nothing is declared")
    return InventoryInfo(str(document.path), document.sha256, reader.entries, reader.notes)


class _Reader:
    def __init__(self, document: Document, into: Declarations, catalogue: Catalogue) -> None:
        self.document = document
        self.into = into
        self.catalogue = catalogue
        self.origin = str(document.path)
        self.entries: list[str] = []
        self.notes: list[str] = list(document.notes)

    def read(self, item: Any, offset: int) -> None:
        if not isinstance(item, dict):
            raise self.document.error(offset, f"found {_kind(item)}, {EXPECTED}")
        nested = item.get("properties")
        fields = {**nested, **item} if isinstance(nested, dict) else item
        if fields.get("loginServer") is not None:
            self._registry(fields, offset)
        elif "primaryEndpoints" in fields:
            self._storage(fields, offset)
        else:
            raise self.document.error(
                offset, f"found neither 'loginServer' nor 'primaryEndpoints', {EXPECTED}"
            )

    def note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)

    def _used(self, entry: str) -> None:
        if entry not in self.entries:
            self.entries.append(entry)

    def _registry(self, fields: dict[str, Any], offset: int) -> None:
        text = fields["loginServer"]
        host = normalise(text) if isinstance(text, str) else None
        match = self.catalogue.match(host or "")
        key = label_of(match)
        if host is None or match.role != "registry-login" or key is None:
            raise self.document.error(
                offset,
                f"'loginServer' is {_shown(text)}, expected a login server such as "
                "myregistry.azurecr.io (another cloud's suffix is declared as acr_suffixes in "
                "acrtrace.toml)",
            )
        self._used(self.into.add_label(key, self.origin))
        for name, role in _DATA_LISTS:
            for endpoint in self._endpoints(fields.get(name), name, offset):
                self._endpoint(endpoint, role, host, offset)
        if fields.get("dataEndpointEnabled") is False:
            self.note(f"{host}: dedicated data endpoints are disabled (legacy storage mode)")

    def _endpoints(self, value: Any, name: str, offset: int) -> Iterator[str]:
        # `az acr list` has regionalEndpoints as "Enabled"; show-endpoints has a list.
        if value is None or isinstance(value, str):
            return
        if not isinstance(value, list):
            raise self.document.error(offset, f"{name!r} is {_kind(value)}, expected a list")
        for element in value:
            text = element.get("endpoint") if isinstance(element, dict) else element
            if not isinstance(text, str):
                raise self.document.error(
                    offset, f"{name!r} holds {_shown(element)}, expected host names"
                )
            yield text

    def _endpoint(self, text: str, role: str, login: str, offset: int) -> None:
        text = text.strip()
        if text.startswith("*."):
            # What the CLI prints while data endpoints are off. It covers every account of Azure.
            self.note(
                f"{login}: {printable(text)} means legacy storage mode: layers come from "
                "registry-managed accounts; the wildcard allows nothing here"
            )
            return
        host = normalise(text)
        if host is None:
            raise self.document.error(offset, f"{_shown(text)} is no host name")
        match = self.catalogue.match(host)
        owner = self.catalogue.match(login)
        same = (match.service, match.suffix, match.owner)
        if match.role == role and same == (owner.service, owner.suffix, owner.owner):
            self._used(self.into.add_host(host, self.origin))
        else:
            self.note(f"{login}: {host} is no {role} name of this registry; not used")

    def _storage(self, fields: dict[str, Any], offset: int) -> None:
        account = fields.get("name")
        if not isinstance(account, str):
            raise self.document.error(offset, "the storage account has no 'name'")
        used = False
        for part in ("primaryEndpoints", "secondaryEndpoints"):
            for url in _strings(fields.get(part)):
                used |= self._storage_url(url, account.strip().lower())
        domain = fields.get("customDomain")
        if isinstance(domain, dict) and isinstance(domain.get("name"), str):
            custom = normalise(domain["name"])
            if custom is not None:
                self._used(self.into.add_host(custom, self.origin))
        if not used:
            self.note(f"{printable(account)}: no endpoint tells its cloud; not used")

    def _storage_url(self, url: str, account: str) -> bool:
        host = host_of(url)
        match = self.catalogue.match(host or "")
        key = label_of(match)
        if key is None or key[0] != "storage" or key[2] != account:
            self.note(
                f"{printable(account)}: {_shown(url)} is no endpoint of this account; not used"
            )
            return False
        self._used(self.into.add_label(key, self.origin))
        return True


def _strings(value: Any, depth: int = 0) -> Iterator[str]:
    # Endpoints nest one level further for routing preferences and IPv6.
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict) and depth < 4:
        for inner in value.values():
            yield from _strings(inner, depth + 1)


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "a text", bool: "a truth value"}
    return names.get(type(value), "null" if value is None else "a number")


def _shown(value: Any) -> str:
    text = printable(value) if isinstance(value, str) else _kind(value)
    return repr(text[:80]) if isinstance(value, str) else text
