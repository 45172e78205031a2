"""``acrtrace.toml``: what a team declares once instead of on every command line.

Relative paths count from the file's folder. An unknown key is an error, not a comment: a typing
mistake in ``own`` must not turn a clean report into accusations, or the reverse.
"""

from __future__ import annotations

import ipaddress
import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from analyzer.config import check_threshold, thresholds_with
from analyzer.endpoints.approvals import Approval, read_approvals
from analyzer.endpoints.policy import allowed, claimed_twice, resolver
from analyzer.endpoints.project_keys import DECLARATIONS, SINGLES, TABLES, Place, read_singles
from analyzer.issues import UsageError
from analyzer.names import normalise, printable

_MAX_FILE_BYTES = 4 << 20
_RULE = re.compile(r"[A-Z]{2}[0-9]{3}")


@dataclass(frozen=True, slots=True)
class ProjectFile:
    """The settings of one ``acrtrace.toml``; all empty without a file.

    Attributes:
        path: The file, None without one.
        sha256: Of its bytes, None without one.
        place: To find the line of a key.
        registries: Labels (as ``acr:LABEL``) and login servers of registries that are ours.
        own, deny: NAMEs as for ``--own``.
        approve: Names that are approved, each with what was said about it.
        inventory: Files of Azure CLI output.
        catalogue: Further catalogue files or folders.
        disable: Ids of catalogue entries to leave out.
        proxies: Addresses of HTTP proxies.
        resolvers: Addresses, networks or host names of the resolvers that agents may ask.
        allows: Names that the firewall lets through.
        agents: Label and networks, as ``--agent`` gives them.
        aliases: Custom host name to the catalogued name behind it.
        suffixes: Set of the catalogue to its further endings.
        thresholds: Limits that differ from the default, by their name.
        rules_off: Rules that are switched off, as (id, reason).
        singles: Values that a flag overrides, by parameter (`project_keys.SINGLES`).
    """

    path: Path | None = None
    sha256: str | None = None
    place: Place | None = None
    registries: tuple[str, ...] = ()
    own: tuple[str, ...] = ()
    approve: tuple[Approval, ...] = ()
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
    thresholds: dict[str, float] = field(default_factory=dict)
    rules_off: tuple[tuple[str, str], ...] = ()
    singles: dict[str, Any] = field(default_factory=dict)

    def place_of_off(self, rule: str) -> str:
        """Where the file switches a rule off: its own table, or the list ``off``."""
        place = self.place or Place(Path(), "")
        listed = (line for line, text in place.items("off", "rules") if text == rule)
        line = place.line(rule, "rules") or next(listed, None)
        return place.at_line(line or place.line("off", "rules") or place.line("", "rules"))


def read_project_file(path: Path | None) -> ProjectFile:
    """Reads and checks the file; None gives the empty settings.

    Raises:
        UsageError: Unreadable, not TOML, an unknown key, or a value of the wrong form.
    """
    if path is None:
        return ProjectFile()
    import hashlib

    content, place, tables = _parse(path)
    lists = {key: _strings(place, tables, key) for key in DECLARATIONS if key != "approve"}
    suffixes = {
        "acr": lists["acr_suffixes"],
        "storage": lists["storage_suffixes"],
        "embedding": lists["embedding"],
    }
    thresholds = tables.get("thresholds", {})
    _check_thresholds(place, thresholds)
    return ProjectFile(
        path=path,
        sha256=hashlib.sha256(content).hexdigest(),
        place=place,
        registries=tuple(_registry(place, text) for text in lists["registries"]),
        own=lists["own"],
        approve=read_approvals(place, tables.get("approve", [])),
        deny=lists["deny"],
        inventory=tuple(path.parent / p for p in lists["inventory"]),
        catalogue=tuple(path.parent / p for p in lists["catalogue"]),
        disable=lists["disable"],
        proxies=tuple(_proxy(place, text) for text in lists["proxies"]),
        resolvers=tuple(
            resolver(text, f"{place.at('resolvers')}: resolvers") for text in lists["resolvers"]
        ),
        allows=tuple(allowed(text, f"{place.at('allows')}: allows") for text in lists["allows"]),
        agents=_agents(place, tables.get("agents", {})),
        aliases=_aliases(place, tables.get("aliases", {})),
        suffixes=tuple(
            (k, tuple(e.lower().strip(".") for e in v)) for k, v in suffixes.items() if v
        ),
        thresholds=thresholds,
        rules_off=_rules_off(place, tables.get("rules", {})),
        singles=read_singles(place, tables),
    )


