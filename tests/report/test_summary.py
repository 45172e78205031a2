"""The first sentences of a report."""

from __future__ import annotations

from datetime import timedelta, timezone

from analyzer.report.summary import headline, summary
from craft import results


def told(*findings):
    return summary(results.make_result(findings=list(findings)))


def test_who_how_much_where_and_when():
    (one,) = told(results.make_finding()).told
    assert (one.agent, one.endpoint) == ("agent-1", "stagingdrop17.blob.core.windows.net")
    assert one.what == "sent 5.24 MB ± 3.10 KB to"
    assert one.whose == "not declared as ours or approved"
    assert one.when == "from 2026-11-23 22:53:13 UTC on, within 3.0 s, in 1 flow"


def test_two_are_told_and_the_rest_is_counted():
    found = told(*(results.make_finding(id=str(n), agent=f"a{n % 2}") for n in range(9)))
    assert (len(found.told), found.more, found.agents, found.endpoints) == (2, 7, 2, 1)


def test_what_is_denied_is_told_where_nothing_went_through():
    denied = results.make_finding(shows="denied", uploaded_bytes=None)
    assert [t.what for t in told(denied).told] == ["was denied an attempt to reach"]
    both = told(denied, results.make_finding(id="x"))
    assert [t.finding.id for t in both.told] == ["x"]
    contact = results.make_finding(shows="contact", uploaded_bytes=None, first_ns=None)
    (one,) = told(contact).told
    assert (one.what, one.when) == (
        "was in contact (amount unknown) with", "at a time not known",
    )  # fmt: skip


def test_low_findings_and_other_streams_are_no_news():
    calm = results.make_finding(severity="low")
    other = results.make_finding(stream="hygiene")
    assert told(calm, other).told == []


def test_an_address_stands_where_no_name_is():
    (one,) = told(results.make_finding(endpoint=None, uploaded_bytes=0)).told
    assert (one.endpoint, one.what) == ("20.60.34.4", "sent an amount not known to")


def test_times_are_in_the_zone_of_the_reader():
    finding = results.make_finding()
    (one,) = summary(
        results.make_result(findings=[finding]), timezone(timedelta(hours=5, minutes=30))
    ).told
    assert one.when.startswith("from 2026-11-24 04:23:13 +05:30 on")


def test_missing_data_takes_from_none_found_alone():
    cut = [results.make_input(complete=False)]
    assert headline(results.make_result(inputs=cut)) == (
        "none found in what could be seen, but data is missing"
    )
    assert headline(results.make_result()) == "none found in what could be seen"
    assert headline(results.realistic()) == "suspected upload"
