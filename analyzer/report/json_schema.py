"""JSON Schema (draft 2020-12) of the result document, generated from the dataclasses.

``python -m analyzer.report.json_schema > docs/result.schema.json`` writes the committed copy.
"""

from __future__ import annotations

import json
import types
import typing
from dataclasses import fields, is_dataclass
from typing import Any, Union

from analyzer.result import SCHEMA, Result

_SCALARS: dict[Any, str] = {
    str: "string",
    int: "integer",
    float: "number",
    bool: "boolean",
    type(None): "null",
}


def result_schema() -> dict[str, Any]:
    """The schema as plain data; classes other than `Result` are in ``$defs``."""
    definitions: dict[str, Any] = {}
    root = _object(Result, definitions)
    root["properties"]["schema"]["const"] = SCHEMA
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:acrtrace:{SCHEMA.replace('/', ':')}",
        "title": SCHEMA,
        **root,
        "$defs": {name: definitions[name] for name in sorted(definitions)},
    }


def schema_text() -> str:
    """The schema as it is committed."""
    return json.dumps(result_schema(), indent=2, ensure_ascii=True) + "\n"


def _object(cls: type, definitions: dict[str, Any]) -> dict[str, Any]:
    hints = typing.get_type_hints(cls)
    properties: dict[str, Any] = {}
    for item in fields(cls):
        entry = {"description": item.metadata["doc"], **_type(hints[item.name], definitions)}
        if "enum" in item.metadata:
            entry["enum"] = list(item.metadata["enum"])
        properties[item.name] = entry
    return {
        "description": (cls.__doc__ or "").strip(),
        "type": "object",
        "properties": properties,
        # to_plain writes every field, defaulted or not.
        "required": [item.name for item in fields(cls)],
        "additionalProperties": False,
    }


def _type(hint: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    """Schema of one type hint.

    Raises:
        TypeError: `analyzer.result` uses a type that this generator does not know.
    """
    if hint is Any:
        return {}
    if hint in _SCALARS:
        return {"type": _SCALARS[hint]}
    if is_dataclass(hint) and isinstance(hint, type):
        if hint.__name__ not in definitions:
            definitions[hint.__name__] = _object(hint, definitions)
        return {"$ref": f"#/$defs/{hint.__name__}"}
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is list:
        return {"type": "array", "items": _type(arguments[0], definitions)}
    if origin is dict and arguments[0] is str:
        return {"type": "object", "additionalProperties": _type(arguments[1], definitions)}
    if origin in (Union, types.UnionType):
        return _union([_type(a, definitions) for a in arguments])
    raise TypeError(f"no JSON Schema for {hint!r}")


def _union(choices: list[dict[str, Any]]) -> dict[str, Any]:
    """``type: [a, b]`` for scalars, ``anyOf`` otherwise."""
    if all(set(choice) == {"type"} for choice in choices):
        return {"type": [choice["type"] for choice in choices]}
    return {"anyOf": choices}


if __name__ == "__main__":
    print(schema_text(), end="")
