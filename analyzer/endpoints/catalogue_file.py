"""Catalogue files as parsed TOML, and the words that their patterns share.

A file may hold ``[defaults]`` for its entries, ``[classes]`` and ``[sets]`` for patterns (shared by
all files; a set that occurs in several files is their union), and ``[[entry]]`` tables. See
docs/endpoints.md. Whatever is wrong is a `UsageError` that names file, entry and reason.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from analyzer.endpoints.patterns import PatternError, Vocabulary, check_class
from analyzer.issues import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

_MAX_FILE_BYTES = 4 << 20
_ID = re.compile(r"[a-z0-9]+(?:[.-][a-z0-9]+)*")
_ENDING = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*")


@dataclass(frozen=True, slots=True)
class CatalogueFile:
    """A catalogue file as parsed, before its patterns are compiled."""

    path: Path
    content: bytes
    tables: Mapping[str, Any]


def check_values(
    values: Mapping[str, Any],
    kinds: Mapping[str, type | tuple[type, ...]],
    required: Iterable[str],
    where: str,
) -> None:
    """Checks what all tables of a catalogue have in common: keys, types, ``id`` and ``checked``.

    Args:
        values: The table.
        kinds: Its keys, with the type of each; lists are of texts.
        required: Those that it must have, ``id`` and ``checked`` among them.
        where: File and entry, for the error.

    Raises:
        UsageError: Something is wrong.
    """
    for key, value in values.items():
        if key not in kinds:
            raise UsageError(f"{where}: unknown key {key!r}")
        if not isinstance(value, kinds[key]):
            raise UsageError(f"{where}: {key} has the wrong type, found {value!r}")
        if isinstance(value, list) and not all(isinstance(v, str) for v in value):
            raise UsageError(f"{where}: {key} must be a list of strings")
    for key in required:
        if key not in values:
            raise UsageError(f"{where}: {key} is missing")
    if values["checked"] is True:
        raise UsageError(f"{where}: checked is a date (2026-01-31) or false")
    if not _ID.fullmatch(values["id"]):
        raise UsageError(f"{where}: id must be lower-case words joined with dots or hyphens")


def read_files(paths: Sequence[Path]) -> list[CatalogueFile]:
    """Reads and parses catalogue files; a directory stands for its ``*.toml`` in name order."""
    files = []
    for path in paths:
        found = sorted(path.glob("*.toml")) if path.is_dir() else [path]
        if not found:
            raise UsageError(f"{path}: expected catalogue files (*.toml), the directory has none")
        files += [_read(p) for p in found]
    return files


def vocabulary_of(
    files: Iterable[CatalogueFile], suffixes: Mapping[str, Sequence[str]]
) -> Vocabulary:
    """Classes and sets of all files together; `suffixes` adds literal endings to sets."""
    classes: dict[str, str] = {}
    sets: dict[str, list[str]] = {}
    for file in files:
        for name, regex in table_of(file, "classes").items():
            where = f"{file.path}: class {name!r}"
            if not isinstance(regex, str) or classes.get(name, regex) != regex:
                raise UsageError(f"{where}: expected one regular expression, defined once")
            try:
                check_class(regex)
            except PatternError as error:
                raise UsageError(f"{where}: {error}") from None
            classes[name] = regex
        for name, endings in table_of(file, "sets").items():
            _extend(sets, name, endings, f"{file.path}: set {name!r}")
    for name, endings in suffixes.items():
        _extend(sets, name, list(endings), f"suffixes of {name!r}")
    return Vocabulary(classes, {k: tuple(v) for k, v in sets.items()})


def table_of(file: CatalogueFile, name: str) -> dict[str, Any]:
    """A top-level table of the file, empty when it has none."""
    table = file.tables.get(name, {})
    if not isinstance(table, dict):
        raise UsageError(f"{file.path}: [{name}] must be a table")
    return table


def _read(path: Path) -> CatalogueFile:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: cannot read catalogue file: {error.strerror}") from None
    if len(content) > _MAX_FILE_BYTES:
        raise UsageError(f"{path}: larger than {_MAX_FILE_BYTES} bytes, expected a catalogue file")
    try:
        return CatalogueFile(path, content, tomllib.loads(content.decode("utf-8-sig")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"{path}: expected a TOML catalogue file: {error}") from None


def _extend(sets: dict[str, list[str]], name: str, endings: Any, where: str) -> None:
    if not isinstance(endings, list) or not endings:
        raise UsageError(f"{where}: expected a list of literal endings")
    known = sets.setdefault(name, [])
    for ending in endings:
        if not isinstance(ending, str) or not _ENDING.fullmatch(ending):
            raise UsageError(f"{where}: {ending!r} is no lower-case name ending")
        if ending not in known:
            known.append(ending)
