"""Azure DNS query logs (constructed: no public sample is known), and files of mixed categories."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from craft.logs import observed, pick, unreadable
from craft.mangle import mangled

HERE = Path(__file__).resolve().parent


def _first_lines(*names: str) -> list[str]:
    return [(HERE / n).read_text(encoding="utf-8").splitlines()[0] for n in names]


def test_a_mixed_export_is_split_by_category() -> None:
    """Application and network rules, messages, look-ups and flows in one file, and other things."""
    parts = _first_lines(
        "azure-firewall/made.ndjson",
        "azure-firewall-legacy/made.ndjson",
        "azure-dns/constructed.ndjson",
    )
    parts += (HERE / "azure-firewall/made.ndjson").read_text(encoding="utf-8").splitlines()[1:]
    flows = json.loads((HERE / "azure-flow-logs/vnet.json").read_text(encoding="utf-8"))
    parts.append(json.dumps(flows["records"][0]))
    parts.append(json.dumps({"time": "2026-11-03T08:00:00Z", "category": "AuditEvent"}))
    formats, rows, tally = observed("\n".join(parts))
    assert set(formats) == {
        "azure-firewall",
        "azure-firewall-legacy",
        "azure-flow-logs",
        "azure-dns",
    }
    assert unreadable(tally) == 0
    assert tally.records == 6
    told = [(row["line"], row["format"], row["kind"]) for row in rows]
    assert told[:5] == [
        (1, "azure-firewall", "flow"),
        (2, "azure-firewall-legacy", "flow"),
        (3, "azure-dns", "dns"),
        (4, "azure-firewall", "flow"),
        (5, "azure-firewall", "dns"),
    ]
    assert {t[1:] for t in told[5:]} == {("azure-flow-logs", "flow")}
    wrapped = json.dumps({"records": [json.loads(part) for part in parts]})
    assert _facts(observed(wrapped)[1]) == _facts(rows)


def _facts(rows: list[dict[str, Any]]) -> list[str]:
    return sorted(
        json.dumps({k: v for k, v in row.items() if k != "line"}, sort_keys=True) for row in rows
    )


def test_answers_that_cannot_be_read_are_unknown() -> None:
    """An answer section that is no list is not an empty one."""
    record = json.loads(_first_lines("azure-dns/constructed.ndjson")[0])
    answers: tuple[Any, ...] = ([], "[]", "x", {}, [1, {"Type": 1}, {"RData": 7}], "[[[")
    records = [
        {**record, "properties": {**record["properties"], "answer": answer}} for answer in answers
    ]
    _, rows, tally = observed("\n".join(json.dumps(r) for r in records))
    assert unreadable(tally) == 0
    values = [(a := row.get("answers")) and [each["value"] for each in a] for row in rows]
    assert values == [[], [], None, None, ["7"], None]


@settings(max_examples=15, deadline=None)
@given(st.lists(mangled(_first_lines("azure-dns/constructed.ndjson")), min_size=1, max_size=8))
def test_a_hostile_line_costs_itself(hostile: list[bytes]) -> None:
    """Whatever a line is, its neighbours are read."""
    record = json.loads(_first_lines("azure-dns/constructed.ndjson")[0])
    record["properties"]["query_name"] = "honest.example."
    honest = json.dumps(record).encode()
    text = b"\n".join([honest] * 4 + [each for line in hostile for each in (line, honest)])
    _, rows, _ = observed(text)
    answers = [row["answers"][1]["value"] for row in rows if row.get("name") == "honest.example"]
    assert answers == ["20.60.1.1"] * (4 + len(hostile))
    assert pick(rows[:1], "rcode") == [("0",)]
