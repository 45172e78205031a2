"""Events once, connections together, sources joined, amounts without headers."""

from __future__ import annotations

import random
import re
from typing import TYPE_CHECKING, Any

import pytest

import analyzer.logs.gather as module
from analyzer.case.build import open_case
from analyzer.logs.observe import prepare

if TYPE_CHECKING:
    from conftest import Observed

EVIL = "evil.blob.core.windows.net"
FIRST = 1 << 62


def capture_flow(log: Observed, **columns: Any) -> None:
    """A conversation that a capture showed."""
    start = log.case.connection.execute("SELECT 1790000000000000000").fetchall()[0][0]
    row = {
        "flow_id": 7, "input_id": 0, "start_ns": start, "end_ns": start + 10**9, "proto": "tcp",
        "orig_ip": "10.0.0.4", "orig_port": 50000, "resp_ip": "20.60.1.1", "resp_port": 443,
        "orientation": "syn", "orig_bytes": 5000, "resp_bytes": 100, "turns": 1,
        "open_at_start": False, "open_at_end": False, "bytes_grade": "measured",
        **columns,
    }  # fmt: skip
    names = ", ".join(row)
    marks = ", ".join("?" for _ in row)
    log.case.connection.execute(f"INSERT INTO flows ({names}) VALUES ({marks})", list(row.values()))


def test_deltas_of_a_flow_add_up_without_headers(log: Observed) -> None:
    log.counted(0, 0, begins=True)
    log.counted(588_096, 4_610_880, at=300, pkts_up=1021, pkts_down=8005)
    log.counted(29_952, 27_072, at=330, pkts_up=52, pkts_down=47)
    (flow,) = log.gather()
    assert flow["orig_bytes"] == 588_096 + 29_952 - 54 * (1021 + 52)
    assert flow["resp_bytes"] == 4_610_880 + 27_072 - 54 * (8005 + 47)
    assert (flow["orig_pkts"], flow["records"], flow["bytes_grade"]) == (1073, 3, "wire")
    assert flow["flow_id"] == FIRST


def test_ipv6_headers_are_longer_and_amounts_never_negative(log: Observed) -> None:
    log.counted(1000, 50, client_ip="fd00::4", server_ip="2603::1", pkts_up=10, pkts_down=1)
    (flow,) = log.gather()
    assert (flow["orig_bytes"], flow["resp_bytes"]) == (260, 0)


def test_without_packet_counts_nothing_is_taken_off(log: Observed) -> None:
    log.counted(1000, 50, pkts_up=None, pkts_down=None)
    assert log.gather()[0]["orig_bytes"] == 1000


def test_unknown_amounts_stay_unknown(log: Observed) -> None:
    log.named(EVIL)
    (flow,) = log.gather()
    assert flow["orig_bytes"] is None
    assert flow["resp_ip"] is None
    assert (flow["bytes_grade"], flow["action"], flow["rule"]) == ("absent", "allow", "r")


def test_a_port_that_is_used_again_is_another_flow(log: Observed) -> None:
    log.counted(1000, 0, begins=True)
    log.counted(2000, 0, at=60)
    log.counted(4000, 0, at=120, begins=True)
    log.counted(8000, 0, at=1100)  # more than 15 minutes later, its beginning is not in the export
    assert [flow["orig_bytes"] for flow in log.gather()] == [3000, 4000, 8000]


def test_cumulative_counters_count_once(log: Observed) -> None:
    for up in (1000, 5000, 9000):
        log.counted(up, up, at=up / 100, counter="cumulative", session="42", bytes_kind="payload")
    (flow,) = log.gather()
    assert (flow["orig_bytes"], flow["bytes_grade"]) == (9000, "measured")


def test_a_counter_that_is_not_there_is_unknown_and_not_zero(log: Observed) -> None:
    log.counted(None, 700, counter="cumulative", session="42", bytes_kind="payload")
    (flow,) = log.gather()
    assert (flow["orig_bytes"], flow["resp_bytes"]) == (None, 700)


def test_absurd_counters_overflow_nothing(log: Observed) -> None:
    for at in range(3):
        log.counted(10**18 - 1, 10**18 - 1, at=at, pkts_up=10**18 - 1, pkts_down=10**18 - 1)
        log.counted(9 * 10**17, 0, at=at, pkts_up=None, port=1)
    assert [flow["orig_bytes"] for flow in log.gather()] == [0, 27 * 10**17]


