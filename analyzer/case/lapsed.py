"""Traffic from before an approval ended: it was permitted when it happened, and stays approved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.case.scripts import load_text
from analyzer.endpoints.match import UNKNOWN

if TYPE_CHECKING:
    import duckdb

    from analyzer.endpoints.inventory import Inventory
    from analyzer.endpoints.match import Catalogue

_RESTORE = """
UPDATE attributed SET ownership = 'approved', imitates = NULL
FROM lapsed
WHERE coalesce(attributed.endpoint, attributed.resp_ip) = lapsed.name
    AND attributed.start_ns < lapsed.until_ns::BIGINT
"""


def keep_approved(
    connection: duckdb.DuckDBPyConnection, *, catalogue: Catalogue, inventory: Inventory
) -> None:
    """Marks conversations as approved that began before an approval of their name ended."""
    found = connection.execute(
        "SELECT DISTINCT coalesce(endpoint, resp_ip), endpoint IS NULL FROM attributed "
        "WHERE coalesce(endpoint, resp_ip) IS NOT NULL ORDER BY ALL"
    ).fetchall()
    rows = []
    for name, is_address in found:
        match = (catalogue.match_address(name) or UNKNOWN) if is_address else catalogue.match(name)
        until = inventory.approved_until(match, name)
        if until is not None:
            rows.append((name, str(until)))
    load_text(connection, "lapsed", name=[n for n, _ in rows], until_ns=[u for _, u in rows])
    connection.execute(_RESTORE)
