"""A log format that the user describes in a few lines of TOML, for what has no format here.

::

    name = "my-proxy"              # how reports call it
    shape = "table"                # table (cells under a header) | json | pairs (key=value) | text
    header = ["when", "src"]       # table: header cells that tell it; default: those of [columns]
    match = { app = "^proxy$" }    # json: fields and patterns of their values that tell it
    pattern = '''devname='''       # pairs, text: lines that are records (RE2); text: the named
    #                                groups (?P<when>...) are its fields; of pairs, more fields
    unset = ["N/A"]                # what is logged where there is nothing
    kind = "flow"                  # flow | name | http | dns
    counter = "total"              # of bytes and packets: total | delta | cumulative | sampled
    bytes_kind = "payload"         # payload | headers
    [columns]                      # what each column of `observations` is made of
    ts = { field = "when", as = "local:%d.%m.%Y %H:%M:%S" }
    client_ip = "src"
    name = ["host", "sni"]         # the first that is filled
    action = { field = "verdict", allow = ["ok"], deny = ["blocked"] }

`docs/log-maps.md` tells all of it. Nothing of the file becomes SQL unquoted (`mapped_sql.py`).
"""

from __future__ import annotations

import difflib
import re
import tomllib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from analyzer.issues import UsageError
from analyzer.logs.format import LogFormat, Record, load_formats, parts_of
from analyzer.logs.mapped_check import fault_of_part, fault_of_path, fault_of_statement
from analyzer.logs.mapped_sql import COUNTERS, Mapped, Part, statement
from analyzer.logs.patterns import fault_of
from analyzer.schema import OBSERVATIONS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

SHAPES = ("table", "json", "pairs", "text")
CHOICES = {
    "kind": ("flow", "name", "http", "dns"),
    "counter": ("total", "delta", "cumulative", "sampled"),
    "bytes_kind": ("payload", "headers"),
    "name_kind": ("log_fqdn", "sni", "quic_sni", "http_host", "connect", "cert"),
}
KEYS = (
    *("name", "title", "vendor", "view", "shape", "header", "match", "pattern", "unset"),
    "columns",
    *CHOICES,
)
COLUMNS = (
    "ts",
    "end",
    *(
        column.name
        for column in OBSERVATIONS.columns
        if column.name
        not in {"input_id", "line", "format", "problem", "ts_ns", "end_ns", "kind", *CHOICES}
    ),
)
TIMES = ("iso", "us", "epoch", "epoch_ms", "epoch_us", "epoch_ns", "local", "utc:...", "local:...")
WAYS = ("host", "port", "url_host", "word")
PART_KEYS = ("field", "joined", "value", "as", "values", "unset", "allow", "deny", "otherwise")
MAX_FILE = 1 << 20


def formats_with(paths: Iterable[Path]) -> dict[str, LogFormat]:
    """All formats by name: those of the user's files first, then the built-in ones.

    Raises:
        UsageError: A file is wrong, or a name is taken.
    """
    built_in = load_formats()
    given: dict[str, LogFormat] = {}
    for path in paths:
        each = read_mapping(path)
        if each.name in built_in or each.name in given:
            what = "a built-in format" if each.name in built_in else "another map"
            raise UsageError(f"{path}: name: {each.name!r} is the name of {what}")
        given[each.name] = each
    return {**given, **built_in}


