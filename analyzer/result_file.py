"""A result document read back from its JSON text, checked field by field against the dataclasses.

A result may come from anybody: what does not have the shape of one is an error that names the
place, never a traceback.
"""

from __future__ import annotations

import json
import types
from dataclasses import fields, is_dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, Union, get_args, get_origin, get_type_hints

from analyzer.issues import UsageError
from analyzer.result import SCHEMA, Result

if TYPE_CHECKING:
    from pathlib import Path

T = TypeVar("T")

MAX_BYTES = 1 << 30


def read_result(path: Path) -> Result:
    """Reads a result document.

    Raises:
        UsageError: The file cannot be read, or is no result of this version.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror or error}") from error
    if len(data) > MAX_BYTES:
        raise UsageError(f"{path}: larger than a result document can be (1 GiB)")
    try:
        return parse_result(data)
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from error


def parse_result(data: bytes) -> Result:
    """The document in JSON text.

    Raises:
        UsageError: It is none; the message lacks the file's name.
    """
    try:
        plain = json.loads(data)
    except (ValueError, RecursionError) as error:
        what = (
            "an HTML report" if data.lstrip()[:15].lower().startswith(b"<!doctype") else "no JSON"
        )
        raise UsageError(
            f"expected a result document (acrtrace analyze --format json), found {what}"
        ) from error
    found = plain.get("schema") if isinstance(plain, dict) else None
    if found != SCHEMA:
        raise UsageError(f"expected a result document with schema {SCHEMA}, found {found!r:.60}")
    result = _build(Result, plain, "")
    assert isinstance(result, Result)
    return result


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _build(kind: Any, value: Any, where: str) -> Any:
    """A value of that type.

    Raises:
        UsageError: It is of another.
    """
    if kind is Any:
        return value
    if is_dataclass(kind) and isinstance(kind, type):
        return _build_dataclass(kind, value, where)
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        if value is None and type(None) in get_args(kind):
            return None
        (inner,) = (each for each in get_args(kind) if each is not type(None))
        return _build(inner, value, where)
    if origin is list:
        if not isinstance(value, list):
            raise _wrong(where, "a list", value)
        (inner,) = get_args(kind)
        return [_build(inner, each, f"{where}[{at}]") for at, each in enumerate(value)]
    if origin is dict:
        if not isinstance(value, dict):
            raise _wrong(where, "an object", value)
        _, inner = get_args(kind)
        return {name: _build(inner, each, f"{where}.{name}") for name, each in value.items()}
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return value
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise _wrong(where, kind.__name__, value)
    return value


def _build_dataclass(kind: type, value: Any, where: str) -> Any:
    if not isinstance(value, dict):
        raise _wrong(where, "an object", value)
    hints = _hints(kind)
    made: dict[str, Any] = {}
    for each in fields(kind):
        place = f"{where}.{each.name}" if where else each.name
        if each.name not in value:
            raise UsageError(
                f"{place} is missing: the result is of another version; analyse the inputs again"
            )
        made[each.name] = _build(hints[each.name], value[each.name], place)
    return kind(**made)


def _wrong(where: str, expected: str, value: Any) -> UsageError:
    return UsageError(f"{where or 'the document'}: expected {expected}, found {value!r:.60}")
