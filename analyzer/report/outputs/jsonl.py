"""JSON Lines: a finding per line, as it stands in the result document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.report.json_text import json_lines
from analyzer.result import to_plain

if TYPE_CHECKING:
    from analyzer.result import Result


def render_jsonl(result: Result) -> str:
    """The findings in their order; no findings, no lines."""
    return json_lines([to_plain(finding) for finding in result.findings])
