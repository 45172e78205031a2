"""The endpoints table (every contact, accused or not) and the registries and accounts seen."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from analyzer.result import EndpointInfo, RegistryInfo
from analyzer.rules import figures, tables
from analyzer.rules.declare import REGISTRY_ROLES, STORAGE_ROLES, login_server, own_argument

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_DECLARED = ("ours", "approved", "platform", "platform-claimed")
_MANAGED = ("managed-storage-candidate", "registry-managed-storage")
_OWNERSHIP_ORDER = (
    "ours",
    "approved",
    "platform",
    "platform-claimed",
    "foreign",
    "undecidable",
    "unknown",
    "denied",
)


def endpoints(connection: DuckDBPyConnection, ids: dict[int, str]) -> list[EndpointInfo]:
    """Every (agent, endpoint), largest upload first. Needs the findings to have been made."""
    return [
        EndpointInfo(
            agent=row["agent"],
            endpoint=row["endpoint"],
            addresses=row["addresses"],
            service=row["service"],
            role=row["role"],
            owner=row["owner"],
            ownership=row["ownership"],
            name_grade=row["name_grade"],
            flow_count=row["flow_count"],
            orig_payload_bytes=row["orig_bytes"],
            resp_payload_bytes=row["resp_bytes"],
            upload_turns=row["upload_turns"],
            uploaded_bytes=row["uploaded"],
            pcr=figures.pcr(row["orig_bytes"], row["resp_bytes"]),
            finding_ids=sorted(ids[number] for number in row["findings"] or []),
        )
        for row in tables.rows(connection, "contacts")
    ]


@dataclass(slots=True)
class _Seen:
    """One registry or storage account while its host names are being gathered."""

    name: str
    kind: str
    owner: str
    argument: str
    managed_look: bool = False
    ownership: list[str] = field(default_factory=list)
    login_ownership: list[str] = field(default_factory=list)
    agents: set[str] = field(default_factory=set)
    managed: set[str] = field(default_factory=set)
    data: set[str] = field(default_factory=set)
    hosts: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, row: dict[str, Any]) -> None:
        """Takes one host name of it."""
        self.ownership.append(row["ownership"])
        if row["role"] == "registry-login":
            self.login_ownership.append(row["ownership"])
        if row["role"] == "registry-data":
            self.data.add(name)
        self.agents.update(row["agents"])
        self.hosts[name] = row["role"]

    def info(self) -> RegistryInfo:
        """The row of the result."""
        ownership = min(self.login_ownership or self.ownership, key=_OWNERSHIP_ORDER.index)
        flag = "--approve" if ownership == "undecidable" else "--own"
        # A managed-looking account is the registry service's or an impostor's, never ours.
        declared = self.managed_look or ownership in _DECLARED
        return RegistryInfo(
            name=self.name,
            kind=self.kind,
            owner=self.owner,
            ownership=ownership,
            declare=None if declared else f"{flag} {self.argument}",
            agents=sorted(self.agents),
            managed_storage=sorted(self.managed),
            data_endpoints=sorted(self.data),
            hosts=dict(sorted(self.hosts.items())),
        )


def registries(connection: DuckDBPyConnection) -> list[RegistryInfo]:
    """Registries (under their login server) and storage accounts that agents contacted.

    Managed storage stands with the registries whose layers it may have served, and on its own
    where there is none: then it is an account that merely looks like it.
    """
    seen: dict[str, _Seen] = {}
    managed: dict[str, set[str]] = {}
    for row in tables.rows(connection, "services"):
        name, role, owner = row["endpoint"], row["role"], row["owner"]
        logins = {login for group in row["managed_of"] or [] for login in group.split(",")}
        served = {login_server(login, login.split(".")[0]) for login in logins}
        for login in sorted(served):
            managed.setdefault(login, set()).add(name)
        if role in _MANAGED and served:
            continue
        listed = login_server(name, owner) if role in REGISTRY_ROLES else name
        key = _account(name, owner) if role in STORAGE_ROLES else listed
        entry = seen.get(key)
        if entry is None:
            kind = "registry" if "registry" in role and role not in _MANAGED else "storage"
            argument = own_argument(name, role, owner)
            entry = _Seen(listed, kind, owner or listed, argument, role in _MANAGED)
            seen[key] = entry
        entry.add(name, row)
    for entry in seen.values():
        entry.managed |= managed.get(entry.name, set())
    return sorted(
        (entry.info() for entry in seen.values()), key=lambda info: (info.kind, info.name)
    )


def _account(name: str, owner: str | None) -> str:
    """One key for all services (blob, dfs, queue) of an account in one cloud."""
    suffix = name.partition(".core.")[2]
    return f"{owner} in {suffix}" if owner and suffix else name
