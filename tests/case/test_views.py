"""The views that rules and reports read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from analyzer.schema import TABLES

if TYPE_CHECKING:
    from conftest import World


def scene(world: World) -> None:
    world.says(world.upload(size=5000, at=10), world.DROP)
    world.says(world.flow("52.239.170.40", at=12, drip_turns=1, drip_bytes=600), world.DROP)
    world.says(world.flow(world.FRONT_END, at=11), world.LOGIN)
    world.upload("45.33.32.156", size=9000, at=13)
    client = world.upload(world.PROXY, size=7000, at=20, resp_port=3128)
    world.asks(client, "CONNECT", f"{world.DROP}:443", world.DROP)
    world.says(world.upload(size=7000, src=world.PROXY, at=20.5), world.DROP)


def test_uploads_are_the_flows_with_any_sign_of_one(world: World) -> None:
    scene(world)
    found = [(r["agent"], r["endpoint"], r["upload_bytes"]) for r in world.derive("uploads")]
    assert found == [
        (world.AGENT, world.DROP, 5000),
        (world.AGENT, world.DROP, 0),
        (world.AGENT, None, 9000),
        (world.AGENT, world.DROP, 7000),
    ]


def test_logins_are_contacts_with_login_servers(world: World) -> None:
    scene(world)
    (login,) = world.derive("logins")
    assert (login["agent"], login["login_server"]) == (world.AGENT, world.LOGIN)
    assert (login["ownership"], login["owner"], login["flow_id"]) == ("ours", "contoso", 2)


def test_contacts_sum_up_by_agent_and_endpoint(world: World) -> None:
    scene(world)
    rows = {(r["endpoint"], r["address"]): r for r in world.derive("contacts")}
    assert set(rows) == {(world.DROP, None), (world.LOGIN, None), (None, "45.33.32.156")}
    drop = rows[world.DROP, None]
    assert drop["addresses"] == [world.PROXY, world.STAMP, "52.239.170.40"]
    assert (drop["flow_count"], drop["upload_turns"], drop["upload_bytes"]) == (3, 2, 12_000)
    assert (drop["small_turns"], drop["name_grade"], drop["ports"]) == (1, "A1", [443, 3128])
    assert drop["last_ns"] - drop["first_ns"] == 11_000_000_000


# -- handshakes -----------------------------------------------------------------------------------


def half(world: World, table: str, flow: int, at: int, **changes: Any) -> None:
    row = {"flow_id": flow, "ts_ns": at, "packet": at, "input_id": 0, "truncated": False,
           "ticket": False, "psk": False, "early_data": False, "ech": False,
           "hello_retry": False}  # fmt: skip
    names = {c.name for t in TABLES if t.name == table for c in t.columns}
    world.rows[table].append({k: v for k, v in {**row, **changes}.items() if k in names})


def test_both_halves_of_a_handshake_are_one_row(world: World) -> None:
    flow = world.flow()
    half(world, "tls", flow, 1, sni="a.example", version=772, versions="772,771")
    half(world, "tls_server", flow, 2, version=772, cipher=0x1301, hello_retry=True)
    half(world, "tls", flow, 3, sni="a.example", version=772, versions="772,771")
    half(world, "tls_server", flow, 4, version=772, cipher=0x1302, psk=True)
    (row,) = world.derive("handshakes")
    assert (row["packet"], row["server_packet"], row["hellos"]) == (3, 4, 2)
    assert (row["version"], row["cipher"], row["hello_retry"]) == (772, 0x1302, True)
    assert row["resumed"] is True
    assert (row["client_alert"], row["server_alert"]) == (None, None)


@pytest.mark.parametrize(
    ("sent", "echoed", "resumed"), [("ab", "ab", True), ("ab", "cd", False), (None, None, False)]
)
def test_tls12_resumes_by_the_echoed_session_id(
    world: World, sent: str | None, echoed: str | None, resumed: bool
) -> None:
    flow = world.flow()
    half(world, "tls", flow, 1, version=771, session_id=sent)
    half(world, "tls_server", flow, 2, version=771, cipher=1, session_id=echoed)
    (row,) = world.derive("handshakes")
    assert row["resumed"] is resumed


def test_a_missing_half_is_null(world: World) -> None:
    half(world, "tls", world.flow(), 1, version=771, sni="a.example")
    half(world, "tls_server", world.flow(), 2, version=771, cipher=1, cert_subject="b.example")
    half(world, "tls_alerts", 0, 3, sender="server", level="fatal", description=40,
         name="handshake_failure")  # fmt: skip
    one, two = world.derive("handshakes")
    assert (one["sni"], one["version"], one["resumed"]) == ("a.example", None, None)
    assert one["server_alert"] == "fatal handshake_failure"
    assert (two["sni"], two["cert_subject"], two["resumed"]) == (None, "b.example", None)
