"""The result as tables, derived from the contract itself: what is a list there is a table here.

`run` has one row: what is no list of objects. Every other list of `Result` is a table of that name,
and so is a list inside its objects, which then begins with the columns that say whose it is. A
field added to `analyzer.result` is a column, or a table, without a change here.
"""

from __future__ import annotations

import types
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Union, get_args, get_origin, get_type_hints

from analyzer.report.json_text import encode, presentable
from analyzer.result import Result

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

RUN = "run"
COLUMNS = "columns"

_NAMED = {"Finding": ("id", "finding_id")}
"""Classes whose objects have a name of their own: the field, and what other tables call it."""

_SQL = {str: "VARCHAR", int: "BIGINT", float: "DOUBLE", bool: "BOOLEAN"}


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes:
        name: Its name.
        sql: DuckDB's type of it; ``JSON`` for objects, whose cells hold JSON text.
        meaning: Meaning, unit and NULL, from the contract.
    """

    name: str
    sql: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Table:
    """One table: its rows hold plain values in the order of its columns."""

    name: str
    columns: Sequence[Column]
    rows: list[list[Any]]


@dataclass(frozen=True, slots=True)
class _Kind:
    """How a class of the contract becomes rows.

    Attributes:
        columns: Its plain fields.
        lists: Its lists of objects: field and class.
        key: The field that names an object, None where it is its place in the list.
        called: What tables below call that key.
    """

    columns: tuple[Column, ...]
    lists: tuple[tuple[str, type], ...]
    key: str | None
    called: Column


def tables(result: Result) -> list[Table]:
    """All tables of a result, in the contract's order, and the one that describes their columns."""
    run = list(_flat(Result, result, ""))
    made = {RUN: Table(RUN, [column for column, _ in run], [[value for _, value in run]])}
    for name, kind in _kind(Result).lists:
        _add(made, name, kind, ())
        _fill(made, name, kind, getattr(result, name), [])
    every = list(made.values())
    described = [[t.name, c.name, c.sql, c.meaning] for t in every for c in t.columns]
    return [*every, Table(COLUMNS, _OF_COLUMNS, described)]


def table_names() -> tuple[str, ...]:
    """Names of the tables that every result has."""

    def below(kind: type) -> Iterator[str]:
        for name, inner in _kind(kind).lists:
            yield name
            yield from below(inner)

    return (RUN, *below(Result), COLUMNS)


_OF_COLUMNS = (
    Column("table", "VARCHAR", "Table."),
    Column("column", "VARCHAR", "Column."),
    Column("type", "VARCHAR", "Its type; lists and JSON are JSON text in CSV."),
    Column("meaning", "VARCHAR", "Meaning, unit, and what an empty cell means."),
)


def _flat(kind: type, value: Any, prefix: str) -> Iterator[tuple[Column, Any]]:
    """What is no table, that of objects with the field's name in front."""
    for item, hint in _hinted(kind):
        found = getattr(value, item.name)
        if is_dataclass(hint) and isinstance(hint, type):
            yield from _flat(hint, found, f"{prefix}{item.name}_")
        elif _element(hint) is None:
            column = Column(prefix + item.name, _sql(hint), item.metadata["doc"])
            yield column, _cell(column, found)


def _add(made: dict[str, Table], name: str, kind: type, above: tuple[Column, ...]) -> None:
    """An empty table and those of the lists in its objects: no rows is no reason for no columns."""
    layout = _kind(kind)
    own = (layout.called,) if _numbered(layout, above) else ()
    made[name] = Table(name, (*above, *own, *layout.columns), [])
    for child, inner in layout.lists:
        _add(made, child, inner, (*above, layout.called))


def _fill(
    made: dict[str, Table], name: str, kind: type, objects: Sequence[Any], keys: list[Any]
) -> None:
    """Adds the objects, and what they hold in turn, to their tables."""
    layout = _kind(kind)
    rows = made[name].rows
    numbered = _numbered(layout, keys)
    for number, each in enumerate(objects, 1):
        key = number if layout.key is None else presentable(getattr(each, layout.key))
        row = [*keys, key] if numbered else [*keys]
        row += [_cell(column, getattr(each, column.name)) for column in layout.columns]
        rows.append(row)
        for child, inner in layout.lists:
            _fill(made, child, inner, getattr(each, child), [*keys, key])


def _numbered(layout: _Kind, above: Sequence[Any]) -> bool:
    """A table has a column of its own for the number where another table refers to it by that."""
    return layout.key is None and bool(layout.lists or above)


@cache
def _kind(kind: type) -> _Kind:
    columns, lists = [], []
    for item, hint in _hinted(kind):
        inner = _element(hint)
        if inner is not None:
            lists.append((item.name, inner))
        elif not is_dataclass(hint):
            columns.append(Column(item.name, _sql(hint), item.metadata["doc"]))
    noun = kind.__name__.lower()
    key, called = _NAMED.get(kind.__name__, (None, f"{noun}_number"))
    meaning = f"Number of the {noun}, from 1." if key is None else f"`{key}` of the {noun}."
    column = Column(called, "BIGINT" if key is None else "VARCHAR", meaning)
    return _Kind(tuple(columns), tuple(lists), key, column)


def _cell(column: Column, value: Any) -> Any:
    if type(value) in (int, bool, type(None)):
        return value
    value = presentable(value)
    return encode(value) if column.sql == "JSON" else value


def _hinted(kind: type) -> list[tuple[Any, Any]]:
    hints = get_type_hints(kind)
    return [(item, hints[item.name]) for item in fields(kind)]


def _element(hint: Any) -> type | None:
    """Class of a list's objects; None for what is no list of objects."""
    if get_origin(hint) is not list:
        return None
    (inner,) = get_args(hint)
    return inner if isinstance(inner, type) and is_dataclass(inner) else None


def _sql(hint: Any) -> str:
    """DuckDB's type for a type of the contract.

    Raises:
        TypeError: The contract uses one that no table has had yet.
    """
    if get_origin(hint) in (Union, types.UnionType):
        (hint,) = (each for each in get_args(hint) if each is not type(None))
    if hint in _SQL:
        return _SQL[hint]
    if get_origin(hint) is dict:
        return "JSON"
    if get_origin(hint) is list:
        return f"{_sql(get_args(hint)[0])}[]"
    raise TypeError(f"no column type for {hint!r}")
