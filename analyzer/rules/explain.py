"""The text of a finding: what was seen, what the arithmetic was, what would clear it.

Templates come from rule heads; values come from the wire and are only ever inserted, never read
as templates. Every amount is an exact integer so that a sceptic can recount it.
"""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Any

from analyzer.rules import sources
from analyzer.rules.counts import counted, verb
from analyzer.rules.declare import own_argument
from analyzer.rules.grades import DIRECTION_WORDS, NAME_WORDS
from analyzer.rules.times import utc

if TYPE_CHECKING:
    from analyzer.config import Thresholds
    from analyzer.rules.figures import Figures
    from analyzer.rules.load import Rule

LISTED = 10
"""Names or addresses spelled out in a sentence; the rest is counted."""

ATTEMPT_BYTES = 4096
"""Below this a denied connection's counters are the attempt itself (case/counters.sql)."""

_NOUN = re.compile(r"(\{(\w+)\})( [a-z ]+)\(s\)")

SENT = {
    "upload": "sent data to",
    "names": "sent data in names to",
    "denied": "tried to reach",
    "contact": "contacted",
}
"""`{sent}` by what the finding's first rule shows: only what carried data is said to have been
sent."""


def values(identity: dict[str, Any], facts: dict[str, Any], shows: str) -> dict[str, str]:
    """What a template may name: the engine's fields and the rule's facts, all as text."""
    name, owner = identity["endpoint"], identity["owner"]
    target = name or f"{identity['address']} (no name)"
    engine = {
        "agent": identity["agent"],
        "target": target,
        "target_arg": shlex.quote(name or str(identity["address"])),
        "label": shlex.quote(owner or (name or "NAME").split(".")[0]),
        "own_arg": shlex.quote(own_argument(name or "NAME", identity["role"], owner)),
        "service": identity["service"] or identity["role"],
        "sent": SENT[shows],
    }
    return {**{key: _spoken(value) for key, value in facts.items()}, **engine}


def _spoken(value: Any) -> str:
    if isinstance(value, list):
        more = [f"{len(value) - LISTED} more"] if len(value) > LISTED else []
        return ", ".join([_spoken(item) for item in value[:LISTED]] + more)
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return "unknown" if value is None else str(value)


def explanation(
    rule: Rule,
    fields: dict[str, str],
    figures: Figures,
    name_grade: str,
    thresholds: Thresholds,
    *,
    named: bool,
) -> str:
    """All sentences of a finding, the rule's own first."""
    sentences = [_agreed(rule.explanation, fields).format_map(fields), _when(figures)]
    if rule.stream == "exfiltration":
        if rule.shows == "upload":
            sentences += _amount(figures, thresholds)
            sentences.append(
                "No turn of these flows is an upload."
                if figures.direction == "W5" and figures.directed
                else f"The direction is {DIRECTION_WORDS[figures.direction]}."
            )
        elif rule.shows == "names":
            sentences.append(
                "How much the names encode is not known: no more than their labels are long. They "
                "were read in the queries themselves."
            )
        else:
            sentences += _no_amount(figures)
        if figures.write_line:
            more = f" of {figures.write_requests:,}" if figures.write_requests > 1 else ""
            denied = " that was denied" if rule.shows == "denied" else ""
            sentences.append(f"First write request{more}{denied}: {figures.write_line}.")
        if named and rule.shows != "names":
            sentences.append(f"The name is {NAME_WORDS[name_grade]}.")
        if figures.ambiguous:
            sentences.append(
                f"{counted(figures.ambiguous, 'other name')} in DNS answers "
                f"{verb(figures.ambiguous, 'fits', 'fit')} the address too."
            )
    return " ".join(sentences)


def _agreed(template: str, fields: dict[str, str]) -> str:
    """The template with each ``{count} noun(s)`` in the number that its count asks for."""

    def agree(found: re.Match[str]) -> str:
        return found[1] + found[3] + ("" if fields.get(found[2]) == "1" else "s")

    return _NOUN.sub(agree, template)


def clears(rule: Rule, role: str, fields: dict[str, str]) -> list[str]:
    """What would clear the finding, leaving out commands that cannot work for its role."""
    return [c.text.format_map(fields) for c in rule.clears if not c.roles or role in c.roles]


def _when(figures: Figures) -> str:
    span = f"between {utc(figures.first_ns)} and {utc(figures.last_ns)}"
    seen = [
        counted(many, noun)
        for many, noun in ((figures.flows, "flow"), (figures.lookups, "DNS message"))
        if many
    ]
    return f"Seen in {' and '.join(seen)} {span}."


