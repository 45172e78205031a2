"""How DuckDB plans while logs are read.

The SELECT of a format names what it works out once and uses it several times. DuckDB's optimizer
copies each such expression to every place of its use, and into filters; then planning one block
took as long as reading thirty thousand lines, and the copies were worked out for each line anew. So
while blocks are read the optimizer only leaves out what nobody asks for.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb

KEPT = ("unused_columns", "common_subexpressions")


@contextmanager
def plainly_planned(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Plans the queries of all connections of a database so, until it is left."""
    ((before,),) = connection.execute("SELECT current_setting('disabled_optimizers')").fetchall()
    every = connection.execute("SELECT name FROM duckdb_optimizers() ORDER BY name").fetchall()
    off = ",".join(name for (name,) in every if name not in KEPT)
    connection.execute(f"SET disabled_optimizers = '{off}'")
    try:
        yield
    finally:
        connection.execute(f"SET disabled_optimizers = '{before}'")
