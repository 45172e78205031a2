"""A result document read back from its JSON text, checked field by field against the dataclasses.

A result may come from anybody: what does not have the shape of one is an error that names the
place, never a traceback.
"""

from __future__ import annotations

import json
import math
import types
from dataclasses import fields, is_dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Union, get_args, get_origin, get_type_hints

from analyzer.issues import UsageError
from analyzer.result import SCHEMA, Result

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO

MAX_BYTES = 1 << 30
_INT64 = range(-(1 << 63), 1 << 63)
"""Counts, and nanoseconds since 1970: what every output's integers and dates can hold."""
_MAX_DEPTH = 32


def read_result(path: Path) -> Result:
    """Reads a result document.

    Raises:
        UsageError: The file cannot be read, or is no result of this version.
    """
    try:
        with path.open("rb") as file:
            return read_stream(file, str(path))
    except (OSError, ValueError) as error:  # ValueError: a NUL character in the path
        reason = error.strerror if isinstance(error, OSError) else None
        raise UsageError(f"{path}: cannot be read: {reason or error}") from error


def read_stream(stream: BinaryIO, name: str) -> Result:
    """Reads a result document to its end.

    Raises:
        UsageError: It is no result of this version, and `name` is where it is from.
        OSError: It cannot be read.
    """
    data = stream.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise UsageError(f"{name}: larger than a result document can be (1 GiB)")
    try:
        return parse_result(data)
    except UsageError as error:
        raise UsageError(f"{name}: {error}") from error


def parse_result(data: bytes) -> Result:
    """The document in JSON text.

    Raises:
        UsageError: It is none; the message lacks the file's name.
    """
    try:
        plain = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise UsageError(
            "expected a result document (acrtrace analyze --format json), found "
            f"{_no_json(data, error)}"
        ) from error
    if not isinstance(plain, dict) or "schema" not in plain:
        what = "an object without one" if isinstance(plain, dict) else _KINDS[type(plain)]
        raise UsageError(
            f"is no result document: expected an object with schema {SCHEMA}, found {what}"
        )
    found = plain["schema"]
    if found != SCHEMA:
        other = ""
        if isinstance(found, str) and found.startswith(SCHEMA.partition("/")[0] + "/"):
            other = (
                "; another version of acrtrace wrote it: analyse the inputs again with this one, "
                "or use that one"
            )
        raise UsageError(
            f"expected a result document with schema {SCHEMA}, found {found!r:.60}{other}"
        )
    result = _build(Result, plain, "")
    assert isinstance(result, Result)
    return result


_KINDS = {
    list: "a list",
    str: "a text",
    int: "a number",
    float: "a number",
    bool: "true or false",
    type(None): "null",
}
_WORDS = ("true", "false", "null", "NaN", "Infinity", "-Infinity")


def _no_json(data: bytes, error: Exception) -> str:
    """What the text is instead of JSON, and where that shows."""
    if data.lstrip()[:15].lower().startswith(b"<!doctype"):
        return "an HTML report"
    if not data.strip():
        return "no JSON: it is empty"
    if isinstance(error, UnicodeDecodeError):
        if error.reason == "unexpected end of data":
            return _cut(data)
        return f"no JSON: byte {error.start:,} is not {error.encoding}"
    if isinstance(error, RecursionError):
        return "no JSON: it is nested too deeply"
    if not isinstance(error, json.JSONDecodeError):  # a number of thousands of digits
        return f"no JSON: {error}"
    if data.lstrip()[:1] in (b"{", b"\xef") and _at_the_end(error):
        return _cut(data)
    before = error.doc[: error.pos].encode(json.detect_encoding(data), "surrogatepass")
    return f"no JSON: line {error.lineno:,}, byte {len(before):,}: {error.msg}"


def _cut(data: bytes) -> str:
    line = data.count(b"\n") + 1
    return f"only its beginning: it ends inside the document at byte {len(data):,} (line {line:,})"


def _at_the_end(error: json.JSONDecodeError) -> bool:
    """True where more text could have made it right: an open string, half a word, nothing."""
    rest = error.doc[error.pos :].rstrip()
    if error.msg.startswith("Unterminated string"):
        return True
    if "escape" in error.msg:  # \uXXXX of which the last digits are gone
        return '"' not in rest and len(rest) < len("\\uXXXX")
    return any(word.startswith(rest) for word in _WORDS) or not rest.strip("+-.eE0123456789")


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _build(kind: Any, value: Any, where: str) -> Any:
    """A value of that type.

    Raises:
        UsageError: It is of another.
    """
    if kind is Any:
        return _any(value, where)
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
    whole = kind is float and isinstance(value, int) and not isinstance(value, bool)
    if not whole and (
        not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool)
    ):
        raise _wrong(where, kind.__name__, value)
    return value if isinstance(value, str | bool) else _number(where, value)


def _any(value: Any, where: str, depth: int = 0) -> Any:
    """A value of no stated type, such as a rule's facts.

    Raises:
        UsageError: It is nested deeper than any rule does it, or holds what is no JSON number.
    """
    if depth > _MAX_DEPTH:
        raise UsageError(f"{where}: expected at most {_MAX_DEPTH} levels of lists and objects")
    if isinstance(value, list):
        return [_any(each, f"{where}[{at}]", depth + 1) for at, each in enumerate(value)]
    if isinstance(value, dict):
        return {name: _any(each, f"{where}.{name}", depth + 1) for name, each in value.items()}
    return _number(where, value) if isinstance(value, int | float) else value


def _number(where: str, value: Any) -> Any:
    """An integer of 64 bits or a finite float.

    Raises:
        UsageError: It is none: no analysis wrote it, and few readers of JSON would keep it.
    """
    if isinstance(value, int) and value not in _INT64:
        raise _wrong(where, "an integer of 64 bits", value)
    if isinstance(value, float) and not math.isfinite(value):
        raise _wrong(where, "a finite number", value)
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
        found = _build(hints[each.name], value[each.name], place)
        allowed = each.metadata.get("enum")
        if allowed is not None and found not in allowed:
            raise _wrong(place, f"one of {', '.join(allowed)}", found)
        made[each.name] = found
    return kind(**made)


def _wrong(where: str, expected: str, value: Any) -> UsageError:
    return UsageError(f"{where or 'the document'}: expected {expected}, found {value!r:.60}")
