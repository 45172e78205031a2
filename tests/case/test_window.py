"""--from and --to, and approvals that end, over a committed capture."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

import duckdb
import pytest

from analyzer.config import Settings
from craft.run import ROOT

if TYPE_CHECKING:
    from pathlib import Path

CAPTURE = ROOT / "captures" / "made-pull-and-upload.pcap"
DAY = 86_400 * 1_000_000_000


def run(**settings):
    from analyzer import api

    with api.judged_case(Settings(inputs=(str(CAPTURE),), own=("contoso",), **settings)) as found:
        case, result = found
        rows = case.connection.execute(
            "SELECT start_ns, end_ns, endpoint, ownership FROM attributed ORDER BY start_ns"
        ).fetchall()
        counts = {
            table: case.connection.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0]
            for table in ("flows", "tls", "http", "dns", "dns_answers", "names")
        }
    return result, rows, counts


@pytest.fixture(scope="module")
def whole():
    return run()


def said(result, code):
    return [(issue.where, issue.detail) for issue in result.issues if issue.code == code]


def test_a_time_that_holds_everything_changes_nothing_but_what_is_said(whole):
    result, rows, counts = run(from_ns=0, to_ns=1 << 62)
    assert (rows, counts) == whole[1:]
    assert result.findings == whole[0].findings
    ((where, detail),) = said(result, "time-window")
    assert where == "run"
    assert "Left out: 0 conversations, 0 DNS messages." in detail
    assert result.coverage.notes == [detail, *whole[0].coverage.notes]
    assert not said(whole[0], "time-window")


def test_a_conversation_counts_when_any_part_lies_inside(whole):
    (upload,) = [row for row in whole[1] if row[2] and row[2].startswith("parkedlayers")]
    for moment in upload[:2]:
        result, rows, _ = run(from_ns=moment, to_ns=moment)
        assert upload in rows
        assert result.findings
    result, rows, counts = run(from_ns=upload[1] + 1)
    assert upload not in rows
    assert all(end >= upload[1] + 1 for _, end, _, _ in rows)
    assert not [f for f in result.findings if f.stream == "exfiltration"]
    assert counts["flows"] < whole[2]["flows"]


def test_nothing_is_left_of_what_lies_outside():
    result, rows, counts = run(to_ns=0)
    assert rows == []
    assert counts == dict.fromkeys(counts, 0)
    assert result.verdict == "cannot tell"


def test_a_name_from_outside_stays_where_a_conversation_inside_owes_it_its_own(whole):
    """The look-ups precede the upload; without them its name would rest on the SNI alone (A3)."""
    (upload,) = [row for row in whole[1] if row[2] and row[2].startswith("parkedlayers")]
    result, _, counts = run(from_ns=upload[0])
    (finding,) = [f for f in result.findings if f.stream == "exfiltration"]
    assert finding.name_grade == "A2"
    assert counts["dns"] < whole[2]["dns"]
    assert 0 < counts["names"] < whole[2]["names"]


def test_look_ups_from_outside_are_not_judged():
    """The look-alike is looked up in this capture, and nothing is sent to it."""
    capture = CAPTURE.with_name("made-look-alike-dns.pcap")
    from analyzer import api

    def rules(**settings):
        found = api.analyze(Settings(inputs=(str(capture),), own=("contoso",), **settings))
        return [f.rule for f in found.findings]

    assert "HY004" in rules()
    assert rules(to_ns=0) == []


def approve(tmp_path: Path, day: datetime.date) -> Path:
    path = tmp_path / "acrtrace.toml"
    path.write_text(f'[[approve]]\nname = "storage:parkedlayers"\nowner = "us"\nexpires = {day}\n')
    return path


def test_an_approval_is_judged_by_the_time_of_the_traffic(whole, tmp_path):
    last = max(row[1] for row in whole[1])
    today = datetime.date(1970, 1, 1) + datetime.timedelta(days=last // DAY)
    in_time, _, _ = run(config_file=approve(tmp_path, today + datetime.timedelta(days=1)))
    assert not in_time.findings
    assert not said(in_time, "approval-expired")
    config = approve(tmp_path, today)
    late, rows, _ = run(config_file=config)
    assert [f.rule for f in late.findings] == [f.rule for f in whole[0].findings]
    ((where, detail),) = said(late, "approval-expired")
    assert where == str(config)
    assert f"storage:parkedlayers (owner us, expires {today}) has ended" in detail
    assert rows == whole[1]


def test_traffic_from_before_the_end_stays_approved():
    from analyzer.case.lapsed import keep_approved
    from analyzer.endpoints.inventory import Inventory

    inventory = Inventory.load(own=["contoso"])
    with duckdb.connect() as connection:
        connection.execute(
            "CREATE TABLE attributed AS SELECT flow_id, start_ns::BIGINT AS start_ns, "
            "'x.blob.core.windows.net' AS endpoint, '192.0.2.1' AS resp_ip, "
            "'foreign' AS ownership, 'y' AS imitates "
            "FROM (VALUES (1, 5), (2, 15)) t(flow_id, start_ns)"
        )
        inventory.approved_until = lambda match, name: 10  # type: ignore[method-assign]
        keep_approved(connection, catalogue=inventory.catalogue, inventory=inventory)
        found = connection.execute(
            "SELECT flow_id, ownership, imitates FROM attributed ORDER BY flow_id"
        ).fetchall()
    assert found == [(1, "approved", None), (2, "foreign", "y")]


def test_rules_off_and_limits_are_stated_first(whole):
    from analyzer.config import thresholds_with

    result, _, _ = run(
        rules_off=(("EX001", "we know"),), thresholds=thresholds_with({"tunnel_turns": 30})
    )
    assert "EX001" not in [f.rule for f in result.findings]
    off = "Rule EX001 is switched off (we know): what it would report is in no list."
    limits = "Limits differ from the default: tunnel_turns 30 instead of 20."
    assert said(result, "rule-off") == [("run", off)]
    assert said(result, "limits-changed") == [("run", limits)]
    assert result.coverage.notes[:2] == [off, limits]
    assert result.thresholds["tunnel_turns"] == 30


def test_a_rule_that_does_not_exist_cannot_be_off():
    from analyzer.issues import UsageError

    with pytest.raises(UsageError, match="'EX099' cannot be switched off.*did you mean"):
        run(rules_off=(("EX099", ""),))