def test_name_and_bytes_meet_by_client_port_and_time(log: Observed) -> None:
    log.named(EVIL, at=0.2)
    log.counted(9000, 100, at=60)
    (flow,) = log.gather()
    assert (flow["orig_bytes"], flow["resp_ip"], flow["rule"]) == (9000, "20.60.1.1", "r")
    (name,) = log.rows("SELECT * FROM names")
    assert (name["flow_id"], name["name"], name["kind"]) == (FIRST, EVIL, "log_fqdn")
    (join,) = log.rows("SELECT * FROM joins")
    assert (join["source"], join["target"]) == ("azure-firewall", "azure-flow-logs")
    assert (join["matched"], join["ambiguous"], join["unmatched"]) == (1, 0, 0)
    assert join["confidence"] == "medium"


@pytest.mark.parametrize(
    "other",
    [
        {"port": 50001},
        {"client_ip": "10.0.0.5"},
        {"server_port": 8443},
        {"at": 301},
        {"at": -302},
        {"proto": "udp"},
    ],
)
def test_another_connection_is_no_match(log: Observed, other: dict[str, Any]) -> None:
    log.named(EVIL, **other)
    log.counted(9000, 100)
    assert len(log.gather()) == 2


def test_another_server_is_no_match(log: Observed) -> None:
    log.named(EVIL, server_ip="20.60.9.9")
    log.counted(9000, 100)
    assert len(log.gather()) == 2


def test_a_port_used_again_soon_gives_each_name_its_own_bytes(log: Observed) -> None:
    log.counted(9000, 100, at=0, last=10, begins=True)
    log.counted(70, 5000, at=100, last=110, begins=True)
    log.named(EVIL, at=1)
    log.named("contoso.azurecr.io", at=101)
    flows = log.gather()
    assert len(flows) == 2
    names = {row["flow_id"]: row["name"] for row in log.rows("SELECT * FROM names")}
    assert names == {FIRST: EVIL, FIRST + 1: "contoso.azurecr.io"}
    assert log.rows("SELECT ambiguous FROM joins") == [{"ambiguous": 2}]


def test_a_capture_counts_better_than_any_log(log: Observed) -> None:
    capture_flow(log)
    log.named(EVIL, at=0.5)
    log.counted(5400, 200, at=0.1, pkts_up=5)
    log.sees(
        format="sysmon", client_port=50000, server_ip="20.60.1.1", server_port=443,
        process="C:\\x.exe",
    )  # fmt: skip
    (flow,) = log.gather()
    assert (flow["flow_id"], flow["orig_bytes"], flow["turns"]) == (7, 5000, 1)
    assert (flow["action"], flow["rule"], flow["process"]) == ("allow", "r", "C:\\x.exe")
    assert flow["records"] == 3
    assert [row["flow_id"] for row in log.rows("SELECT * FROM names")] == [7]
    assert {row["target"] for row in log.rows("SELECT target FROM joins")} == {"capture"}


def test_lines_of_one_session_are_one_connection(log: Observed) -> None:
    tuple_ = {
        "client_port": 50000, "server_ip": "1.2.3.4", "server_port": 443, "session": "C1",
        "format": "zeek",
    }  # fmt: skip
    log.sees("name", name=EVIL, name_kind="sni", **tuple_)
    log.sees(bytes_up=900, bytes_down=30, bytes_kind="payload", counter="total", **tuple_)
    log.sees("http", method="PUT", url="/c?comp=block&sig=s3cr3t", name="h.example",
             name_kind="http_host", status=201, request_bytes=800, **tuple_)  # fmt: skip
    (flow,) = log.gather()
    assert (flow["orig_bytes"], flow["bytes_grade"]) == (900, "measured")
    (request,) = log.rows("SELECT * FROM http")
    assert request["target"] == "/c?comp=block&sig=REDACTED"
    assert (request["method"], request["status"], request["body_bytes"]) == ("PUT", 201, 800)
    assert sorted(row["kind"] for row in log.rows("SELECT kind FROM names")) == [
        "http_host",
        "sni",
    ]


def test_a_block_that_was_written_is_a_put_whatever_the_log_names(log: Observed) -> None:
    log.named(EVIL, url=f"https://{EVIL}/c/b?comp=block&blockid=x&sp=rw&sig=s3cr3t")
    log.named(EVIL, port=50001, url=f"https://{EVIL}/c/b?comp=list&sig=s3cr3t")
    log.gather()
    (request,) = log.rows("SELECT * FROM http")
    assert request["method"] == "PUT"
    assert "s3cr3t" not in request["target"]
    assert "sp=rw" in request["target"]


