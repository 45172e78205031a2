from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from analyzer import result as contract
from analyzer.report.json_schema import result_schema, schema_text
from analyzer.result import to_plain
from craft import results

if TYPE_CHECKING:
    from pathlib import Path

SCHEMA = result_schema()
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def test_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_committed_schema_is_the_generated_one(repo_root: Path) -> None:
    committed = (repo_root / "docs" / "result.schema.json").read_text(encoding="utf-8")
    assert committed == schema_text(), "run: python -m analyzer.report.json_schema > docs/..."


def test_every_field_of_every_class_is_described() -> None:
    classes = [c for c in vars(contract).values() if isinstance(c, type) and is_dataclass(c)]
    assert len(classes) >= 10
    for cls in classes:
        entry = SCHEMA if cls is contract.Result else SCHEMA["$defs"][cls.__name__]
        assert list(entry["properties"]) == [item.name for item in fields(cls)]
        assert entry["required"] == list(entry["properties"])
        assert entry["additionalProperties"] is False
        assert all(part["description"] for part in entry["properties"].values())


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("schema",), "acrtrace-result/1"),
        (("verdict",), "clean"),
        (("surplus",), 1),
        (("findings", 0, "severity"), "catastrophic"),
        (("findings", 0, "stream"), None),
        (("findings", 0, "direction_evidence"), "W6"),
        (("findings", 0, "uploaded_bytes"), "5 MB"),
        (("findings", 0, "uploaded_bytes"), 1.5),
        (("findings", 0, "uploaded_bytes_is_lower_bound"), 1),
        (("findings", 0, "evidence", 0, "input"), None),
        (("findings", 0, "also"), "EX001"),
        (("thresholds", "drip_bytes"), "512"),
        (("coverage", "flows"), None),
        (("inputs", 0, "surplus"), "x"),
    ],
)
def test_schema_refuses(path: tuple[Any, ...], value: Any) -> None:
    document = json.loads(json.dumps(to_plain(results.realistic())))
    VALIDATOR.validate(document)
    place = document
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    assert not VALIDATOR.is_valid(document)


@pytest.mark.parametrize("key", list(SCHEMA["properties"]))
def test_schema_refuses_a_document_without(key: str) -> None:
    document = to_plain(results.realistic())
    del document[key]
    assert not VALIDATOR.is_valid(document)


def test_null_is_allowed_where_the_contract_says_unknown() -> None:
    document = to_plain(results.realistic())
    document["findings"][0].update(endpoint=None, uploaded_bytes=None, first_ns=None)
    document["coverage"]["named_share"] = None
    VALIDATOR.validate(document)
