"""What a user's rule returned: checked value by value before it becomes rows of `hits`.

One wrong row refuses all rows of the rule: a rule that is half right would look whole.
"""

from __future__ import annotations

import json
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from analyzer.rules.check import COLUMNS, FACT_NAME, TEXT_FIELDS
from analyzer.rules.severity import SHARED_MODIFIERS

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from analyzer.case.sandbox import Answer
    from analyzer.rules.load import Rule

_LARGEST = (1 << 63) - 1
_FACTS_BYTES = 16 << 10
_SHAPE = json.dumps(
    [
        {
            "row": "BIGINT",
            "agent": "VARCHAR",
            "endpoint": "VARCHAR",
            "flow_ids": ["BIGINT"],
            "modifiers": ["VARCHAR"],
            "facts": "VARCHAR",
        }
    ]
)
# DNS message N is named as flow -1 - N (queries/prepare.sql).
_UNFIT = """
WITH named AS (
    SELECT "row", agent, flow_id,
        CASE WHEN flow_id < 0 THEN 'DNS message ' || (-1 - flow_id) ELSE 'flow ' || flow_id END
            AS what
    FROM (SELECT "row", agent, unnest(flow_ids) AS flow_id FROM returned)
),
known AS (
    SELECT flow_id, agent FROM attributed
    UNION ALL
    SELECT -1 - d.dns_id, coalesce(c.agent, d.client_ip)
    FROM dns AS d LEFT JOIN addresses AS c ON c.addr = d.client_ip
)
SELECT r.row, CASE
    WHEN a.flow_id IS NULL THEN r.what || ' is not in this case'
    ELSE r.what || ' is one of agent ' || a.agent || ', not of ' || r.agent END
FROM named AS r
LEFT JOIN known AS a ON a.flow_id = r.flow_id
WHERE a.flow_id IS NULL OR a.agent <> r.agent
UNION ALL
SELECT "row", 'endpoint ' || endpoint || ' is no name in this case' FROM returned
WHERE endpoint IS NOT NULL
    AND NOT EXISTS (FROM endpoints AS e WHERE e.name = returned.endpoint)
    AND NOT EXISTS (FROM attributed AS a WHERE a.endpoint = returned.endpoint)
    AND NOT EXISTS (FROM dns AS d WHERE d.qname = returned.endpoint)
ORDER BY ALL LIMIT 1
"""
_TAKE = """
INSERT INTO hits SELECT
    row_number() OVER (ORDER BY agent, endpoint NULLS LAST, flow_ids, facts, "row")
        + (SELECT count(*) FROM hits),
    ?, ?, ?, agent, endpoint, flow_ids, modifiers, facts
FROM returned
"""


class NonsenseError(Exception):
    """What came back is nothing that a rule returns; the message says what and where."""


def take(connection: DuckDBPyConnection, place: int, rule: Rule, answer: Answer) -> None:
    """Adds the rows of an answer to `hits`.

    Args:
        connection: The case with `hits`.
        place: The rule's place in the stated order.
        rule: Whose answer it is.
        answer: JSON values, of whatever type.

    Raises:
        NonsenseError: A row cannot be a hit, or there are too many; nothing was added.
    """
    if answer.cut:
        raise NonsenseError(
            f"it returned more than {len(answer.rows):,} rows, or too many bytes to be taken"
        )
    if answer.columns != list(COLUMNS):
        raise NonsenseError(f"it returned the columns {', '.join(answer.columns)}")
    hits = []
    for number, row in enumerate(answer.rows, 1):
        values = dict(zip(COLUMNS, row, strict=True))
        problem = _problem(values, rule)
        if problem is not None:
            raise NonsenseError(f"row {number:,} of its answer: {problem}")
        hits.append({"row": number, **values, "facts": json.dumps(values["facts"])})
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE returned AS "
        "SELECT unnest(from_json($1::VARCHAR, $2::VARCHAR), max_depth := 2)",
        [json.dumps(hits), _SHAPE],
    )
    unfit = connection.execute(_UNFIT).fetchone()
    if unfit is not None:
        raise NonsenseError(f"row {unfit[0]:,} of its answer: {unfit[1]}")
    connection.execute(_TAKE, [rule.id, place, rule.stream])


def _problem(values: dict[str, Any], rule: Rule) -> str | None:
    """What is wrong with one row before the case is asked, None if nothing is."""
    agent, endpoint, flows = values["agent"], values["endpoint"], values["flow_ids"]
    if not isinstance(agent, str) or not agent:
        return "agent is no text"
    if endpoint is not None and (not isinstance(endpoint, str) or not endpoint):
        return "endpoint is neither a name nor NULL"
    if not isinstance(flows, list) or not flows:
        return "flow_ids is no list of flows"
    if not all(type(each) is int and -_LARGEST <= each <= _LARGEST for each in flows):
        return "flow_ids holds what is no flow id"
    if any(one >= other for one, other in pairwise(flows)):
        return "flow_ids must be in ascending order, each once: list(flow_id ORDER BY flow_id)"
    return _modifiers_problem(values["modifiers"], rule) or _facts_problem(values["facts"], rule)


def _modifiers_problem(modifiers: Any, rule: Rule) -> str | None:
    if not isinstance(modifiers, list) or not all(isinstance(each, str) for each in modifiers):
        return "modifiers is no list of names; none are []::VARCHAR[]"
    known = {*rule.modifiers, *SHARED_MODIFIERS}
    for name in modifiers:
        if name not in known:
            return f"the head has no modifier {name[:60]}"
    return "a modifier is named twice" if len(set(modifiers)) < len(modifiers) else None


def _facts_problem(facts: Any, rule: Rule) -> str | None:
    if not isinstance(facts, dict) or not all(FACT_NAME.fullmatch(name) for name in facts):
        return "facts is no struct with plain names"
    if len(json.dumps(facts)) > _FACTS_BYTES:
        return f"facts has more than {_FACTS_BYTES:,} bytes"
    missing = sorted(rule.fields - TEXT_FIELDS - set(facts))
    return f"facts has no {missing[0]}, which a text names" if missing else None
