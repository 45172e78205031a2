"""Blocks of bytes that DuckDB reads as files."""

from __future__ import annotations

import duckdb
import pytest

from analyzer.logs.held import HeldFiles


def test_a_block_is_read_as_a_file_and_forgotten() -> None:
    """Other content under the next path; what was dropped is gone; nothing is registered after."""
    connection = duckdb.connect()
    files = HeldFiles()
    files.attach(connection)
    for text in (b'{"a": "1"}\n', b'{"a": "2"}\n{"a": "3"}\n'):
        path = files.hold(text)
        (found,) = connection.execute(
            f"SELECT list(a ORDER BY a) FROM read_json('{path}', format = 'newline_delimited', "  # noqa: S608
            "columns = {a: 'VARCHAR'})"
        ).fetchall()[0]
        assert len(found) == text.count(b"\n")
        files.drop(path)
        with pytest.raises(FileNotFoundError):
            files.open(path)
    assert found == ["2", "3"]
    with pytest.raises(PermissionError):
        files.open(path, "wb")
    files.detach(connection)
    HeldFiles().attach(connection)  # which fails while another is there
    files.detach(connection)
    connection.close()
