"""The fields of a block of lines, by the layout of the log: SELECTs whose rows have the number of a
line, the format that takes it, and what each field of the formats holds."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from analyzer.logs.cells import ZEEK_MARK, columns_of
from analyzer.logs.format import column_names
from analyzer.logs.keys import quoted
from analyzer.logs.statements import ROW, case_of, field_at, first_of, listed

if TYPE_CHECKING:
    from analyzer.logs.format import LogFormat


@lru_cache(maxsize=16)
def of_texts(formats: tuple[LogFormat, ...]) -> str:
    """SELECT of lines that formats read themselves."""
    which = case_of(
        [
            (at, " OR ".join(f"regexp_matches(line, {quoted(r.pattern)})" for r in told))
            for at, each in enumerate(formats)
            if (told := each.of_shape("text"))
        ]
    )
    # A format that comes in several shapes reads its lines itself; their fields are empty.
    fields = [
        field_at(at, name, [])
        for at, each in enumerate(formats)
        if each.of_shape("text")
        for name, _ in each.fields
    ]
    return (
        f"SELECT {ROW}, {which} AS which{listed(fields)} FROM log_block "  # noqa: S608
        "WHERE trim(line) <> ''"
    )


@lru_cache(maxsize=16)
def of_cells(formats: tuple[LogFormat, ...], header: tuple[str, ...]) -> tuple[str, list[int]]:
    """(SELECT of rows of cells under a header, the positions of the cells that it needs)."""
    positions = columns_of(header)
    used: set[int] = set()
    fields = []
    told = []
    for at, each in enumerate(formats):
        held = {}
        for name, paths in each.fields:
            places = [positions[c] for c in column_names(name, paths) if c in positions]
            used.update(places)
            held[name] = first_of([f"nullif(cell_{place}, '')" for place in places])
            fields.append(f'{held[name]} AS "{at}:{name}"')
        # A cell may say that its row is another table's (the union of several).
        conditions = [
            " AND ".join(
                f"coalesce(regexp_matches({held[n]}, {quoted(pattern)}), true)"
                for n, pattern in r.match
            )
            for r in each.of_shape("table")
            if all(c in positions for c in r.columns)
        ]
        if conditions:
            told.append((at, " OR ".join(f"({c or 'true'})" for c in conditions)))
    select = f"SELECT {ROW}, {case_of(told)} AS which{listed(fields)} FROM log_block"  # noqa: S608
    return select, sorted(used)


def of_zeek(formats: tuple[LogFormat, ...], directives: dict[str, str]) -> str:
    """SELECT of the lines of a Zeek table under its directives."""
    separator = directives.get("separator", "\t")
    header = directives.get("fields", "").split(separator)
    positions = columns_of(header)
    known_columns = {*positions, ZEEK_MARK}
    unset = directives.get("unset_field", "-")
    empty = directives.get("empty_field", "(empty)")
    fields = []
    told = []
    for at, each in enumerate(formats):
        if any(all(c in known_columns for c in r.columns) for r in each.of_shape("table")):
            told.append((at, f"len(f) = {len(header)}"))
        for name, paths in each.fields:
            if name == "_path":
                fields.append(field_at(at, name, [quoted(directives.get("path", ""))]))
                continue
            places = [positions[c] for c in column_names(name, paths) if c in positions]
            fields.append(
                field_at(
                    at,
                    name,
                    [
                        f"nullif(nullif(f[{p + 1}], {quoted(unset)}), {quoted(empty)})"
                        for p in places
                    ],
                )
            )
    return (
        f"SELECT {ROW}, {case_of(told)} AS which{listed(fields)} FROM (SELECT *, "  # noqa: S608
        f"string_split(line, {quoted(separator)}) AS f FROM log_block)"
    )
