"""Every code that a result may hold has its words."""

from __future__ import annotations

from dataclasses import fields

from analyzer.report import meanings
from analyzer.result import SEVERITIES, STREAMS, VERDICTS, Finding

ENUMS = {item.name: item.metadata.get("enum") for item in fields(Finding)}


def test_every_code_has_words() -> None:
    assert tuple(meanings.STREAMS) == STREAMS
    assert tuple(meanings.SEVERITIES) == SEVERITIES
    assert tuple(meanings.VERDICTS) == VERDICTS
    assert tuple(meanings.DIRECTION) == ENUMS["direction_evidence"]
    assert tuple(meanings.NAME_GRADES) == ENUMS["name_grade"]
    ownership = next(item for item in fields(Finding) if item.name == "ownership")
    assert " | ".join(meanings.OWNERSHIP) == ownership.metadata["doc"]


def test_every_role_of_the_catalogue_has_words() -> None:
    from analyzer.endpoints.entries import ROLES

    assert set(meanings.ROLES) >= ROLES | {"unknown"}
