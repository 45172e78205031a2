"""Real captures that nobody here wrote, against what tshark sees in them.

Every file is analysed without a crash or a hang. Where the link type is one we read, every SNI
(over TCP and QUIC), DNS answer and HTTP request of the oracle is found and unique payload agrees,
but for corpus_exceptions.toml.
"""

from __future__ import annotations

import faulthandler
import re
import tomllib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from analyzer.capture.http import redact, split_authority
from craft import run

if TYPE_CHECKING:
    from collections.abc import Callable

HANG_SECONDS = 300
"""Not a time limit: a file takes well under a second, so this only turns a hang into a failure."""

READ_LINKTYPES = {
    0, 1, 9, 10, 12, 14, 50, 51, 101, 104, 105, 108, 109, 113, 117, 119, 127, 149, 163, 166, 192,
    204, 226, 228, 229, 239, 242, 258, 274, 276, 281, 282, 284, 285,
}  # fmt: skip
RR_TYPES = {1: "A", 28: "AAAA", 5: "CNAME"}
EXCEPTIONS = Path(__file__).with_name("corpus_exceptions.toml")
FINDINGS = Path(__file__).with_name("corpus_findings.toml")

Entry = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What one check compared: everything the oracle lists, and what did not agree.

    `missing` maps the key of each disagreement to our figures for it (None where we have none).
    """

    compared: int
    missing: dict[str, list[int] | None]


@pytest.fixture(scope="session")
def exceptions() -> list[Entry]:
    entries: list[Entry] = tomllib.loads(EXCEPTIONS.read_text("utf-8"))["exception"]
    return entries


@pytest.fixture(scope="session")
def justified() -> list[Entry]:
    entries: list[Entry] = tomllib.loads(FINDINGS.read_text("utf-8"))["finding"]
    return entries


@pytest.fixture(scope="session")
def done() -> dict[str, run.Analysis]:
    """Files that were analysed already."""
    return {}


@pytest.fixture
def analysis(
    corpus_dir: Path,
    tmp_path_factory: pytest.TempPathFactory,
    corpus_name: str,
    done: dict[str, run.Analysis],
) -> run.Analysis:
    if corpus_name not in done:
        faulthandler.dump_traceback_later(HANG_SECONDS, exit=True)
        try:
            path = corpus_dir / "open" / corpus_name
            done[corpus_name] = run.analyze(tmp_path_factory.mktemp("corpus"), path)
        finally:
            faulthandler.cancel_dump_traceback_later()
    return done[corpus_name]


@pytest.fixture
def seen(oracle: dict[str, Entry], corpus_name: str) -> Entry:
    """The oracle's entry; skips a file of which we read no link type at all."""
    entry = oracle[corpus_name]
    linktypes = entry["format"].get("linktypes")
    if linktypes and not READ_LINKTYPES & set(linktypes):
        pytest.skip(f"link type {linktypes} is not read")
    return entry


def test_a_result_document_comes_out(
    analysis: run.Analysis, oracle: dict[str, Entry], corpus_name: str, record_property: Any
) -> None:
    result = analysis.result
    assert result.schema == "acrtrace-result/2"
    assert len(result.inputs) == 1
    stated = oracle[corpus_name]["format"]
    if "records" in stated:
        assert result.inputs[0].records == stated["records"]
    damaged = "error" in stated or not stated["size"]
    # Sound, and yet not analysed: a link type or container we do not read, packets of which none
    # could be looked into, or no packet at all.
    unread = {"unknown-link-type", "nothing-analysed"} & {issue.code for issue in result.issues}
    assert "unknown-link-type" not in unread or set(stated["linktypes"]) - READ_LINKTYPES
    assert "nothing-analysed" not in unread or not analysis.rows("SELECT * FROM flows")
    nothing = stated.get("records") == 0
    assert result.inputs[0].complete is not (damaged or bool(unread) or nothing)
    assert any(issue.incomplete for issue in result.issues) or not damaged
    record_property("total files", 1)
    record_property("total records", result.inputs[0].records)


def test_findings_above_low_are_justified_one_by_one(
    analysis: run.Analysis, corpus_name: str, justified: list[Entry]
) -> None:
    found = sorted(
        (f.rule, f.severity, f.agent, f.endpoint or f.addresses[0], f.uploaded_bytes)
        for f in analysis.result.findings
        if run.above_low(f)
    )
    listed = sorted(
        (entry["rule"], "medium", entry["agent"], entry["target"], entry.get("bytes"))
        for entry in justified
        if entry["file"] == corpus_name
    )
    assert found == listed


def test_every_justification_says_what_it_is(
    justified: list[Entry], oracle: dict[str, Entry]
) -> None:
    for entry in justified:
        assert entry["file"] in oracle
        assert entry["right"] in ("true", "stands", "damage")
        assert len(entry["what"]) > 60


# -- the five comparisons -------------------------------------------------------------------------


