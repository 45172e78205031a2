"""What a table and a column are: name, DuckDB type, meaning with unit, and meaning of NULL."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Column:
    """One column: DuckDB type, meaning with unit, and what NULL means ("" = never NULL)."""

    name: str
    type: str
    meaning: str
    null: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """One table of the case."""

    name: str
    meaning: str
    columns: tuple[Column, ...]

    def ddl(self) -> str:
        """The CREATE TABLE statement for DuckDB."""
        body = ", ".join(
            f'"{c.name}" {c.type}' + ("" if c.null else " NOT NULL") for c in self.columns
        )
        return f'CREATE TABLE "{self.name}" ({body})'