@pytest.mark.parametrize(
    ("query", "method"),
    [
        ("comp=block&blockid=x", "PUT"),
        ("Comp=Block&BlockId=x", "PUT"),
        ("blockid=x&COMP=APPENDBLOCK#x", "PUT"),
        ("comp=block&blocklisttype=all", "PUT"),
        ("comp=BlockList", "PUT"),
        ("comp=blocklist&blocklisttype=all", None),
        ("BlockListType=all&comp=blocklist", None),
        ("comp=pagelist", None),
        ("x=comp=block", None),
    ],
)
def test_which_query_writes_where_no_method_is_named(
    log: Observed, query: str, method: str | None
) -> None:
    log.named(EVIL, url=f"https://{EVIL}/c/b?{query}")
    log.gather()
    assert [row["method"] for row in log.rows("SELECT method FROM http")] == (
        [method] if method else []
    )


def test_a_fragment_is_redacted(log: Observed) -> None:
    log.named(EVIL, url=f"https://{EVIL}/c#SECRETSIG", method="GET")
    log.gather()
    (request,) = log.rows("SELECT * FROM http")
    assert request["target"] == f"https://{EVIL}/c#REDACTED"


def test_one_event_in_two_schemas_counts_once(log: Observed) -> None:
    log.named(EVIL, at=0.123456)
    log.named(EVIL, at=0.123999, format="azure-firewall-legacy", input_id=1, rule="x")
    log.named(EVIL, at=0.2)
    assert [flow["records"] for flow in log.gather()] == [2]


def test_one_export_twice_counts_once_and_repeats_inside_of_it_stay(log: Observed) -> None:
    for input_id in (0, 1):
        for _ in range(2):
            log.named(EVIL, format="harden-runner", client_port=None, input_id=input_id)
    assert [flow["records"] for flow in log.gather()] == [2]


def test_denied_attempts_that_repeat_are_one(log: Observed) -> None:
    for at in (0, 1, 3, 7, 15, 31, 63):
        log.named(EVIL, action="deny", at=at)
    (flow,) = log.gather()
    assert (flow["action"], flow["records"], flow["orig_port"]) == ("deny", 7, 50000)
    assert flow["end_ns"] - flow["start_ns"] == 63 * 10**9


def test_contacts_of_an_hour_are_one_flow_with_their_number(log: Observed) -> None:
    for at in range(0, 7200, 600):
        log.named(EVIL, port=50000 + at, at=at)
    log.named(EVIL, client_ip="10.0.0.5")
    log.named("other.example")
    log.named(EVIL, action="deny", rule="d")
    flows = log.gather()
    counted = sorted((f["orig_ip"], f["action"], f["records"], f["orig_port"]) for f in flows[:3])
    assert sum(f["records"] for f in flows) == 15
    assert {c[3] for c in counted if c[2] > 1} == {None}
    assert len(flows) == 3 + 3  # T0 lies within an hour, so two hours of contacts touch three


def test_contacts_without_a_name_keep_their_times(log: Observed) -> None:
    for at in (0, 5):
        log.sees(client_port=5, server_port=443, server_ip="20.60.1.1", at=at)
    assert len(log.gather()) == 2


def test_addresses_have_one_spelling(log: Observed) -> None:
    log.sees(
        client_ip="fd10:0003:0005:0001:0000:0000:0000:0004", client_port=1, server_port=443,
        server_ip="::FFFF:20.60.1.1",
    )  # fmt: skip
    (flow,) = log.gather()
    assert (flow["orig_ip"], flow["resp_ip"]) == ("fd10:3:5:1::4", "20.60.1.1")


def test_addresses_of_answers_have_one_spelling(log: Observed) -> None:
    """Suricata writes IPv6 in full."""
    full = "2603:1030:020e:0001:0000:0000:0000:0010"
    answers = [{"owner": "a.example", "type": "AAAA", "value": full, "ttl": 60}]
    log.sees("dns", name="a.example", qtype="AAAA", is_response=True, answers=answers)
    log.gather()
    assert [row["value"] for row in log.rows("SELECT value FROM dns_answers")] == [
        "2603:1030:20e:1::10"
    ]


