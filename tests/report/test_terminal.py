from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.report.terminal import FINDING_LINES, render_summary
from analyzer.report.view import View
from craft import results


def test_what_a_summary_says() -> None:
    lines = render_summary(results.realistic(), "reports/x.html", colour=False).splitlines()
    words = [line.split() for line in lines]
    assert lines[0] == results.realistic().verdict_line
    assert ["findings", "critical", "high", "medium", "low", "info"] in words
    assert ["exfiltration", "1", "1", "-", "1", "-"] in words
    assert ["readiness", "-", "-", "1", "-", "-"] in words
    assert ["hygiene", "-", "-", "-", "-", "1"] in words
    assert (
        "critical EX004 10.20.1.15 -> quietbucket.s3.eu-central-1.amazonaws.com "
        "at least 1.40 MB ± 1.73 KB uploaded, confidence medium"
    ) in [" ".join(line) for line in words]
    assert lines[-3:] == [
        "incomplete: late.pcap",
        "issues: 15 of 2 kinds",
        "report: reports/x.html",
    ]


def test_undeclared_names_stand_before_the_findings() -> None:
    text = render_summary(results.undeclared(), None, colour=False)
    command = "acrtrace analyze build-agents.pcapng --own acr:fabrikam --force"
    assert text.index(command) < text.index("EX004")
    assert "report:" not in text


def test_with_an_inventory_nobody_is_invited_to_declare() -> None:
    assert "--own" not in render_summary(results.realistic(), None, colour=False)


def test_a_crowd_stays_on_one_screen() -> None:
    crowd = replace(
        results.crowded(findings=10_000, endpoints=1),
        inventories=[],
        registries=[results.make_registry(declare=f"--own acr:r{n}") for n in range(500)],
    )
    lines = render_summary(crowd, "r.html", colour=False).splitlines()
    assert len(lines) <= 40
    assert sum("EX001" in line for line in lines) == FINDING_LINES
    assert "  and 9,990 more of exfiltration, in the report" in lines
    assert "  and 490 more in the report" in lines


def test_colour_changes_no_words() -> None:
    plain = render_summary(results.realistic(), "r", colour=False)
    coloured = render_summary(results.realistic(), "r", colour=True)
    assert "\x1b[" in coloured
    assert "\x1b" not in plain


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(), min_size=1, max_size=300))
def test_nothing_from_the_wire_reaches_the_terminal_raw(text: str) -> None:
    hostile = results.with_text(results.undeclared(), text)
    summary = render_summary(hostile, text, colour=False)
    assert summary.replace("\n", "").isprintable()
    calm = render_summary(results.with_text(results.undeclared(), "x"), "x", colour=False)
    assert summary.count("\n") == calm.count("\n")


def test_what_is_no_upload_has_no_amount() -> None:
    result = replace(
        results.realistic(),
        findings=[
            results.make_finding(shows=shows, uploaded_bytes=None, size_error_bytes=None)
            for shows in ("denied", "contact")
        ],
    )
    lines = render_summary(result, None, colour=False).splitlines()
    denied, contact = (line for line in lines if "EX001" in line)
    assert denied.endswith("denied by a device; nothing is known to have left, confidence high")
    assert contact.endswith("contact, amount unknown, confidence high")
    assert "uploaded" not in denied + contact


def test_whatever_makes_the_exit_code_3_is_named() -> None:
    whole = [replace(entry, complete=True) for entry in results.realistic().inputs]
    base = replace(results.realistic(), inputs=whole, issues=[])
    assert "incomplete:" not in render_summary(base, None, colour=False)
    lost = [
        results.make_issue(input=None, where="a.zip!/x", code="zip-overlap", incomplete=True),
        results.make_issue(input=None, where="a.zip!/x", code="zip-damaged", incomplete=True),
        results.make_issue(input=None, where="run", code="flow-cap", incomplete=True),
        results.make_issue(input="b.pcap", where="packet 1", incomplete=True),
        results.make_issue(input=None, where="c.zip", incomplete=True),
        results.make_issue(input=None, where="d.zip", incomplete=False),
    ]
    summary = render_summary(replace(base, issues=lost), None, colour=False)
    assert "incomplete: a.zip!/x, this run (flow-cap), b.pcap and 1 more\n" in summary


def test_a_view_says_how_many_it_hides() -> None:
    result = results.realistic()
    text = render_summary(result, None, colour=False, view=View(min_severity="medium"))
    assert "2 findings below medium are hidden (--min-severity)" in text
    assert "hygiene" not in text
    assert "hidden" not in render_summary(result, None, colour=False)


def test_a_narrow_terminal_folds_and_loses_nothing() -> None:
    lines = render_summary(results.realistic(), None, colour=False, width=60).splitlines()
    table = lines[lines.index(next(line for line in lines if "EX004" in line)) :]
    assert max(map(len, table)) <= 60
    second = "".join(line[16:38].strip() for line in table[:6])
    assert "quietbucket.s3.eu-central-1.amazonaws.com" in second, table
