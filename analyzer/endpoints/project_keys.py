"""The keys of ``acrtrace.toml``, each with its type, and the place in the text where one stands.

One table says what may be written: the reader checks by it, ``config show`` lists by it, and
``config init`` explains by it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from analyzer.issues import UsageError
from analyzer.names import printable, suggestion

if TYPE_CHECKING:
    from pathlib import Path

DECLARATIONS = (
    "registries", "own", "approve", "deny", "inventory", "catalogue", "disable", "proxies",
    "acr_suffixes", "storage_suffixes", "embedding", "resolvers", "allows",
)  # fmt: skip
"""Lists at the top level. What they hold is added to what flags and the environment declare."""

TABLES = ("agents", "aliases", "thresholds", "rules", "logs", "run", "output")


@dataclass(frozen=True, slots=True)
class Single:
    """A key with one value, which a flag or the environment overrides.

    Attributes:
        table: Table that it stands in, empty for the top level.
        name: Key.
        kind: Type of its value; ``list`` is one of texts.
        parameter: Parameter of ``analyze`` that it stands for.
        is_path: Its value is a path, or several, relative to the file's folder.
    """

    table: str
    name: str
    kind: type
    parameter: str
    is_path: bool = False

    @property
    def dotted(self) -> str:
        """``logs.timezone``, as ``config show`` lists it."""
        return f"{self.table}.{self.name}" if self.table else self.name


SINGLES = (
    Single("", "tenant", str, "tenant"),
    Single("logs", "format", str, "log_format"),
    Single("logs", "maps", list, "log_maps", is_path=True),
    Single("logs", "squid_logformat", str, "squid_logformat"),
    Single("logs", "timezone", str, "log_timezone"),
    Single("logs", "year", int, "log_year"),
    Single("run", "engine", str, "engine"),
    Single("run", "threads", int, "threads"),
    Single("run", "hash", bool, "hashed"),
    Single("rules", "directory", str, "rules_dir", is_path=True),
    Single("rules", "timeout", float, "rule_seconds"),
    Single("output", "format", str, "fmt"),
    Single("output", "directory", str, "directory", is_path=True),
    Single("output", "timezone", str, "zone"),
    Single("output", "min_severity", str, "min_severity"),
    Single("output", "fail_on", list, "fail_on"),
)

_TOKENS = re.compile(r"""#[^\n]*|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|[][]""")
"""What matters in a list: comments, which may hold anything, texts, brackets."""

_EXPECTED = {
    str: 'a text, for example {} = "..."',
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    list: 'a list of texts, for example {} = ["..."]',
}


@dataclass(frozen=True, slots=True)
class Place:
    """A file and its text, to say where in it something is wrong."""

    path: Path
    text: str

    def line(self, key: str, table: str = "") -> int | None:
        """Line of a key (or of the table itself, for an empty key), from 1; None when the text
        spells it in a way that a look at single lines does not show.
        """
        if not key and not table:
            return None
        current = ""
        for number, line in enumerate(self.text.splitlines(), 1):
            head = re.match(r"\s*\[\[?\s*([^\]]+?)\s*\]", line)
            if head:
                current = head[1].replace('"', "").replace("'", "")
                if current == (f"{table}.{key}" if table and key else table or key):
                    return number
            elif key and current == table and _assigns(line, key):
                return number
        return None

    def items(self, key: str, table: str = "") -> list[tuple[int, str]]:
        """Texts in the list of a key as they are written, each with its line from 1; empty where
        `line` does not find the key.
        """
        line = self.line(key, table)
        if line is None:
            return []
        rest = "".join(self.text.splitlines(keepends=True)[line - 1 :])
        found = []
        depth = 0
        for token in _TOKENS.finditer(rest, rest.find("=") + 1):
            depth += {"[": 1, "]": -1}.get(token[0], 0)
            if depth < 1:
                break
            if token[0][0] in "\"'":
                found.append((line + rest.count("\n", 0, token.start()), token[0][1:-1]))
        return found

    def of_item(self, number: int, count: int, key: str, table: str = "") -> str:
        """File and line of one of the `count` texts in a list; of its key where that is all that
        is known.
        """
        items = self.items(key, table)
        return self.at_line(items[number][0]) if len(items) == count else self.at(key, table)

    def span(self, key: str, table: str = "") -> str:
        """``acrtrace.toml:3-5``: the file and the lines from a key to the last text of its list."""
        first = self.line(key, table)
        last = max((line for line, _ in self.items(key, table)), default=first)
        return self.at_line(first) + (f"-{last}" if first and last != first else "")

    def lines(self, key: str) -> list[int]:
        """Lines of the heads ``[[key]]``, from 1; empty where the key is written as a list."""
        heads = re.compile(rf"""\s*\[\[\s*["']?{re.escape(key)}["']?\s*\]\]""")
        lines = enumerate(self.text.splitlines(), 1)
        return [number for number, line in lines if heads.match(line)]

    def at(self, key: str = "", table: str = "") -> str:
        """``acrtrace.toml:3``: the file and, where it is known, the line of a key or its table."""
        line = self.line(key, table) or self.line("", table) if key or table else None
        return self.at_line(line)

    def at_line(self, line: int | None) -> str:
        """The file and a line of it."""
        return str(self.path) if line is None else f"{self.path}:{line}"

    def error(self, message: str, key: str = "", table: str = "") -> UsageError:
        """An error that names the file, the line where it is known, and what is wrong."""
        return UsageError(f"{self.at(key, table)}: {message}")

    def unknown(self, key: str, known: tuple[str, ...], table: str = "") -> UsageError:
        """The error of a key that nobody knows there, with the table that it is of, or the key that
        may be meant.
        """
        inside = f" in [{table}]" if table else ""
        name = key.replace("-", "_")
        tables = [f"[{each.table}] {name}" for each in SINGLES if each.name == name and each.table]
        meant = f" (it is {' or '.join(tables)})" if tables else suggestion(key, known)
        return self.error(
            f"unknown key {printable(key)!r}{inside}{meant}, known are {', '.join(sorted(known))}",
            key,
            table,
        )


def read_singles(place: Place, tables: dict[str, Any]) -> dict[str, Any]:
    """The values of `SINGLES` that the file has, by parameter.

    Raises:
        UsageError: A value has the wrong type.
    """
    found: dict[str, Any] = {}
    for key in SINGLES:
        holder = tables.get(key.table, {}) if key.table else tables
        if key.name in holder:
            value = _checked(place, key, holder[key.name])
            if key.is_path:
                folder = place.path.parent
                value = [folder / each for each in value] if key.kind is list else folder / value
            found[key.parameter] = value
    return found


def _checked(place: Place, key: Single, value: Any) -> Any:
    if key.kind is list:
        fits = isinstance(value, list) and all(isinstance(v, str) and v.strip() for v in value)
        texts = value if fits else []
    else:
        kinds = (int, float) if key.kind is float else key.kind
        fits = isinstance(value, kinds) and isinstance(value, bool) == (key.kind is bool)
        texts = [value] if key.kind is str and fits else []
    if not fits or any("\0" in text for text in texts):
        raise place.error(
            f"{key.dotted} must be {_EXPECTED[key.kind].format(key.name)}", key.name, key.table
        )
    return value


def _assigns(line: str, key: str) -> bool:
    return re.match(rf"""\s*["']?{re.escape(key)}["']?\s*[=.]""", line) is not None