def test_answers_bind_names_along_their_chain(log: Observed) -> None:
    log.sees(
        "dns", name="www.example.org", is_response=True, qtype="A", rcode="NOERROR", txid=5,
        server_ip="10.0.0.53",
        answers=[
            {"owner": None, "type": "CNAME", "value": "a.example.net.", "ttl": 60},
            {"owner": "a.example.net", "type": "A", "value": "192.0.2.1", "ttl": 30},
            {"owner": "a.example.net", "type": "AAAA", "value": "2001:DB8:0::1", "ttl": 90},
            {"owner": "a.example.net", "type": "A", "value": "not an address", "ttl": 90},
        ],
    )  # fmt: skip
    log.sees("dns", name="gone.example", is_response=True, qtype="28", rcode="3")
    log.gather()
    bound = log.rows("SELECT * FROM names WHERE kind = 'dns' ORDER BY addr")
    assert [(row["addr"], row["ttl_s"], row["chain"]) for row in bound] == [
        ("192.0.2.1", 30, "a.example.net"),
        ("2001:db8::1", 60, "a.example.net"),
    ]
    first, second = log.rows("SELECT * FROM dns ORDER BY dns_id")
    assert (first["qtype"], first["rcode"], first["answers"], first["txid"]) == (1, 0, 4, 5)
    assert (second["qtype"], second["rcode"], second["answers"]) == (28, 3, 0)


def test_the_order_of_lines_changes_nothing_but_line_numbers(log: Observed) -> None:
    """Rows shuffled in the table, as threads may leave them, give the same tables."""
    for n in range(40):
        log.counted(1000 + n, 10, port=50000 + n % 7, at=n * 30, begins=n % 3 == 0)
        log.named(f"n{n % 5}.example", port=50000 + n % 7, at=n * 30 + 1)
    connection = log.case.connection
    rows = connection.execute("SELECT * FROM logs.observations").fetchall()
    marks = ", ".join("?" for _ in rows[0])
    random.Random(3).shuffle(rows)
    first = log.gather()
    named = log.rows("SELECT * FROM names ORDER BY ALL")
    for table in ("flows", "names", "joins"):
        connection.execute(f"DELETE FROM {table}")  # noqa: S608
    prepare(connection)
    connection.executemany(f"INSERT INTO logs.observations VALUES ({marks})", rows)
    assert log.gather() == first
    assert log.rows("SELECT * FROM names ORDER BY ALL") == named


def test_one_connection_counted_in_two_places_counts_once(log: Observed) -> None:
    """Each place adds up for itself, and the one that counted most counts."""
    for at in (0, 60, 120):
        log.counted(10_000, 500, at=at + 0.4, vantage="vnet/A/O", pkts_up=10)
        log.counted(9_000, 700, at=at, vantage="nsg/A/O", pkts_up=9)
    (flow,) = log.gather()
    assert (flow["orig_bytes"], flow["orig_pkts"]) == (30_000 - 30 * 54, 30)
    assert (flow["resp_bytes"], flow["records"]) == (2_100, 6)
    assert (flow["first_packet"], flow["last_packet"]) == (1, 5)


def test_one_place_adds_up_over_its_files(log: Observed) -> None:
    for hour in range(3):
        for at in (0, 600, 1200, 1800, 2400, 3000):
            log.counted(10_000, 500, at=hour * 3600 + at, vantage="vnet/A/O", input_id=hour)
            log.counted(9_000, 500, at=hour * 3600 + at + 1, vantage="vnet/B/I", input_id=hour)
    (flow,) = log.gather()
    assert (flow["orig_bytes"], flow["resp_bytes"]) == (180_000, 9_000)
    assert (flow["input_id"], flow["first_packet"], flow["last_packet"]) == (0, 1, None)


def test_a_connection_begins_once_for_all_places(log: Observed) -> None:
    """A clock of seconds puts the whole short connection before the other place's beginning."""
    nothing = dict.fromkeys(("bytes_up", "bytes_down", "pkts_up", "pkts_down", "counter"))
    for at in (0.0, 30.0):
        log.counted(None, 0, at=at, vantage="nsg/A/O", **{**nothing, "begins": True})
        log.counted(8_000, 500, at=at, vantage="nsg/A/O", begins=False)
        log.counted(None, 0, at=at + 0.3, vantage="vnet/A/O", **{**nothing, "begins": True})
        log.counted(8_000, 500, at=at + 0.9, vantage="vnet/A/O", begins=False)
    flows = log.gather()
    assert [(f["orig_bytes"], f["records"]) for f in flows] == [(8_000, 4), (8_000, 4)]


def test_the_lines_of_a_flow_are_those_that_state_its_bytes(log: Observed) -> None:
    """A cumulative counter is stated by its largest line, a total by the line that has it."""
    session = {"session": "d/1", "format": "fortigate", "counter": "cumulative"}
    log.counted(5_000, 100, **session)
    log.counted(50_000, 200, at=60, **session)
    log.counted(9_000, 300, at=30, **session)
    uid = {"session": "7", "format": "suricata", "port": 50001}
    log.named("a.blob.core.windows.net", at=1, server_ip="20.60.1.1", **uid)
    log.counted(7_000, 100, at=61, counter="total", **uid)
    flows = log.gather()
    assert [(f["first_packet"], f["last_packet"], f["records"]) for f in flows] == [
        (2, 2, 3),
        (5, 5, 2),
    ]


