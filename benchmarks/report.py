"""What a report of many findings costs: ``python benchmarks/report.py``.

Prints CPU seconds for the HTML page, as a multiple of the imports that any analysis pays too, and
the size of the page. The findings are synthetic: 50 flows of evidence each, in all three streams.
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

TESTS = Path(__file__).resolve().parents[1] / "tests"
sys.path[:0] = [str(TESTS), str(TESTS.parent)]

if TYPE_CHECKING:
    from analyzer.result import Result

COUNTS = (10, 1_000, 10_000, 100_000)


def crowd(findings: int) -> Result:
    """A result with that many findings and twice as many contacts."""
    from analyzer.result import STREAMS
    from craft import results

    full = results.make_finding(evidence=[results.make_evidence(port=n) for n in range(50)])
    contact = results.make_endpoint()
    return replace(
        results.realistic(),
        findings=[
            replace(full, id=f"f-{n:016x}", agent=f"10.0.{n >> 8}.{n & 255}", stream=STREAMS[n % 3])
            for n in range(findings)
        ],
        endpoints=[
            replace(contact, agent=f"10.0.{n >> 8}.{n & 255}", endpoint=f"h{n}.example")
            for n in range(2 * findings)
        ],
    )


def main() -> None:
    """Prints one line for each number of findings."""
    from analyzer.report.html import render_html
    from craft.footing import imports_seconds

    imports = imports_seconds()
    print(f"{'findings':>9}  {'CPU s':>6}  {'x imports':>9}  {'page MB':>8}")
    for count in COUNTS:
        result = crowd(count)
        start = time.process_time()
        page = render_html(result)
        used = time.process_time() - start
        size = len(page.encode()) / 1e6
        print(f"{count:>9,}  {used:>6.2f}  {used / imports:>9.1f}  {size:>8.2f}")


if __name__ == "__main__":
    main()
