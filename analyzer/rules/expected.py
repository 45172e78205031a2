"""What the operator expects of the network, as tables for the rules.

`resolvers` has ranges of addresses (or a host name each), `allows` the firewall's names, `declared`
the registries that are ours with the data endpoints that inventories list. All three are empty when
nothing was said, and then the rules that need them are silent. `quiet_zones` and the variable
`quiet_forms` have the names that the catalogue keeps quiet in DNS.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from analyzer.case.addresses import key_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from duckdb import DuckDBPyConnection

    from analyzer.endpoints.quiet import Quiet
    from analyzer.result import InventoryInfo

TABLES = """
CREATE TEMP TABLE IF NOT EXISTS resolvers
    (text VARCHAR, host VARCHAR, first_key VARCHAR, last_key VARCHAR);
CREATE TEMP TABLE IF NOT EXISTS allows (text VARCHAR, host VARCHAR, ending VARCHAR);
CREATE TEMP TABLE IF NOT EXISTS declared (login VARCHAR, host VARCHAR, region VARCHAR);
CREATE TEMP TABLE IF NOT EXISTS quiet_zones (entry VARCHAR, zone VARCHAR);
"""
_LABEL = re.compile(r"acr:([^@]+)(?:@(.+))?")
_DATA = re.compile(r"([^.]+)\.([^.]+)\.data\.(.+)")


@dataclass(frozen=True, slots=True)
class Expected:
    """What the network is meant to permit.

    Attributes:
        resolvers: Addresses, networks or host names (`endpoints.policy.resolver`).
        allows: Names that the firewall lets through (`endpoints.policy.allowed`).
        quiet: Names that products ask of DNS by the hundred (`endpoints.quiet`).
    """

    resolvers: tuple[str, ...] = ()
    allows: tuple[str, ...] = ()
    quiet: tuple[Quiet, ...] = ()


def state(
    connection: DuckDBPyConnection, expected: Expected, inventories: Sequence[InventoryInfo] = ()
) -> None:
    """Creates and fills the tables, and sets the variable."""
    connection.execute(TABLES)
    _fill(connection, "resolvers", (_range(text) for text in sorted(set(expected.resolvers))))
    _fill(connection, "allows", (_pattern(text) for text in sorted(set(expected.allows))))
    _fill(connection, "declared", sorted(set(_registries(inventories))))
    _fill(
        connection, "quiet_zones", sorted((q.id, zone) for q in expected.quiet for zone in q.zones)
    )
    forms = "|".join(f"(?:{form})" for q in expected.quiet for form in q.forms)
    connection.execute(
        "SET VARIABLE quiet_forms = $1::VARCHAR", [f"^(?:{forms})$" if forms else None]
    )


def _fill(
    connection: DuckDBPyConnection, table: str, rows: Iterable[tuple[str | None, ...]]
) -> None:
    connection.execute(f"DELETE FROM {table}")  # noqa: S608
    for row in rows:
        marks = ", ".join("?" for _ in row)
        connection.execute(f"INSERT INTO {table} VALUES ({marks})", list(row))  # noqa: S608


def _range(text: str) -> tuple[str | None, ...]:
    try:
        network = ipaddress.ip_network(text)
    except ValueError:
        return text, text, None, None
    return text, None, key_of(str(network[0])), key_of(str(network[-1]))


def _pattern(text: str) -> tuple[str | None, ...]:
    return (text, None, text[1:]) if text.startswith("*.") else (text, text, None)


def _registries(inventories: Sequence[InventoryInfo]) -> Iterable[tuple[str, str, str]]:
    """Login server, data endpoint and its region; the last two are empty for the registry."""
    for inventory in inventories:
        if inventory.path == "--approve" or inventory.path.endswith(" (deny)"):
            continue
        for entry in inventory.entries:
            label, data = _LABEL.fullmatch(entry), _DATA.fullmatch(entry)
            if label:
                yield f"{label[1]}.{label[2] or 'azurecr.io'}", "", ""
            elif data and inventory.sha256 is not None:
                yield f"{data[1]}.{data[3]}", entry, data[2]
