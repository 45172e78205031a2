from __future__ import annotations

import datetime

from analyzer.case.asked import asked, instant
from analyzer.case.window import Outside
from analyzer.config import Settings, thresholds_with
from analyzer.endpoints.approvals import Approval, Ended


def test_who_asked_for_nothing_is_told_nothing():
    assert asked(Settings(inputs=()), None, [], 0) == []


def test_everything_that_was_asked_for_is_said_in_the_order_of_its_weight():
    settings = Settings(
        inputs=(),
        rules_off=(("EX001", ""), ("HY005", "elsewhere")),
        from_ns=0,
        thresholds=thresholds_with({"tunnel_turns": 30, "lower_bound_missed_share": 0.5}),
    )
    approval = Approval("ghcr.io", owner="us", expires=datetime.date(2027, 1, 1))
    ended = [Ended(approval, "acrtrace.toml"), Ended(approval, "acrtrace.toml", "--approve")]
    found = asked(settings, Outside(1, 2, 3), ended, 1_800_000_000_000_000_000)
    assert [issue.code for issue in found] == [
        "rule-off",
        "rule-off",
        "time-window",
        "limits-changed",
        "approval-expired",
        "approval-expired",
    ]
    assert not any(issue.incomplete or issue.count != 1 for issue in found)
    texts = [issue.detail for issue in found]
    assert texts[1].startswith("Rule HY005 is switched off (elsewhere): ")
    assert "from 1970-01-01T00:00:00Z to its end is judged" in texts[2]
    assert "1 conversations, 2 DNS messages. 3 conversations without a time" in texts[2]
    assert "lower_bound_missed_share 0.5 instead of 0.01" in texts[3]
    assert "(owner us, expires 2027-01-01) has ended" in texts[4]
    assert "as if there were none" in texts[4]
    assert texts[5].endswith("has ended: another one (--approve) still clears it.")
    assert found[4].where == "acrtrace.toml"


def test_a_moment_that_no_calendar_has():
    assert instant(1 << 62).startswith("2116-02-20T23:53:38")
    assert instant(10**30) == f"{10**30} ns since 1970"
