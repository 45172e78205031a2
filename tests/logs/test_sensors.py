"""One connection that two sensors counted is one, and a port that is used again is two."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conftest import Observed


def saw(log: Observed, key: str, up: int, at: float = 0, last: float = 1, **more: Any) -> int:
    """A sensor's line of a whole connection; `input_id` tells sensors apart."""
    columns = {"format": "zeek", "session": key, "counter": "total", "bytes_kind": "payload"}
    return log.counted(up, 50, at=at, last=last, **{**columns, **more})


def joined(log: Observed) -> list[tuple[Any, ...]]:
    """What was matched: source, target, matched, ambiguous, unmatched."""
    return log.case.connection.execute(
        "SELECT source, target, matched, ambiguous, unmatched FROM joins ORDER BY ALL"
    ).fetchall()


@pytest.mark.parametrize("form", ["zeek", "suricata"])
def test_two_sensors_on_one_way_count_once(log: Observed, form: str) -> None:
    saw(log, "A1", 9_000, format=form)
    saw(log, "B1", 8_800, at=0.4, last=1.3, format=form, input_id=1)
    saw(log, "B2", 70, port=50001, format=form, input_id=1)
    first, second = log.gather()
    assert (first["orig_bytes"], first["resp_bytes"], first["records"]) == (9_000, 50, 2)
    assert (first["input_id"], first["first_packet"], second["orig_bytes"]) == (0, 1, 70)
    assert joined(log) == [(form, form, 1, 0, 1)]


def test_sensors_in_one_file_are_told_by_their_names(log: Observed) -> None:
    saw(log, "1", 9_000, format="suricata", vantage="north")
    saw(log, "2", 9_100, format="suricata", vantage="south", at=0.1)
    assert [flow["orig_bytes"] for flow in log.gather()] == [9_100]


@pytest.mark.parametrize(
    "other",
    [
        {"at": 3.5, "last": 4},
        {"port": 50001},
        {"server_ip": "20.60.1.2"},
        {"server_port": 8443},
        {"client_ip": "10.0.0.5"},
        {"proto": "udp"},
    ],
)
def test_another_connection_stays_another(log: Observed, other: dict[str, Any]) -> None:
    """Two seconds behind the end of the first one the port was used again."""
    saw(log, "A1", 9_000)
    saw(log, "B1", 8_800, input_id=1, **other)
    assert sum(flow["orig_bytes"] for flow in log.gather()) == 17_800
    assert joined(log) == []


def test_a_port_used_again_in_the_files_of_one_sensor_adds_up(log: Observed) -> None:
    for hour in range(4):
        saw(log, f"A{hour}", 9_000, at=hour * 60, last=hour * 60 + 5, input_id=hour)
    assert [flow["orig_bytes"] for flow in log.gather()] == [9_000] * 4


def test_a_port_used_again_at_once_pairs_in_turn(log: Observed) -> None:
    saw(log, "A1", 1_000, at=0, last=1)
    saw(log, "A2", 5_000, at=1.5, last=2)
    saw(log, "B1", 1_100, at=0.3, last=1.3, input_id=1)
    saw(log, "B2", 4_900, at=1.8, last=2.3, input_id=1)
    assert sorted(flow["orig_bytes"] for flow in log.gather()) == [1_100, 5_000]
    assert joined(log) == [("zeek", "zeek", 2, 2, 0)]


def test_pieces_of_one_sensor_add_up_against_the_whole_of_the_other(log: Observed) -> None:
    saw(log, "A1", 9_000, at=0, last=100)
    saw(log, "B1", 4_000, at=0, last=40, input_id=1)
    saw(log, "B2", 5_500, at=45, last=100, input_id=1)
    (flow,) = log.gather()
    assert (flow["orig_bytes"], flow["records"]) == (9_500, 3)


def test_each_sensor_saw_one_way(log: Observed) -> None:
    """Workers behind a balancer that splits the ways."""
    saw(log, "A1", 9_000, bytes_down=0)
    saw(log, "B1", 0, bytes_down=700, input_id=1)
    (flow,) = log.gather()
    assert (flow["orig_bytes"], flow["resp_bytes"]) == (9_000, 700)


def test_three_sensors_are_one_connection(log: Observed) -> None:
    for sensor in range(3):
        saw(log, f"K{sensor}", 9_000 + sensor, at=sensor / 10, input_id=sensor)
    assert [flow["orig_bytes"] for flow in log.gather()] == [9_002]
    assert joined(log) == [("zeek", "zeek", 2, 0, 0)]


def test_zeek_and_suricata_are_one_and_a_port_used_again_is_not_lost(log: Observed) -> None:
    """Zeek counts better; what it did not see stays Suricata's."""
    saw(log, "Z1", 9_000)
    eve = {"format": "suricata", "bytes_kind": "headers", "input_id": 1}
    saw(log, "S1", 9_900, at=0.1, **eve)
    saw(log, "S2", 40_000, at=120, last=125, **eve)
    assert [flow["orig_bytes"] for flow in log.gather()] == [9_000, 40_000]
    assert joined(log) == [("suricata", "zeek", 1, 0, 1)]


def test_sources_that_count_alike_count_once(log: Observed) -> None:
    """A sensor's totals beside a flow log's deltas, both with headers: keys go first."""
    log.counted(5_400, 100, at=20)
    log.counted(5_400, 100, at=80)
    saw(log, "S1", 10_700, at=0, last=70, format="suricata", bytes_kind="headers", input_id=1)
    (flow,) = log.gather()
    assert (flow["orig_bytes"], flow["records"]) == (10_700, 3)
    assert joined(log) == [("azure-flow-logs", "suricata", 1, 0, 0)]


def test_sources_that_count_alike_need_one_server(log: Observed) -> None:
    log.counted(5_400, 100, server_ip=None, name="x.example", name_kind="log_fqdn")
    saw(log, "S1", 10_700, format="suricata", bytes_kind="headers", input_id=1)
    assert len(log.gather()) == 2


@pytest.mark.parametrize(("second", "sized"), [("zeek", 800), ("suricata", None)])
def test_a_request_that_two_read_is_one(log: Observed, second: str, sized: int | None) -> None:
    put = {"client_port": 50000, "server_ip": "20.60.1.1", "server_port": 443, "method": "PUT",
           "url": "/c/b", "name": "h.example", "name_kind": "http_host"}  # fmt: skip
    saw(log, "B1", 9_100, format=second, input_id=1,
        bytes_kind="payload" if second == "zeek" else "headers")  # fmt: skip
    log.sees("http", format=second, session="B1", input_id=1, request_bytes=sized, at=0.1, **put)
    saw(log, "A1", 9_000)
    log.sees("http", format="zeek", session="A1", request_bytes=800, at=0.2, **put)
    assert len(log.gather()) == 1
    requests = log.rows("SELECT method, body_bytes, input_id FROM http")
    assert requests == [{"method": "PUT", "body_bytes": 800, "input_id": 0}]
