"""The three engines against each other: two were written from definitions, one is other people's.

Over the laboratory: every column of the conversations, hellos, requests, look-ups and names, then
verdict and findings. Over the corpus: conversations with unique payload, SNI, names in DNS answers;
files of at most 2,000 packets, which keeps it to about two minutes on two idle cores (tshark starts
once for each file). What is compared is listed in craft/engines.py, column by column, and so is
what is left out because an engine does not look there: the inside of tunnels (scapy), QUIC beyond
its datagrams. Files of which scapy says that it left packets out (fragments, other link types)
are counted, not compared.
Where engines differ otherwise, engine_exceptions.toml says why and who is right.
"""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from craft import engines, run

if TYPE_CHECKING:
    from collections.abc import Callable

    from craft.direct import Tables

MOST_PACKETS = 2000
EXCEPTIONS = Path(__file__).with_name("engine_exceptions.toml")
IN_FULL = ("flows", "tls", "http", "dns", "names")
ON_CORPUS = ("payload", "sni", "dns names")

Entry = dict[str, Any]


@pytest.fixture(scope="session")
def exceptions() -> list[Entry]:
    entries: list[Entry] = tomllib.loads(EXCEPTIONS.read_text("utf-8")).get("exception", [])
    return entries


@pytest.fixture(scope="session")
def tables() -> Callable[..., Tables]:
    """What an engine makes of files, each read once."""
    known: dict[tuple[str, ...], Tables] = {}

    def get(engine: str, *paths: Path) -> Tables:
        key = (engine, *map(str, paths))
        if key not in known:
            known[key] = engines.read(engine, *paths)
        return known[key]

    return get


def compare(
    native: Tables, other: Tables, engine: str, name: str, checks: tuple[str, ...],
    exceptions: list[Entry], record: Callable[[str, object], None],
) -> None:  # fmt: skip
    """Asserts that two engines agree, but for listed exceptions, each of which is needed."""
    if engines.beyond(other, engine):
        record(f"total {engine}: files it leaves packets out of", 1)
        return
    whole = [e for e in exceptions if (e["file"], e["engine"], e["check"]) == (name, engine, "*")]
    unexplained: dict[str, list[str]] = {}
    differing = 0
    for check in checks:
        count, found = engines.differences(native, other, check, engine)
        record(f"total {engine}: {check} rows", count)
        listed = [
            e for e in exceptions
            if (e["file"], e["engine"], e["check"]) == (name, engine, check)
        ]  # fmt: skip
        differing += len(found)
        if listed:
            record(f"total {engine}: {check} rows excepted", len(found))
            assert found, f"the exception is no longer needed: {listed[0]['reason']}"
        elif found and not whole:
            unexplained[check] = found[:10]
    if whole:
        record(f"total {engine}: rows of files excepted", differing)
        assert differing, f"the exception is no longer needed: {whole[0]['reason']}"
    assert unexplained == {}, f"native (-) against {engine} (+)"


@pytest.mark.tool
@pytest.mark.parametrize("engine", engines.OTHERS)
def test_tables_over_the_laboratory(
    lab_dir: Path, ground_truth: Entry, scenario_id: str, engine: str,
    tables: Callable[..., Tables], exceptions: list[Entry], record_property: Any,
) -> None:  # fmt: skip
    engines.require(engine)
    scenario = ground_truth["scenarios"][scenario_id]
    paths = [lab_dir / name for name in scenario.get("files") or [scenario["file"]]]
    native, other = tables("native", *paths), tables(engine, *paths)
    compare(native, other, engine, scenario_id, IN_FULL, exceptions, record_property)
    assert [r.records for r in other.reports] == [r.records for r in native.reports]
    assert [r.sha256 for r in other.reports] == [r.sha256 for r in native.reports]
    assert [r.complete for r in other.reports] == [r.complete for r in native.reports]


