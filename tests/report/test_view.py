from __future__ import annotations

from dataclasses import replace

import pytest

from analyzer.report.view import View
from analyzer.result import SEVERITIES
from craft import results


@pytest.mark.parametrize("severity", SEVERITIES)
def test_what_is_at_or_above_is_shown_and_the_rest_counted(severity):
    result = replace(
        results.realistic(), findings=[results.make_finding(severity=s) for s in SEVERITIES]
    )
    view = View(min_severity=severity)
    shown = [f.severity for f in view.of(result).findings]
    assert shown == list(SEVERITIES[: SEVERITIES.index(severity) + 1])
    below = len(SEVERITIES) - len(shown)
    said = view.hidden(result)
    assert (said is None) is (below == 0)
    assert said is None or said.startswith(f"{below} finding{'' if below == 1 else 's'} below")


def test_a_view_of_everything_is_the_result_itself():
    result = results.realistic()
    assert View().of(result) is result
