"""The child process that runs one SELECT of a stranger: ``python -m analyzer.case.confined``.

Reads one request (JSON) from standard input and writes one answer (JSON) to standard output. The
limits are set before DuckDB sees the file: address space, no core, no writing of files; then a
read-only database, one thread, no file system, no extension, and a configuration that is locked.
"""

from __future__ import annotations

import json
import math
import os
import re
import resource
import sys
import threading
from typing import Any

_WORKSPACE = "448MiB"
"""What DuckDB may hold; well below the address space, so that it refuses before malloc does."""
_BATCH = 256
_NESTED = 20
"""Lists and structs within one another that JSON keeps; what is deeper becomes text."""


def main() -> None:
    """One request, one answer."""
    request = json.load(sys.stdin)
    limit = request["memory_bytes"]
    for kind, value in (
        (resource.RLIMIT_AS, limit),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
    ):
        resource.setrlimit(kind, (value, value))
    try:
        answer = _run(request)
    except MemoryError:
        answer = {"error": "memory", "detail": "it needs more memory than it may have"}
    json.dump(answer, sys.stdout)
    sys.stdout.flush()
    # Without the interpreter's farewell: a thread that it stops inside of a library can abort the
    # process, and the answer would count as none.
    os._exit(0)


def _run(request: dict[str, Any]) -> dict[str, Any]:
    import duckdb

    from analyzer.case.one_select import single_select

    late = threading.Event()
    try:
        connection = duckdb.connect(
            request["path"],
            read_only=True,
            config={
                "enable_external_access": "false",
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
                "python_enable_replacements": "false",
                "memory_limit": _WORKSPACE,
                "temp_directory": "",  # nothing is spilled, and no folder appears beside the case
                "threads": "1",
            },
        )
        connection.execute(
            "SET TimeZone = 'UTC'; SET disabled_optimizers = 'statistics_propagation'"
        )
        connection.execute("SET lock_configuration = true")
    except duckdb.Error as error:
        return {"error": "file", "detail": _first_line(error)}

    def stop() -> None:
        late.set()
        connection.interrupt()

    timer = threading.Timer(request["timeout_seconds"], stop)
    timer.daemon = True
    timer.start()
    try:
        statement = single_select(connection, request["sql"])
        if statement is None:
            return {"error": "statement", "detail": "expected exactly one SELECT"}
        if request["describe"]:
            cursor = connection.execute("DESCRIBE " + request["sql"])
        else:
            cursor = connection.execute(statement)
        return _answer(cursor, request)
    except duckdb.OutOfMemoryException:
        return {"error": "memory", "detail": "it needs more memory than it may have"}
    except (duckdb.Error, RuntimeError) as error:
        if late.is_set():
            return {"error": "timeout", "detail": "it was stopped at its time limit"}
        found = re.search(r"^LINE (\d+):", str(error), re.MULTILINE)
        line = int(found[1]) if found else None
        detail = _first_line(error)
        if missing := re.search(r"Table with name (\S+) does not exist", detail):
            detail += _tables(connection, missing[1])
        return {"error": "sql", "detail": detail, "line": line}
    finally:
        timer.cancel()
        timer.join()


def _tables(connection: Any, meant: str) -> str:
    """The table that may be meant, and what all of them are called."""
    from difflib import get_close_matches

    found = connection.execute(
        "SELECT table_name FROM duckdb_tables() WHERE NOT internal "
        "UNION SELECT view_name FROM duckdb_views() WHERE NOT internal ORDER BY ALL"
    ).fetchall()
    names = [name for (name,) in found]
    near = get_close_matches(meant, names, n=1)
    return (f" (did you mean {near[0]}?)" if near else "") + f"; it has {', '.join(names)}"


def _answer(cursor: Any, request: dict[str, Any]) -> dict[str, Any]:
    described = cursor.description or []
    rows: list[list[Any]] = []
    size, cut = 0, False
    while not cut and (batch := cursor.fetchmany(_BATCH)):
        for row in batch:
            plain = [_plain(value) for value in row]
            size += len(json.dumps(plain))
            if len(rows) >= request["max_rows"] or size > request["max_bytes"]:
                cut = True
                break
            rows.append(plain)
    return {
        "columns": [column[0] for column in described],
        "types": [str(column[1]) for column in described],
        "rows": rows,
        "cut": cut,
    }


def _plain(value: Any, depth: int = 0) -> Any:
    """What JSON can hold: numbers that it has no form for, dates and the like become text."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, list | tuple) and depth < _NESTED:
        return [_plain(each, depth + 1) for each in value]
    if isinstance(value, dict) and depth < _NESTED:
        return {str(key): _plain(each, depth + 1) for key, each in value.items()}
    return str(value)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


if __name__ == "__main__":
    main()
