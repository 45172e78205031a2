"""Outputs held against what others published: schemas, field lists, OASIS' own validator.

Each function gives what is wrong, an empty list when nothing is.
"""

from __future__ import annotations

import json
from datetime import datetime
from functools import cache
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import jsonschema

PUBLISHED = Path(__file__).resolve().parents[1] / "report" / "outputs" / "published"


def lines(text: str) -> list[Any]:
    """NDJSON: every line is a document, and the last one ends."""
    assert text == "" or text.endswith("\n")
    return [json.loads(line) for line in text.split("\n")[:-1]]


def sarif_errors(text: str) -> list[str]:
    """Against the JSON Schema of SARIF 2.1.0, formats (uri, date-time) included."""
    return [_told(error) for error in _sarif().iter_errors(json.loads(text))]


@cache
def _sarif() -> Any:
    schema = json.loads((PUBLISHED / "sarif-2.1.0-rtm.5.json").read_text())
    checker = jsonschema.FormatChecker()
    assert {"uri", "uri-reference"} <= set(checker.checkers)  # else formats are not looked at
    return jsonschema.Draft4Validator(schema, format_checker=checker)


def stix_errors(text: str) -> list[str]:
    """Against OASIS' stix2-validator with its schemas, and by parsing with OASIS' library."""
    import stix2
    from stix2validator import ValidationOptions, validate_string

    stix2.parse(text, allow_custom=False, version="2.1")
    found = validate_string(text, ValidationOptions(version="2.1"))
    told = [str(error) for error in found.errors]
    return told or ([] if found.is_valid else ["not valid"])


def ocsf_errors(document: Any) -> list[str]:
    """Against the schema of the class and version that the document states."""
    return [_told(error) for error in _ocsf(document["metadata"]["version"]).iter_errors(document)]


@cache
def _ocsf(version: str) -> Any:
    from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

    schema = OcsfJsonSchemaEmbedded(get_ocsf_schema(version)).get_class_schema("detection_finding")
    kind = jsonschema.validators.validator_for(schema)
    kind.check_schema(schema)
    return kind(schema, format_checker=kind.FORMAT_CHECKER)


def ecs_errors(document: dict[str, Any]) -> list[str]:
    """Fields, types, lists and allowed values of ECS; names of our own are below ``acrtrace``."""
    wrong = []
    fields = _ecs()
    if document.get("ecs", {}).get("version") != "9.4.0" or "@timestamp" not in document:
        wrong.append("a field that every document must have is missing")
    for name, value in _leaves(document, ""):
        if name.startswith("acrtrace."):
            continue
        stated = fields.get(name)
        if stated is None:
            wrong.append(f"{name} is no field of ECS")
            continue
        if isinstance(value, list) != stated.get("array", False):
            wrong.append(f"{name}: a list where none is stated, or the reverse")
        for each in value if isinstance(value, list) else [value]:
            if not _is_of(stated["type"], each):
                wrong.append(f"{name}: {each!r:.60} is no {stated['type']}")
            if "allowed" in stated and each not in stated["allowed"]:
                wrong.append(f"{name}: {each!r:.60} is not allowed")
    event = document["event"]
    for category in event["category"]:
        expected = fields["event.category"]["allowed"][category]
        wrong += [f"{each} with {category}" for each in event["type"] if each not in expected]
    return wrong


@cache
def _ecs() -> dict[str, Any]:
    fields: dict[str, Any] = json.loads((PUBLISHED / "ecs-9.4.0-fields.json").read_text())
    return fields


def _leaves(value: dict[str, Any], prefix: str) -> list[tuple[str, Any]]:
    found = []
    for name, each in value.items():
        if isinstance(each, dict):
            found += _leaves(each, f"{prefix}{name}.")
        else:
            found.append((prefix + name, each))
    return found


def _is_of(kind: str, value: Any) -> bool:
    if kind in ("keyword", "wildcard", "match_only_text", "constant_keyword"):
        return isinstance(value, str)
    if kind == "long":
        return type(value) is int and -(1 << 63) <= value < 1 << 63
    if kind == "float":
        return type(value) is float
    if kind == "boolean":
        return type(value) is bool
    try:
        if kind == "ip":
            ip_address(value)
        elif kind == "date":
            datetime.fromisoformat(value)
        else:
            return False
    except (TypeError, ValueError):
        return False
    return True


def timesketch_errors(document: dict[str, Any]) -> list[str]:
    """What Timesketch's importer asks for: https://timesketch.org/guides/user/import-from-json-csv/."""
    wrong = [
        f"{name} is no {kind.__name__}"
        for name, kind in (
            ("message", str),
            ("datetime", str),
            ("timestamp", int),
            ("timestamp_desc", str),
        )
        if type(document.get(name)) is not kind or document[name] == ""
    ]
    when = datetime.fromisoformat(document["datetime"])
    if when.utcoffset() is None:
        wrong.append("datetime has no zone")
    elif round(when.timestamp() * 1_000_000) != document["timestamp"]:
        wrong.append("datetime and timestamp are two moments")
    wrong += [f"{name} is no flat value" for name, value in document.items() if not _flat(value)]
    return wrong


def _flat(value: Any) -> bool:
    if isinstance(value, list):
        return all(isinstance(each, str) for each in value)
    return isinstance(value, str | int | float)


def _told(error: Any) -> str:
    return f"{'/'.join(map(str, error.absolute_path))}: {error.message:.200}"
