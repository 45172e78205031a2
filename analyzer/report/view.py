"""How a reader wants a result shown: in which time zone, from which severity on.

A view changes what is displayed, never what was found: the JSON document has everything, in UTC.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC
from typing import TYPE_CHECKING

from analyzer.result import SEVERITIES

if TYPE_CHECKING:
    from datetime import tzinfo

    from analyzer.result import Result


@dataclass(frozen=True, slots=True)
class View:
    """What is displayed of a result.

    Attributes:
        zone: Time zone of times.
        min_severity: Least severe finding that is listed and counted.
    """

    zone: tzinfo = UTC
    min_severity: str = SEVERITIES[-1]

    def of(self, result: Result) -> Result:
        """The result with the findings that are shown."""
        limit = SEVERITIES.index(self.min_severity)
        kept = [f for f in result.findings if SEVERITIES.index(f.severity) <= limit]
        return result if len(kept) == len(result.findings) else replace(result, findings=kept)

    def hidden(self, result: Result) -> str | None:
        """``3 findings below medium are hidden``, None when all are shown."""
        count = len(result.findings) - len(self.of(result).findings)
        if not count:
            return None
        noun, verb = ("finding", "is") if count == 1 else ("findings", "are")
        return f"{count:,} {noun} below {self.min_severity} {verb} hidden (--min-severity)"
