"""From packets to findings: fronting, tunnels, hygiene and readiness in crafted captures."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from craft import dns, http, https, run, tls
from craft.certificates import issue
from craft.pcap import write_pcap
from craft.scenes import REGISTRY_ADDRESS, STORE_ADDRESS, merge, pull_session, upload_session
from craft.tcp import EPOCH_NS, Conversation, Host

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from analyzer.result import Finding
    from craft.packet import Packet

AGENT = "10.77.0.1"
LOGIN = "quietworks.azurecr.io"
SECOND = 1_000_000_000
MINUTE = 60 * SECOND


def judged(folder: Path, *groups: Iterable[Packet], **options: object) -> list[Finding]:
    """Findings of a capture that holds these packets."""
    capture = folder / "c.pcap"
    capture.write_bytes(write_pcap(merge(*groups)))
    done = run.analyze(folder, capture, **options)  # type: ignore[arg-type]
    assert not [issue for issue in done.result.issues if issue.incomplete]
    return done.result.findings


def by_rule(findings: list[Finding], rule: str) -> list[Finding]:
    return [f for f in findings if rule in (f.rule, *f.also)]


def tunnelled(outer: str, inner: str, body: int, port: int = 42100) -> list[Packet]:
    """CONNECT to one name through a proxy, then TLS with another."""
    talk = Conversation(Host(AGENT, port, 300), Host("10.77.9.9", 3128, 400)).open()
    talk.client(http.request("CONNECT", f"{outer}:443", f"{outer}:443"))
    talk.server(http.response(200, "Connection established"))
    session = https.Session(talk).handshake(tls.Hello(inner))
    return session.exchange(400, body, 250).close().conversation.packets()


def test_fronting_in_a_tunnel(tmp_path: Path) -> None:
    packets = tunnelled("cdn.front.example", "drop.evil.example", 90_000)
    (found,) = by_rule(judged(tmp_path, packets), "EX013")
    assert (found.severity, found.endpoint) == ("high", "drop.evil.example")
    assert found.facts["announced"] == ["CONNECT cdn.front.example"]
    assert found.uploaded_bytes is not None
    assert abs(found.uploaded_bytes - 90_000) <= (found.size_error_bytes or 0)


def test_an_honest_tunnel_fronts_nothing(tmp_path: Path) -> None:
    packets = tunnelled("drop.evil.example", "drop.evil.example", 90_000)
    assert by_rule(judged(tmp_path, packets), "EX013") == []


def relay(turns: int, gap_ns: int) -> list[Packet]:
    session = https.connect((AGENT, 42200), (STORE_ADDRESS, 443), "relay.unknown.example")
    for _ in range(turns):
        session.exchange(100, 3_000, 300)
        session.conversation.wait(gap_ns)
    return session.close().conversation.packets()


def test_a_relay_that_stays_open(tmp_path: Path) -> None:
    (found,) = by_rule(judged(tmp_path, relay(25, 30 * SECOND)), "EX014")
    assert (found.severity, found.endpoint) == ("medium", "relay.unknown.example")
    assert found.facts["turns"] >= 25
    assert found.orig_payload_bytes is not None
    assert found.orig_payload_bytes >= 75_000


def test_the_same_bytes_at_once_are_no_relay(tmp_path: Path) -> None:
    assert by_rule(judged(tmp_path, relay(25, SECOND)), "EX014") == []


def test_private_names_in_public_and_resolvers_that_nobody_declared(tmp_path: Path) -> None:
    alias = "quietworks.privatelink.azurecr.io"
    answers = [dns.Record(LOGIN, dns.CNAME, alias, 60), dns.Record(alias, dns.A, "20.62.128.38")]
    asked = dns.lookup(EPOCH_NS, AGENT, LOGIN, answers, resolver="8.8.8.8")
    fine = dns.lookup(
        EPOCH_NS + SECOND, AGENT, "example.com", [dns.Record("example.com", dns.A, "20.1.1.1")],
        resolver="10.0.0.53", txid=2, port=40001,
    )  # fmt: skip
    found = judged(tmp_path, asked, fine, own=["acr:quietworks"], resolvers=["10.0.0.0/24"])
    (private,) = by_rule(found, "HY001")
    assert (private.endpoint, private.severity) == (LOGIN, "low")
    assert private.evidence[0].display_filter == "frame.number == 2"
    assert private.facts["addresses"] == ["20.62.128.38"]
    (around,) = by_rule(found, "HY003")
    assert (around.endpoint, around.addresses) == (None, ["8.8.8.8"])
    assert [e.first_packet for e in around.evidence] == [1, 2]
    assert {f.stream for f in found} == {"hygiene"}


def certified(names: list[str], port: int) -> list[Packet]:
    """TLS 1.2 whose certificate is for these names."""
    sni = "acct.blob.core.windows.net"
    talk = Conversation(Host(AGENT, port, 5), Host(STORE_ADDRESS, 443, 6)).open()
    talk.client(tls.handshake_records(tls.client_hello(tls.Hello(sni, versions=()))))
    hello = tls.server_hello(tls.Choice(tls.TLS12, 0xC02F))
    chain = tls.certificate_message(issue(names[0], names))
    talk.server(tls.handshake_records(hello + chain + tls.HELLO_DONE))
    talk.client(tls.client_finished(tls13=False)).server(tls.server_finished_tls12())
    session = https.Session(talk, tls13=False).exchange(300, 0, 900)
    return session.close().conversation.packets()


def test_certificates(tmp_path: Path) -> None:
    (found,) = by_rule(judged(tmp_path, certified(["front.example"], 42300)), "HY007")
    assert (found.endpoint, found.severity) == ("acct.blob.core.windows.net", "low")
    assert found.facts["certificate"] == ["front.example"]
    (tmp_path / "good").mkdir()
    good = certified(["*.blob.core.windows.net"], 42301)
    assert by_rule(judged(tmp_path / "good", good), "HY007") == []


def test_replicas(tmp_path: Path) -> None:
    """One agent pulls through a replica that the inventory lacks, another asks the login server."""
    listed = tmp_path / "endpoints.json"
    east, west = (f"quietworks.{region}.data.azurecr.io" for region in ("eastus", "westeurope"))
    endpoints = [{"region": "eastus", "endpoint": east}]
    listed.write_text(json.dumps({"loginServer": LOGIN, "dataEndpoints": endpoints}))
    found = judged(
        tmp_path,
        pull_session(AGENT, layers=(900,)).conversation.packets(),
        pull_session(
            AGENT, port=42401, name=west, address=REGISTRY_ADDRESS, start_ns=EPOCH_NS + SECOND
        ).conversation.packets(),
        pull_session("10.77.0.2", layers=(900,)).conversation.packets(),
        inventories=[listed],
    )
    (replica,) = by_rule(found, "RD002")
    assert (replica.agent, replica.endpoint) == (AGENT, west)
    assert replica.facts["listed"] == [east]
    (idle,) = by_rule(found, "RD004")
    assert (idle.agent, idle.endpoint) == ("10.77.0.2", LOGIN)
    assert idle.facts == {"needed_not_observed": [east], "used_by_other_agents": [west]}


def test_hygiene_and_readiness_never_make_the_verdict_or_fail_on_medium(tmp_path: Path) -> None:
    capture = tmp_path / "c.pcap"
    capture.write_bytes(write_pcap(certified(["front.example"], 42300)))
    for limit, code in (("medium", 0), ("low", 1)):
        done = run.command_line(
            "analyze", capture, "-o", f"{limit}.json", "--fail-on", limit, cwd=tmp_path
        )
        assert done.returncode == code, done.stderr
        document = json.loads((tmp_path / f"{limit}.json").read_bytes())
        assert document["verdict"] != "suspected upload"
        assert {f["stream"] for f in document["findings"]} == {"hygiene"}
    done = run.command_line("analyze", capture, "-o", "c.html", cwd=tmp_path)
    assert done.returncode == 0
    page = (tmp_path / "c.html").read_text()
    # The section of an agent names what was found of it, in whatever stream.
    for stream, there in (("exfiltration", False), ("readiness", False), ("hygiene", True)):
        section = page.partition(f'<h2 id="{stream}">')[2].partition("</section>")[0]
        assert ("Certificate that does not cover the announced name" in section) is there


def test_an_upload_beside_them_is_found_all_the_same(tmp_path: Path) -> None:
    found = judged(
        tmp_path,
        certified(["front.example"], 42300),
        upload_session("10.77.0.3").conversation.packets(),
    )
    assert [f.stream for f in found] == ["exfiltration", "hygiene"]
