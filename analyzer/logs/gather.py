"""Observations of all logs into the tables of the case, joined with each other and with captures.

The steps are SQL files of this room: `once.sql` (each event once), `conversations.sql` (of one
source), `sensors.sql` (several sensors of one kind), `connections.sql` (what they counted),
`join.sql` (the same connection in several sources), `contacts.sql` (what no source counts),
`write.sql` and `lookups.sql` (rows of the
tables). All have total orders, so the result depends on the inputs alone.
"""

from __future__ import annotations

import socket
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from analyzer.logs.format import load_formats
from analyzer.logs.keys import quoted
from analyzer.logs.statements import OBSERVED
from analyzer.memory import run
from analyzer.redact import redact
from analyzer.schema import OBSERVATIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

    import duckdb

    from analyzer.logs.format import LogFormat

MEMORY_LIMIT = "1536MiB"
"""What DuckDB may hold from here on: the blocks that reading needs beside it are gone."""

_SOURCES = """
SELECT grade, format FROM connections GROUP BY grade, format
ORDER BY grade, bool_or(keyed) DESC, format
"""
"""The turns of the join: how well a source counts (payload, with headers, sampled, not at all; a
capture is 0), then whether it has keys of its own."""

_ORDER = (
    *("input_id", "line", "kind", "ts_ns", "name"),
    *("server_ip", "server_port", "client_port", "bytes_up", "bytes_down"),
)

_REPEATED = """
CREATE OR REPLACE TEMP TABLE repeated AS
SELECT family FROM (SELECT DISTINCT family, input_id, code FROM numbered)
GROUP BY family HAVING count(*) > 1
"""

_SENSORS = """
SELECT count(*) > 0 FROM (
    SELECT payload FROM (
        SELECT DISTINCT code, input_id, vantage, bytes_kind = 'payload' AS payload
        FROM once WHERE session IS NOT NULL AND counter IN ('total', 'cumulative')
    )
    GROUP BY payload HAVING count(*) > 1
)
"""

_BARE = """(SELECT obs AS connection, 4 AS grade, format, false AS keyed, client_ip,
    client_port, server_ip, server_port, coalesce(proto, 'tcp') AS proto,
    ts_ns AS start_ns FROM bare)"""

_TARGETS = """
CREATE OR REPLACE TEMP TABLE targets AS
SELECT flow_id AS target, 'capture' AS source, 0 AS grade, orig_ip, orig_port, resp_ip, resp_port,
proto,     start_ns, end_ns
FROM flows WHERE orientation <> 'log';
CREATE OR REPLACE TEMP TABLE found (
    connection BIGINT, target BIGINT, source VARCHAR, by_address BOOLEAN, ambiguous BOOLEAN
);
"""


def gather(
    connection: duckdb.DuckDBPyConnection, formats: Mapping[str, LogFormat] | None = None
) -> None:
    """Makes flows, names, requests and look-ups of the observations, and drops those.

    Args:
        connection: The case.
        formats: Those that there are; default: the built-in ones.
    """
    families = load_formats() if formats is None else formats
    # Nothing depends on the order of rows in a table, and keeping it takes memory.
    connection.execute(f"SET preserve_insertion_order = false; SET memory_limit = '{MEMORY_LIMIT}'")
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE any_family (format VARCHAR, family VARCHAR, code SMALLINT)"
    )
    used = connection.execute(
        f"SELECT DISTINCT format FROM {OBSERVED} ORDER BY format"  # noqa: S608
    ).fetchall()
    for code, (name,) in enumerate(used):
        family = families[name].family if name in families else name
        connection.execute("INSERT INTO any_family VALUES (?, ?, ?)", [name, family, code])
    run(connection, _text("words"))
    _spell(connection)
    _redact(connection)
    _number(connection)
    run(connection, _REPEATED)
    if connection.execute("SELECT count(*) FROM repeated").fetchall() == [(0,)]:
        # Nothing can be stated twice.
        run(connection, "DROP TABLE IF EXISTS once; ALTER TABLE numbered RENAME TO once")
    else:
        run(connection, _text("once"))
    run(connection, _text("conversations"))
    if connection.execute(_SENSORS).fetchall() == [(True,)]:
        run(connection, _text("sensors"))
    run(connection, _text("connections"))
    run(connection, _TARGETS)
    step = _text("join")
    for grade, format_ in connection.execute(_SOURCES).fetchall():
        run(connection, step.replace("$1", str(grade)).replace("$2", quoted(format_)))
    bare = step.partition("INSERT INTO targets")[0].replace("FROM connections c", f"FROM {_BARE} c")
    run(connection, bare.replace("$1", "4").replace("$2", "c.format"))
    run(connection, _text("contacts"))
    run(connection, _text("write"))
    run(connection, _text("lookups"))
    run(connection, "DROP VIEW loose; DROP VIEW bare")


