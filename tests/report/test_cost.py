"""What a page of very many findings costs, and how large it is."""

from __future__ import annotations

import time
from dataclasses import replace

from analyzer.report.html import render_html
from analyzer.result import STREAMS
from craft import results
from craft.footing import REPORT, imports_seconds


def crowd(findings: int):
    """All streams, 50 flows of evidence each."""
    full = results.make_finding(evidence=[results.make_evidence(port=n) for n in range(50)])
    return replace(
        results.realistic(),
        findings=[
            replace(full, id=f"f-{n:016x}", agent=f"a{n % 5000}", stream=STREAMS[n % 3])
            for n in range(findings)
        ],
        endpoints=[results.make_endpoint(agent=f"a{n % 5000}", endpoint=f"h{n}.example")
                   for n in range(10_000)],
    )  # fmt: skip


def test_ten_thousand_findings_within_their_budget() -> None:
    result = crowd(10_000)
    used = []
    for _ in range(3):
        start = time.process_time()
        render_html(result)
        used.append(time.process_time() - start)
    assert min(used) <= REPORT * imports_seconds()


def test_a_hundred_thousand_findings_are_a_page_that_opens() -> None:
    page = render_html(crowd(100_000)).encode()
    assert len(page) < 10_000_000
    assert b"100 of 33,334 findings in full" in page
