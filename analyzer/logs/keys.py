"""Fields of a JSON object as one typed struct: DuckDB then parses a line once, whatever the number
of fields, and walks its keys once, twice as fast as a list of paths.

A struct's keys differ by more than case. A path whose key is taken by another spelling (the first
of several is the likely one), or whose parent is itself a field, is looked up on its own, and only
in lines that hold its key.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from analyzer.logs.format import json_path, parts_of

if TYPE_CHECKING:
    from collections.abc import Iterable


MAX_OBJECT = 1 << 20
"""Bytes of a JSON object that DuckDB's reader takes; what is longer, it refuses with its file."""


class Keys:
    """Where each path of a set stands.

    Attributes:
        parse: SQL of the columns ``f`` (NULL: no JSON) and ``g`` that a line gives.
        whole: All stand in ``f``: DuckDB's own reader of JSON can give them (`typed`).
    """

    def __init__(self, paths: Iterable[str]) -> None:
        self._others: dict[str, int] = {}
        self._tree: dict[str, Any] = {}
        for parts in dict.fromkeys(tuple(parts_of(path)) for path in paths):
            if not self._placed(parts):
                path = json_path(".".join(f'"{part}"' for part in parts))
                self._others.setdefault(path, len(self._others) + 1)
        shape = quoted(json.dumps(self._tree))
        self.parse = f"TRY(from_json(line, {shape})) AS f"
        self.whole = not self._others
        if self._others:
            ends = {re.escape(parts_of(path[2:])[-1]) for path in self._others}
            pattern = '"(?:' + "|".join(sorted(ends)) + ')"'
            held = f"regexp_matches(line, {quoted(pattern)})"
            listed = ", ".join(quoted(path) for path in self._others)
            self.parse += (
                f", CASE WHEN {held} THEN TRY(json_extract_string(line, [{listed}])) END AS g"
            )

    def _placed(self, parts: tuple[str, ...]) -> bool:
        node = self._tree
        for depth, part in enumerate(parts):
            spelled = {key.casefold(): key for key in node}.get(part.casefold(), part)
            if spelled != part:
                return False
            if depth == len(parts) - 1:
                if part in node:
                    return isinstance(node[part], str)
                node[part] = "VARCHAR"
                return True
            following = node.setdefault(part, {})
            if isinstance(following, str):
                return False
            node = following
        return False

    def typed(self, path: str) -> str:
        """SQL of a file of JSON objects as a table; the columns of a line that is none are NULL.

        Args:
            path: SQL of the file's path.
        """
        columns = ", ".join(f"{quoted(k)}: {quoted(_type(v))}" for k, v in self._tree.items())
        return (
            f"read_json({path}, format = 'newline_delimited', records = true, "
            f"ignore_errors = true, maximum_object_size = {MAX_OBJECT}, columns = {{{columns}}})"
        )

    def column(self, path: str) -> str:
        """SQL of a path's value, as text, in the table that :meth:`typed` gives."""
        first, *rest = parts_of(path)
        return _name(first) + "".join(f"[{quoted(part)}]" for part in rest)

    def place(self, path: str) -> str:
        """SQL of a path's value, as text."""
        at = self._others.get(json_path(path))
        if at is not None:
            return f"g[{at}]"
        return "f" + "".join(f"[{quoted(part)}]" for part in parts_of(path))


def _type(node: Any) -> str:
    if isinstance(node, str):
        return node
    return "STRUCT(" + ", ".join(f"{_name(key)} {_type(v)}" for key, v in node.items()) + ")"


def _name(key: str) -> str:
    return '"' + key.replace('"', '""') + '"'


def quoted(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"