def test_look_ups_of_a_computer_get_its_addresses(log: Observed) -> None:
    """Sysmon's answers do not say who asked; the computer's connections do."""
    answers = [{"owner": None, "type": "A", "value": "20.1.2.4", "ttl": None}]
    asked = {"format": "sysmon", "client_ip": None, "is_response": True, "answers": answers}
    for host in ("one", "two", "none"):
        log.sees("dns", host=host, name=f"{host}.azurecr.io", **asked)
    here = {"format": "sysmon", "server_ip": "20.1.2.4", "server_port": 443, "client_port": 5}
    log.sees(host="one", at=1, **here)
    log.sees(host="one", at=1, **{**here, "client_ip": "127.0.0.1"})
    log.sees(host="two", at=1, **{**here, "client_ip": "10.0.0.8"})
    log.sees(host="two", at=1, **{**here, "client_ip": "fd00::8"})
    log.gather()
    assert log.rows("SELECT qname, client_ip FROM dns ORDER BY dns_id") == [
        {"qname": "one.azurecr.io", "client_ip": "10.0.0.4"},
        {"qname": "two.azurecr.io", "client_ip": None},
        {"qname": "none.azurecr.io", "client_ip": None},
    ]
    named = log.rows(
        "SELECT name, client_ip FROM names WHERE kind = 'dns' ORDER BY packet, client_ip"
    )
    assert [(row["name"], row["client_ip"]) for row in named] == [
        ("one.azurecr.io", "10.0.0.4"),
        ("two.azurecr.io", "10.0.0.8"),
        ("two.azurecr.io", "fd00::8"),
        ("none.azurecr.io", None),
    ]


def crowd(log: Observed, seed: int) -> None:
    """Rows of few keys: sessions over hours and days, deltas, totals, beginnings, names."""
    draw = random.Random(seed)
    for _ in range(120):
        port = draw.choice([None, 50000, 50001])
        at = draw.choice([0, 5, 60, 890, 910, 4_000, 90_000]) + draw.random() * 3
        ends = {
            "client_port": port,
            "server_port": 443,
            "server_ip": draw.choice([None, "20.60.1.1"]),
        }
        kind = draw.randrange(5)
        if kind == 0:
            counter = draw.choice(["delta", "total", "cumulative"])
            log.counted(draw.choice([None, 0, 70_000]), 900, at=at, **{**ends, "counter": counter})
        elif kind == 1:
            session = draw.choice(["C1", "C2"])
            counter = draw.choice(["total", "cumulative", None])
            log.counted(
                draw.randrange(90_000), 10, at=at, format="zeek", session=session,
                bytes_kind="payload", **{**ends, "counter": counter},
            )  # fmt: skip
        elif kind == 2:
            log.sees(
                "name", at=at, format="zeek", session=draw.choice(["C1", "C2"]),
                name=draw.choice([EVIL, "b.example"]), name_kind="sni", app="tls", **ends,
            )  # fmt: skip
        elif kind == 3:
            log.sees(
                "http", at=at, format=draw.choice(["zeek", "squid"]), session="C1",
                method="PUT", url="http://b.example/x", request_bytes=draw.choice([None, 9]),
                **ends,
            )  # fmt: skip
        else:
            log.counted(0, 0, at=at, **{**ends, "counter": None}, begins=True)


@pytest.mark.parametrize("seed", range(8))
def test_hashes_only_save_work(seed: int, log: Observed, monkeypatch: pytest.MonkeyPatch) -> None:
    """All keys with one hash, so that every row is compared by its key: nothing differs."""
    real = module._text

    def collided(name: str) -> str:
        text = real(name)
        if name in ("conversations", "write"):
            text, times = re.subn(
                r"hash\(family,.*? END\)|hash\(p[.]flow_id[^)]*\)",
                "0::UBIGINT",
                text,
                flags=re.DOTALL,
            )
            assert times == 1, name
        return text

    found = []
    for text in (real, collided):
        monkeypatch.setattr(module, "_text", text)
        with open_case() as case:
            rows = type(log)(case)
            crowd(rows, seed)
            flows = rows.gather()
            tables = ("names", "http", "joins")
            found.append([flows, *(rows.rows(f"SELECT * FROM {t} ORDER BY ALL") for t in tables)])  # noqa: S608
    assert found[0] == found[1]
    assert len(found[0][0]) > 10
    assert found[0][1]
    assert found[0][2]