def _amount(figures: Figures, thresholds: Thresholds) -> list[str]:
    sentences = _counted(figures)
    if figures.upload_turns:
        sentences.append(
            f"{counted(figures.upload_turns, 'upload turn')} carried "
            f"{figures.turn_bytes:,} bytes on the wire (a turn is what the client sends until "
            f"the server answers; an upload turn has at least {thresholds.upload_turn_bytes:,} "
            f"bytes and more than its answer, or at least "
            f"{thresholds.upload_turn_always_bytes:,})."
        )
    if figures.blocks is not None:
        many, size = figures.blocks
        sentences.append(
            f"{many:,} of the turns are blocks of {size} MiB each: storage clients cut large "
            "uploads into equal blocks, a request each."
        )
    if figures.small_turns:
        sentences.append(
            f"{counted(figures.small_turns, 'smaller turn')} (drips and wide requests) carried "
            f"{figures.small_bytes:,} bytes."
        )
    if figures.write_requests:
        sentences.append(_written(figures))
    shaped = figures.upload_turns or figures.small_turns or figures.write_requests
    if figures.uploaded is not None and shaped and figures.counted_flows:
        sentences.append(
            f"Together that is about {figures.uploaded:,} bytes of application payload, give or "
            f"take {figures.size_error_bytes:,}."
        )
    elif figures.uploaded == 0 and shaped:
        sentences.append(
            "Without TLS records, handshake and estimated request heads no bytes of application "
            "payload were seen."
        )
    elif figures.uploaded is not None and shaped:
        sentences.append(
            f"Without TLS records, handshake and estimated request heads that is about "
            f"{figures.uploaded:,} bytes of application payload, give or take "
            f"{figures.size_error_bytes:,}."
        )
    if figures.orig_bytes is not None and figures.resp_bytes is not None:
        sentences.append(
            f"In total these flows carried {figures.orig_bytes:,} bytes out and "
            f"{figures.resp_bytes:,} bytes in."
        )
    if figures.denied_flows:
        sentences.append(f"A device denied {figures.denied_flows:,} of the flows.")
    if figures.uncounted_flows:
        sentences.append(
            f"For {figures.uncounted_flows:,} of the flows what was sent is not counted."
        )
    return sentences + _gaps(figures, thresholds)


def _written(figures: Figures) -> str:
    """Write requests and their bodies; a size that nobody states is not 0."""
    sized = figures.write_requests - figures.unsized_writes
    unsized = figures.unsized_writes
    if not sized:
        return (
            f"{counted(unsized, 'write request')} {verb(unsized, 'was', 'were')} read in clear; "
            f"the size of the {verb(unsized, 'body', 'bodies')} is not counted."
        )
    more = ""
    if unsized:
        more = f"; of {counted(unsized, 'other')} the size of the body is not counted"
    return (
        f"{counted(sized, 'write request')} read in clear had {figures.write_bytes:,} body bytes "
        f"in the input{more}."
    )


def _counted(figures: Figures) -> list[str]:
    """What the counters of logs say (W4), and what stands in them beside the upload."""
    if not figures.counted_flows:
        return []
    headers = ""
    if figures.wire_bytes:
        headers = ", and so may packet headers be where packets are not counted"
    sentences = [
        f"The byte counters of {sources.listed(figures.log_formats)} show "
        f"{figures.counted_bytes:,} bytes out in {counted(figures.counted_flows, 'connection')}; "
        "they are judged per agent, endpoint and day. They count what the device saw: what was "
        f"sent again counts again, TLS, handshakes and request heads are in them{headers}. So the "
        f"upload is at most that, and up to {figures.counter_error_bytes:,} bytes less."
    ]
    if figures.sampled_bytes:
        sentences.append(
            f"{figures.sampled_bytes:,} bytes of that are an estimate from samples of the packets."
        )
    return sentences


def _no_amount(figures: Figures) -> list[str]:
    """Contacts and denied attempts: what was counted all the same, never called an upload."""
    if not figures.denied_flows:
        return [_each_way(figures)]
    sentences = ["What was sent in these attempts is not counted."]
    if figures.denied_bytes is not None:
        sentences = [_attempted(figures.denied_bytes, figures.denied_flows)]
    others = figures.flows - figures.denied_flows
    if others:
        sentences.append(
            f"{counted(others, 'flow')} of the finding {verb(others, 'was', 'were')} not denied: "
            "no direction shows there."
        )
    return sentences


def _attempted(sent: int, flows: int) -> str:
    """What was sent in attempts that were denied; below 4 KiB each it is the attempt itself."""
    if sent < ATTEMPT_BYTES * flows:
        return (
            f"What the agent sent in these attempts, {sent:,} bytes, is no more than "
            "connecting and asking takes."
        )
    return f"{sent:,} bytes were counted on their way out in these attempts."


def _each_way(figures: Figures) -> str:
    """What is counted of a contact; an amount that nobody counted is never a zero."""
    if figures.orig_bytes is None and figures.resp_bytes is None:
        return "How much went either way is unknown."
    up = _one_way(figures.orig_bytes, "sent", "what was sent", figures.uncounted_flows)
    down = _one_way(figures.resp_bytes, "received", "the download", figures.uncounted_down_flows)
    sentence = f"{up}, {down}."
    return sentence[0].upper() + sentence[1:]


def _one_way(amount: int | None, done: str, what: str, uncounted: int) -> str:
    if amount is None:
        return f"{what} is not counted"
    gap = f" (not counted in {counted(uncounted, 'flow')})" if uncounted else ""
    return f"{counted(amount, 'byte')} {done}{gap}"


def _gaps(figures: Figures, thresholds: Thresholds) -> list[str]:
    sentences = []
    if figures.missed_bytes:
        bound = "; the size is a lower bound" if figures.lower_bound(thresholds) else ""
        sentences.append(
            f"{counted(figures.missed_bytes, 'outgoing byte')} of these flows "
            f"{verb(figures.missed_bytes, 'is', 'are')} missing from the capture{bound}."
        )
    if figures.quic_flows:
        sentences.append(
            f"{counted(figures.quic_flows, 'flow')} used QUIC, where packets that were sent again "
            "count again and lost ones cannot be noticed."
        )
    if figures.open_at_start:
        sentences.append(
            f"{counted(figures.open_at_start, 'flow')} had begun before the capture did: what was "
            "sent before is not in the figures."
        )
    return sentences
