"""Runs log text through recognition and its format; what it states comes back as dicts."""

from __future__ import annotations

import io
import itertools
from typing import TYPE_CHECKING, Any

import duckdb

from analyzer.case.build import SETTINGS
from analyzer.inputs.sniff import Format, plain_head
from analyzer.logs.mapping import formats_with
from analyzer.logs.observe import Tally, observe, prepare
from analyzer.logs.recognise import recognise_log

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from analyzer.logs.format import LogFormat


def observed(
    text: str | bytes | Path,
    chosen: str | None = None,
    zone: str = "UTC",
    year: int | None = None,
    maps: Iterable[Path] = (),
    given: Iterable[LogFormat] = (),
) -> tuple[tuple[str, ...], list[dict[str, Any]], Tally]:
    """(formats it was recognised as, observations without their NULLs, what became of the lines).

    A path is read and decompressed; a str is encoded as UTF-8. Fails when it is no known log.
    `maps` are files that describe further formats, `given` are such formats.
    """
    data = text.encode() if isinstance(text, str) else text
    if not isinstance(data, bytes):
        data = plain_head(data.read_bytes(), 1 << 30)[0]
    formats = {**{each.name: each for each in given}, **formats_with(maps)}
    found = recognise_log(data, chosen, formats)
    assert isinstance(found, Format), found
    assert found.log is not None
    connection = duckdb.connect()
    connection.execute(SETTINGS)
    prepare(connection, zone, year)
    tally = observe(connection, io.BytesIO(data).readinto, found.log, 0, formats)
    cursor = connection.execute(
        "SELECT * EXCLUDE (input_id) FROM logs.observations "
        "ORDER BY line, kind, ts_ns, name, server_ip, client_ip, client_port, bytes_up"
    )
    names = [column[0] for column in cursor.description or ()]
    rows = [
        {n: v for n, v in zip(names, row, strict=True) if v is not None}
        for row in cursor.fetchall()
    ]
    return found.log.formats, rows, tally


def unreadable(tally: Tally) -> int:
    """Lines and records that could not be used."""
    return tally.lost.count + sum(count for count, _ in tally.unusable.values())


def pick(rows: list[dict[str, Any]], *names: str) -> list[tuple[Any, ...]]:
    """Some columns of rows, NULL as None."""
    return list(itertools.starmap(lambda *v: tuple(v), ([r.get(n) for n in names] for r in rows)))
