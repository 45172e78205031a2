"""The verdict: one of three sentences, and "cannot tell" is never printed as "clean"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.result import VERDICTS, Finding
from analyzer.rules.counts import counted
from analyzer.rules.severity import rank
from analyzer.shares import percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analyzer.rules.coverage import Seen

SUSPECTED, NONE_FOUND, CANNOT_TELL = VERDICTS
HALF = 0.5


def verdict(
    findings: Sequence[Finding], seen: Seen, *, clipped: bool = False, lost: str | None = None
) -> tuple[str, str]:
    """The verdict word and the verdict line with its figures.

    Args:
        findings: What the rules found.
        seen: What could be seen.
        clipped: Only a part of the time was judged (``--from``, ``--to``).
        lost: What data is missing, as a clause (`missing.told`); None when nothing is.
    """
    coverage = seen.coverage
    shares = (
        f"{percent(coverage.named_share)} of outgoing bytes named, "
        f"{percent(coverage.directed_share)} with direction"
    )
    if coverage.outgoing_bytes == 0:
        # What nobody counted is not nothing.
        uncounted = seen.counted_flows < seen.outgoing_flows
        shares = (
            "what was sent to other hosts is not counted"
            if uncounted
            else "no payload to other hosts besides DNS and multicast"
        )
    suspects = [
        finding
        for finding in findings
        if finding.stream == "exfiltration" and rank(finding.severity) <= rank("medium")
    ]
    # What a device stopped is no upload: it is said, and the verdict rests on the rest.
    denied = [finding for finding in suspects if finding.shows == "denied"]
    suspects = [finding for finding in suspects if finding.shows != "denied"]
    if denied:
        shares += f"; {counted(len(denied), 'finding')} of denied attempts"
    if suspects:
        also = f"; {lost}" if lost else ""
        return SUSPECTED, f"{SUSPECTED}: {_suspicion(suspects)}{also} ({shares})"
    reason = _blindness(seen, clipped)
    if reason is not None and lost:
        reason += f", and {lost}"
    if reason is not None and coverage.outgoing_bytes == 0:
        return CANNOT_TELL, f"{CANNOT_TELL}: {reason}"  # of what was not read nothing can be said
    if reason is not None:
        return CANNOT_TELL, f"{CANNOT_TELL}: {reason} ({shares})"
    # The shares are of what was read: alone they would call a capture that broke off whole.
    but = f", but {lost}" if lost else ""
    return NONE_FOUND, f"{NONE_FOUND}{but} ({shares})"


def _suspicion(suspects: Sequence[Finding]) -> str:
    agents = len({finding.agent for finding in suspects})
    targets = len({finding.endpoint or tuple(finding.addresses) for finding in suspects})
    sizes = [f.uploaded_bytes for f in suspects if f.uploaded_bytes is not None]
    amount = "an unknown amount"
    if sum(sizes):
        whole = len(sizes) == len(suspects)
        amount = f"{'about' if whole else 'at least'} {counted(sum(sizes), 'byte')}"
    elif sizes:
        amount = "no bytes that could be counted"
    worst = min((finding.severity for finding in suspects), key=rank)
    return (
        f"{counted(len(suspects), 'finding')} of medium or more, the worst {worst}: {amount} from "
        f"{counted(agents, 'agent')} to {counted(targets, 'destination')}"
    )


def _blindness(seen: Seen, clipped: bool) -> str | None:
    """Why nothing can be said, or None."""
    coverage = seen.coverage
    if seen.records == 0:
        return "no packet could be read" if seen.packets else "no record could be read"
    if coverage.flows == 0:
        if clipped:
            return "no conversation lies in the time that is judged (--from, --to)"
        return "no conversation could be read"
    if seen.outgoing_flows and not seen.counted_flows:
        return "the input has no byte counts"
    if seen.counted_flows < HALF * seen.outgoing_flows:
        return "less than half of the connections have byte counts"
    if coverage.named_share is not None and coverage.named_share < HALF:
        return "less than half of the outgoing bytes have a name"
    if coverage.directed_share is not None and coverage.directed_share < HALF:
        return "the direction of less than half of the outgoing bytes is known"
    return None
