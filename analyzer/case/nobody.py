"""What clients announced that no host can be called: it names nobody, and that is said."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.issues import Issue

if TYPE_CHECKING:
    import duckdb

CODE = "no-host-name"
_SHOWN = 80
"""Characters of such a text that are shown."""
_FOUND = """
SELECT n.input_id, any_value(i.unit), min(n.packet), count(DISTINCT n.flow_id),
    arg_min(n.name, (n.packet, n.name))
FROM names n JOIN no_hosts USING (name) JOIN inputs i ON i.input_id = n.input_id
WHERE n.flow_id IS NOT NULL
GROUP BY n.input_id ORDER BY n.input_id
"""


def announced_nobody(connection: duckdb.DuckDBPyConnection) -> list[Issue]:
    """An issue for each input in which connections announce what is no host name.

    Args:
        connection: The case, with the table `no_hosts` (`classify.load_names`).
    """
    return [
        Issue(
            CODE,
            input_id,
            f"{unit} {packet}",
            f"expected a host name, found {_quoted(name)}; it names nobody, so the connection "
            "counts as one without a name, whoever its end seems to belong to",
            count,
        )
        for input_id, unit, packet, count, name in connection.execute(_FOUND).fetchall()
    ]


def _quoted(text: str) -> str:
    return f'"{text[:_SHOWN]}"' + (
        f" (and {len(text) - _SHOWN:,} more)" if len(text) > _SHOWN else ""
    )