@pytest.mark.tool
@pytest.mark.parametrize("engine", engines.OTHERS)
def test_verdict_and_findings_over_the_laboratory(
    lab_dir: Path, ground_truth: Entry, scenario_id: str, engine: str, tmp_path: Path,
    exceptions: list[Entry],
) -> None:  # fmt: skip
    engines.require(engine)
    scenario = ground_truth["scenarios"][scenario_id]
    paths = [lab_dir / name for name in scenario.get("files") or [scenario["file"]]]
    inventory = [lab_dir / "endpoints.json"]
    native = run.analyze(tmp_path, *paths, inventories=inventory)
    other = run.analyze(tmp_path, *paths, inventories=inventory, engine=engine)
    assert other.result.verdict == native.result.verdict
    listed = [
        e for e in exceptions
        if (e["file"], e["check"], e["engine"]) == (scenario_id, "findings", engine)
    ]  # fmt: skip
    same = run.comparable(other.result.findings) == run.comparable(native.result.findings)
    assert same != bool(listed), listed or run.comparable(other.result.findings)


@pytest.mark.tool
@pytest.mark.parametrize("engine", engines.OTHERS)
def test_tables_over_the_corpus(
    corpus_dir: Path, oracle: Entry, corpus_name: str, engine: str,
    tables: Callable[..., Tables], exceptions: list[Entry], record_property: Any,
) -> None:  # fmt: skip
    engines.require(engine)
    if oracle[corpus_name]["format"].get("records", 0) > MOST_PACKETS:
        pytest.skip(f"more than {MOST_PACKETS} packets")
    path = corpus_dir / "open" / corpus_name
    native, other = tables("native", path), tables(engine, path)
    checks = (*ON_CORPUS, "outer") if engine == "tshark" else ON_CORPUS
    compare(native, other, engine, corpus_name, checks, exceptions, record_property)


@pytest.mark.tool
@pytest.mark.parametrize("keyed", ["m01_put_1k", "m04_put_200k_sdk", "m36_tls12"])
def test_a_key_log_proves_uploads(
    lab_dir: Path, ground_truth: Entry, keyed: str, tmp_path: Path
) -> None:
    """Name A1, direction W1 and the exact size, for what is only announced without keys."""
    engines.require("tshark")
    scenario = ground_truth["scenarios"][keyed]
    path, keylog = lab_dir / scenario["file"], lab_dir / scenario["tls_keylog"]
    _proven(scenario, run.analyze(
        tmp_path, path, inventories=[lab_dir / "endpoints.json"], engine="tshark", keylog=keylog
    ))  # fmt: skip


@pytest.mark.tool
def test_secrets_in_the_file_prove_uploads(
    lab_dir: Path, ground_truth: Entry, tmp_path: Path
) -> None:
    engines.require("tshark")
    scenario = ground_truth["scenarios"]["m34_pcapng_secrets"]
    inventory = [lab_dir / "endpoints.json"]
    path = lab_dir / scenario["file"]
    _proven(scenario, run.analyze(tmp_path, path, inventories=inventory, engine="tshark"))


def _proven(scenario: Entry, analysis: run.Analysis) -> None:
    (upload,) = scenario["expected"]["suspicious_uploads"]
    (found,) = [f for f in analysis.exfiltration() if f.endpoint == upload["host"]]
    assert (found.name_grade, found.direction_evidence) == ("A1", "W1")
    assert found.uploaded_bytes == upload["upload_body_bytes"]
    written = {"PUT", "POST", "PATCH"}
    bodies = analysis.rows("SELECT method, host, content_length, body_bytes, target FROM http")
    assert sum(
        row["body_bytes"] for row in bodies if row["method"] in written
        and row["host"] == upload["host"]
    ) == upload["upload_body_bytes"]  # fmt: skip
    assert "sig=" not in json.dumps(bodies).replace("sig=REDACTED", "")
    there = sum(t["host_header"] == upload["host"] for t in scenario["transfers"])
    assert sum(row["host"] == upload["host"] for row in bodies) == there


def test_every_exception_says_why(exceptions: list[Entry]) -> None:
    keys = [(e["file"], e["engine"], e["check"]) for e in exceptions]
    assert len(keys) == len(set(keys))
    for entry in exceptions:
        assert entry["engine"] in engines.OTHERS
        assert entry["check"] in (*IN_FULL, *ON_CORPUS, "outer", "findings", "*")
        assert entry["right"] in ("native", "scapy", "tshark", "both")
        assert len(entry["reason"]) > 20
