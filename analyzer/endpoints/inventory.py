"""What is ours: inventories, flags and ``acrtrace.toml``, and whose a name is in their light.

Ownership never crosses a service or a cloud suffix: owning the registry ``contoso`` says nothing
about ``contoso.blob.core.windows.net`` or ``contoso.azurecr.cn``, but all about its login,
regional and data endpoint names under the same suffix.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analyzer.endpoints.approvals import Approval, Ended
from analyzer.endpoints.az_output import read_inventory
from analyzer.endpoints.declare import Declarations, declare, label_text
from analyzer.endpoints.json_text import read_json
from analyzer.endpoints.lookalike import Lookalikes
from analyzer.endpoints.match import Catalogue, Match
from analyzer.endpoints.project_file import ProjectFile, read_project_file
from analyzer.endpoints.project_keys import Place
from analyzer.issues import UsageError
from analyzer.names import address_of, normalise, printable
from analyzer.result import InventoryInfo

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


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
        self._approvals: list[tuple[Approval, str]] = []
        self._ended: list[tuple[int, Declarations]] = []
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
        origins: Mapping[tuple[str, str], str] | None = None,
    ) -> Inventory:
        """Reads every declaration of a run.

        Args:
            files: ``--inventory`` files.
            own: ``--own`` names.
            approve: ``--approve`` names.
            config_file: ``acrtrace.toml``.
            catalogue: Replaces the one that ``config_file`` asks for (for tests and embedding).
            origins: As in `analyzer.config.Settings`.

        Raises:
            UsageError: A file or name is wrong; one line says where and what was expected.
        """
        project = read_project_file(config_file)
        inventory = cls(catalogue or _catalogue(project))
        inventory.agents = project.agents
        inventory.proxies = project.proxies
        inventory.resolvers = project.resolvers
        inventory.allows = project.allows
        for path in files:
            inventory._read(path)
        for path in project.inventory:
            try:
                inventory._read(path)
            except UsageError as error:
                place = project.place or Place(path, "")
                raise place.error(f"inventory: {error}", "inventory") from None
        inventory._declare(own, approve, project, origins or {})
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

    def lapse(self, last_ns: int | None) -> list[Ended]:
        """Takes back the approvals that had ended when the last traffic was seen.

        Args:
            last_ns: Time of that traffic, nanoseconds UTC; None when nothing has a time, and then
                nothing has ended. Today's date is never asked for, so that a run can be repeated.

        Returns:
            Those approvals, each with where it stands and whether another one goes on.
        """
        ended = [
            (approval, origin)
            for approval, origin in self._approvals
            if approval.expires_ns is not None
            and last_ns is not None
            and approval.expires_ns <= last_ns
        ]
        if not ended:
            return []
        self.approved = Declarations()
        for approval, origin in self._approvals:
            if (approval, origin) not in ended:
                declare(approval.name, self.approved, self.catalogue, origin)
        for approval, origin in ended:
            one = Declarations()
            declare(approval.name, one, self.catalogue, origin)
            self._ended.append((approval.expires_ns or 0, one))
        return [Ended(*each, self._goes_on(each[0].name)) for each in ended]

    def _goes_on(self, name: str) -> str | None:
        """Where another approval of this name stands that has not ended."""
        one = Declarations()
        declare(name, one, self.catalogue, "")
        hosts = [self.approved.hosts.get(host) for host in one.hosts]
        labels = [self.approved.labels.get(key) for key in one.labels]
        return next((where for where in (*hosts, *labels) if where is not None), None)

    @property
    def has_lapsed(self) -> bool:
        """`lapse` took back an approval."""
        return bool(self._ended)

    def approved_until(self, match: Match, name: str) -> int | None:
        """When an approval of this name ended, nanoseconds UTC; None when none has (`lapse`).

        The last one counts. What is ours, denied or still approved has no use for it.
        """
        host = normalise(name) or address_of(name)
        for declarations in (self.denied, self.own, self.approved):
            if declarations.origin(match, host) is not None:
                return None
        return max(
            (until for until, one in self._ended if one.origin(match, host) is not None),
            default=None,
        )

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

    def _declare(
        self,
        own: Sequence[str],
        approve: Sequence[str],
        project: ProjectFile,
        origins: Mapping[tuple[str, str], str],
    ) -> None:
        file, place = str(project.path), project.place or Place(Path(), "")
        said_own = [(name, "--own", origins.get(("own", name), "--own")) for name in own]
        self._record("--own", None, said_own, self.own)
        for name in project.registries:
            if not name.startswith("acr:") and self.catalogue.match(name).service != "acr":
                raise place.error(
                    f"registries: {printable(name)!r} is no registry's name; own takes other names",
                    "registries",
                )
        ours = [
            (name, file, f"{place.of_item(number, len(names), key)}: {key}")
            for key, names in (("registries", project.registries), ("own", project.own))
            for number, name in enumerate(names)
        ]
        self._record(file, project.sha256, ours, self.own)
        # One record for both: a reader of the report asks what was approved, not from where.
        self._approvals = [
            *((Approval(name), "--approve") for name in approve),
            *((approval, file) for approval in project.approve),
        ]
        self._refuse_twice(project.approve, place)
        approved = [
            (
                each.name,
                origin,
                origins.get(("approve", each.name), origin)
                if origin == "--approve"
                else _said_by(place, each),
            )
            for each, origin in self._approvals
        ]
        said = [approval.says() for approval, _ in self._approvals]
        self._record("--approve", None, approved, self.approved, said)
        denied = [
            (name, file, f"{place.of_item(number, len(project.deny), 'deny')}: deny")
            for number, name in enumerate(project.deny)
        ]
        self._record(f"{file} (deny)", project.sha256, denied, self.denied)

    def _read(self, path: Path) -> None:
        self.sources.append(read_inventory(read_json(Path(path)), self.own, self.catalogue))

    def _refuse_twice(self, approvals: Sequence[Approval], place: Place) -> None:
        """Of two approvals of one name, owner, reason and end would depend on who reads them."""
        seen: dict[str, Approval] = {}
        for approval in approvals:
            said_by = _said_by(place, approval)
            entry = declare(approval.name, Declarations(), self.catalogue, "", said_by)
            first = seen.setdefault(entry, approval)
            if first is not approval:
                line = "" if first.line in (None, approval.line) else f" in line {first.line}"
                raise UsageError(
                    f"{said_by}: {printable(approval.name)!r} is approved twice, first{line} as "
                    f"{printable(first.name)!r}: one of the two must go"
                )

    def _record(
        self,
        path: str,
        sha256: str | None,
        names: Sequence[tuple[str, str, str]],
        into: Declarations,
        said: Sequence[str] = (),
    ) -> None:
        if not names:
            return
        entries: list[str] = []
        notes: list[str] = []
        for number, (name, origin, said_by) in enumerate(names):
            entry = declare(name, into, self.catalogue, origin, said_by)
            if entry not in entries:
                entries.append(entry)
            if origin != path and origin not in path:
                about = said[number] if said else ""
                notes.append(f"{entry}: from {origin}" + (f" ({about})" if about else ""))
        self.sources.append(InventoryInfo(path, sha256, entries, notes))


def _said_by(place: Place, approval: Approval) -> str:
    return f"{place.at_line(approval.line)}: approve"


def _catalogue(project: ProjectFile) -> Catalogue:
    parts: dict[str, dict[str, Any]] = {
        "catalogue": {"extra": project.catalogue},
        "acr_suffixes": {"suffixes": dict(project.suffixes)},
        "disable": {"disabled": project.disable},
        "aliases": {"aliases": dict(project.aliases)},
    }
    try:
        return Catalogue.load(**{name: v for part in parts.values() for name, v in part.items()})
    except UsageError:
        if project.place is None:
            raise
    # Which key is to blame is found by adding one after the other.
    given: dict[str, Any] = {}
    for key, part in parts.items():
        given |= part
        try:
            Catalogue.load(**given)
        except UsageError as error:
            raise _blamed(project, key, error) from None
    raise AssertionError("a catalogue that could not be loaded was loaded")


def _blamed(project: ProjectFile, key: str, error: UsageError) -> UsageError:
    place = project.place or Place(Path(), "")
    if key == "aliases":
        for alias, _ in project.aliases:
            if f"alias {alias!r}" in str(error):
                return place.error(str(error), alias, key)
    return place.error(f"{key}: {error}", *(("", key) if key == "aliases" else (key,)))


def imitates(name: str, inventory: Inventory) -> str | None:
    """What ``name`` imitates: a host of ours, a registry or storage suffix, or None."""
    return inventory.lookalikes.imitated_by(name)
