"""``acrtrace.toml``: what a team declares once instead of on every command line.

Relative paths count from the file's folder. An unknown key is an error, not a comment: a typing
mistake in ``own`` must not turn a clean report into accusations, or the reverse.
"""

from __future__ import annotations

import ipaddress
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from analyzer.endpoints.policy import allowed, resolver
from analyzer.issues import UsageError
from analyzer.names import normalise, printable

if TYPE_CHECKING:
    from pathlib import Path

_LISTS = (
    "own", "approve", "deny", "inventory", "catalogue", "disable", "proxies",
    "acr_suffixes", "storage_suffixes", "embedding", "resolvers", "allows",
)  # fmt: skip
_TABLES = ("agents", "aliases")
_MAX_FILE_BYTES = 4 << 20


@dataclass(frozen=True, slots=True)
class ProjectFile:
    """The settings of one ``acrtrace.toml``; all empty without a file.

    Attributes:
        path: The file, None without one.
        sha256: Of its bytes, None without one.
        own, approve, deny: NAMEs as for ``--own``.
        inventory: Files of Azure CLI output.
        catalogue: Further catalogue files or folders.
        disable: Ids of catalogue entries to leave out.
        proxies: Addresses of HTTP proxies.
        resolvers: Addresses, networks or host names of the resolvers that agents may ask.
        allows: Names that the firewall lets through.
        agents: Label and networks, as ``--agent`` gives them.
        aliases: Custom host name to the catalogued name behind it.
        suffixes: Set of the catalogue to its further endings.
    """

    path: Path | None = None
    sha256: str | None = None
    own: tuple[str, ...] = ()
    approve: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    inventory: tuple[Path, ...] = ()
    catalogue: tuple[Path, ...] = ()
    disable: tuple[str, ...] = ()
    proxies: tuple[str, ...] = ()
    resolvers: tuple[str, ...] = ()
    allows: tuple[str, ...] = ()
    agents: tuple[tuple[str, str], ...] = ()
    aliases: tuple[tuple[str, str], ...] = ()
    suffixes: tuple[tuple[str, tuple[str, ...]], ...] = ()


def read_project_file(path: Path | None) -> ProjectFile:
    """Reads and checks the file; None gives the empty settings.

    Raises:
        UsageError: Unreadable, not TOML, an unknown key, or a value of the wrong form.
    """
    if path is None:
        return ProjectFile()
    import hashlib

    content, tables = _parse(path)
    lists = {key: _strings(path, tables, key) for key in _LISTS}
    suffixes = {
        "acr": lists["acr_suffixes"],
        "storage": lists["storage_suffixes"],
        "embedding": lists["embedding"],
    }
    return ProjectFile(
        path=path,
        sha256=hashlib.sha256(content).hexdigest(),
        own=lists["own"],
        approve=lists["approve"],
        deny=lists["deny"],
        inventory=tuple(path.parent / p for p in lists["inventory"]),
        catalogue=tuple(path.parent / p for p in lists["catalogue"]),
        disable=lists["disable"],
        proxies=tuple(_proxy(path, text) for text in lists["proxies"]),
        resolvers=tuple(resolver(text, f"{path}: resolvers") for text in lists["resolvers"]),
        allows=tuple(allowed(text, f"{path}: allows") for text in lists["allows"]),
        agents=_agents(path, tables.get("agents", {})),
        aliases=_aliases(path, tables.get("aliases", {})),
        suffixes=tuple(
            (k, tuple(e.lower().strip(".") for e in v)) for k, v in suffixes.items() if v
        ),
    )


def _parse(path: Path) -> tuple[bytes, dict[str, Any]]:
    try:
        with path.open("rb") as stream:
            content = stream.read(_MAX_FILE_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{path}: cannot read configuration: {error.strerror}") from None
    if len(content) > _MAX_FILE_BYTES:
        raise UsageError(f"{path}: larger than {_MAX_FILE_BYTES} bytes, expected acrtrace.toml")
    try:
        tables = tomllib.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:  # a number of 5,000 digits is a ValueError, too
        raise UsageError(f"{path}: expected TOML: {error}") from None
    unknown = sorted(set(tables) - {*_LISTS, *_TABLES})
    if unknown:
        raise UsageError(
            f"{path}: unknown key {printable(unknown[0])!r}, known are "
            f"{', '.join(sorted((*_LISTS, *_TABLES)))}"
        )
    for key in _TABLES:
        if not isinstance(tables.get(key, {}), dict):
            raise UsageError(f"{path}: {key} must be a table: [{key}]")
    return content, tables


def _strings(path: Path, tables: dict[str, Any], key: str) -> tuple[str, ...]:
    values = tables.get(key, [])
    texts = isinstance(values, list) and all(isinstance(v, str) and v.strip() for v in values)
    if not texts or any("\0" in v for v in values):
        raise UsageError(f'{path}: {key} must be a list of texts, for example {key} = ["..."]')
    return tuple(values)


def _proxy(path: Path, text: str) -> str:
    from analyzer.names import host_of

    address = host_of(text)
    if address is None or not (":" in address or address[-1].isdigit()):
        raise UsageError(
            f"{path}: proxy {printable(text)!r}: expected ADDRESS or ADDRESS:PORT, "
            "for example 10.0.0.5:3128"
        )
    return address


def _agents(path: Path, table: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    agents = []
    for label, value in table.items():
        if not label.strip():
            raise UsageError(f"{path}: an agent needs a name")
        networks = value if isinstance(value, list) else [value]
        for network in networks:
            where = f"{path}: agent {printable(label)!r}"
            if not isinstance(network, str):
                raise UsageError(f'{where}: expected "CIDR" or a list of them')
            for part in network.split(","):
                try:
                    ipaddress.ip_network(part.strip(), strict=False)
                except ValueError as error:
                    raise UsageError(f"{where}: {error}") from None
            agents.append((label, network))
    return tuple(agents)


def _aliases(path: Path, table: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    aliases = []
    for alias, target in table.items():
        host = normalise(alias)
        if host is None or not isinstance(target, str):
            raise UsageError(
                f"{path}: alias {printable(alias)!r}: expected "
                '"registry.example.com" = "myregistry.azurecr.io"'
            )
        aliases.append((host, target))
    return tuple(aliases)
