"""docs/schema.md is what the definitions say, and says all of it."""

from __future__ import annotations

import duckdb

from analyzer.case.schema_page import schema_page, views
from analyzer.case.scripts import run_script
from analyzer.schema import DERIVED, TABLES


def test_the_committed_page_is_the_one_that_is_generated(repo_root):
    kept = (repo_root / "docs" / "schema.md").read_text()
    assert kept == schema_page(), "python -m analyzer.case.schema_page > docs/schema.md renews it"


def test_every_table_and_column_is_on_it_with_its_type():
    page = schema_page()
    for table in (*TABLES, *DERIVED):
        section = page.partition(f"\n### {table.name}\n")[2].partition("\n##")[0]
        rows = [line.split(" | ")[:2] for line in section.splitlines() if line.startswith("| `")]
        assert rows == [[f"| `{c.name}`", c.type] for c in table.columns]


def test_every_view_that_a_case_has_is_on_it():
    with duckdb.connect() as connection:
        for table in (*TABLES, *DERIVED):
            connection.execute(table.ddl())
        run_script(connection, "views")
        run_script(connection, "figures")
        made = connection.execute(
            "SELECT view_name FROM duckdb_views() WHERE NOT internal ORDER BY view_name"
        ).fetchall()
    assert sorted((name,) for name, _ in views()) == made
    assert all(meaning for _, meaning in views())
