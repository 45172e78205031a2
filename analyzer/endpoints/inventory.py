"""What is ours: inventories, flags and ``acrtrace.toml``, and whose a name is in their light.

Ownership never crosses a service or a cloud suffix: owning the registry ``contoso`` says nothing
about ``contoso.blob.core.windows.net`` or ``contoso.azurecr.cn``, but all about its login,
regional and data endpoint names under the same suffix.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from analyzer.endpoints.az_output import read_inventory
from analyzer.endpoints.declare import Declarations, declare, label_text
from analyzer.endpoints.json_text import read_json
from analyzer.endpoints.lookalike import Lookalikes
from analyzer.endpoints.match import Catalogue, Match
from analyzer.endpoints.project_file import ProjectFile, read_project_file
from analyzer.names import address_of, normalise
from analyzer.result import InventoryInfo

if TYPE_CHECKING:
    from collections.abc import Sequence


class Inventory:
    """Declared names, and the catalogue in whose terms they were read.

    Attributes:
        catalogue: The catalogue, with what ``acrtrace.toml`` adds to it.
        own, approved, denied: Declarations.
        sources: One record per file or flag, in the order read.
        agents: ``[agents]`` of ``acrtrace.toml``, as ``Settings.agents``.
        proxies: Addresses of declared HTTP proxies.
        resolvers, allows: Of ``acrtrace.toml``, as in ``Settings``.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self.own = Declarations()
        self.approved = Declarations()
        self.denied = Declarations()
        self.sources: list[InventoryInfo] = []
        self.agents: tuple[tuple[str, str], ...] = ()
        self.proxies: tuple[str, ...] = ()
        self.resolvers: tuple[str, ...] = ()
        self.allows: tuple[str, ...] = ()

    @classmethod
    def load(
        cls,
        files: Sequence[Path] = (),
        own: Sequence[str] = (),
        approve: Sequence[str] = (),
        config_file: Path | None = None,
        catalogue: Catalogue | None = None,
    ) -> Inventory:
        """Reads every declaration of a run.

        Args:
            files: ``--inventory`` files.
            own: ``--own`` names.
            approve: ``--approve`` names.
            config_file: ``acrtrace.toml``.
            catalogue: Replaces the one that ``config_file`` asks for (for tests and embedding).

        Raises:
            UsageError: A file or name is wrong; one line says where and what was expected.
        """
        project = read_project_file(config_file)
        inventory = cls(catalogue or _catalogue(project))
        inventory.agents = project.agents
        inventory.proxies = project.proxies
        inventory.resolvers = project.resolvers
        inventory.allows = project.allows
        for path in (*files, *project.inventory):
            inventory.sources.append(
                read_inventory(read_json(Path(path)), inventory.own, inventory.catalogue)
            )
        inventory._declare(own, approve, project)
        return inventory

    @cached_property
    def lookalikes(self) -> Lookalikes:
        """The imitation tests for this inventory."""
        sets = self.catalogue.vocabulary.sets
        labels: dict[str, set[str]] = {}
        for _, suffix, label in self.own.labels:
            labels.setdefault(suffix, set()).add(label)
        return Lookalikes(
            registries=sets.get("acr", ()),
            clouds=sets.get("storage", ()),
            services=sets.get("service", ()),
            embedding=sets.get("embedding", ()),
            ours=[h for h in self.own.hosts if address_of(h) is None],
            labels={suffix: frozenset(found) for suffix, found in labels.items()},
        )

    @property
    def declares_registry(self) -> bool:
        """True when at least one registry is declared ours."""
        return any(service == "acr" for service, _, _ in self.own.labels)

    def ownership(self, match: Match, name: str) -> tuple[str, str]:
        """Whose a name or address is, and why.

        Args:
            match: What the catalogue says about it (`match_address` for an address).
            name: The host name or address as seen.

        Returns:
            One of ours, approved, platform, platform-claimed, foreign, undecidable, unknown and
            denied, and a sentence for the reader.
        """
        host = normalise(name) or address_of(name)
        for ownership, declarations in (
            ("denied", self.denied),
            ("ours", self.own),
            ("approved", self.approved),
        ):
            origin = declarations.origin(match, host)
            if origin is not None:
                return ownership, f"declared by {origin}"
        if match.entry is None:
            return "unknown", "no catalogue entry knows this name"
        return self._by_entry(match)

    def _by_entry(self, match: Match) -> tuple[str, str]:
        entry = match.entry
        if entry is None or entry.owner == "undecidable":
            return "undecidable", "the name does not tell whose data goes there"
        if entry.owner == "platform":
            return "platform", f"{entry.title}: the provider's own ({entry.source})"
        if entry.owner == "platform-claimed":
            return (
                "platform-claimed",
                f"{entry.title}: the name has the provider's form, which anybody can register",
            )
        return "foreign", self._why_foreign(match)

    def _why_foreign(self, match: Match) -> str:
        label = label_text((match.service or "", match.suffix, match.owner or ""))
        elsewhere = sorted(label_text(k) for k in self.own.labels if k[2] == match.owner)
        if elsewhere:
            return f"{label} is not declared; owning {', '.join(elsewhere)} says nothing about it"
        if not self.sources:
            return f"{label} is not declared: no inventory was given"
        return f"{label} is in no inventory and was not declared"

    def _declare(self, own: Sequence[str], approve: Sequence[str], project: ProjectFile) -> None:
        file = str(project.path)
        self._record("--own", None, [(n, "--own") for n in own], self.own)
        self._record(file, project.sha256, [(n, file) for n in project.own], self.own)
        # One record for both: a reader of the report asks what was approved, not from where.
        approved = [*((n, "--approve") for n in approve), *((n, file) for n in project.approve)]
        self._record("--approve", None, approved, self.approved)
        self._record(
            f"{file} (deny)", project.sha256, [(n, file) for n in project.deny], self.denied
        )

    def _record(
        self,
        path: str,
        sha256: str | None,
        names: Sequence[tuple[str, str]],
        into: Declarations,
    ) -> None:
        if not names:
            return
        entries: list[str] = []
        notes: list[str] = []
        for name, origin in names:
            said_by = origin if origin == path else f"{path} in {origin}"
            entry = declare(name, into, self.catalogue, origin, said_by)
            if entry not in entries:
                entries.append(entry)
            if origin != path and origin not in path:
                notes.append(f"{entry}: from {origin}")
        self.sources.append(InventoryInfo(path, sha256, entries, notes))


def _catalogue(project: ProjectFile) -> Catalogue:
    return Catalogue.load(
        project.catalogue,
        suffixes=dict(project.suffixes),
        aliases=dict(project.aliases),
        disabled=project.disable,
    )


def imitates(name: str, inventory: Inventory) -> str | None:
    """What ``name`` imitates: a host of ours, a registry or storage suffix, or None."""
    return inventory.lookalikes.imitated_by(name)