def read_mapping(path: Path) -> LogFormat:
    """Reads one map.

    Raises:
        UsageError: It cannot be read or says what it may not; file and key are named.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE + 1)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from None
    if len(data) > MAX_FILE:
        raise UsageError(f"{path}: expected a log map, found more than {MAX_FILE:,} bytes")
    try:
        values = tomllib.loads(data.decode("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"{path}: expected TOML: {error}") from None
    return _Map(path, values).format()


@dataclass(frozen=True, slots=True)
class _Map:
    path: Path
    values: dict[str, Any]

    def error(self, key: str, message: str) -> UsageError:
        return UsageError(f"{self.path}: {key}: {message}")

    def format(self) -> LogFormat:
        self._only(self.values, KEYS, "")
        name = self._text("name", self.values.get("name"))
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,63}", name):
            raise self.error("name", "expected lower-case letters, digits and hyphens")
        shape = self._one_of("shape", SHAPES)
        if shape is None:
            raise self.error("shape", f"expected one of {', '.join(SHAPES)}")
        mapped = self._mapped(shape)
        record, fields = self._told(shape, mapped)
        title = self.values.get("title", f"{name} ({self.path.name})")
        found = LogFormat(
            name=name,
            title=self._text("title", title),
            vendor=self._text("vendor", self.values.get("vendor", "the user's own map")),
            order=0,
            view=self._text("view", self.values.get("view", _view(mapped))),
            claims=tuple(_words(mapped, True)),
            cannot=tuple(_words(mapped, False)),
            family=name,
            others="unreadable",
            records=(record,),
            fields=fields,
            sql=statement(mapped),
            given=True,
        )
        if fault := fault_of_statement(found.sql, [field for field, _ in fields]):
            raise UsageError(f"{self.path}: {fault}")
        return found

    # --- what the file says, checked --------------------------------------------------------------

    def _mapped(self, shape: str) -> Mapped:
        stated = self.values.get("columns")
        if not isinstance(stated, dict) or not stated:
            raise self.error("columns", "expected a table: what each column is made of")
        self._only(stated, COLUMNS, "columns.")
        pattern = ""
        if shape in ("pairs", "text"):
            pattern = self._pattern("pattern", self.values.get("pattern"))
        groups = self._groups(pattern) if pattern else []
        if shape == "text" and not groups:
            raise self.error("pattern", "expected named groups: (?P<when>...)")
        mapped = Mapped(
            shape=shape,
            pattern=pattern,
            groups=tuple(groups),
            columns={key: self._part(key, value, groups) for key, value in stated.items()},
            unset=tuple(self._texts("unset", self.values.get("unset", []))),
            kind=self._one_of("kind") or "flow",
            name_kind=self._one_of("name_kind") or "log_fqdn",
            counter=self._one_of("counter"),
            bytes_kind=self._one_of("bytes_kind"),
        )
        self._enough(mapped)
        return mapped

    def _enough(self, mapped: Mapped) -> None:
        """A row needs a time and somebody who did something; counters need their meaning."""
        columns, kind = mapped.columns, mapped.kind
        for key in ("ts", "name" if kind == "dns" else "client_ip"):
            if key not in columns:
                raise self.error(f"columns.{key}", f"is needed for kind {kind!r}")
        if kind in ("flow", "name") and not columns.keys() & {"server_ip", "name", "url"}:
            raise self.error("columns", "expected at least one of server_ip, name, url")
        counted = [key for key in COUNTERS if key in columns]
        for key in ("counter", "bytes_kind"):
            if counted and getattr(mapped, key) is None:
                words = ", ".join(CHOICES[key])
                raise self.error(key, f"{counted[0]} needs it: expected one of {words}")

    def _told(
        self, shape: str, mapped: Mapped
    ) -> tuple[Record, tuple[tuple[str, tuple[str, ...]], ...]]:
        """How its records are told, and the fields that readers take apart for it."""
        for key, shapes in (
            ("header", ("table",)),
            ("match", ("json",)),
            ("pattern", ("pairs", "text")),
        ):
            if key in self.values and shape not in shapes:
                raise self.error(key, f"does not go with shape {shape!r}")
        if shape in ("pairs", "text"):
            return Record("text", pattern=mapped.pattern), ()
        sure = [names[0] for _, names in mapped.fields() if len(names) == 1]
        if shape == "table":
            header = self.values.get("header", list(dict.fromkeys(sure)))
            cells = self._texts("header", header)
            fields = tuple((f, tuple(f'"{n}"' for n in names)) for f, names in mapped.fields())
            if not cells:
                raise self.error("header", "expected header cells that tell the table")
            return Record("table", columns=tuple(each.casefold() for each in cells)), fields
        match = self.values.get("match", dict.fromkeys(sure[:3], "."))
        if not isinstance(match, dict) or not match:
            raise self.error("match", "expected a table of fields and patterns of their values")
        fields, told = mapped.fields(), []
        for at, (field, pattern) in enumerate(match.items()):
            self._path(f"match.{field}", field)
            told.append((f"match-{at}", self._pattern(f"match.{field}", pattern)))
            fields += ((f"match-{at}", (field,)),)
        return Record("json", match=tuple(told)), fields

    def _part(self, column: str, value: Any, groups: list[str]) -> Part:
        key = f"columns.{column}"
        stated = value if isinstance(value, dict) else {"field": value}
        self._only(stated, PART_KEYS, f"{key}.")
        sources = [name for name in ("field", "joined", "value") if name in stated]
        if len(sources) != 1:
            raise self.error(key, "expected one of field, joined, value")
        where = f"{key}.{sources[0]}"
        if sources[0] == "value":
            part = Part(column, constant=self._text(where, stated["value"]))
        else:
            names = tuple(self._fields(where, stated[sources[0]], groups))
            joined = tuple((name,) for name in names)
            part = Part(column, sources=joined if sources[0] == "joined" else (names,))
        if column != "action" and (wrong := sorted({"allow", "deny", "otherwise"} & stated.keys())):
            raise self.error(f"{key}.{wrong[0]}", "goes with action only")
        if stated.get("otherwise") not in (None, "allow", "deny"):
            raise self.error(f"{key}.otherwise", "expected allow or deny")
        part = replace(
            part,
            way=self._way(key, column, stated.get("as")),
            values=self._values(f"{key}.values", stated.get("values", {})),
            allow=tuple(self._texts(f"{key}.allow", stated.get("allow", []))),
            deny=tuple(self._texts(f"{key}.deny", stated.get("deny", []))),
            otherwise=stated.get("otherwise"),
            unset=tuple(self._texts(f"{key}.unset", stated.get("unset", []))),
        )
        if fault := fault_of_part(part):
            raise self.error(f"{key}.as", fault)
        return part

    def _way(self, key: str, column: str, way: Any) -> str:
        """How the text is read: a time's spelling, or a piece of an address, URL or phrase."""
        time = column in ("ts", "end")
        if way is None:
            return "iso" if time else ""
        if isinstance(way, str) and time and way.startswith(("utc:", "local:")):
            return self._text(f"{key}.as", way)
        known = TIMES if time else WAYS
        if way not in known:
            raise self.error(f"{key}.as", f"expected one of {', '.join(known)}{_near(way, known)}")
        return str(way)

    def _fields(self, key: str, value: Any, groups: list[str]) -> list[str]:
        names = self._texts(key, [value] if isinstance(value, str) else value)
        if not names:
            raise self.error(key, "expected the name of a field, or a list of names")
        for name in names:
            if self.values["shape"] == "text" and name not in groups:
                raise self.error(key, f"{name!r} is no group of pattern{_near(name, groups)}")
            self._path(key, name)
        return names

    def _path(self, key: str, name: str) -> None:
        shape = self.values["shape"]
        if shape == "json":
            fault = fault_of_path(name) if parts_of(name) else "is no path"
        else:
            fault = "holds a double quote" if '"' in name else None
        if fault:
            raise self.error(key, f"{name!r} {fault}")

    def _values(self, key: str, value: Any) -> tuple[tuple[str, str], ...]:
        if not isinstance(value, dict):
            raise self.error(key, "expected a table: what is logged, and what it means")
        return tuple((self._text(key, a), self._text(key, b)) for a, b in value.items())

    def _pattern(self, key: str, value: Any) -> str:
        pattern = self._text(key, value)
        if fault := fault_of(pattern):
            raise self.error(key, f"{pattern!r} is no regular expression (RE2): {fault}")
        return pattern

    def _groups(self, pattern: str) -> list[str]:
        """Names of a pattern's groups in their order; those without a name have a number."""
        try:
            compiled = re.compile(pattern)
        except re.error as error:
            raise self.error("pattern", f"{pattern!r} is no regular expression: {error}") from None
        if not compiled.groupindex:
            return []
        named = {at: name for name, at in compiled.groupindex.items()}
        return [named.get(at, f"{at}") for at in range(1, compiled.groups + 1)]

    def _one_of(self, key: str, choices: tuple[str, ...] | None = None) -> str | None:
        value, choices = self.values.get(key), choices or CHOICES[key]
        if value is not None and value not in choices:
            raise self.error(key, f"expected one of {', '.join(choices)}{_near(value, choices)}")
        return value

    def _only(self, stated: dict[str, Any], keys: Iterable[str], prefix: str) -> None:
        for key in stated:
            if key not in keys:
                near = _near(key, keys) or f"; expected one of {', '.join(keys)}"
                raise self.error(f"{prefix}{key}", f"unknown key{near}")

    def _texts(self, key: str, value: Any) -> list[str]:
        if not isinstance(value, list):
            raise self.error(key, "expected a list of texts")
        return [self._text(key, each) for each in value]

    def _text(self, key: str, value: Any) -> str:
        if not isinstance(value, str) or not value.strip():
            raise self.error(key, "expected a text")
        if any(ord(char) < 32 and char != "\t" for char in value):
            raise self.error(key, "expected a text without control characters")
        return value


def _near(word: Any, words: Iterable[str]) -> str:
    close = difflib.get_close_matches(str(word), list(words), 1)
    return f"; did you mean {close[0]!r}?" if close else ""


def _view(mapped: Mapped) -> str:
    if not mapped.columns.keys() & set(COUNTERS):
        return "no byte counters"
    return f"as the map says: {mapped.counter}, {mapped.bytes_kind}"


_CLAIMS = {
    "name": "name",
    "bytes_up": "bytes up",
    "bytes_down": "bytes down",
    "client_port": "client port",
    "server_ip": "server address",
    "action": "allowed or denied",
    "method": "HTTP method",
    "url": "URL",
    "process": "program",
    "answers": "DNS answers",
}


def _words(mapped: Mapped, stated: bool) -> list[str]:
    return [word for name, word in _CLAIMS.items() if (name in mapped.columns) == stated]