def _number(connection: duckdb.DuckDBPyConnection) -> None:
    """`numbered`: all observations with a number of their own, in the order of inputs and lines.

    Most columns say nothing in most runs. They stay out of the sort: a row of it has room for each.
    Where each line states one event, its place is its number, and nothing is sorted.
    """
    columns = [c for c in OBSERVATIONS.columns if c.name != "problem"]
    counts = connection.execute(
        f"SELECT {', '.join(f'count({c.name})' for c in columns)} FROM {OBSERVED}"  # noqa: S608
    ).fetchall()[0]
    stated = {c.name for c, count in zip(columns, counts, strict=True) if count}
    nothing = "".join(
        f", CAST(NULL AS {c.type}) AS {c.name}" for c in columns if c.name not in stated
    )
    ((shared,),) = connection.execute(
        f"SELECT EXISTS (SELECT 1 FROM {OBSERVED} GROUP BY input_id, line HAVING count(*) > 1)"  # noqa: S608
    ).fetchall()
    order = ", ".join(name for name in _ORDER if name in stated) or "1"
    number = f"row_number() OVER (ORDER BY {order})" if shared else "line_at(input_id, line)"
    chosen = "".join(f"{c.name}, " for c in columns if c.name in stated)
    run(
        connection,
        f"CREATE OR REPLACE TEMP TABLE numbered AS SELECT *{nothing} FROM (SELECT {chosen}"  # noqa: S608
        "family_of(format) AS family, code_of(format) AS code, "
        f"{number} AS obs FROM {OBSERVED}); DROP TABLE {OBSERVED}",
    )


def _text(name: str) -> str:
    return Path(__file__).with_name(f"{name}.sql").read_text(encoding="utf-8")


def _spell(connection: duckdb.DuckDBPyConnection) -> None:
    """One spelling for each address: RFC 5952, and IPv4 where it is mapped into IPv6."""
    found = connection.execute(
        "SELECT DISTINCT addr FROM (SELECT client_ip AS addr FROM logs.observations "
        "UNION ALL SELECT server_ip FROM logs.observations UNION ALL "
        "SELECT lower(unnest(answers).value) FROM logs.observations WHERE answers IS NOT NULL) "
        "WHERE contains(addr, ':') ORDER BY addr"
    ).fetchall()
    pairs = [(a, s) for (a,) in found if (s := _spelled(a)) is not None]
    _pairs(connection, "spelled", ("addr", "text"), pairs)
    if pairs:
        for column in ("client_ip", "server_ip"):
            connection.execute(
                f"UPDATE {OBSERVED} AS o SET {column} = spelled.text FROM spelled "  # noqa: S608
                f"WHERE spelled.addr = o.{column} AND spelled.text <> spelled.addr"
            )


def _spelled(addr: str) -> str | None:
    try:
        raw = socket.inet_pton(socket.AF_INET6, addr.partition("%")[0])
    except (OSError, ValueError):
        return None
    if raw[:12] == b"\0" * 10 + b"\xff\xff":
        return socket.inet_ntop(socket.AF_INET, raw[12:])
    return socket.inet_ntop(socket.AF_INET6, raw)


def _redact(connection: duckdb.DuckDBPyConnection) -> None:
    """`redacted`: URLs that hold secrets, and as what they may be shown."""
    found = connection.execute(
        "SELECT DISTINCT url FROM logs.observations WHERE url IS NOT NULL "
        "AND (regexp_matches(url, '[=@#]') OR length(url) > 2048) ORDER BY url"
    ).fetchall()
    _pairs(connection, "redacted", ("url", "shown"), [(u, redact(u)) for (u,) in found])


def _pairs(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    columns: tuple[str, str],
    pairs: list[tuple[str, str]],
) -> None:
    held = {}
    for at, name in enumerate(columns):
        array = np.empty(len(pairs), dtype=object)
        array[:] = [pair[at] for pair in pairs]
        held[name] = array
    connection.register("pairs_batch", held)
    try:
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT "  # noqa: S608
            + ", ".join(f"CAST({name} AS VARCHAR) AS {name}" for name in columns)
            + " FROM pairs_batch"
        )
    finally:
        connection.unregister("pairs_batch")
