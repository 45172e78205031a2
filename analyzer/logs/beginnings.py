"""What the first line of a session says of its later ones, however far apart they stand.

Some devices say only when a connection opens who opened it (`LogFormat.decides`): the line at its
end names both sides in an order of its own. A session's number is used again, so the line counts
that is the last one in front with the same two ends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.logs.statements import OBSERVED

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb

    from analyzer.logs.format import LogFormat

_ENDS = ("client_ip", "client_port", "server_ip", "server_port")
_DECIDE = """
UPDATE {observed} AS o SET client_ip = b.client_ip, client_port = b.client_port,
    server_ip = b.server_ip, server_port = b.server_port, ts_ns = least(o.ts_ns, b.ts_ns)
FROM (
    SELECT later.line, first.* EXCLUDE (line, client, server, lower, upper)
    FROM ({rows} AND begins IS NOT TRUE) later
    ASOF JOIN ({rows} AND begins) first
        ON later.format = first.format AND later.session = first.session
        AND later.lower = first.lower AND later.upper = first.upper AND later.line >= first.line
    WHERE later.ts_ns > first.ts_ns OR later.client_ip <> first.client_ip
        OR later.client_port IS DISTINCT FROM first.client_port
) AS b
WHERE o.input_id = $input AND o.line = b.line AND o.session = b.session AND o.format = b.format
"""
_ROWS = f"""
SELECT line, format, session, ts_ns, {", ".join(_ENDS)},
    concat_ws(' ', client_ip, client_port) AS client,
    concat_ws(' ', server_ip, server_port) AS server,
    least(client, server) AS lower, greatest(client, server) AS upper
FROM {OBSERVED} WHERE input_id = $input AND session IS NOT NULL AND kind = 'flow'
    AND format IN (SELECT unnest($formats::VARCHAR[]))
"""  # noqa: S608


def decide(
    connection: duckdb.DuckDBPyConnection, input_id: int, formats: Sequence[LogFormat]
) -> None:
    """Gives later lines of sessions the client, the server and the beginning of their first line.

    Args:
        connection: The case, with the input's observations.
        input_id: The input.
        formats: Those of the input.
    """
    names = [each.name for each in formats if each.decides]
    if names:
        connection.execute(
            _DECIDE.format(observed=OBSERVED, rows=_ROWS), {"input": input_id, "formats": names}
        )