def _end(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _printed_by_tshark(name: str) -> str:
    """Our \\DDD for a byte that is no UTF-8 is tshark's replacement character, the root <Root>."""
    return (
        "<Root>"
        if not name
        else re.sub(
            r"\\(\d{3})", lambda m: "\N{REPLACEMENT CHARACTER}" if int(m[1]) > 127 else m[0], name
        )
    )


def compare_sni(analysis: run.Analysis, seen: Entry) -> Comparison:
    return _compare_names(analysis, seen["tls_sni"], "t.quic_version IS NULL")


def compare_quic_sni(analysis: run.Analysis, seen: Entry) -> Comparison:
    return _compare_names(analysis, seen["quic_sni"], "t.quic_version IS NOT NULL")


def _compare_names(analysis: run.Analysis, listed: list[Any], which: str) -> Comparison:
    rows = analysis.rows(
        "SELECT t.sni, orig_ip, orig_port, resp_ip, resp_port FROM tls t JOIN flows "
        f"USING (flow_id) WHERE t.sni IS NOT NULL AND {which}"
    )
    ours = {
        f"{_printed_by_tshark(r['sni'])} {_end(r['orig_ip'], r['orig_port'])} "
        f"{_end(r['resp_ip'], r['resp_port'])}"
        for r in rows
    }
    theirs = {
        f"{name.lower()} {_end(client, cport)} {_end(server, sport)}"
        for name, client, cport, server, sport, _frame, _segments in listed
    }
    return Comparison(len(theirs), dict.fromkeys(sorted(theirs - ours)))


def compare_dns(analysis: run.Analysis, seen: Entry) -> Comparison:
    rows = analysis.rows(
        "SELECT transport, owner, type, value, ttl_s FROM dns_answers JOIN dns USING (dns_id)"
    )
    ours = {
        f"{r['transport']} {_printed_by_tshark(r['owner']).lower()} {RR_TYPES[r['type']]} "
        f"{_printed_by_tshark(r['value']).lower()} {r['ttl_s']}"
        for r in rows
        if r["type"] in RR_TYPES
    }
    theirs = {
        f"{transport} {owner.lower()} {kind} {value.lower()} {ttl}"
        for transport, owner, kind, value, ttl, _frame in seen["dns_answers"]
    }
    return Comparison(len(theirs), dict.fromkeys(sorted(theirs - ours)))


def compare_payload(analysis: run.Analysis, seen: Entry) -> Comparison:
    sums: dict[tuple[str, int, str, int], int] = {}
    for flow in analysis.rows("SELECT * FROM flows WHERE proto = 'tcp'"):
        orig, resp = (flow["orig_ip"], flow["orig_port"]), (flow["resp_ip"], flow["resp_port"])
        for key, size in (
            ((*orig, *resp), flow["orig_bytes"]),
            ((*resp, *orig), flow["resp_bytes"]),
        ):
            sums[key] = sums.get(key, 0) + size
    different: dict[str, list[int] | None] = {}
    for a_ip, a_port, b_ip, b_port, *figures in seen["tcp_conv"]:
        there, back = (a_ip, a_port, b_ip, b_port), (b_ip, b_port, a_ip, a_port)
        ours = [sums.get(there, 0), sums.get(back, 0)]
        if ours != [figures[3], figures[7]]:
            different[f"{_end(a_ip, a_port)} {_end(b_ip, b_port)}"] = ours
    return Comparison(len(seen["tcp_conv"]), different)


def compare_http(analysis: run.Analysis, seen: Entry) -> Comparison:
    """Requests as a multiset: method, host without port, target without secrets, both ends.

    What tshark prints is brought to our form: it leaves a byte that is no UTF-8 out or replaces it,
    has no host for a CONNECT without Host field, and ends a target at its first blank.
    """
    ours = Counter(
        f"{r['method']} {r['host'] or ''} {r['target'].split(' ')[0] or ''} "
        f"{_end(r['orig_ip'], r['orig_port'])} {_end(r['resp_ip'], r['resp_port'])}"
        for r in analysis.rows(
            "SELECT method, host, target, orig_ip, orig_port, resp_ip, resp_port "
            "FROM http JOIN flows USING (flow_id)"
        )
    )
    theirs: Counter[str] = Counter()
    for method, host, uri, client, cport, server, sport, _frame in seen["http_requests"]:
        target = redact(uri) if uri else "/"
        authority = host or (target if method == "CONNECT" else "")
        name = split_authority(authority)[0] or ""
        theirs[f"{method} {name} {target} {_end(client, cport)} {_end(server, sport)}"] += 1
    return Comparison(len(seen["http_requests"]), dict.fromkeys(sorted(theirs - ours)))


CHECKS: dict[str, Callable[[run.Analysis, Entry], Comparison]] = {
    "sni": compare_sni,
    "quic_sni": compare_quic_sni,
    "dns": compare_dns,
    "payload": compare_payload,
    "http": compare_http,
}


@pytest.mark.parametrize("check", CHECKS)
def test_agrees_with_the_oracle(
    analysis: run.Analysis,
    seen: Entry,
    corpus_name: str,
    check: str,
    exceptions: list[Entry],
    record_property: Any,
) -> None:
    comparison = CHECKS[check](analysis, seen)
    listed = {
        entry["key"]: entry
        for entry in exceptions
        if entry["file"] == corpus_name and entry["check"] == check
    }
    record_property(f"total {check}", comparison.compared)
    record_property(f"total {check} excepted", len(comparison.missing))
    if "*" in listed:
        assert comparison.missing, f"the exception is no longer needed: {listed['*']['reason']}"
        return
    unexplained = {k: v for k, v in comparison.missing.items() if k not in listed}
    assert unexplained == {}
    assert sorted(set(listed) - set(comparison.missing)) == [], "exceptions no longer needed"
    moved = {
        key: (entry["ours"], comparison.missing[key])
        for key, entry in listed.items()
        if "ours" in entry and entry["ours"] != comparison.missing[key]
    }
    assert moved == {}, "the excepted figure changed (listed, now)"


def test_every_exception_says_why(exceptions: list[Entry], oracle: dict[str, Entry]) -> None:
    keys = [(entry["file"], entry["check"], entry["key"]) for entry in exceptions]
    assert len(keys) == len(set(keys))
    for entry in exceptions:
        assert entry["file"] in oracle
        assert entry["check"] in CHECKS
        assert entry["right"] in ("ours", "oracle", "both")
        assert len(entry["reason"]) > 20
        assert entry["check"] != "payload" or entry["key"] == "*" or "ours" in entry