def _parse(path: Path) -> tuple[bytes, Place, dict[str, Any]]:
    try:
        with path.open("rb") as stream:
            content = stream.read(_MAX_FILE_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{path}: cannot read configuration: {error.strerror}") from None
    if len(content) > _MAX_FILE_BYTES:
        raise UsageError(f"{path}: larger than {_MAX_FILE_BYTES} bytes, expected acrtrace.toml")
    try:
        text = content.decode("utf-8-sig")
        tables = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # a number of 5,000 digits is a ValueError, too
        raise UsageError(f"{path}: expected TOML: {error}") from None
    place = Place(path, text)
    known = (*DECLARATIONS, *TABLES, *(key.name for key in SINGLES if not key.table))
    for key in tables:
        if key not in known:
            raise place.unknown(key, known)
    for key in TABLES:
        if not isinstance(tables.get(key, {}), dict):
            raise place.error(f"{key} must be a table: [{key}]", key)
    for table in ("logs", "run", "output"):
        inside = tuple(key.name for key in SINGLES if key.table == table)
        for key in tables.get(table, {}):
            if key not in inside:
                raise place.unknown(key, inside, table)
    return content, place, tables


def _strings(place: Place, tables: dict[str, Any], key: str) -> tuple[str, ...]:
    values = tables.get(key, [])
    texts = isinstance(values, list) and all(isinstance(v, str) and v.strip() for v in values)
    if not texts or any("\0" in v for v in values):
        raise place.error(f'{key} must be a list of texts, for example {key} = ["..."]', key)
    return tuple(values)


def _registry(place: Place, text: str) -> str:
    """A registry's label or login server, as a NAME that can mean nothing else."""
    label = text.strip()
    if ":" in label or "/" in label:
        raise place.error(
            f"registries: {printable(text)!r}: expected a registry's name or login server, for "
            "example fabrikam or fabrikam.azurecr.io; own takes other names",
            "registries",
        )
    return label if "." in label.partition("@")[0] else f"acr:{label}"


def _check_thresholds(place: Place, values: dict[str, Any]) -> None:
    for name, value in values.items():
        try:
            check_threshold(name, value, "[thresholds]")
        except UsageError as error:
            raise place.error(str(error), name, "thresholds") from None
    try:
        thresholds_with(values, "[thresholds]")
    except UsageError as error:
        raise place.error(str(error), "", "thresholds") from None


def _rules_off(place: Place, table: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    """``off = ["HY005"]`` and ``[rules.HY005]`` with ``off = true`` and, if need be, a reason."""
    known = ("off", *(key.name for key in SINGLES if key.table == "rules"))
    off = dict.fromkeys(_strings_of_rules(place, table.get("off", [])), "")
    for key, value in table.items():
        if key in known:
            continue
        if not _RULE.fullmatch(key) or not isinstance(value, dict):
            raise place.unknown(key, (*known, "EX001"), "rules")
        for inner in value:
            if inner not in ("off", "reason"):
                raise place.unknown(inner, ("off", "reason"), f"rules.{key}")
        reason = value.get("reason", "")
        if not isinstance(value.get("off"), bool) or not isinstance(reason, str):
            raise place.error(
                f'[rules.{key}] has off = true or false, and may have reason = "..."', key, "rules"
            )
        if value["off"]:
            off[key] = reason
        elif key in off:
            raise place.error(f"{key} is in off and not off at once", key, "rules")
    return tuple(off.items())


def _strings_of_rules(place: Place, values: Any) -> tuple[str, ...]:
    if not isinstance(values, list) or not all(
        isinstance(v, str) and _RULE.fullmatch(v) for v in values
    ):
        raise place.error('rules.off must be a list of rules: off = ["HY005"]', "off", "rules")
    return tuple(values)


def _proxy(place: Place, text: str) -> str:
    from analyzer.names import host_of

    address = host_of(text)
    if address is None or not (":" in address or address[-1].isdigit()):
        raise place.error(
            f"proxies: {printable(text)!r}: expected ADDRESS or ADDRESS:PORT, "
            "for example 10.0.0.5:3128",
            "proxies",
        )
    return address


def _agents(place: Place, table: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    agents = []
    for label, value in table.items():
        if not label.strip():
            raise place.error("an agent needs a name", label, "agents")
        networks = value if isinstance(value, list) else [value]
        for network in networks:
            which = f"agent {printable(label)!r}"
            if not isinstance(network, str):
                raise place.error(f'{which}: expected "CIDR" or a list of them', label, "agents")
            for part in network.split(","):
                try:
                    ipaddress.ip_network(part.strip(), strict=False)
                except ValueError as error:
                    raise place.error(f"{which}: {error}", label, "agents") from None
            agents.append((label, network))
        clash = claimed_twice(agents)
        if clash is not None:
            raise place.error(clash, label, "agents")
    return tuple(agents)


def _aliases(place: Place, table: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    aliases = []
    for alias, target in table.items():
        host = normalise(alias)
        if host is None or not isinstance(target, str):
            raise place.error(
                f"alias {printable(alias)!r}: expected "
                '"registry.example.com" = "myregistry.azurecr.io"',
                alias,
                "aliases",
            )
        aliases.append((host, target))
    return tuple(aliases)
