"""The `endpoints` table: every distinct name of the case, judged by catalogue and inventory.

Names are classified once each, never per row: a capture with a million rows has a few thousand
names, and one with a million names is still one pass over them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from analyzer.case.columns import append_columns, text_array
from analyzer.case.scripts import load_text
from analyzer.endpoints.inventory import imitates
from analyzer.names import address_of, normalise
from analyzer.schema import ENDPOINTS

if TYPE_CHECKING:
    import duckdb

    from analyzer.endpoints.inventory import Inventory
    from analyzer.endpoints.match import Catalogue, Match

CLEARED = frozenset({"ours", "approved", "platform"})
"""Ownerships that accuse nobody; such a name imitates nobody either."""


def load_names(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """The distinct names of the case, sorted; fills the tables `literals` and `no_hosts`.

    A Host or CONNECT line may hold an IP literal: that is the destination's address, not a name.
    Other texts that no host can have (``-.blob.core.windows.net``, ``.``) name nobody: a client may
    announce them, and must not pass for named by it.
    """
    found: list[str] = connection.execute(_DISTINCT).fetchnumpy()["name"].tolist()
    literals = [(n, a) for n in found if _may_be_address(n) and (a := address_of(n)) is not None]
    load_text(connection, "literals", name=[n for n, _ in literals], addr=[a for _, a in literals])
    known = {n for n, _ in literals}
    load_text(
        connection,
        "no_hosts",
        name=[n for n in found if n not in known and normalise(n) is None],
    )
    return [n for n in found if n not in known]


def fill_endpoints(
    connection: duckdb.DuckDBPyConnection,
    names: list[str],
    *,
    catalogue: Catalogue,
    inventory: Inventory,
) -> None:
    """Replaces `endpoints`, one row per name."""
    matches = catalogue.match_many(names)
    ownership = [_ownership(m, n, inventory) for m, n in zip(matches, names, strict=True)]
    connection.execute("DELETE FROM endpoints")
    columns: dict[str, list[Any]] = {
        "name": names,
        "service": [m.service for m in matches],
        "role": [m.role for m in matches],
        "owner": [m.owner for m in matches],
        "region": [m.region for m in matches],
        "ownership": ownership,
        "direction": [m.direction for m in matches],
        "technique": [m.technique for m in matches],
        "imitates": [
            None if o in CLEARED else imitates(n, inventory)
            for n, o in zip(names, ownership, strict=True)
        ],
        "entry_id": [m.entry_id for m in matches],
    }
    append_columns(connection, ENDPOINTS, {k: text_array(v) for k, v in columns.items()})


def _ownership(match: Match, name: str, inventory: Inventory) -> str:
    ownership = inventory.ownership(match, name)[0]
    # A managed-storage name is a pattern that anybody can register: until a contact with a registry
    # of ours correlates (correlate.sql), it is somebody else's account.
    if match.role == "managed-storage-candidate" and ownership not in (
        "ours",
        "approved",
        "denied",
    ):
        return "foreign"
    return ownership


def _may_be_address(name: str) -> bool:
    return ":" in name or name[-1:].isdigit() or name.rpartition(".")[2][:2] == "0x"


_DISTINCT = """
SELECT DISTINCT name FROM (
    SELECT name FROM names
    UNION ALL SELECT host FROM http WHERE host IS NOT NULL
    UNION ALL
    SELECT unnest(string_split(chain, '>'))
    FROM (SELECT DISTINCT chain FROM names WHERE chain IS NOT NULL)
) WHERE name <> '' ORDER BY name
"""
