"""OCSF events of several products, against what Sekoia's normaliser says of them."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from craft.logs import observed, unreadable
from craft.mutate import damaged

HERE = Path(__file__).resolve().parent / "ocsf"

NO_TIME = 19
"""AWS WAF's example states time 0."""


def test_every_event_of_ours_is_read_and_no_other(logs_dir):
    path = logs_dir / "ocsf" / "sekoia.log"
    formats, rows, tally = observed(path)
    assert formats == ("ocsf",)
    assert tally.others == 0
    assert tally.unusable == {"no time that can be read": (1, NO_TIME)}
    assert unreadable(tally) == 1
    ours = set()
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        event = json.loads(line)
        if event["class_uid"] in (4001, 4002, 4003) and event.get("status_code") != "NODATA":
            ours.add(number)
    assert {row["line"] for row in rows} == ours - {NO_TIME}


def test_what_is_read_is_what_the_oracle_says(logs_dir):
    folder = logs_dir / "ocsf"
    lines = (folder / "sekoia.log").read_text(encoding="utf-8").splitlines()
    oracle = {}
    for line in (folder / "sekoia.expected.ndjson").read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        oracle[case["message"].strip()] = case["expected"]
    _, rows, _ = observed(folder / "sekoia.log")
    compared = 0
    for row in rows:
        event = oracle[lines[row["line"] - 1].strip()]
        pairs = [
            (event["source"].get("ip"), row.get("client_ip")),
            (event["source"].get("port"), row.get("client_port")),
            ((event.get("destination") or {}).get("ip"), row.get("server_ip")),
            ((event.get("destination") or {}).get("port"), row.get("server_port")),
        ]
        if dns := event.get("dns"):
            pairs.append((dns["question"]["name"].rstrip("."), row["name"]))
            pairs.append((dns["response_code"], row["rcode"]))
            pairs += [
                ((a["type"], a["data"].rstrip(".")), (b["type"], b["value"]))
                for a, b in zip(dns["answers"], row["answers"], strict=True)
            ]
        if time := event.get("@timestamp"):
            exact = datetime.fromisoformat(time)
            pairs.append((round(exact.timestamp() * 10**6), row["ts_ns"] // 1000))
        for wanted, found in pairs:
            assert wanted is None or wanted == found, row["line"]
            compared += wanted is not None
    assert compared == 38


HONEST = (HERE / "made.ndjson").read_text(encoding="utf-8").splitlines()[:5]


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(bad=st.lists(damaged(HONEST), min_size=1, max_size=3))
def test_damaged_lines_cost_only_themselves(bad):
    _, rows, _ = observed("\n".join([*HONEST, *bad, *HONEST]))
    honest = {*range(1, 6), *range(6 + len(bad), 11 + len(bad))}
    assert honest <= {row["line"] for row in rows}
